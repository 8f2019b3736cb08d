"""Every generated client, type-checked, and the service that it calls."""

import json
import subprocess
import uuid
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from dynamodb_items.config.settings import Settings
from dynamodb_items.local import launcher

from tests.engines import client_for, moto
from tests.sdk.generators import (
    BUILD,
    GENERATORS,
    LISTS,
    Generator,
    GeneratorError,
    generate_stale,
    write_document,
)
from tests.serving import gunicorn

ODD_NAME = "a/b ü 100% ?#&+"


class Client:
    """A generated client, spoken to through its adapter."""

    def __init__(self, adapter: subprocess.Popen[str]) -> None:
        self._adapter = adapter

    def __call__(self, operation: str, name: str, item: Any = None, **more: Any) -> dict[str, Any]:
        call = {
            "operation": operation,
            "id": "104",
            "name": name,
            "item": item or {},
            "typed": False,
            "fields": None,
            "if_match": None,
            "if_none_match": None,
            "prefer": None,
            "limit": None,
            "cursor": None,
            "prefix": None,
            "order": None,
            **more,
        }
        self._adapter.stdin.write(json.dumps(call) + "\n")
        self._adapter.stdin.flush()
        line = self._adapter.stdout.readline()
        assert line, f"the adapter ended: {self._adapter.stderr.read()}"
        return json.loads(line, parse_float=Decimal)


@pytest.fixture(scope="module")
def url():
    with moto() as endpoint:
        launcher.create_table(client_for(endpoint), Settings())
        with gunicorn(endpoint, "-w", "2", **LISTS) as server:
            yield server.url


@pytest.fixture(scope="module")
def failures() -> dict[str, GeneratorError]:
    """The output of the generators that could not make their client."""
    write_document(BUILD, LISTS)
    return generate_stale(GENERATORS)


@pytest.fixture(scope="module", params=GENERATORS, ids=lambda generator: generator.name)
def generator(request, failures) -> Generator:
    if request.param.name in failures:
        raise failures[request.param.name]
    request.param.install_adapter()
    return request.param


@pytest.fixture(scope="module")
def checked(generator) -> Generator:
    generator.check()
    return generator


@contextmanager
def running_client(generator: Generator, url: str):
    adapter = subprocess.Popen(
        [*generator.language.run(generator.folder), url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Client(adapter)
    finally:
        try:
            adapter.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            adapter.kill()
            adapter.communicate()


@pytest.fixture(scope="module")
def client(checked, url):
    with running_client(checked, url) as client:
        yield client


@pytest.fixture
def name() -> str:
    return f"{ODD_NAME} {uuid.uuid4().hex}"
