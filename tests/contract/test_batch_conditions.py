"""Conditions in a batch: on its PUT and DELETE members, and as members of their own."""

import json
import uuid

import pytest
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation

from tests.contract.conftest import JSON, exact, service_with
from tests.wire import lose_response


def condition(expression: str, **values: int) -> dict:
    typed = {f":{name}": {"N": str(number)} for name, number in values.items()}
    members = {"ExpressionAttributeValues": typed} if typed else {}
    return {"condition": {"ConditionExpression": expression, **members}}


@pytest.fixture(scope="module")
def checking(engine):
    """A service that may check conditions."""
    operations = DEFAULT_OPERATIONS | {Operation.CONDITION_CHECK_ITEM}
    return service_with(engine, operations=operations)


@pytest.fixture
def keys(name):
    return [{"id": "7", "name": f"{name}-{index}"} for index in range(3)]


def put(service, key, **attributes) -> str:
    path = f"/items/{key['id']}/{key['name']}"
    return service.put(path, headers=JSON, data=json.dumps(attributes)).headers["ETag"]


def stored(service, key):
    response = service.get(f"/items/{key['id']}/{key['name']}?consistent_read=true")
    return response.json if response.status_code == 200 else None


def batch(service, *operations, **headers):
    body = json.dumps({"operations": operations})
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return service.post("/items:batch", headers={**JSON, **names}, data=body)


def test_true_conditions_let_a_batch_through(service, keys):
    put(service, keys[0], n=1)
    put(service, keys[1], n=2)
    written = batch(
        service,
        {"method": "PUT", **keys[0], "item": {"n": 10}, **condition("n = :n", n=1)},
        {"method": "DELETE", **keys[1], **condition("n > :n", n=1)},
        {"method": "PUT", **keys[2], "item": {"n": 3}, **condition("attribute_not_exists(Id)")},
    )
    assert written.status_code == 200
    assert [stored(service, key) and stored(service, key)["n"] for key in keys] == [10, None, 3]


@pytest.mark.parametrize("false", [0, 1])
def test_a_false_condition_stops_the_batch_and_the_problem_names_its_member(service, keys, false):
    etags = [put(service, key, n=1) for key in keys[:2]]
    bounds = [1, 1]
    bounds[false] = 5
    response = batch(
        service,
        {"method": "PUT", **keys[0], "item": {"n": 10}, **condition("n = :n", n=bounds[0])},
        {"method": "DELETE", **keys[1], **condition("n = :n", n=bounds[1])},
    )
    assert response.status_code == 412
    assert response.json["errors"] == [
        {
            "pointer": f"/operations/{false}",
            "detail": "The ConditionExpression is false for the stored item.",
            "etag": etags[false],
            "type": "/docs/errors#precondition-failed",
        }
    ]
    assert [stored(service, key)["n"] for key in keys[:2]] == [1, 1]


def test_a_condition_and_if_match_must_both_hold(service, keys):
    etag = put(service, keys[0], n=1)
    operation = {"method": "PUT", **keys[0], "item": {"n": 2}, "ifMatch": etag}
    assert batch(service, {**operation, **condition("n = :n", n=2)}).status_code == 412
    assert batch(service, {**operation, **condition("n = :n", n=1)}).status_code == 200


@pytest.mark.parametrize(
    ("operation", "pointer"),
    [
        ({"method": "PATCH", "patch": {}, **condition("n = n")}, "/condition"),
        ({"method": "PUT", "item": {}, **condition("n =")}, "/condition/ConditionExpression"),
        (
            {"method": "DELETE", **condition("attribute_exists(Id)", n=1)},
            "/condition/ExpressionAttributeValues/:n",
        ),
        (
            {"method": "DELETE", "condition": {"UpdateExpression": ""}},
            "/condition/UpdateExpression",
        ),
        ({"method": "DELETE", "condition": "n = n"}, "/condition"),
        ({"method": "CHECK"}, ""),
        ({"method": "CHECK", "condition": {}}, ""),
        ({"method": "CHECK", "item": {}, **condition("attribute_exists(Id)")}, ""),
    ],
)
def test_an_invalid_condition_is_422_and_points_at_the_problem(checking, keys, operation, pointer):
    response = batch(checking, {**operation, **keys[0]})
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json["errors"]] == [f"/operations/0{pointer}"]


def test_a_condition_that_grows_over_the_limit_is_422_at_its_operation(service, keys):
    """DynamoDB's limit is 300 operators, and ifMatch adds two."""
    longest = condition(" OR ".join(f"n{index} = :n" for index in range(150)), n=1)
    operation = {"method": "PUT", **keys[1], "item": {}, "ifMatch": "*", **longest}
    response = batch(service, {"method": "PUT", **keys[0], "item": {}}, operation)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json["errors"]] == ["/operations/1"]
    assert "300 operators" in response.json["errors"][0]["detail"]
    assert stored(service, keys[0]) is None


