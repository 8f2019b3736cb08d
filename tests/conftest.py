"""Engines, tables and services shared by the tests."""

import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.operations import Operation, Transaction
from dynamodb_items.local import launcher
from hypothesis import settings

from tests.engines import ENGINES, REGION, client_for, moto
from tests.key_schemas import KEY_SCHEMAS, TUTORIAL, KeyTranslation
from tests.serving import Server, gunicorn
from tests.wire import Wire

# `make unit` runs a tenth of the examples, `make test` all of them. A test that needs more than the
# usual number takes a multiple of it: tests/examples.py.
# A busy machine may take long for an example.
settings.register_profile("full", deadline=None)
settings.register_profile("quick", max_examples=10, deadline=None)
settings.load_profile("full")


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
    keys: KeyTranslation | None = None
    """How the keys of the tests are written in the table; None for the tutorial's table."""

    @cached_property
    def dynamodb(self):
        return client_for(self.endpoint, keys=self.keys)

    @cached_property
    def dynamodb_as_stored(self):
        """A client without the translation of keys."""
        return client_for(self.endpoint)

    @property
    def key_settings(self) -> Mapping[str, Any]:
        """The settings of the table's keys."""
        return self.keys.settings if self.keys else {}


@contextmanager
def running_engine(name: str, key_schema: str = TUTORIAL) -> Iterator[Engine]:
    """Run an engine with a table of that key schema."""
    keys = KEY_SCHEMAS[key_schema]
    with ENGINES[name]() as endpoint:
        engine = Engine(name, endpoint, Wire(endpoint, keys), keys)
        try:
            launcher.create_table(client_for(endpoint), Settings(**engine.key_settings))
        except client_for(endpoint).exceptions.ResourceInUseException:
            assert name == "given", "a new engine has no tables"
        yield engine
        engine.wire.close()
        allowed = {*map(str, Operation), *map(str, Transaction)}
        assert set(engine.wire.calls) <= allowed, "least privilege: no other operation is called"


@pytest.fixture(scope="session", params=ENGINES)
def engine(request) -> Iterator[Engine]:
    """Yield each engine in turn, with the tutorial's table."""
    with running_engine(request.param) as engine:
        yield engine


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


# Of one test: some folders have engines of their own, and pytest keeps a fixture of the session
# although the one that it depends on has become another.
@pytest.fixture
def dynamodb(engine):
    """Return a plain boto3 client of the same table."""
    return engine.dynamodb


@pytest.fixture
def name() -> str:
    """Return a sort key that no other test uses."""
    return f"test-{uuid.uuid4().hex}"
