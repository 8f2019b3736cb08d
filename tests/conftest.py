"""Engines, tables and services shared by the tests."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.operations import Operation, Transaction
from dynamodb_items.local import launcher
from hypothesis import settings

from tests.engines import ENGINES, REGION, client_for, moto
from tests.serving import Server, gunicorn
from tests.wire import Wire

# `make unit` runs a tenth of the examples, `make test` all of them. A test that needs more than the
# usual number takes a multiple of it: tests/examples.py.
settings.register_profile("quick", max_examples=10, deadline=None)


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Set the environment for a block, without real AWS settings of the machine."""
    before = dict(os.environ)
    for name in list(os.environ):
        if name.startswith(("AWS_", "ITEMS_")) and name != "ITEMS_TEST_ENDPOINT":
            del os.environ[name]
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def aws_variables(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
    }


@dataclass
class Engine:
    name: str
    endpoint: str
    wire: Wire

    @property
    def dynamodb(self):
        return client_for(self.endpoint)


@pytest.fixture(scope="session", params=ENGINES)
def engine(request) -> Iterator[Engine]:
    """Yield each engine in turn, with the tutorial's table."""
    with ENGINES[request.param]() as endpoint:
        try:
            launcher.create_table(client_for(endpoint), Settings())
        except client_for(endpoint).exceptions.ResourceInUseException:
            assert request.param == "given", "a new engine has no tables"
        wire = Wire(endpoint)
        yield Engine(request.param, endpoint, wire)
        wire.close()
        allowed = {*map(str, Operation), *map(str, Transaction)}
        assert set(wire.calls) <= allowed, "least privilege: no other operation is called"


@pytest.fixture(scope="session")
def endpoint():
    """Yield one engine with the table, for tests that do not depend on the engine."""
    with moto() as endpoint:
        launcher.create_table(client_for(endpoint), Settings())
        yield endpoint


@pytest.fixture(scope="session")
def server(engine) -> Iterator[Server]:
    """Run the service under gunicorn with two workers, on each engine in turn."""
    # On a busy machine, engines take longer than DynamoDB is allowed to.
    patient = {"ITEMS_READ_TIMEOUT_SECONDS": "10", "ITEMS_DEADLINE_SECONDS": "30"}
    with gunicorn(engine.wire.url, "-w", "2", **patient) as server:
        yield server


@pytest.fixture(scope="session")
def dynamodb(engine):
    """Return a plain boto3 client of the same table."""
    return engine.dynamodb


@pytest.fixture
def name() -> str:
    """Return a sort key that no other test uses."""
    return f"test-{uuid.uuid4().hex}"
