"""A table named by its ARN: items, batches, idempotent writes, on both paths to DynamoDB."""

import uuid

import pytest
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.operations import Operation
from dynamodb_items.domain.tables import TableArn
from dynamodb_items.dynamodb.client import DynamoDBClient
from dynamodb_items.runtime.deadline import Deadline

from tests.conftest import aws_variables, environment
from tests.contract.conftest import ACCEPT_TYPED, JSON, service_with
from tests.wire import respond


@pytest.fixture
def arn(engine) -> str:
    table = engine.dynamodb.describe_table(TableName=Settings().table)["Table"]
    return table["TableArn"]


@pytest.fixture(params=[True, False], ids=["fast path", "botocore"])
def by_arn(engine, arn, request):
    return service_with(engine, table=arn, fast_path=request.param)


def test_items_are_written_read_and_deleted(by_arn, service, path):
    assert by_arn.put(path, headers=JSON, data='{"a": 1}').status_code == 201
    assert service.get(path).json["a"] == 1, "it is the table of that name"
    assert by_arn.patch(path, headers=JSON, data='{"a": 2}').status_code == 200
    read = by_arn.get(path, headers=ACCEPT_TYPED)
    assert read.json["a"] == {"N": "2"}
    fresh = {**JSON, "If-Match": read.headers["ETag"]}
    assert by_arn.put(path, headers=fresh, data='{"a": 3}').status_code == 200
    assert by_arn.put(path, headers=fresh, data='{"a": 4}').status_code == 412
    assert by_arn.delete(path).status_code == 204
    assert service.get(path).status_code == 404


def test_batches_and_idempotent_writes_name_the_arn_too(by_arn, path):
    once = {**JSON, "Idempotency-Key": uuid.uuid4().hex}
    assert by_arn.put(path, headers=once, data='{"a": 1}').status_code == 201
    assert by_arn.put(path, headers=once, data='{"a": 1}').status_code == 200
    name = path.rpartition("/")[2]
    key = {"id": "7", "name": name}
    (found,) = by_arn.post("/items:batchGet", json={"keys": [key]}).json["results"]
    assert found["item"]["a"] == 1
    delete = {"operations": [{"method": "DELETE", **key}]}
    assert by_arn.post("/items:batch", json=delete).status_code == 200
    assert by_arn.get(path).status_code == 404


@pytest.mark.parametrize("fast_path", [True, False])
def test_lists_name_the_arn_too(engine, arn, fast_path, name):
    operations = frozenset(Operation)
    lists = service_with(engine, table=arn, fast_path=fast_path, operations=operations)
    assert lists.put(f"/items/7/{name}", headers=JSON, data="{}").status_code == 201
    (found,) = lists.get("/items/7", query_string={"prefix": name}).json["items"]
    assert found["name"] == name
    (scanned,) = lists.get("/items", query_string={"limit": "1"}).json["items"]
    assert scanned["item"]


@pytest.mark.parametrize("fast_path", [True, False])
def test_the_arn_decides_the_region(engine, arn, fast_path, wire):
    """Without AWS_REGION calls are signed for the table's region, not for the default one."""
    region = "eu-central-1"
    settings = Settings(table=arn.replace(TableArn.of(arn).region, region), fast_path=fast_path)
    variables = aws_variables(engine.wire.url)
    del variables["AWS_REGION"]
    scopes = []

    def record(exchange) -> None:
        scopes.append(exchange.call.headers["authorization"].split("/")[2])
        respond({})(exchange)

    read = {"TableName": settings.table, "Key": settings.key_schema.key("1", "x").attributes}
    with environment(**variables), wire.fault(record):
        client = DynamoDBClient(settings)
        assert client.call(Operation.GET_ITEM, read, Deadline(60)).get("Item") is None
    assert client.calls == {"fast": int(fast_path), "botocore": int(not fast_path)}
    assert scopes == [region]
