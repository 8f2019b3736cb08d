"""Several items in one request: all or none, each on its own precondition."""

import json
import time
from decimal import Decimal

import pytest
from dynamodb_items.domain.operations import Operation, Transaction

from tests.contract.conftest import JSON, TYPED, exact, service_with
from tests.wire import cut, lose_response, reject

WRITE = str(Transaction.WRITE_ITEMS)
INCREMENT = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}


@pytest.fixture
def key(name):
    """The members of the n-th key of this test."""
    return lambda n: {"id": str(n), "name": name}


@pytest.fixture
def path(name):
    return lambda n: f"/items/{n}/{name}"


def batch(service, *operations, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps({"operations": operations})
    return service.post("/items:batch", headers={**JSON, **headers}, data=body)


def stored(service, path):
    response = service.get(path, query_string={"consistent_read": "true"})
    if response.status_code == 404:
        return None
    return {name: it for name, it in exact(response).items() if name not in ("Id", "Name")}


def test_all_kinds_of_writes_are_carried_out_together(service, key, path):
    for n in (2, 3, 4, 5, 6):
        service.put(path(n), headers=JSON, data='{"n": 1, "m": {"x": 1}, "l": [1]}')
    response = batch(
        service,
        {"method": "PUT", **key(1), "item": {"a": 1.50}},
        {"method": "PATCH", **key(2), "patch": {"n": None, "b": 2}},
        {"method": "PATCH", **key(3), "patch": {"m": {"x": None, "y": 2}}},
        {
            "method": "PATCH",
            **key(4),
            "jsonPatch": [{"op": "add", "path": "/l/-", "value": 2}],
        },
        {"method": "PATCH", **key(5), "update": INCREMENT},
        {"method": "DELETE", **key(6)},
    )
    assert response.status_code == 200, response.data
    results = response.json["results"]
    assert [result["id"] for result in results] == ["1", "2", "3", "4", "5", "6"]
    assert results[0]["etag"] == service.get(path(1)).headers["ETag"]
    assert stored(service, path(1)) == {"a": Decimal("1.5")}
    assert stored(service, path(2)) == {"b": 2, "m": {"x": 1}, "l": [1]}
    assert stored(service, path(3))["m"] == {"y": 2}
    assert stored(service, path(4))["l"] == [1, 2]
    assert stored(service, path(5))["n"] == 2
    assert stored(service, path(6)) is None


def test_the_items_come_back_where_they_are_preferred(service, key, path, name):
    service.put(path(2), headers=JSON, data='{"n": 1}')
    response = batch(
        service,
        {"method": "PUT", **key(1), "item": {"a": 1}},
        {"method": "PATCH", **key(2), "update": INCREMENT},
        {"method": "DELETE", **key(3)},
        Prefer="return=representation",
    )
    assert response.headers["Preference-Applied"] == "return=representation"
    first, second, third = exact(response)["results"]
    assert first["item"] == {"Id": 1, "Name": name, "a": 1}
    assert second["item"] == {"Id": 2, "Name": name, "n": 2}
    assert second["etag"] == service.get(path(2)).headers["ETag"]
    assert third["item"] is None
    assert third["etag"] is None


def test_typed_items_go_in_and_out(service, key):
    operations = [{"method": "PUT", **key(1), "item": {"tags": {"SS": ["a"]}}}]
    response = service.post(
        "/items:batch",
        headers={
            **TYPED,
            "Accept": "application/vnd.dynamodb+json",
            "Prefer": "return=representation",
        },
        data=json.dumps({"operations": operations}),
    )
    assert response.status_code == 200
    assert response.content_type == "application/vnd.dynamodb+json"
    assert response.json["results"][0]["item"]["tags"] == {"SS": ["a"]}


def test_each_has_its_own_precondition(service, key, path):
    etag = service.put(path(1), headers=JSON, data='{"a": 1}').headers["ETag"]
    service.put(path(2), headers=JSON, data='{"a": 1}')
    response = batch(
        service,
        {"method": "PUT", **key(1), "item": {"a": 2}, "ifMatch": etag},
        {"method": "PATCH", **key(2), "patch": {"a": 2}, "ifMatch": "*"},
        {"method": "PUT", **key(3), "item": {"a": 2}, "ifNoneMatch": "*"},
        {"method": "DELETE", **key(4)},
    )
    assert response.status_code == 200, response.data
    assert [stored(service, path(n)) for n in (1, 2, 3)] == [{"a": 2}] * 3


def test_one_failed_precondition_rejects_all_and_is_named(service, key, path):
    stale = service.put(path(1), headers=JSON, data='{"a": 1}').headers["ETag"]
    service.put(path(1), headers=JSON, data='{"a": 5}')
    service.put(path(3), headers=JSON, data='{"a": 5}')
    response = batch(
        service,
        {"method": "PUT", **key(0), "item": {"a": 2}},
        {"method": "PUT", **key(2), "item": {"a": 2}, "ifNoneMatch": "*"},
        {"method": "PUT", **key(3), "item": {"a": 2}, "ifNoneMatch": "*"},
        {"method": "PATCH", **key(4), "patch": {"a": 2}},
    )
    assert response.status_code == 412
    assert response.content_type == "application/problem+json"
    assert [
        (error["pointer"], error["type"].partition("#")[2]) for error in response.json["errors"]
    ] == [("/operations/2", "precondition-failed"), ("/operations/3", "item-not-found")]
    response = batch(
        service,
        {"method": "PUT", **key(0), "item": {"a": 2}},
        {"method": "DELETE", **key(1), "ifMatch": stale},
    )
    assert response.status_code == 412
    assert [error["pointer"] for error in response.json["errors"]] == ["/operations/1"]
    assert stored(service, path(0)) is None
    assert stored(service, path(1)) == {"a": 5}


def test_a_failed_test_and_an_unsuitable_update_are_pointed_at(service, key, path):
    service.put(path(1), headers=JSON, data='{"a": "text"}')
    response = batch(
        service,
        {"method": "DELETE", **key(2)},
        {
            "method": "PATCH",
            **key(1),
            "jsonPatch": [{"op": "test", "path": "/a", "value": "other"}],
        },
    )
    assert response.status_code == 409
    assert response.json["errors"][0]["pointer"] == "/operations/1/jsonPatch/0"
    unfit = {"UpdateExpression": "SET b = absent"}
    response = batch(
        service,
        {"method": "PUT", **key(2), "item": {}},
        {"method": "PATCH", **key(1), "update": unfit},
    )
    assert response.status_code == 422, response.data
    assert stored(service, path(2)) is None


BAD = {
    "no JSON": ("{", 400, None),
    "no object": ("[]", 422, ""),
    "no operations": ("{}", 422, "/operations"),
    "none": ('{"operations": []}', 422, "/operations"),
    "an unknown member": (
        '{"x": 1, "operations": [{"method": "DELETE", "id": "1", "name": "x"}]}',
        422,
        "/x",
    ),
    "no method": ('{"operations": [{"id": "1", "name": "x"}]}', 422, "/operations/0/method"),
    "GET": (
        '{"operations": [{"method": "GET", "id": "1", "name": "x"}]}',
        422,
        "/operations/0/method",
    ),
    "a number for a key": (
        '{"operations": [{"method": "DELETE", "id": 1, "name": "x"}]}',
        422,
        "/operations/0/id",
    ),
    "no key": (
        '{"operations": [{"method": "DELETE", "id": "x", "name": "x"}]}',
        422,
        "/operations/0",
    ),
    "no item": (
        '{"operations": [{"method": "PUT", "id": "1", "name": "x"}]}',
        422,
        "/operations/0",
    ),
    "an item with DELETE": (
        '{"operations": [{"method": "DELETE", "id": "1", "name": "x", "item": {}}]}',
        422,
        "/operations/0",
    ),
    "two patches": (
        '{"operations": [{"method": "PATCH", "id": "1", "name": "x", "patch": {}, '
        '"jsonPatch": []}]}',
        422,
        "/operations/0",
    ),
    "a bad item": (
        '{"operations": [{"method": "PUT", "id": "1", "name": "x", "item": {"a": {"": 1}}}]}',
        422,
        "/operations/0/item/a/",
    ),
    "another key in the item": (
        '{"operations": [{"method": "PUT", "id": "1", "name": "x", "item": {"Id": 2}}]}',
        422,
        "/operations/0/item/Id",
    ),
    "the version": (
        '{"operations": [{"method": "PATCH", "id": "1", "name": "x", "patch": {"_version": 1}}]}',
        422,
        "/operations/0/patch/_version",
    ),
    "a bad update": (
        '{"operations": [{"method": "PATCH", "id": "1", "name": "x", '
        '"update": {"UpdateExpression": "SET"}}]}',
        422,
        "/operations/0/update/UpdateExpression",
    ),
    "a bad precondition": (
        '{"operations": [{"method": "DELETE", "id": "1", "name": "x", "ifMatch": "abc"}]}',
        422,
        "/operations/0",
    ),
    "the same key twice": (
        '{"operations": [{"method": "DELETE", "id": "1", "name": "x"}, '
        '{"method": "PUT", "id": "01.0", "name": "x", "item": {}}]}',
        422,
        "/operations/1",
    ),
    "101 operations": (
        json.dumps(
            {"operations": [{"method": "DELETE", "id": str(n), "name": "x"} for n in range(101)]}
        ),
        422,
        "/operations",
    ),
    "no name for a placeholder": (
        json.dumps(
            {
                "operations": [
                    {
                        "method": "PATCH",
                        "id": "1",
                        "name": "x",
                        "update": {
                            "UpdateExpression": "REMOVE #a",
                            "ExpressionAttributeNames": {"#a": 1},
                        },
                    }
                ]
            }
        ),
        422,
        "/operations/0/update/ExpressionAttributeNames/#a",
    ),
    "over 1 MiB": ('{"operations": "%s"}' % ("x" * 1_100_000), 413, None),
    "an item over 400 KB": (
        '{"operations": [{"method": "PUT", "id": "1", "name": "x", "item": {"a": "%s"}}]}'
        % ("x" * 410_000),
        413,
        "/operations/0",
    ),
}


@pytest.mark.parametrize("member", ["{}", "1"])
@pytest.mark.parametrize("route", ["batch", "batchGet"])
def test_a_batch_of_too_many_costs_little_and_gets_a_short_response(service, route, member):
    name = {"batch": "operations", "batchGet": "keys"}[route]
    body = f'{{"{name}": [{",".join([member] * 300_000)}]}}'
    began = time.process_time()
    response = service.post(f"/items:{route}", headers=JSON, data=body)
    # Comparing each member takes tens of seconds; the test's translation of the keys takes two.
    assert time.process_time() - began < 8
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json["errors"]] == [f"/{name}"]


