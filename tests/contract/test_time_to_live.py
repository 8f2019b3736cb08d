"""Items with a time to live: from their second on they do not exist, though they are stored."""

import json
import uuid
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation

from tests.contract.conftest import (
    ACCEPT_TYPED,
    JSON,
    JSON_PATCH,
    NATIVE,
    Service,
    exact,
    service_with,
)
from tests.wire import lose_response

TABLE = "my-dynamodb-table"
NOW = 1_800_000_000
REPRESENTATION = {"Prefer": "return=representation"}
CREATE_ONLY = {**JSON, "If-None-Match": "*"}
COUNT = json.dumps(
    {
        "UpdateExpression": "ADD hits :one SET expires = if_not_exists(expires, :end)",
        "ExpressionAttributeValues": {":one": {"N": "1"}, ":end": {"N": str(NOW + 60)}},
    }
)


@dataclass
class Time:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


CLOCK = Time()


@pytest.fixture(autouse=True)
def clock():
    CLOCK.now = NOW
    return CLOCK


@pytest.fixture(scope="module", params=[True, False], ids=["fast path", "botocore"])
def service(engine, request) -> Service:
    operations = DEFAULT_OPERATIONS | {Operation.CONDITION_CHECK_ITEM}
    return service_with(
        engine,
        clock=CLOCK,
        ttl_attribute="expires",
        fast_path=request.param,
        operations=operations,
    )


@pytest.fixture
def key(name):
    return {"id": "7", "name": name}


@pytest.fixture
def stored(engine, name):
    """The item in the table, expired or not."""
    key = {"Id": {"N": "7"}, "Name": {"S": name}}

    def read():
        return engine.dynamodb.get_item(TableName=TABLE, Key=key).get("Item")

    def write(**attributes):
        engine.dynamodb.put_item(TableName=TABLE, Item={**key, **attributes})

    return SimpleNamespace(read=read, write=write)


@pytest.fixture
def expired(service, path, clock, stored):
    """An item that has expired and is still stored, and its ETag."""
    body = json.dumps({"a": 1, "old": True, "expires": NOW + 10})
    etag = service.put(path, headers=JSON, data=body).headers["ETag"]
    clock.now = NOW + 9.9
    assert service.get(path).status_code == 200
    clock.now = NOW + 10
    assert stored.read() is not None
    return etag


def batch(service, operations, **headers):
    body = json.dumps({"operations": operations})
    return service.post("/items:batch", headers={**JSON, **headers}, data=body)


@pytest.mark.usefixtures("expired")
def test_an_expired_item_is_not_read(service, path, key):
    assert service.get(path).status_code == 404
    assert service.get(f"{path}?consistent_read=true", headers=ACCEPT_TYPED).status_code == 404
    assert service.get(path, headers={"If-None-Match": "*"}).status_code == 404
    assert service.head(path).status_code == 404
    response = service.post("/items:batchGet", headers=JSON, data=json.dumps({"keys": [key]}))
    assert response.json["results"] == [{**key, "etag": None, "item": None}]


@pytest.mark.parametrize(
    "value", [{"S": "0"}, {"NS": ["0"]}, {"NULL": True}, {"N": str(NOW + 1)}, {"N": f"{NOW}.5"}]
)
def test_another_value_never_expires(service, path, stored, value):
    stored.write(expires=value)
    assert service.get(path).status_code == 200
    assert service.patch(path, headers=JSON, data='{"a": 1}').status_code == 200
    assert service.put(path, headers=CREATE_ONLY, data="{}").status_code == 412


@pytest.mark.parametrize("value", ["0", "-5", str(NOW), "1.5"])
def test_a_time_in_the_past_is_one_however_old(service, path, stored, value):
    stored.write(expires={"N": value})
    assert service.get(path).status_code == 404
    assert service.put(path, headers=CREATE_ONLY, data="{}").status_code == 201


