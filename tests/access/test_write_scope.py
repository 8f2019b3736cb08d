"""Every form of request with every scope: who may write but not read learns no stored value."""

import json
import uuid
from dataclasses import dataclass, field

import pytest

from tests.access.issuer import bearer
from tests.engines import client_for

TABLE = "my-dynamodb-table"
NAME = f"write-scope-{uuid.uuid4().hex}"
PATH = f"/items/104/{NAME}"
KEY = {"Id": {"N": "104"}, "Name": {"S": NAME}}
PLAIN, MERGE = "application/json", "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
NATIVE = "application/vnd.dynamodb.update+json"
STALE = '"00000000000000000000000000000000-json"'

# Two states of the item that no response to a writer may distinguish.
STATES = [
    {**KEY, "Secret": {"S": "s3cret"}, "Map": {"M": {"x": {"N": "1"}}}, "Views": {"N": "5"}},
    {**KEY, "Secret": {"L": [{"S": "s3cret"}]}, "Map": {"S": "text"}, "Other": {"BOOL": True}},
]
WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}
CALLS = {*WRITES, "TransactGetItems"}  # the readiness probe calls GetItem at any time


@dataclass(frozen=True)
class Request:
    method: str
    body: object = None
    media_type: str = PLAIN
    path: str = PATH
    headers: dict[str, str] = field(default_factory=dict)


def put(item=None, **headers):
    return Request("PUT", {"A": 1} if item is None else item, headers=headers)


def patch(body, media_type=MERGE, **headers):
    return Request("PATCH", body, media_type, headers=headers)


def native(update, **members):
    return patch({"UpdateExpression": update, **members}, NATIVE)


def post(path, **members):
    return Request("POST", {"id": "104", "name": NAME, **members}, path=path)


def batch(method, **members):
    operation = {"method": method, "id": "104", "name": NAME, **members}
    return Request("POST", {"operations": [operation]}, path="/items:batch")