def test_up_to_a_hundred_errors_of_one_request_are_reported(service):
    members = {f"x{n}": 1 for n in range(5000)}
    body = json.dumps({"operations": [{"method": "DELETE", "id": "1", "name": "x", **members}]})
    response = service.post("/items:batch", headers=JSON, data=body)
    assert response.status_code == 422
    assert len(response.json["errors"]) == 100


@pytest.mark.parametrize("route", ["batch", "batchGet"])
@pytest.mark.parametrize(
    ("headers", "query"),
    [({"If-Match": '"x"'}, ""), ({"If-None-Match": "*"}, ""), ({}, "?fields=a&fields=b")],
)
def test_what_stands_for_one_item_is_400(service, key, route, headers, query):
    operation = {"method": "PUT", **key(1), "item": {}}
    body = json.dumps({"operations": [operation]} if route == "batch" else {"keys": [key(1)]})
    responses = []
    calls = service.calls_during(
        lambda: responses.append(
            service.post(f"/items:{route}{query}", headers={**JSON, **headers}, data=body)
        )
    )
    assert [response.status_code for response in responses] == [400]
    assert calls == []


@pytest.mark.parametrize("case", BAD)
def test_an_invalid_batch_is_rejected_without_a_call(service, case):
    body, status, pointer = BAD[case]
    responses = []
    calls = service.calls_during(
        lambda: responses.append(service.post("/items:batch", headers=JSON, data=body))
    )
    (response,) = responses
    assert response.status_code == status, response.data
    assert calls == []
    if pointer is not None:
        assert response.json["errors"][0]["pointer"] == pointer