@pytest.mark.usefixtures("expired")
@pytest.mark.parametrize("headers", [JSON, CREATE_ONLY], ids=["any", "create only"])
@pytest.mark.parametrize("once", [False, True])
def test_a_put_over_an_expired_item_creates(service, path, headers, once):
    keyed = {"Idempotency-Key": str(uuid.uuid4())} if once else {}
    response = service.put(path, headers={**headers, **keyed}, data='{"b": 2}')
    assert response.status_code == 201
    assert response.headers["Location"] == path
    assert service.get(path).json == {"Id": 7, "Name": path.rsplit("/", 1)[1], "b": 2}


@pytest.mark.parametrize("once", [False, True])
@pytest.mark.parametrize("star", [False, True])
@pytest.mark.parametrize("method", ["put", "patch", "native"])
def test_if_match_of_an_expired_item_fails_and_shows_nothing(
    service, path, expired, method, star, once
):
    headers = {"If-Match": "*" if star else expired, **REPRESENTATION}
    if once:
        headers["Idempotency-Key"] = str(uuid.uuid4())
    response = {
        "put": lambda: service.put(path, headers={**JSON, **headers}, data="{}"),
        "patch": lambda: service.patch(path, headers={**JSON, **headers}, data='{"a": 2}'),
        "native": lambda: service.patch(path, headers={**NATIVE, **headers}, data=COUNT),
    }[method]()
    assert response.status_code == 412
    assert "ETag" not in response.headers
    assert "current" not in response.json


def test_a_delete_of_an_expired_item(service, path, expired, stored):
    response = service.delete(path, headers={"If-Match": expired})
    assert response.status_code == 412
    assert service.delete(path, headers={"If-Match": "*"}).status_code == 412
    response = service.delete(path, headers=REPRESENTATION)
    assert response.status_code == 204
    assert response.data == b""
    assert stored.read() is None


@pytest.mark.usefixtures("expired")
@pytest.mark.parametrize("once", [False, True])
@pytest.mark.parametrize(
    ("headers", "patch"),
    [
        (JSON, '{"a": 2}'),
        (JSON, '{"m": {"a": 2}}'),
        (JSON_PATCH, '[{"op": "add", "path": "/b", "value": 1}]'),
        (NATIVE, '{"UpdateExpression": "REMOVE a"}'),
    ],
    ids=["flat", "nested", "json patch", "remove"],
)
def test_a_patch_of_an_expired_item_finds_nothing(service, path, headers, patch, once):
    keyed = {"Idempotency-Key": str(uuid.uuid4())} if once else {}
    assert service.patch(path, headers={**headers, **keyed}, data=patch).status_code == 404


@pytest.mark.usefixtures("expired")
@pytest.mark.parametrize("once", [False, True])
def test_a_counter_starts_afresh(service, path, name, once):
    keyed = {"Idempotency-Key": str(uuid.uuid4())} if once else {}
    response = service.patch(path, headers={**NATIVE, **keyed}, data=COUNT)
    assert response.status_code == 200
    assert exact(response) == {"Id": 7, "Name": name, "hits": 1, "expires": NOW + 60}
    assert exact(service.patch(path, headers=NATIVE, data=COUNT))["hits"] == 2


def test_a_counter_that_has_not_expired_costs_one_call(service, path):
    service.patch(path, headers=NATIVE, data=COUNT)
    calls = service.calls_during(lambda: service.patch(path, headers=NATIVE, data=COUNT))
    assert calls == ["UpdateItem"]


@pytest.mark.usefixtures("expired")
@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("attribute_not_exists(Id)", True),
        ("attribute_not_exists(a) AND NOT contains(old, :v)", True),
        ("a <> :v", True),
        ("attribute_exists(Id) OR a = :v", False),
        ("a = :v", False),
        ("NOT attribute_not_exists(expires)", False),
    ],
)
def test_a_native_condition_holds_as_for_an_absent_item(service, key, condition, holds):
    body = {"ConditionExpression": condition}
    if ":v" in condition:
        body["ExpressionAttributeValues"] = {":v": {"N": "1"}}
    check = batch(service, [{"method": "CHECK", **key, "condition": body}])
    assert check.status_code == (200 if holds else 412)
    deleted = service.post("/items:delete", headers=JSON, data=json.dumps({**key, **body}))
    assert deleted.status_code == (204 if holds else 412)
    put = json.dumps({**key, **body, "item": {"b": 1}})
    assert service.post("/items:put", headers=JSON, data=put).status_code == (201 if holds else 412)


