"""Every list of the OpenAPI document, requested with every kind of credential."""

import json

import pytest
from dynamodb_items.app import create_app, create_repository
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.operations import Operation
from dynamodb_items.web.openapi.document import documented_operations

from tests.access.issuer import bearer, jwt_variables
from tests.access.test_every_operation import PERMITTED, READ, REJECTED, TENANT
from tests.engines import client_for
from tests.listed_table import create_listed_table
from tests.serving import gunicorn

LISTS = {
    "ITEMS_TABLE": "listed",
    "ITEMS_OPERATIONS": "GetItem,PutItem,UpdateItem,DeleteItem,Query,Scan",
    "ITEMS_INDEXES": "by-email=Email:S",
}
SHARED = "shared@example.com"
JSON = {"Content-Type": "application/json"}
QUERY = {"id": "104", "FilterExpression": "attribute_exists(Email)"}
WHOLE_TABLE = {"listItems", "headItems"}


def document() -> dict:
    settings = Settings.from_environment(LISTS)
    return create_app(settings, create_repository(settings)).test_client().get("/openapi.json").json


OPERATIONS = [each for each in documented_operations(document()) if each[2]["tags"] == ["Lists"]]
every_list = pytest.mark.parametrize(
    "operation", OPERATIONS, ids=lambda each: each[2]["operationId"]
)


def test_the_document_has_these_lists():
    assert {operation["operationId"] for _, _, operation in OPERATIONS} == {
        *("listPartition", "headPartition", "listIndex", "headIndex", "queryItems"),
        *WHOLE_TABLE,
    }


@pytest.fixture(scope="module")
def listed(endpoint):
    """Return the settings for a table with an item of each of two tenants, with one email."""
    dynamodb = client_for(endpoint)
    create_listed_table(dynamodb)
    for partition, name in (("104", "own"), ("105", "other")):
        item = {"Id": {"N": partition}, "Name": {"S": name}, "Email": {"S": SHARED}}
        dynamodb.put_item(TableName="listed", Item=item)
    return LISTS


@pytest.fixture(scope="module")
def tenants(wire, authority, listed):
    """Serve lists to callers, each limited to its partition."""
    variables = jwt_variables(authority, ITEMS_TENANT_CLAIM="tenant", **listed)
    with gunicorn(wire.url, "-w", "1", **variables) as server:
        yield server


@pytest.fixture(scope="module")
def without_tenants(wire, authority, listed):
    with gunicorn(wire.url, "-w", "1", **jwt_variables(authority, **listed)) as server:
        yield server


class Attempt:
    """One request of a list, and the calls that it caused."""

    def __init__(self, server, wire, operation, headers) -> None:
        method, path, _ = operation
        target = path.replace("{id}", "104").replace("{index}", "by-email")
        target = target.replace("{value}", SHARED)
        body = json.dumps(QUERY) if method == "POST" else None
        calls_before = len(wire.calls)
        self.response = server.request(method, target, body, **headers, **(JSON if body else {}))
        self.status = self.response.status
        self.calls = {"Query", "Scan"} & set(wire.calls[calls_before:])
        self.has_body = method != "HEAD"

    @property
    def names(self) -> list[str]:
        return sorted(listed["name"] for listed in self.response.json["items"])

    def assert_is_rejected(self, status: int, slug: str) -> None:
        assert self.status == status
        assert not self.calls
        if self.has_body:
            assert self.response.json["type"] == f"/docs/errors#{slug}"
            assert "items" not in self.response.json


@every_list
@pytest.mark.parametrize("case", REJECTED)
def test_a_caller_who_is_not_known_gets_401(tenants, wire, authority, operation, case):
    attempted = Attempt(tenants, wire, operation, REJECTED[case](authority))
    attempted.assert_is_rejected(401, "unauthenticated")
    assert attempted.response.headers["WWW-Authenticate"].startswith('Bearer realm="items"')


@every_list
@pytest.mark.parametrize("case", PERMITTED)
def test_a_tenant_who_may_read_lists_its_own_items(tenants, wire, authority, operation, case):
    claims, allowed = PERMITTED[case]
    token = authority.token(**{"tenant": TENANT, **claims})
    attempted = Attempt(tenants, wire, operation, bearer(token))
    operation_id = operation[2]["operationId"]
    # A tenant of another partition may use the index, which then has its own items alone.
    is_other_tenant_on_index = case == "other tenant" and "Index" in operation_id
    if operation_id in WHOLE_TABLE or not (allowed[READ] or is_other_tenant_on_index):
        attempted.assert_is_rejected(403, "not-permitted")
        return
    assert attempted.status == 200, attempted.response.body
    if attempted.has_body:
        assert attempted.names == (["other"] if is_other_tenant_on_index else ["own"])


@every_list
@pytest.mark.parametrize("case", [case for case in PERMITTED if "tenant" not in case])
def test_without_tenants_the_scope_decides(without_tenants, wire, authority, operation, case):
    claims, allowed = PERMITTED[case]
    attempted = Attempt(without_tenants, wire, operation, bearer(authority.token(**claims)))
    if not allowed[READ]:
        attempted.assert_is_rejected(403, "not-permitted")
        return
    assert attempted.status == 200, attempted.response.body
    operation_id = operation[2]["operationId"]
    assert attempted.calls == {Operation.SCAN if operation_id in WHOLE_TABLE else Operation.QUERY}
    if attempted.has_body:
        of_one_partition = operation_id in ("listPartition", "queryItems")
        assert attempted.names == (["own"] if of_one_partition else ["other", "own"])


TARGETS = {
    "items": "/items/104",
    "no items": "/items/9999",
    "an invalid key": "/items/x",
    "an invalid cursor": "/items/104?cursor=AAAA",
    "an invalid limit": "/items/104?limit=0",
    "an index": f"/indexes/by-email/{SHARED}",
    "an index without items": "/indexes/by-email/nobody@example.com",
    "the table": "/items",
    "an invalid segment": "/items?segment=9",
}


@pytest.mark.parametrize("case", TARGETS)
def test_who_may_only_write_gets_the_same_response_whatever_is_stored(
    without_tenants, wire, authority, case
):
    token = bearer(authority.token(scope="items:write"))
    calls_before = len(wire.calls)
    response = without_tenants.request("GET", TARGETS[case], **token)
    assert response.status == 403
    assert {"Query", "Scan"}.isdisjoint(wire.calls[calls_before:])
    assert response.json["detail"] == "This request requires the scope items:read."
    assert "errors" not in response.json
    assert not {"ETag", "Link"} & set(response.headers)


@pytest.mark.parametrize(
    "query", [QUERY, {"id": "9999"}, {"index": "by-email", "value": SHARED}, {"id": "104", "x": 1}]
)
def test_who_may_only_write_may_not_query(without_tenants, wire, authority, query):
    token = bearer(authority.token(scope="items:write"))
    calls_before = len(wire.calls)
    response = without_tenants.request("POST", "/items:query", json.dumps(query), **JSON, **token)
    assert response.status == 403
    assert {"Query", "Scan"}.isdisjoint(wire.calls[calls_before:])
    assert response.json["detail"] == "This request requires the scope items:read."
