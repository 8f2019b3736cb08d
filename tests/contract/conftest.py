"""The application in this process, on a real engine behind a recording proxy."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from json import dumps
from pathlib import Path
from urllib.parse import urlencode

import pytest
from dynamodb_items.app import create_app, create_repository
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.time_to_live import Clock
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Engine, aws_variables, environment, running_engine
from tests.engines import ENGINES, IS_SHORT
from tests.key_schemas import KEY_SCHEMAS, TUTORIAL, KeyTranslation
from tests.serving import FAST_PATH

JSON = {"Content-Type": "application/json"}
TYPED = {"Content-Type": "application/vnd.dynamodb+json"}
MERGE = {"Content-Type": "application/merge-patch+json"}
JSON_PATCH = {"Content-Type": "application/json-patch+json"}
NATIVE = {"Content-Type": "application/vnd.dynamodb.update+json"}
ACCEPT_TYPED = {"Accept": "application/vnd.dynamodb+json"}


# Tests of the tutorial's own keys, by name and parameter, without the engine. Other keys have tests
# of their own in tests/unit/test_keys.py and tests/http/test_other_keys.py.
NUMBER_SYNTAX = "a number may be written in several ways, text may not"
KEYS_OF_TESTS = {
    "test_a_path_is_rejected": "the syntax of the tutorial's keys",
    "test_lists_name_the_arn_too": "a prefix of a sort key, which other keys spell differently",
    "test_equal_numbers_are_one_item": NUMBER_SYNTAX,
    "test_the_location_of_a_new_item_is_canonical": NUMBER_SYNTAX,
    "test_equal_paths_are_one_path": NUMBER_SYNTAX,
    "test_every_number_is_a_key": NUMBER_SYNTAX,
    "test_a_condition_holds[Id = #Id2]": "compares the key with another attribute, a number",
    "test_a_condition_decides[size(s) > n AND Id > :v AND attribute_exists(Name)]": (
        "compares the key with a number"
    ),
    "test_what_rfc_6902_says[a test of the whole key]": "the value of the key in plain form",
}
TWO_KEYS = {
    'test_a_bad_list_of_keys_is_422[{"keys": [{"id": "1"}]}-/keys/0/name]': "a missing name",
}

# Lists have a table of their own, with indexes.
WITH_THE_TUTORIALS_KEYS = ("test_lists.py",)
# With ITEMS_TEST_SHORT=true, one other key schema is run on one engine.
SHORT_FORM = {"S": "ministack"}
# Without the fast path, the tutorial's keys are enough.
HAS_OTHER_KEYS = FAST_PATH


def pytest_collection_modifyitems(config, items):
    left_out = {item for item in items if is_of_contract(item) and is_left_out(item)}
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]
    for item in filter(is_of_contract, items):
        if reason := reason_to_skip(item):
            item.add_marker(pytest.mark.skip(reason=reason))


def is_of_contract(item) -> bool:
    in_folder = item.path.parent == Path(__file__).parent
    return in_folder and "engine" in getattr(getattr(item, "callspec", None), "params", ())


def is_left_out(item) -> bool:
    engine, _, key_schema = item.callspec.params["engine"].partition("-")
    if key_schema == TUTORIAL:
        return False
    if item.path.name in WITH_THE_TUTORIALS_KEYS or not HAS_OTHER_KEYS:
        return True
    return IS_SHORT and SHORT_FORM.get(key_schema) != engine


def reason_to_skip(item) -> str | None:
    engine = item.callspec.params["engine"]
    key_schema = engine.partition("-")[2]
    reasons = {TUTORIAL: {}, "S": KEYS_OF_TESTS | TWO_KEYS}.get(key_schema, KEYS_OF_TESTS)
    name = item.name.replace(f"[{engine}-", "[")
    reason = reasons.get(name, reasons.get(item.originalname))
    return f"{key_schema}: {reason}" if reason else None


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
    engine: Engine,
    connect: str = "/items/0/connect",
    headers=None,
    clock: Clock = time.time,
    **changes,
) -> Service:
    """Return a service; its first request reads ``connect``, an item that does not exist."""
    # A busy machine is slow, and many injected failures would spend the retry budget.
    patient = {
        "fast_path": FAST_PATH,
        "read_timeout_seconds": 10,
        "deadline_seconds": 30,
        "retry_percent": 100_000,
    }
    settings = Settings(**{**patient, **engine.key_settings, **changes})
    with environment(**aws_variables(engine.wire.url)):
        repository = create_repository(settings, clock=clock)
        client = client_of(create_app(settings, repository), engine.keys)
        # The client reads the environment when it first connects.
        assert client.get(connect, headers=headers).status_code == 404
    return Service(engine, settings, client)


def client_of(app: Flask, keys: KeyTranslation | None) -> FlaskClient:
    """Return a client of the application; ``keys`` translates requests and responses."""
    if keys:
        app.test_client_class = partial(TranslatingClient, keys=keys)
    return app.test_client()


class TranslatingClient(FlaskClient):
    """A client whose paths, bodies and responses have the keys of the tests."""

    def __init__(self, *args, keys: KeyTranslation, **kwargs):
        super().__init__(*args, **kwargs)
        self.keys = keys

    def open(self, path, *, data=None, json=None, query_string=None, headers=None, **kwargs):
        if json is not None:
            data, headers = dumps(json), {**JSON, **(headers or {})}
        if data is not None and path.startswith("/items"):
            data = self.keys.to_table(data.encode() if isinstance(data, str) else data, path)
        query = f"?{urlencode(query_string)}" if query_string else ""
        translated = self.keys.path(path + query)
        response = super().open(translated, data=data, headers=headers, **kwargs)
        if path.startswith("/items"):
            self._translate(response)
        return response

    def _translate(self, response):
        if body := response.get_data():
            length = response.headers["Content-Length"]
            assert int(length) == len(body)
            response.set_data(self.keys.from_table(body))
            response.headers["Content-Length"] = length
        if location := response.headers.get("Location"):
            response.headers["Location"] = self.keys.path_in_tests(location)


@pytest.fixture(
    scope="session",
    params=[
        f"{engine}-{keys}"
        for engine in ENGINES
        for keys in KEY_SCHEMAS
        if engine != "given" or keys == TUTORIAL  # the table there is the user's
    ],
)
def engine(request) -> Iterator[Engine]:
    """Yield each engine in turn, with a table of each key schema."""
    with running_engine(*request.param.split("-")) as engine:
        yield engine


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
