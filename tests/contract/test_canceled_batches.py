"""Batches that DynamoDB cancels: what is retried, returned and logged."""

import json

import pytest
from dynamodb_items.domain.operations import Transaction
from structlog.testing import capture_logs

from tests.contract.conftest import JSON, exact
from tests.wire import cut, reject

WRITE, READ = str(Transaction.WRITE_ITEMS), str(Transaction.GET_ITEMS)
CONFLICT, NOTHING = {"Code": "TransactionConflict"}, {"Code": "None"}


def canceled(*reasons):
    return reject("TransactionCanceledException", CancellationReasons=list(reasons))


def batch(service, *operations):
    return service.post("/items:batch", headers=JSON, data=json.dumps({"operations": operations}))


def batch_get(service, *keys):
    return service.post("/items:batchGet", headers=JSON, data=json.dumps({"keys": keys}))


@pytest.mark.parametrize("condition", [{}, {"ifMatch": "*"}])
def test_deletes_are_not_claimed_where_an_item_is_still_there(service, wire, name, condition):
    there, absent = ({"method": "DELETE", "id": "1", "name": name + end} for end in "ab")
    service.put(f"/items/1/{name}a", headers=JSON, data="{}")
    with wire.fault(cut, operation=WRITE, calls=1):
        response = batch(service, {**there, **condition}, {**absent, "ifMatch": "*"})
    assert response.status_code == 504
    assert response.json["outcome"] == "unknown"
    assert service.get(f"/items/1/{name}a?consistent_read=true").status_code == 200


def test_a_conflict_next_to_a_changed_item_is_retried(service, wire, name):
    path = f"/items/1/{name}"
    service.put(path, headers=JSON, data='{"l": []}')
    changed = {
        "Code": "ConditionalCheckFailed",
        "Item": {"Id": {"N": "1"}, "Name": {"S": name}, "_version": {"S": "another"}},
    }
    append = [{"op": "add", "path": "/l/-", "value": 1}]
    with wire.fault(canceled(changed, CONFLICT), operation=WRITE, calls=1):
        response = batch(
            service,
            {"method": "PATCH", "id": "1", "name": name, "jsonPatch": append},
            {"method": "PUT", "id": "2", "name": name, "item": {}},
        )
    assert response.status_code == 200, response.data
    assert exact(service.get(path + "?consistent_read=true"))["l"] == [1]


@pytest.mark.parametrize(
    ("words", "failure", "written", "read"),
    [
        ("The provided key element does not match the schema", "key_mismatch", 503, 503),
        # DynamoDB does not document the message for items that are too large to read together.
        ("Some new words", "unexpected", 500, 413),
    ],
)
def test_the_operator_reads_why_a_batch_was_canceled(
    service, wire, name, words, failure, written, read
):
    reason = {"Code": "ValidationError", "Message": words}
    key = {"id": "1", "name": name}
    for operation, send, status in (
        (WRITE, lambda: batch(service, {"method": "PUT", **key, "item": {}}), written),
        (READ, lambda: batch_get(service, key), read),
    ):
        with wire.fault(canceled(reason), operation=operation), capture_logs() as log:
            assert send().status_code == status
        lines = [line for line in log if line["event"] == "dynamodb call failed"]
        assert [(line["operation"], line["failure"]) for line in lines] == [(operation, failure)]
