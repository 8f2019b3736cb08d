"""Every operation of the OpenAPI document, called with every kind of credential."""

import json
import time
import uuid
from functools import partial
from pathlib import Path

import pytest
from dynamodb_items.web.openapi.document import documented_operations

from tests.access.issuer import bearer
from tests.engines import client_for

DOCUMENT = json.loads((Path(__file__).parents[2] / "openapi/openapi.json").read_text())
OPEN, READ, WRITE = "open", "read", "write"
READING = {"getItem", "headItem", "readItems"}
OPERATIONS = list(documented_operations(DOCUMENT))
WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}
# The partition of the tests is 104, which the tenant claim spells differently.
TENANT = "0104.0"

REJECTED = {
    "no token": lambda _: {},
    "another scheme": lambda issuer: {"Authorization": f"Basic {issuer.token(tenant=TENANT)}"},
    "an empty token": lambda _: bearer(""),
    "no token at all": lambda _: bearer("two words"),
    "expired": lambda issuer: bearer(issuer.token(exp=int(time.time()) - 100)),
    "not yet valid": lambda issuer: bearer(issuer.token(nbf=int(time.time()) + 100)),
    "wrong issuer": lambda issuer: bearer(issuer.token(iss="https://issuer.example")),
    "wrong audience": lambda issuer: bearer(issuer.token(aud=["another"])),
    "alg none": lambda issuer: bearer(issuer.unsigned_token()),
    "HS256 with the public key": lambda issuer: bearer(issuer.token_signed_with_the_public_key()),
    "missing exp": lambda issuer: bearer(issuer.token(exp=None)),
    "missing nbf": lambda issuer: bearer(issuer.token(nbf=None)),
    "missing iss": lambda issuer: bearer(issuer.token(iss=None)),
    "missing aud": lambda issuer: bearer(issuer.token(aud=None)),
    "missing sub": lambda issuer: bearer(issuer.token(sub=None)),
    "unknown kid": lambda issuer: bearer(issuer.token_of_a_stranger(with_a_known_key_id=False)),
    "known kid, other key": lambda issuer: bearer(
        issuer.token_of_a_stranger(with_a_known_key_id=True)
    ),
    "sub that is not a string": lambda issuer: bearer(issuer.token(sub=["alice"])),
    "sub that cannot be logged": lambda issuer: bearer(issuer.token_with_half_a_character()),
    "empty sub": lambda issuer: bearer(issuer.token(sub="")),
    "endless exp": lambda issuer: bearer(issuer.token(exp=float("inf"))),
}
PERMITTED = {
    "read scope": ({"scope": "items:read"}, {READ: True, WRITE: False}),
    "write scope": ({"scope": "items:write"}, {READ: False, WRITE: True}),
    "both scopes": ({}, {READ: True, WRITE: True}),
    "scp": ({"scope": None, "scp": ["items:read"]}, {READ: True, WRITE: False}),
    "no scope": ({"scope": None}, {READ: False, WRITE: False}),
    "another scope": ({"scope": "items:readwrite items:*"}, {READ: False, WRITE: False}),
    "other tenant": ({"tenant": "105"}, {READ: False, WRITE: False}),
    "no tenant": ({"tenant": None}, {READ: False, WRITE: False}),
    "a tenant that is not a key": ({"tenant": "x"}, {READ: False, WRITE: False}),
    "a tenant that is not a string": ({"tenant": [104]}, {READ: False, WRITE: False}),
    "the tenant as a number": ({"tenant": 104}, {READ: True, WRITE: True}),
}


def kind_of(operation) -> str:
    if operation["tags"] == ["Health"]:
        return OPEN
    return READ if operation["operationId"] in READING else WRITE


def request_of(operation, path, name) -> tuple[str, str | None]:
    """Return a target, and a body that is valid for a permitted caller."""
    target = path.replace("{id}", "104").replace("{name}", name)
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return target, None
    if "{id}" in path:
        return target, json.dumps({"Email": "changed@example.com"})
    key = {"id": "104", "name": name}
    bodies = {
        "readItems": {"keys": [key]},
        "writeItems": {
            "operations": [{"method": "PATCH", "patch": {"Email": "changed@example.com"}, **key}]
        },
        "updateItem": {"UpdateExpression": "REMOVE Email", **key},
        "putItemConditionally": {"item": {"Email": "changed@example.com"}, **key},
        "deleteItemConditionally": key,
    }
    return target, json.dumps(bodies[operation["operationId"]])


class Attempt:
    """One request to one operation on a new item, and its effect."""

    def __init__(self, guarded, wire, dynamodb, operation, headers) -> None:
        method, path, documented = operation
        name = f"access-{uuid.uuid4().hex}"
        key = {"Id": {"N": "104"}, "Name": {"S": name}}
        item = {**key, "Email": {"S": "before@example.com"}}
        dynamodb.put_item(TableName="my-dynamodb-table", Item=item)
        target, body = request_of(documented, path, name)
        if body is not None:
            headers = {**headers, "Content-Type": "application/json"}
        calls_before = len(wire.calls)
        self.response = guarded.request(method, target, body, **headers)
        self.status = self.response.status
        self.writes = [call for call in wire.calls[calls_before:] if call in WRITES]
        found = dynamodb.get_item(TableName="my-dynamodb-table", Key=key)
        self.changed = found.get("Item") != item
        self.has_body = method != "HEAD"


@pytest.fixture(scope="module")
def attempt(guarded, wire, endpoint):
    return partial(Attempt, guarded, wire, client_for(endpoint))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each[2]["operationId"])
