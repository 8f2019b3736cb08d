"""A 412 contains the stored item and its ETag only for a caller who may read.

``test_write_scope`` has every form of write.
"""

import json
import uuid

import pytest

from tests.access.issuer import bearer, jwt_variables
from tests.serving import gunicorn

JSON = {"Content_Type": "application/json"}


@pytest.fixture
def path(guarded, authority):
    path = f"/items/104/conflict-{uuid.uuid4().hex}"
    headers = bearer(authority.token(tenant="104"))
    guarded.request("PUT", path, '{"Secret": "s3cret"}', **JSON, **headers)
    return path


@pytest.mark.parametrize(
    ("scope", "may_read"), [("items:read items:write", True), ("items:write", False)]
)
@pytest.mark.parametrize(
    ("method", "body", "headers"),
    [
        ("PUT", "{}", {**JSON, "If_None_Match": "*"}),
        ("PUT", "{}", {**JSON, "If_None_Match": "*", "Idempotency_Key": "key"}),
    ],
)
def test_only_a_caller_who_may_read_sees_the_item(
    guarded, authority, path, scope, may_read, method, body, headers
):
    caller = bearer(authority.token(tenant="104", scope=scope))
    response = guarded.request(
        method, path, body, **headers, **caller, Prefer="return=representation"
    )
    assert response.status == 412
    assert ("ETag" in response.headers) is may_read
    assert ("current" in response.json) is may_read
    assert (b"s3cret" in response.body) is may_read


@pytest.mark.parametrize(
    ("scope", "may_read"), [("items:read items:write", True), ("items:write", False)]
)
def test_the_same_holds_for_each_operation_of_a_batch(guarded, authority, path, scope, may_read):
    caller = bearer(authority.token(tenant="104", scope=scope))
    name = path.rpartition("/")[2]
    operation = {"method": "PUT", "id": "104", "name": name, "item": {}, "ifNoneMatch": "*"}
    response = guarded.request(
        "POST",
        "/items:batch",
        json.dumps({"operations": [operation]}),
        **JSON,
        **caller,
        Prefer="return=representation",
    )
    assert response.status == 412
    (error,) = response.json["errors"]
    assert ("etag" in error) is may_read
    assert ("current" in error) is may_read
    assert (b"s3cret" in response.body) is may_read


@pytest.mark.parametrize(
    ("scope", "status"), [("items:read items:write", 200), ("items:write", 403)]
)
def test_a_check_in_a_batch_is_only_for_a_caller_who_may_read(wire, authority, path, scope, status):
    variables = jwt_variables(authority, ITEMS_TENANT_CLAIM="tenant")
    operations = "GetItem,PutItem,ConditionCheckItem"
    check = {"method": "CHECK", "id": "104", "name": path.rpartition("/")[2], "ifMatch": "*"}
    with gunicorn(wire.url, "-w", "1", ITEMS_OPERATIONS=operations, **variables) as server:
        response = server.request(
            "POST",
            "/items:batch",
            json.dumps({"operations": [check]}),
            **JSON,
            **bearer(authority.token(tenant="104", scope=scope)),
            Prefer="return=representation",
        )
    assert response.status == status, response.body
    assert (b"s3cret" in response.body) is (status == 200)