ONE = {":v": {"N": "1"}}
CONDITION = {
    "ConditionExpression": "Secret = :s",
    "ExpressionAttributeValues": {":s": {"S": "wrong"}},
}
# A request; its status on a stored item, with the write scope alone and with both scopes.
TABLE_OF_REQUESTS = {
    "get": (Request("GET"), 403, 200),
    "head": (Request("HEAD"), 403, 200),
    "read batch": (
        Request("POST", {"keys": [{"id": "104", "name": NAME}]}, path="/items:batchGet"),
        403,
        200,
    ),
    "put": (put(), 204, 200),
    "put, prefer item": (put(Prefer="return=representation"), 204, 200),
    "put, prefer minimal": (put(Prefer="return=minimal"), 204, 204),
    "put once": (put(Idempotency_Key="one"), 204, 200),
    "put typed": (Request("PUT", {"A": {"N": "1"}}, "application/vnd.dynamodb+json"), 204, 200),
    "put if present": (put(If_Match="*"), 204, 200),
    "put if absent": (put(If_None_Match="*"), 412, 412),
    "put if absent, prefer item": (
        put(If_None_Match="*", Prefer="return=representation"),
        412,
        412,
    ),
    "put if absent once": (put(If_None_Match="*", Idempotency_Key="two"), 412, 412),
    "put if match": (put(If_Match=STALE), 403, 412),
    "put if none match": (put(If_None_Match=STALE), 403, 200),
    "put if match once": (put(If_Match=STALE, Idempotency_Key="three"), 403, 412),
    "merge": (patch({"A": 1}), 204, 200),
    "merge nothing": (patch({}), 204, 200),
    "merge, prefer item": (patch({"A": 1}, Prefer="return=representation"), 204, 200),
    "merge nested": (patch({"Map": {"y": 1}}), 204, 200),
    "merge removal": (patch({"Secret": None}), 204, 200),
    "merge once": (patch({"A": 1}, Idempotency_Key="four"), 204, 200),
    "merge if match": (patch({"A": 1}, If_Match=STALE), 403, 412),
    "merge nested if match": (patch({"Map": {"y": 1}}, If_Match=STALE), 403, 412),
    "JSON Patch test": (
        patch([{"op": "test", "path": "/Secret", "value": "wrong"}], JSON_PATCH),
        403,
        409,
    ),
    "JSON Patch add": (patch([{"op": "add", "path": "/A", "value": 1}], JSON_PATCH), 403, 200),
    "JSON Patch missing": (patch([{"op": "remove", "path": "/None"}], JSON_PATCH), 403, 422),
    "native set": (native("SET A = :v", ExpressionAttributeValues=ONE), 204, 200),
    "native remove": (native("REMOVE Secret"), 204, 200),
    "native condition": (native("REMOVE A", **CONDITION), 403, 412),
    "native add": (native("ADD A :v", ExpressionAttributeValues=ONE), 403, 200),
    "native path": (native("SET Map.z = :v", ExpressionAttributeValues=ONE), 403, 200),
    "native copy": (native("SET A = Secret"), 403, 200),
    "native default": (
        native("SET A = if_not_exists(Secret, :v)", ExpressionAttributeValues=ONE),
        403,
        200,
    ),
    "native arithmetic": (
        native("SET A = Views + :v", ExpressionAttributeValues=ONE),
        403,
        200,
    ),
    "delete": (Request("DELETE"), 204, 204),
    "delete, prefer item": (
        Request("DELETE", headers={"Prefer": "return=representation"}),
        204,
        200,
    ),
    "delete once": (
        Request("DELETE", headers={"Prefer": "return=representation", "Idempotency_Key": "five"}),
        204,
        200,
    ),
    "delete if match": (Request("DELETE", headers={"If_Match": STALE}), 403, 412),
    "post update": (post("/items:update", UpdateExpression="REMOVE A"), 204, 200),
    "post update condition": (
        post("/items:update", UpdateExpression="REMOVE A", **CONDITION),
        403,
        412,
    ),
    "post put": (post("/items:put", item={"A": 1}), 204, 200),
    "post put condition": (post("/items:put", item={"A": 1}, **CONDITION), 403, 412),
    "post delete": (post("/items:delete"), 204, 204),
    "post delete condition": (post("/items:delete", **CONDITION), 403, 412),
    "batch put": (batch("PUT", item={"A": 1}), 200, 200),
    "batch patch": (batch("PATCH", patch={"A": 1}), 200, 200),
    "batch update": (batch("PATCH", update={"UpdateExpression": "REMOVE A"}), 200, 200),
    "batch delete": (batch("DELETE"), 200, 200),
    "batch if absent": (batch("PUT", item={}, ifNoneMatch="*"), 412, 412),
    "batch if match": (batch("PUT", item={}, ifMatch=STALE), 403, 412),
    "batch condition": (batch("PUT", item={}, condition=CONDITION), 403, 412),
    "batch delete condition": (batch("DELETE", condition=CONDITION), 403, 412),
    "batch update condition": (
        batch("PATCH", update={"UpdateExpression": "REMOVE A", **CONDITION}),
        403,
        412,
    ),
    "batch JSON Patch": (
        batch("PATCH", jsonPatch=[{"op": "test", "path": "/Secret", "value": "wrong"}]),
        403,
        409,
    ),
}
for each in ("put", "patch", "delete"):  # a batch is minimal whatever it prefers
    wanted, alone, both = TABLE_OF_REQUESTS[f"batch {each}"]
    preferring = Request(
        "POST",
        wanted.body,
        path=wanted.path,
        headers={"Prefer": "return=representation", "Idempotency_Key": f"batch-{each}"},
    )
    TABLE_OF_REQUESTS[f"batch {each}, prefer item, once"] = (preferring, alone, both)


@pytest.fixture(scope="module")
def dynamodb(endpoint):
    return client_for(endpoint)