@pytest.mark.parametrize("case", REJECTED)
def test_a_caller_who_is_not_known_gets_401_and_changes_nothing(
    attempt, authority, operation, case
):
    attempted = attempt(operation, REJECTED[case](authority))
    if kind_of(operation[2]) == OPEN:
        assert attempted.status == 200
    else:
        assert attempted.status == 401
        challenge = attempted.response.headers["WWW-Authenticate"]
        assert challenge.startswith('Bearer realm="items"')
        assert ("error=" in challenge) == (case not in ("no token", "another scheme"))
        if attempted.has_body:
            assert attempted.response.json["type"] == "/docs/errors#unauthenticated"
    assert not attempted.writes
    assert not attempted.changed


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each[2]["operationId"])
@pytest.mark.parametrize("case", PERMITTED)
def test_a_caller_does_what_its_scopes_and_its_tenant_allow(attempt, authority, operation, case):
    claims, allowed = PERMITTED[case]
    token = authority.token(**{"tenant": TENANT, **claims})
    attempted = attempt(operation, bearer(token))
    kind = kind_of(operation[2])
    if kind == OPEN or allowed[kind]:
        name = operation[2]["operationId"]
        # A caller that may write only gets minimal responses.
        is_minimal = name.startswith("delete") or (kind == WRITE and not allowed[READ])
        status = 204 if is_minimal and name != "writeItems" else 200
        assert attempted.status == status, attempted.response.body
        assert attempted.changed == (kind == WRITE)
    else:
        assert attempted.status == 403
        if attempted.has_body:
            assert attempted.response.json["type"] == "/docs/errors#not-permitted"
        assert not attempted.writes
        assert not attempted.changed


@pytest.mark.parametrize("path", ["/openapi.json", "/docs/errors", "/live", "/ready"])
def test_what_describes_the_service_is_open_to_all(guarded, path):
    assert guarded.request("GET", path).status == 200
    assert guarded.request("GET", path, Authorization="Bearer junk").status == 200


@pytest.mark.parametrize(
    "target", ["/items/104/a/b", "/nowhere", "/items/%FF/x", "/LIVE", "/live/", "//live"]
)
def test_no_other_path_is_open(guarded, target):
    assert guarded.request("GET", target).status == 401


def test_the_rejection_precedes_the_body(guarded):
    """A client that announces a body and waits is rejected before it sends the body."""
    response = guarded.request("PUT", "/items/104/x", None, Content_Length="1000000")
    assert response.status == 401
    chunked = guarded.request("PUT", "/items/104/x", None, Transfer_Encoding="chunked")
    assert chunked.status == 401


def batch_of(path: str, partitions: list[str], name: str) -> str:
    keys = [{"id": each, "name": f"{name}-{n}"} for n, each in enumerate(partitions)]
    if path.endswith("Get"):
        return json.dumps({"keys": keys})
    return json.dumps({"operations": [{"method": "PUT", "item": {}, **key} for key in keys]})


@pytest.mark.parametrize("path", ["/items:batch", "/items:batchGet"])
@pytest.mark.parametrize("partitions", [["104", "105"], ["105", "104"], ["105"]])
def test_a_batch_with_one_item_of_another_tenant_is_rejected_as_a_whole(
    guarded, wire, authority, path, partitions
):
    name = f"access-{uuid.uuid4().hex}"
    calls_before = len(wire.calls)
    headers = {"Content-Type": "application/json", **bearer(authority.token(tenant=TENANT))}
    rejected = guarded.request("POST", path, batch_of(path, partitions, name), **headers)
    assert rejected.status == 403, rejected.body
    assert rejected.json["type"] == "/docs/errors#not-permitted"
    assert not {"TransactWriteItems", "TransactGetItems"} & set(wire.calls[calls_before:])
    own = batch_of(path, ["104", "1.04e2"], name)
    assert guarded.request("POST", path, own, **headers).status == 200


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        ("/items:update", {"ConditionExpression": "attribute_not_exists(Email)"}, 200),
        ("/items:put", {"item": {}}, 201),
        ("/items:delete", {}, 204),
    ],
)
def test_a_native_write_of_another_tenants_item_is_rejected(
    guarded, wire, authority, path, content, status
):
    name = f"access-{uuid.uuid4().hex}"
    calls_before = len(wire.calls)
    headers = {"Content-Type": "application/json", **bearer(authority.token(tenant=TENANT))}
    body = json.dumps({"id": "105", "name": name, **content})
    rejected = guarded.request("POST", path, body, **headers)
    assert rejected.status == 403, rejected.body
    assert rejected.json["type"] == "/docs/errors#not-permitted"
    assert not WRITES & set(wire.calls[calls_before:])
    own = json.dumps({"id": "1.04e2", "name": name, **content})
    assert guarded.request("POST", path, own, **headers).status == status


def test_an_idempotency_key_is_its_callers_alone(guarded, authority):
    """Two callers with the same key do not affect each other."""
    target = f"/items/104/access-{uuid.uuid4().hex}"
    headers = {"Content-Type": "application/json", "Idempotency-Key": uuid.uuid4().hex}
    for sub, status in (("alice", 201), ("bob", 200)):
        token = bearer(authority.token(tenant=TENANT, sub=sub))
        body = json.dumps({"By": sub})
        assert guarded.request("PUT", target, body, **headers, **token).status == status
        again = guarded.request("PUT", target, "{}", **headers, **token)
        assert again.status == 422, "the same caller, the same key, another request"
