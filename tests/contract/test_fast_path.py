"""Which calls take the fast path, and which need botocore."""

from botocore.credentials import Credentials
from dynamodb_items.app import create_app
from dynamodb_items.config.settings import Settings
from dynamodb_items.credentials.background import BackgroundCredentials
from dynamodb_items.domain.operations import Operation
from dynamodb_items.dynamodb.client import DynamoDBClient
from dynamodb_items.dynamodb.retries import Attempts
from dynamodb_items.runtime.deadline import Deadline
from dynamodb_items.storage.repository import ItemRepository
from dynamodb_items.storage.table_keys import reserved_key

from tests.conftest import aws_variables, environment
from tests.contract.conftest import JSON, client_of


def ways(engine, settings: Settings, path: str, **variables: str) -> dict[str, int]:
    """The number of calls on each path."""
    with environment(**aws_variables(engine.wire.url), **variables):
        client = DynamoDBClient(settings)
        repository = ItemRepository(
            Attempts(client, settings),
            settings.table,
            settings.version_attribute,
        )
        items = client_of(create_app(settings, repository), engine.keys)
        for number in range(25):
            assert items.put(path, headers=JSON, data=f'{{"a": {number}}}').status_code == 201
            assert items.get(path).json["a"] == number
            assert items.patch(path, headers=JSON, data='{"b": [1.5]}').status_code == 200
            rejected = items.put(path, headers={**JSON, "If-None-Match": "*"}, data="{}")
            assert rejected.status_code == 412
            assert items.delete(path).status_code == 204
    return client.calls


def test_clean_calls_take_the_fast_path(engine, name):
    calls = ways(engine, Settings(**engine.key_settings), f"/items/7/{name}")
    assert calls["fast"] >= 100
    assert calls["fast"] / sum(calls.values()) >= 0.99


def test_new_credentials_of_another_account_are_followed_by_the_fast_path(engine):
    keys = [
        Credentials("testing", "testing", account_id=account) for account in ("111122223333", None)
    ]
    settings = Settings(**engine.key_settings)
    with environment(**aws_variables(engine.wire.url)):
        client = DynamoDBClient(settings, credentials=BackgroundCredentials(lambda: keys[0]))
        read = {"TableName": settings.table, "Key": reserved_key(settings.key_schema).attributes}
        for _ in range(2):
            client.call(Operation.GET_ITEM, read, Deadline(60))
        keys.reverse()
        client.renew_credentials(60)
        for _ in range(3):
            client.call(Operation.GET_ITEM, read, Deadline(60))
    assert client.calls == {"fast": 4, "botocore": 1}


def test_without_the_fast_path_botocore_carries_out_every_call(engine, name):
    calls = ways(engine, Settings(**engine.key_settings, fast_path=False), f"/items/7/{name}")
    assert calls["fast"] == 0
    assert calls["botocore"] >= 100


def test_calls_that_a_proxy_has_to_carry_are_left_to_botocore(engine, name):
    # The wire acts as the proxy: it forwards every POST.
    calls = ways(
        engine, Settings(**engine.key_settings), f"/items/7/{name}", HTTP_PROXY=engine.wire.url
    )
    assert calls["fast"] == 0
    assert calls["botocore"] >= 100
