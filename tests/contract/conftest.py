"""The application in this process, on a real engine behind a recording proxy."""

import json
from dataclasses import dataclass
from decimal import Decimal

import pytest
from dynamodb_items.app import create_app, create_repository
from dynamodb_items.config.settings import Settings

from tests.conftest import Engine, aws_variables, environment
from tests.serving import FAST_PATH

JSON = {"Content-Type": "application/json"}
TYPED = {"Content-Type": "application/vnd.dynamodb+json"}
ACCEPT_TYPED = {"Accept": "application/vnd.dynamodb+json"}


@dataclass
class Service:
    """Requests to one application, with the responses of werkzeug's test client."""

    engine: Engine
    settings: Settings
    client: object

    def __getattr__(self, method):
        return getattr(self.client, method)

    def calls_during(self, request) -> list[str]:
        """The DynamoDB operations that a request caused."""
        before = len(self.engine.wire.calls)
        request()
        return self.engine.wire.calls[before:]


def exact(response):
    """A JSON body with its numbers as decimals."""
    return json.loads(response.data, parse_float=Decimal, parse_int=Decimal)


def service_with(
    engine: Engine, connect: str = "/items/0/connect", headers=None, **changes
) -> Service:
    """Return a service; its first request reads ``connect``, an item that does not exist."""
    # A busy machine is slow, and many injected failures would spend the retry budget.
    patient = {
        "fast_path": FAST_PATH,
        "read_timeout_seconds": 10,
        "deadline_seconds": 30,
        "retry_percent": 100_000,
    }
    settings = Settings(**{**patient, **changes})
    with environment(**aws_variables(engine.wire.url)):
        repository = create_repository(settings)
        app = create_app(settings, repository)
        client = app.test_client()
        # The client reads the environment when it first connects.
        assert client.get(connect, headers=headers).status_code == 404
    return Service(engine, settings, client)


@pytest.fixture(scope="session")
def service(engine) -> Service:
    return service_with(engine)


@pytest.fixture
def path(name) -> str:
    """An item that no other test uses."""
    return f"/items/7/{name}"


@pytest.fixture
def wire(service):
    """The connection to the engine, without injected failures afterwards."""
    yield service.engine.wire
    service.engine.wire.heal()