def test_every_bad_operation_is_pointed_at(service, key):
    response = batch(
        service,
        {"method": "PUT", **key(1), "item": {"": 1}},
        {"method": "DELETE", **key(2)},
        {"method": "PATCH", **key(3), "jsonPatch": [{"op": "spam"}]},
    )
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json["errors"]] == [
        "/operations/0/item/",
        "/operations/2/jsonPatch/0",
    ]


def test_another_media_type_is_415(service):
    response = service.post("/items:batch", headers={"Content-Type": "text/csv"}, data="x")
    assert response.status_code == 415
    assert service.get("/items:batch").status_code == 405


@pytest.mark.parametrize("fault", [lose_response, cut])
def test_a_lost_response_changes_nothing(service, wire, key, path, fault):
    service.put(path(2), headers=JSON, data='{"n": 1, "l": []}')
    service.put(path(3), headers=JSON, data='{"n": 1, "l": []}')
    with wire.fault(fault, operation=WRITE, calls=1) as script:
        response = batch(
            service,
            {"method": "PUT", **key(1), "item": {"a": 1}, "ifNoneMatch": "*"},
            {"method": "PATCH", **key(2), "update": INCREMENT},
            {
                "method": "PATCH",
                **key(3),
                "jsonPatch": [{"op": "add", "path": "/l/-", "value": 1}],
            },
            {"method": "DELETE", **key(4)},
        )
    assert script.struck == 1
    assert response.status_code == 200, response.data
    assert stored(service, path(1)) == {"a": 1}
    assert stored(service, path(2))["n"] == 2
    assert stored(service, path(3))["l"] == [1]


