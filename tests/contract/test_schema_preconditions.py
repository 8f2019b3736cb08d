"""Under a schema, a false precondition or condition precedes the judgement of the result."""

import pytest
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation
from dynamodb_items.item_schema.reading import item_schema

from tests.contract.conftest import (
    ACCEPT_TYPED,
    JSON,
    JSON_PATCH,
    MERGE,
    NATIVE,
    TYPED,
    Service,
    service_with,
)

NOW = 1_800_000_000
ACCOUNT = {
    "type": "object",
    "required": ["balance"],
    "properties": {"balance": {"type": "integer", "minimum": 0}, "owner": {"readOnly": True}},
}
STATES = {"stored": {"balance": 5}, "absent": None, "expired": {"balance": 5, "expires": NOW}}
CONDITIONS = {
    "stored": ("balance > :six", "balance < :six"),
    "absent": ("balance < :six", "NOT balance < :six"),
    "expired": ("balance < :six", "NOT balance < :six"),
}
"""A false and a true condition for an item in each state."""


def pay(condition: str | None = None) -> dict:
    """Return an update whose result breaks the schema: of an item with 5, and of an absent one."""
    update = {
        "UpdateExpression": "SET paid = if_not_exists(paid, :six) ADD balance :debt",
        "ExpressionAttributeValues": {":six": {"N": "6"}, ":debt": {"N": "-6"}},
    }
    return update if condition is None else {**update, "ConditionExpression": condition}


@pytest.fixture(scope="module", params=["_version", ""], ids=["versions", "no versions"])
def accounts(engine, request) -> Service:
    return service_with(
        engine,
        item_schema=item_schema(ACCOUNT),
        version_attribute=request.param,
        ttl_attribute="expires",
        clock=lambda: NOW,
    )


@pytest.fixture(params=STATES)
def state(request, service, path) -> str:
    """Bring the item into a state, without the schema."""
    item = STATES[request.param]
    if item is not None:
        assert service.put(path, json=item).status_code == 201
    return request.param


def batch_of(name: str, **operation) -> dict:
    return {"operations": [{"id": "7", "name": name, **operation}]}


def updated(service: Service, form: str, name: str, update: dict):
    """Send an update in one of the forms that take it."""
    headers = {"Idempotency-Key": name} if form.endswith("once") else {}
    match form.partition(" ")[0]:
        case "PATCH":
            return service.patch(f"/items/7/{name}", json=update, headers={**NATIVE, **headers})
        case "items:update":
            body = {"id": "7", "name": name, **update}
            return service.post("/items:update", json=body, headers=headers)
        case _:
            body = batch_of(name, method="PATCH", update=update)
            return service.post("/items:batch", json=body, headers=headers)


UPDATES = ("PATCH", "PATCH once", "items:update", "items:update once", "batch", "batch once")


def test_a_false_condition_precedes_an_invalid_result(accounts, service, path, name, state):
    before = service.get(path, headers=ACCEPT_TYPED)
    false, true = CONDITIONS[state]
    for form in UPDATES:
        for _ in range(1 + form.endswith("once")):  # a repeated request is judged again
            response = updated(accounts, form, name, pay(false))
            assert response.status_code == 412, (form, response.text)
            response = updated(accounts, form, name, pay(true))
            assert response.status_code == 422, (form, response.text)
            assert "The result at /balance must be at least 0." in response.text
    after = service.get(path, headers=ACCEPT_TYPED)
    if state == "stored":
        assert after.data == before.data
    else:  # an expired item may have been deleted
        assert accounts.get(path).status_code == 404
        assert state == "expired" or after.status_code == 404


@pytest.mark.parametrize("state", ["stored", "absent"], indirect=True)
def test_a_false_condition_of_a_put_precedes_what_its_stored_attributes_decide(
    accounts, service, path, name, state
):
    false, true = CONDITIONS[state]
    item = {"balance": 1, "owner": "x"}
    values = {":six": {"N": "6"}}
    for expression, status in ((false, 412), (true, 422)):
        condition = {"ConditionExpression": expression, "ExpressionAttributeValues": values}
        operations = batch_of(name, method="PUT", item=item, condition=condition)
        response = accounts.post("/items:batch", json=operations)
        assert response.status_code == status, response.text
    assert service.get(path).status_code == (404 if state == "absent" else 200)


