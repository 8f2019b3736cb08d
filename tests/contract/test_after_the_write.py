"""An applied write is never reported as unchanged, nor an unknown outcome as a success."""

import json
import uuid

import pytest
from dynamodb_items.domain.operations import Operation, Transaction

from tests.contract.conftest import JSON, NATIVE, exact, service_with
from tests.wire import Cut, cut, reject

INCREMENT = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
READ_BACK_FAILURES = {
    "throttled": reject("ThrottlingException"),
    "unreachable": cut,
    "canceled": reject(
        "TransactionCanceledException", CancellationReasons=[{"Code": "ValidationError"}]
    ),
    "unheard of": reject("SomethingNewException"),
}


def stored(service, path):
    return exact(service.get(path, query_string={"consistent_read": "true"}))


@pytest.mark.parametrize("failure", READ_BACK_FAILURES)
def test_a_batch_that_cannot_be_read_back_has_been_applied(service, wire, name, path, failure):
    operation = {"method": "PATCH", "id": "7", "name": name, "update": INCREMENT}
    body = json.dumps({"operations": [operation]})
    headers = {**JSON, "Prefer": "return=representation"}
    with wire.fault(READ_BACK_FAILURES[failure], operation=str(Transaction.GET_ITEMS)):
        response = service.post("/items:batch", headers=headers, data=body)
    assert response.status_code == 200, response.data
    assert response.json["results"] == [{"id": "7", "name": name, "etag": None, "item": None}]
    assert stored(service, path)["n"] == 1


def test_a_keyed_patch_that_cannot_be_read_back_has_been_applied(service, wire, path):
    headers = {**NATIVE, "Idempotency-Key": str(uuid.uuid4())}
    reads = []

    def is_read_back(_call):
        reads.append(True)
        return len(reads) > 1  # the first read only looks for a repeated request

    fault = reject("ThrottlingException")
    with wire.fault(fault, operation=str(Transaction.GET_ITEMS), when=is_read_back):
        response = service.patch(path, headers=headers, data=json.dumps(INCREMENT))
    assert response.status_code == 204, response.data
    assert stored(service, path)["n"] == 1


def test_a_keyed_delete_does_not_succeed_while_the_item_exists(service, wire, path, name):
    etag = service.put(path, headers=JSON, data='{"a": 1}').headers["ETag"]

    def come_first(_exchange):
        service.engine.dynamodb.update_item(
            TableName="my-dynamodb-table",
            Key={"Id": {"N": "7"}, "Name": {"S": name}},
            UpdateExpression="REMOVE #version",
            ExpressionAttributeNames={"#version": "_version"},
        )
        raise Cut

    headers = {"If-Match": etag, "Idempotency-Key": str(uuid.uuid4())}
    with wire.fault(come_first, operation=str(Transaction.WRITE_ITEMS), calls=1):
        response = service.delete(path, headers=headers)
    assert response.status_code == 504, response.data
    assert response.json["outcome"] == "unknown"
    assert stored(service, path)["a"] == 1


def test_items_that_are_too_large_to_be_read_together_are_413(service, wire, name):
    reasons = [{"Code": "ValidationError", "Message": "the items are too large"}]
    fault = reject("TransactionCanceledException", CancellationReasons=reasons)
    body = json.dumps({"keys": [{"id": "7", "name": name}]})
    with wire.fault(fault, operation=str(Transaction.GET_ITEMS)):
        response = service.post("/items:batchGet", headers=JSON, data=body)
    assert response.status_code == 413, response.data
    assert response.json["type"].endswith("#item-too-large")


def test_a_patch_replaces_nothing_where_replacing_is_not_allowed(engine, service, path):
    service.put(path, headers=JSON, data="{}")
    allowed = frozenset({Operation.GET_ITEM, Operation.UPDATE_ITEM})
    narrow = service_with(engine, operations=allowed)
    patch = json.dumps({f"a{number}": number for number in range(251)})
    responses = []
    calls = narrow.calls_during(
        lambda: responses.append(narrow.patch(path, headers=JSON, data=patch))
    )
    assert responses[0].status_code == 422, responses[0].data
    assert set(calls) <= {"GetItem"}