def test_deletes_whose_response_is_lost_are_applied(service, wire, key, path):
    etags = [service.put(path(n), headers=JSON, data="{}").headers["ETag"] for n in (1, 2)]
    with wire.fault(lose_response, operation=WRITE, calls=1):
        response = batch(
            service,
            *({"method": "DELETE", **key(n), "ifMatch": etag} for n, etag in enumerate(etags, 1)),
        )
    assert response.status_code == 200, response.data
    assert stored(service, path(1)) is stored(service, path(2)) is None


def test_without_a_response_the_outcome_is_reported_as_unknown(service, wire, key):
    with wire.fault(lose_response, operation=WRITE):
        response = batch(service, {"method": "DELETE", **key(1)})
    assert response.status_code == 504
    assert response.json["outcome"] == "unknown"


def test_conflicts_and_throttles_are_tried_again(service, wire, key, path):
    canceled = reject(
        "TransactionCanceledException",
        CancellationReasons=[{"Code": "TransactionConflict"}, {"Code": "None"}],
    )
    with wire.fault(canceled, operation=WRITE, calls=1) as script:
        response = batch(
            service,
            {"method": "PUT", **key(1), "item": {}},
            {"method": "PUT", **key(2), "item": {}},
        )
    assert script.struck == 1
    assert response.status_code == 200
    with wire.fault(canceled, operation=WRITE):
        response = batch(service, {"method": "PUT", **key(1), "item": {"a": 1}})
    assert response.status_code == 503
    assert 1 <= int(response.headers["Retry-After"]) <= 3
    assert stored(service, path(1)) == {}


def test_an_edit_is_planned_again_when_another_writer_is_first(service, wire, key, path):
    service.put(path(1), headers=JSON, data='{"l": []}')

    def let_another_in(exchange):
        assert service.patch(path(1), headers=JSON, data='{"l": ["theirs"]}').status_code == 200
        exchange.send(exchange.forward())

    with wire.fault(let_another_in, operation=WRITE, calls=1):
        response = batch(
            service,
            {
                "method": "PATCH",
                **key(1),
                "jsonPatch": [{"op": "add", "path": "/l/-", "value": "mine"}],
            },
            {"method": "PATCH", **key(2), "update": INCREMENT},
        )
    assert response.status_code == 200, response.data
    assert stored(service, path(1))["l"] == ["theirs", "mine"]
    assert stored(service, path(2))["n"] == 1


def test_what_one_operation_tests_holds_when_the_others_are_written(service, wire, key, path):
    service.put(path(1), headers=JSON, data='{"open": true}')
    guard = {"op": "test", "path": "/open", "value": True}
    operations = [
        {"method": "PATCH", **key(1), "jsonPatch": [guard]},
        {"method": "PUT", **key(2), "item": {"a": 1}},
    ]

    def close(exchange):
        assert service.patch(path(1), headers=JSON, data='{"open": false}').status_code == 200
        exchange.send(exchange.forward())

    with wire.fault(close, operation=WRITE, calls=1):
        response = batch(service, *operations)
    assert response.status_code == 409, response.data
    assert stored(service, path(2)) is None
    service.patch(path(1), headers=JSON, data='{"open": true}')
    assert batch(service, *operations).status_code == 200
    assert stored(service, path(2)) == {"a": 1}