WRITES = {
    "PUT": (JSON, "put", {"balance": 1, "owner": "x"}),
    "typed PUT": (TYPED, "put", {"balance": {"N": "1"}, "owner": {"S": "x"}}),
    "merge patch": (MERGE, "patch", {"balance": {"a": 1}}),
    "JSON Patch": (JSON_PATCH, "patch", [{"op": "add", "path": "/balance", "value": -1}]),
    "native update": (NATIVE, "patch", pay()),
}


@pytest.mark.parametrize("form", WRITES)
def test_a_false_precondition_precedes_an_invalid_result(
    accounts, service, path, name, state, form
):
    typed_as, method, body = WRITES[form]
    send = getattr(accounts, method)
    fails = {"If-None-Match": "*"} if state == "stored" else {"If-Match": "*"}
    for headers in (typed_as, {**typed_as, "Idempotency-Key": name}):
        for precondition in ({"If-Match": '"stale"'}, fails):
            response = send(path, json=body, headers={**headers, **precondition})
            assert response.status_code == 412, response.text
        if state == "stored":
            etag = accounts.get(path).headers["ETag"]
            response = send(path, json=body, headers={**headers, "If-Match": etag})
            assert response.status_code == 422, response.text
            assert service.get(path).json["balance"] == 5


def test_all_operations_of_a_batch_are_decided_before_one_is_rejected(accounts, path, name):
    """The condition of the second is false, the result of the third invalid; one is absent."""
    for number in range(3):
        assert accounts.put(f"{path}-{number}", json={"balance": 5}).status_code == 201
    keys = [{"id": "7", "name": f"{name}-{number}"} for number in range(4)]
    add = {"UpdateExpression": "ADD balance :n", "ExpressionAttributeValues": {":n": {"N": "1"}}}
    operations = [
        {"method": "PATCH", **keys[0], "update": add},
        {"method": "PATCH", **keys[1], "update": pay("balance > :six")},
        {"method": "PATCH", **keys[2], "update": pay("balance < :six")},
        {"method": "PATCH", **keys[3], "jsonPatch": [{"op": "remove", "path": "/balance"}]},
    ]
    response = accounts.post("/items:batch", json={"operations": operations})
    assert response.status_code == 412
    found = [
        (error["pointer"], error["type"].partition("#")[2]) for error in response.json["errors"]
    ]
    assert found == [
        ("/operations/1", "precondition-failed"),
        ("/operations/2/update", "unacceptable-item"),
        ("/operations/3", "item-not-found"),
    ]
    assert [accounts.get(f"{path}-{number}").json["balance"] for number in range(3)] == [5, 5, 5]


def test_a_condition_that_becomes_true_in_between_is_decided_with_its_result(
    engine, path, monkeypatch
):
    service = service_with(engine, item_schema=item_schema(ACCOUNT))
    assert service.put(path, json={"balance": 5}).status_code == 201
    repository = service.client.application.extensions["item_repository"]
    find = repository._find  # noqa: SLF001 - where another write can come in between

    def find_and_let_another_write(*arguments, **options):
        found = find(*arguments, **options)
        monkeypatch.undo()
        assert service.put(path, json={"balance": 7}).status_code == 200
        return found

    monkeypatch.setattr(repository, "_find", find_and_let_another_write)
    paid = service.patch(path, json=pay("balance > :six"), headers=NATIVE)
    assert (paid.status_code, paid.json["balance"]) == (200, 1)


def test_without_the_permission_to_delete_a_condition_on_an_absent_item_is_not_decided(
    engine, path
):
    operations = DEFAULT_OPERATIONS - {Operation.DELETE_ITEM}
    service = service_with(engine, item_schema=item_schema(ACCOUNT), operations=operations)
    false, _ = CONDITIONS["absent"]
    assert service.patch(path, json=pay(false), headers=NATIVE).status_code == 422
    assert service.get(path).status_code == 404
