"""A 412 contains the stored item's ETag, and on request the item, without another call."""

import json
import uuid

import pytest
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation

from tests.contract.conftest import (
    ACCEPT_TYPED,
    JSON,
    JSON_PATCH,
    NATIVE,
    TYPED,
    exact,
    service_with,
)

STALE = '"00000000000000000000000000000000-json"'
WANTED = {"Prefer": "return=representation"}
STORED = {
    "Email": {"S": "andrew@gmail.com"},
    "Big": {"N": "12345678901234567890.5"},
    "Photo": {"B": "AAE="},
}
FALSE_CONDITION = json.dumps(
    {
        "UpdateExpression": "SET a = :a",
        "ConditionExpression": "a = :a",
        "ExpressionAttributeValues": {":a": {"N": "1"}},
    }
)
IF_ABSENT = {"ConditionExpression": "attribute_not_exists(Id)"}
SET_A = {"UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"N": "1"}}}
ADD_A = [{"op": "add", "path": "/a", "value": 1}]
ONCE = {"Idempotency-Key": "key"}
ONE_CALL, TWO_CALLS = 1, 2
# The method or the route, its headers, its body, and the number of calls until it fails.
WRITES = {
    "create only": ("put", {**JSON, "If-None-Match": "*"}, "{}", ONE_CALL),
    "create only, typed": ("put", {**TYPED, "If-None-Match": "*"}, "{}", ONE_CALL),
    "replace": ("put", {**JSON, "If-Match": STALE}, "{}", ONE_CALL),
    "replace, typed": ("put", {**TYPED, "If-Match": STALE}, "{}", ONE_CALL),
    "merge patch": ("patch", {**JSON, "If-Match": STALE}, '{"a": 1}', ONE_CALL),
    "merge patch inside a map": ("patch", {**JSON, "If-Match": STALE}, '{"a": {"b": 1}}', ONE_CALL),
    "JSON Patch": ("patch", {**JSON_PATCH, "If-Match": STALE}, "[]", ONE_CALL),
    "JSON Patch that adds": (
        *("patch", {**JSON_PATCH, "If-Match": STALE}, json.dumps(ADD_A)),
        ONE_CALL,
    ),
    "native update": ("patch", NATIVE, FALSE_CONDITION, ONE_CALL),
    "native update, If-Match": (
        *("patch", {**NATIVE, "If-Match": STALE}, json.dumps(SET_A)),
        ONE_CALL,
    ),
    "delete": ("delete", {"If-Match": STALE}, None, ONE_CALL),
    "once": ("put", {**JSON, "If-None-Match": "*", **ONCE}, "{}", TWO_CALLS),
    "native update once": ("patch", {**NATIVE, **ONCE}, FALSE_CONDITION, TWO_CALLS),
    "merge patch once": ("patch", {**JSON, "If-Match": STALE, **ONCE}, '{"a": 1}', ONE_CALL),
    "JSON Patch once": ("patch", {**JSON_PATCH, "If-Match": STALE, **ONCE}, "[]", ONE_CALL),
    "delete once": ("delete", {"If-Match": STALE, **ONCE}, None, ONE_CALL),
    "update route": ("/items:update", JSON, {**SET_A, **IF_ABSENT}, ONE_CALL),
    "put route": ("/items:put", JSON, {"item": {}, **IF_ABSENT}, ONE_CALL),
    "put route, typed": ("/items:put", TYPED, {"item": {}, **IF_ABSENT}, ONE_CALL),
    "delete route": ("/items:delete", JSON, IF_ABSENT, ONE_CALL),
    "update route, If-Match": ("/items:update", {**JSON, "If-Match": STALE}, SET_A, ONE_CALL),
    "put route, If-Match": ("/items:put", {**JSON, "If-Match": STALE}, {"item": {}}, ONE_CALL),
    "delete route, If-Match": ("/items:delete", {**JSON, "If-Match": STALE}, {}, ONE_CALL),
    "delete route once": ("/items:delete", {**JSON, **ONCE}, IF_ABSENT, TWO_CALLS),
}


@pytest.fixture
def etag(service, path):
    service.put(path, headers=TYPED, data=json.dumps(STORED))
    return service.get(path).headers["ETag"]


def attempt(service, path, case, more=None, query=None):
    method, headers, body, calls = WRITES[case]
    headers = {**headers, **(more or {})}
    if "Idempotency-Key" in headers:
        headers["Idempotency-Key"] = str(uuid.uuid4())
    before = len(service.engine.wire.calls)
    if method.startswith("/"):
        body = json.dumps({"id": "7", "name": path.rpartition("/")[2], **body})
        method, path = "post", method
    response = getattr(service, method)(path, headers=headers, data=body, query_string=query)
    assert len(service.engine.wire.calls) - before == calls
    assert response.status_code == 412
    assert response.json["type"].endswith("#precondition-failed")
    return response


@pytest.mark.parametrize("case", WRITES)
def test_a_412_has_the_etag_of_the_stored_item(service, path, etag, case):
    response = attempt(service, path, case)
    assert response.headers["ETag"] == etag
    assert "current" not in response.json


@pytest.mark.parametrize("case", WRITES)
def test_a_412_has_the_item_on_request(service, path, etag, case):
    response = attempt(service, path, case, WANTED)
    assert response.headers["ETag"] == etag
    assert exact(response)["current"] == exact(service.get(path))


@pytest.mark.parametrize("case", WRITES)
def test_the_item_is_in_the_form_that_is_accepted(service, path, etag, case):
    response = attempt(service, path, case, {**WANTED, **ACCEPT_TYPED})
    assert response.headers["ETag"] == etag.replace("-json", "-typed")
    assert response.json["current"] == service.get(path, headers=ACCEPT_TYPED).json
    assert response.content_type == "application/problem+json"


@pytest.mark.parametrize("case", WRITES)
def test_the_item_is_trimmed_like_any_other(service, path, etag, case):
    response = attempt(service, path, case, WANTED, {"fields": "Email"})
    assert response.headers["ETag"] == etag
    assert response.json["current"].keys() == {"Id", "Name", "Email"}


def test_the_etag_is_good_for_the_next_attempt(service, path, etag):
    del etag
    seen = attempt(service, path, "replace").headers["ETag"]
    response = service.put(path, headers={**JSON, "If-Match": seen}, data="{}")
    assert response.status_code == 200


# A deletion with an Idempotency-Key may have been the first of two, so it succeeds.
NEED_AN_ITEM = [
    case
    for case, (_, headers, *_) in WRITES.items()
    if "If-Match" in headers and case != "delete once"
]


@pytest.mark.parametrize("case", NEED_AN_ITEM)
def test_an_absent_item_has_no_etag(service, path, case):
    response = attempt(service, path, case, WANTED)
    assert "ETag" not in response.headers
    assert "current" not in response.json


def test_a_write_that_loses_the_race_after_its_read_returns_the_winner(service, wire, path, etag):
    def let_another_in(exchange):
        assert service.patch(path, headers=JSON, data='{"Email": "x"}').status_code == 200
        exchange.send(exchange.forward())

    with wire.fault(let_another_in, operation="PutItem", calls=1):
        headers = {**JSON, **WANTED, "If-Match": etag}
        response = service.put(path, headers=headers, data="{}")
    assert response.status_code == 412
    assert response.headers["ETag"] == service.get(path).headers["ETag"]
    assert response.json["current"]["Email"] == "x"


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_read_that_requires_another_item_returns_the_etag(service, path, etag, method):
    response = getattr(service, method)(path, headers={"If-Match": STALE})
    assert response.status_code == 412
    assert response.headers["ETag"] == etag


def test_it_is_the_same_without_a_version_attribute(engine, path):
    service = service_with(engine, version_attribute="")
    service.put(path, headers=TYPED, data=json.dumps(STORED))
    response = attempt(service, path, "create only", WANTED)
    assert response.headers["ETag"] == service.get(path).headers["ETag"]
    assert exact(response)["current"] == exact(service.get(path))


# Batches


def post(service, operations, **headers):
    return service.post(
        "/items:batch", headers={**JSON, **headers}, data=json.dumps({"operations": operations})
    )


NATIVE_UPDATE = {"method": "PATCH", "update": {**SET_A, **IF_ABSENT}}
FAILING = {
    "false in the read before planning": {"method": "PUT", "item": {}, "ifMatch": STALE},
    "false in the write": {"method": "PUT", "item": {}, "ifNoneMatch": "*"},
    "put on a condition": {"method": "PUT", "item": {}, "condition": IF_ABSENT},
    "merge patch": {"method": "PATCH", "patch": {"a": 1}, "ifMatch": STALE},
    "JSON Patch": {"method": "PATCH", "jsonPatch": ADD_A, "ifMatch": STALE},
    "native update": NATIVE_UPDATE,
    "native update, ifMatch": {"method": "PATCH", "update": SET_A, "ifMatch": STALE},
    "delete": {"method": "DELETE", "ifMatch": STALE},
    "delete on a condition": {"method": "DELETE", "condition": IF_ABSENT},
    "check": {"method": "CHECK", "ifMatch": STALE},
    "check of a condition": {"method": "CHECK", "condition": IF_ABSENT},
}


@pytest.fixture(scope="module")
def checking(engine):
    operations = DEFAULT_OPERATIONS | {Operation.CONDITION_CHECK_ITEM}
    return service_with(engine, operations=operations)


@pytest.mark.parametrize("media_type", [JSON, TYPED], ids=["plain", "typed"])
@pytest.mark.parametrize("case", FAILING)
def test_each_failed_operation_of_a_batch_has_its_etag(
    checking, path, name, etag, case, media_type
):
    operations = [
        {"method": "PUT", "id": "7", "name": f"{name}-new", "item": {}, "ifNoneMatch": "*"},
        {"id": "7", "name": name, **FAILING[case]},
    ]
    response = post(checking, operations, **media_type)
    assert response.status_code == 412
    (error,) = response.json["errors"]
    assert error["pointer"] == "/operations/1"
    assert error["etag"] == etag
    assert "current" not in error
    once = {"Idempotency-Key": str(uuid.uuid4())}
    for more in ({}, once):
        wanted = {**media_type, **WANTED, **ACCEPT_TYPED, **more}
        response = post(checking, operations, **wanted)
        (error,) = response.json["errors"]
        assert error["etag"] == etag.replace("-json", "-typed")
        assert error["current"] == checking.get(path, headers=ACCEPT_TYPED).json
        assert "ETag" not in response.headers


def test_a_failed_operation_on_an_absent_item_has_no_etag(service, name):
    operations = [{"method": "DELETE", "id": "7", "name": name, "ifMatch": "*"}]
    response = post(service, operations, Prefer="return=representation")
    assert response.status_code == 412
    assert response.json["errors"][0].keys() == {"pointer", "detail", "type"}