def test_a_batch_with_a_key_is_carried_out_once(service, key, path, name):
    operations = [
        {"method": "PATCH", **key(1), "update": INCREMENT},
        {"method": "DELETE", **key(2)},
    ]
    for _ in range(3):
        response = batch(service, *operations, Idempotency_Key=name)
        assert response.status_code == 200, response.data
    assert stored(service, path(1))["n"] == 1
    response = batch(service, *operations[:1], Idempotency_Key=name)
    assert response.status_code == 422
    assert response.json["type"].endswith("#idempotency-key-reused")


def test_a_hundred_items_are_written_and_read_at_once(service, name):
    keys = [{"id": str(n), "name": name} for n in range(100)]
    response = batch(service, *({"method": "PUT", **key, "item": {"n": 1}} for key in keys))
    assert response.status_code == 200, response.data[:300]
    body = json.dumps({"keys": keys})
    response = service.post("/items:batchGet", headers=JSON, data=body)
    assert [result["item"]["n"] for result in response.json["results"]] == [1] * 100


def test_a_read_of_several_keys_has_null_for_absent_ones(service, key, path, name):
    etag = service.put(path(2), headers=JSON, data='{"a": 1.5}').headers["ETag"]
    body = json.dumps({"keys": [key(9), key(2)]})
    responses = []
    calls = service.calls_during(
        lambda: responses.append(service.post("/items:batchGet", headers=JSON, data=body))
    )
    (response,) = responses
    assert calls == [str(Transaction.GET_ITEMS)]
    assert response.status_code == 200
    assert response.json["results"] == [
        {"id": "9", "name": name, "etag": None, "item": None},
        {"id": "2", "name": name, "etag": etag, "item": {"Id": 2, "Name": name, "a": 1.5}},
    ]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ('{"keys": []}', "/keys"),
        ('{"keys": [{"id": "1"}]}', "/keys/0/name"),
        ('{"keys": [{"id": "x", "name": "y"}]}', "/keys/0"),
        ('{"keys": [{"id": "1", "name": "y"}, {"id": "1.0", "name": "y"}]}', "/keys/1"),
        ('{"keys": [{"id": "1", "name": "y", "x": 1}]}', "/keys/0/x"),
    ],
)
def test_a_bad_list_of_keys_is_422(service, body, pointer):
    response = service.post("/items:batchGet", headers=JSON, data=body)
    assert response.status_code == 422
    assert response.json["errors"][0]["pointer"] == pointer


def test_items_over_4_mb_together_are_413(service, name):
    keys = [{"id": str(n), "name": name} for n in range(12)]
    for key in keys:
        response = service.put(
            f"/items/{key['id']}/{name}", headers=JSON, data=f'{{"a": "{"x" * 380_000}"}}'
        )
        assert response.status_code == 201
    response = service.post("/items:batchGet", headers=JSON, data=json.dumps({"keys": keys}))
    assert response.status_code == 413
    assert response.json["type"].endswith("#item-too-large")


def test_the_deployment_decides_about_methods_and_preconditions(engine, key):
    writer = service_with(engine, operations=frozenset({Operation.GET_ITEM, Operation.PUT_ITEM}))
    response = batch(writer, {"method": "DELETE", **key(1)})
    assert response.status_code == 422
    assert response.json["errors"][0]["pointer"] == "/operations/0/method"
    reader = service_with(engine, operations=frozenset({Operation.GET_ITEM}))
    assert batch(reader, {"method": "PUT", **key(1), "item": {}}).status_code == 404
    body = json.dumps({"keys": [key(1)]})
    assert reader.post("/items:batchGet", headers=JSON, data=body).status_code == 200
    strict = service_with(engine, require_if_match=True)
    response = batch(
        strict,
        {"method": "PUT", **key(1), "item": {}, "ifNoneMatch": "*"},
        {"method": "DELETE", **key(2)},
    )
    assert response.status_code == 428
    assert response.json["errors"][0]["pointer"] == "/operations/1"