class Sender:
    """Sends a request to the service for a caller with some scopes."""

    def __init__(self, guarded, authority, wire) -> None:
        self._guarded = guarded
        self._authority = authority
        self._wire = wire

    def __call__(self, request, scope):
        headers = dict(request.headers)
        if "Idempotency_Key" in headers:
            headers["Idempotency_Key"] += f"-{uuid.uuid4().hex}"
        if request.body is not None:
            headers["Content_Type"] = request.media_type
        body = None if request.body is None else json.dumps(request.body)
        token = self._authority.token(tenant="104", scope=scope)
        calls_before = len(self._wire.calls)
        response = self._guarded.request(
            request.method, request.path, body, **headers, **bearer(token)
        )
        return response, set(self._wire.calls[calls_before:])


@pytest.fixture(scope="module")
def send(guarded, authority, wire):
    return Sender(guarded, authority, wire)


def comparable(response):
    """Return all that a caller can see, without what differs in every response."""
    ignored = {"x-request-id", "date"}
    headers = {
        name.lower(): value
        for name, value in response.headers.items()
        if name.lower() not in ignored
    }
    body = response.body
    if headers.get("content-type") == "application/problem+json" and body:
        members = response.json
        members.pop("request_id")
        headers.pop("content-length")
        body = members
    return response.status, headers, body


@pytest.mark.parametrize("name", TABLE_OF_REQUESTS)
def test_with_the_write_scope_alone_no_stored_value_is_revealed(send, dynamodb, name):
    request, status, _ = TABLE_OF_REQUESTS[name]
    seen = []
    for state in STATES:
        dynamodb.put_item(TableName=TABLE, Item=state)
        response, calls = send(request, "items:write")
        assert response.status == status, response.body
        assert "ETag" not in response.headers
        assert "Last-Modified" not in response.headers
        assert b"s3cret" not in response.body
        assert "representation" not in response.headers.get("Preference-Applied", "")
        if status == 403:
            assert not calls & CALLS
            assert 'error="insufficient_scope"' in response.headers["WWW-Authenticate"]
        seen.append(comparable(response))
    assert seen[0] == seen[1]
    if status == 200:
        (result,) = response.json["results"]
        assert result == {"id": "104", "name": NAME, "etag": None}


@pytest.mark.parametrize("name", TABLE_OF_REQUESTS)
def test_with_both_scopes_every_form_works(send, dynamodb, name):
    request, _, status = TABLE_OF_REQUESTS[name]
    dynamodb.put_item(TableName=TABLE, Item=STATES[0])
    response, _ = send(request, "items:read items:write")
    assert response.status == status, response.body


@pytest.mark.parametrize("name", TABLE_OF_REQUESTS)
@pytest.mark.parametrize("scope", ["items:read", "openid"])
def test_without_the_write_scope_nothing_is_written(send, dynamodb, name, scope):
    request, _, status = TABLE_OF_REQUESTS[name]
    dynamodb.put_item(TableName=TABLE, Item=STATES[0])
    response, calls = send(request, scope)
    is_read = name in ("get", "head", "read batch") and scope == "items:read"
    assert response.status == (status if is_read else 403)
    assert not calls & WRITES


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (put(), 201),
        (put(If_None_Match="*"), 201),
        (put(Idempotency_Key="absent"), 201),
        (post("/items:put", item={"A": 1}), 201),
        (put(If_Match="*"), 412),
        (patch({"A": 1}), 404),
        (Request("DELETE"), 204),
        (native("SET A = :v", ExpressionAttributeValues=ONE), 204),
    ],
    ids=lambda value: getattr(value, "method", value),
)
def test_that_an_item_exists_is_not_hidden(send, dynamodb, request_, status):
    dynamodb.delete_item(TableName=TABLE, Key=KEY)
    response, _ = send(request_, "items:write")
    assert response.status == status, response.body
    assert "ETag" not in response.headers
    assert (response.headers.get("Location") == PATH) is (status == 201)


def test_the_rejection_names_both_scopes(send, dynamodb):
    dynamodb.put_item(TableName=TABLE, Item=STATES[0])
    response, _ = send(put(If_Match=STALE), "items:write")
    challenge = response.headers["WWW-Authenticate"]
    assert challenge.endswith('error="insufficient_scope", scope="items:read items:write"')
    assert "requires the scope items:read as well" in response.json["detail"]