def test_a_check_gates_the_other_members(checking, keys):
    put(checking, keys[0], stock=1)
    before = stored(checking, keys[0])
    check = {"method": "CHECK", **keys[0], **condition("stock >= :n", n=1)}
    write = {"method": "PUT", **keys[1], "item": {"n": 1}}
    absent = {"method": "CHECK", **keys[2], **condition("attribute_not_exists(Id)")}
    written = batch(checking, check, write, absent, Prefer="return=representation")
    assert written.status_code == 200
    results = written.json["results"]
    assert [result["item"] and result["item"].get("n") for result in results] == [None, 1, None]
    assert results[0]["item"] == before == stored(checking, keys[0])
    assert stored(checking, keys[2]) is None
    false = {**check, **condition("stock > :n", n=1)}
    response = batch(checking, {**write, "item": {"n": 2}}, false)
    assert response.status_code == 412
    assert [error["pointer"] for error in response.json["errors"]] == ["/operations/1"]
    assert stored(checking, keys[1])["n"] == 1


def test_a_check_by_etag_sees_another_write(checking, keys):
    etag = put(checking, keys[0], n=1)
    check = {"method": "CHECK", **keys[0], "ifMatch": etag}
    write = {"method": "PUT", **keys[1], "item": {"n": 1}}
    assert batch(checking, check, write).status_code == 200
    put(checking, keys[0], n=1)
    assert batch(checking, check, write).status_code == 412


def test_a_check_of_a_lost_response_does_not_stop_the_repeat(checking, keys):
    """The write recognizes itself, although the engine forgets client request tokens."""
    put(checking, keys[0], n=1)
    check = {"method": "CHECK", **keys[0], **condition("n = :n", n=1)}
    write = {"method": "PUT", **keys[1], "item": {"n": 1}, **condition("attribute_not_exists(Id)")}
    wire = checking.engine.wire
    with wire.fault(lose_response, operation="TransactWriteItems", calls=1) as script:
        response = batch(checking, check, write)
    assert (script.struck, response.status_code) == (1, 200)
    assert stored(checking, keys[1])["n"] == 1


def test_a_batch_with_a_check_is_carried_out_once_under_an_idempotency_key(checking, keys):
    put(checking, keys[0], n=1)
    check = {"method": "CHECK", **keys[0], **condition("n = :n", n=1)}
    update = {"UpdateExpression": "ADD n :n", "ExpressionAttributeValues": {":n": {"N": "1"}}}
    write = {"method": "PATCH", **keys[1], "update": update}
    key = uuid.uuid4().hex
    for _ in range(2):
        assert batch(checking, check, write, Idempotency_Key=key).status_code == 200
    assert stored(checking, keys[1])["n"] == 1


def test_without_its_operation_a_check_is_nowhere(service, checking, keys):
    check = {"method": "CHECK", **keys[0], **condition("attribute_not_exists(Id)")}
    response = batch(service, check)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json["errors"]] == ["/operations/0/method"]

    def methods(of):
        schemas = of.get("/openapi.json").json["components"]["schemas"]
        return schemas["BatchOperation"]["properties"]["method"]["enum"]

    assert methods(service) == ["PUT", "PATCH", "DELETE"]
    assert methods(checking) == ["PUT", "PATCH", "DELETE", "CHECK"]


def test_a_check_sends_one_transaction_and_nothing_else(checking, keys):
    check = {"method": "CHECK", **keys[0], **condition("attribute_not_exists(Id)")}
    write = {"method": "DELETE", **keys[1]}
    calls = checking.calls_during(lambda: batch(checking, check, write))
    assert calls == ["TransactWriteItems"]


def test_fields_trim_what_a_batch_reads_and_not_its_etags(service, keys):
    etag = put(service, keys[0], a=1, m={"x": 1, "y": 2}, l=["p", "q", {"k": 1, "j": 2}])
    body = {"keys": keys[:2], "fields": ["m.x", "l[2].k", "l[0]"]}
    response = service.post("/items:batchGet", headers=JSON, data=json.dumps(body))
    assert response.status_code == 200
    present, absent = exact(response)["results"]
    key = {"Id": 7, "Name": keys[0]["name"]}
    assert present["item"] == {**key, "m": {"x": 1}, "l": ["p", {"k": 1}]}
    assert present["etag"] == etag
    assert absent["item"] is None


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ([], "/fields"),
        ("a", "/fields"),
        (["a", 1], "/fields/1"),
        (["a,b"], "/fields/0"),
        ([""], "/fields/0"),
        (["a..b"], "/fields/0"),
        (["a" * 2049], "/fields/0"),
        (["a"] * 101, "/fields"),
        (None, "/fields"),
    ],
)
def test_invalid_fields_of_a_batch_are_422(service, keys, fields, pointer):
    body = json.dumps({"keys": keys, "fields": fields})
    response = service.post("/items:batchGet", headers=JSON, data=body)
    assert response.status_code == 422
    assert {error["pointer"] for error in response.json["errors"]} == {pointer}