@pytest.mark.usefixtures("expired")
def test_a_condition_of_a_native_update_holds_as_for_an_absent_item(service, path):
    update = {
        "UpdateExpression": "SET b = :v",
        "ConditionExpression": "attribute_exists(a)",
        "ExpressionAttributeValues": {":v": {"N": "1"}},
    }
    body = json.dumps(update)
    assert service.patch(path, headers=NATIVE, data=body).status_code == 412
    body = json.dumps({**update, "ConditionExpression": "attribute_not_exists(Id)"})
    response = service.patch(path, headers=NATIVE, data=body)
    assert response.status_code == 200
    assert "a" not in response.json


@pytest.mark.usefixtures("expired")
def test_the_members_of_a_batch(service, key, path):
    other = {**key, "id": "8"}
    response = batch(
        service,
        [
            {"method": "PUT", **other, "item": {}},
            {"method": "PATCH", **key, "update": json.loads(COUNT)},
        ],
        **REPRESENTATION,
    )
    assert response.status_code == 200
    assert response.json["results"][1]["item"]["hits"] == 1
    CLOCK.now = NOW + 61
    response = batch(
        service,
        [{"method": "DELETE", **other}, {"method": "PATCH", **key, "patch": {"hits": 5}}],
    )
    assert response.status_code == 404
    assert response.json["errors"][0]["pointer"] == "/operations/1"
    assert service.get(path.replace("/7/", "/8/")).status_code == 200


@pytest.mark.usefixtures("expired")
def test_a_repeat_is_carried_out_once_at_any_moment(service, path, clock, engine):
    headers = {**CREATE_ONLY, "Idempotency-Key": str(uuid.uuid4())}
    assert service.put(path, headers=headers, data='{"b": 2}').status_code == 201
    service.put(path, headers=JSON, data='{"b": 3}')
    clock.now += 100
    again = service.put(path, headers=headers, data='{"b": 2}')
    if engine.name == "moto":  # it forgets client request tokens
        assert again.status_code == 412
    else:
        assert again.status_code == 200
    assert service.get(path).json["b"] == 3


def test_a_write_whose_response_is_lost_recognizes_the_item_that_it_made_expire(service, path):
    service.put(path, headers=JSON, data='{"a": 1}')
    wire = service.engine.wire
    wire.fault(lose_response, calls=1, when=lambda call: call.operation == "UpdateItem")
    try:
        response = service.patch(path, headers=JSON, data=json.dumps({"expires": NOW}))
    finally:
        wire.heal()
    assert response.status_code == 200
    assert exact(response)["expires"] == NOW
    assert service.get(path).status_code == 404


def test_what_was_read_is_written_back_until_it_expires(service, path, clock, stored):
    stored.write(tags={"SS": ["x"]}, expires={"N": str(NOW + 10)})
    read = service.get(path)
    headers = {**JSON, "If-Match": read.headers["ETag"]}
    written = service.put(path, headers=headers, data=read.data)
    assert written.status_code == 200
    assert stored.read()["tags"] == {"SS": ["x"]}
    clock.now = NOW + 10
    headers["If-Match"] = written.headers["ETag"]
    assert service.put(path, headers=headers, data=read.data).status_code == 412


@pytest.mark.usefixtures("expired")
def test_without_the_permission_to_delete_only_native_updates_find_nothing(engine, path, clock):
    operations = DEFAULT_OPERATIONS - {Operation.DELETE_ITEM}
    service = service_with(engine, clock=clock, ttl_attribute="expires", operations=operations)
    assert service.patch(path, headers=NATIVE, data=COUNT).status_code == 404
    assert service.put(path, headers=CREATE_ONLY, data="{}").status_code == 201


@pytest.mark.usefixtures("expired")
def test_without_the_setting_nothing_expires(engine, path, clock):
    service = service_with(engine, clock=clock)
    assert service.get(path).status_code == 200
    assert service.put(path, headers=CREATE_ONLY, data="{}").status_code == 412
