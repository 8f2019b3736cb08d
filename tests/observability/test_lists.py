"""Lists in the log and in the metrics."""

import json

import pytest

from tests.observability.test_logs import JSON, call
from tests.observability.test_metrics import Scrape, watched
from tests.wire import reject, respond

CANARY = "CANARY-5e1f"
ITEM = {"Id": {"N": "104"}, "Name": {"S": CANARY}, "Email": {"S": CANARY}}
KEY = {"Id": {"N": "104"}, "Name": {"S": "z"}}
PAGE = {
    "Items": [ITEM, {**ITEM, "Name": {"S": "z"}}],
    "ScannedCount": 2,
    "ConsumedCapacity": {"TableName": "t", "CapacityUnits": 12.5},
}
QUERY = {
    "id": "104",
    "prefix": CANARY,
    "FilterExpression": "Email = :email",
    "ExpressionAttributeValues": {":email": {"S": CANARY}},
}
LISTS = {
    "partition": ("GET", f"/items/104?prefix={CANARY}&limit=1", None, "/items/{id}", "Query"),
    "head": ("HEAD", "/items/104?limit=1", None, "/items/{id}", "Query"),
    "index": ("GET", f"/indexes/by-email/{CANARY}", None, "/indexes/{index}/{value}", "Query"),
    "scan": ("GET", "/items?limit=1", None, "/items", "Scan"),
    "query": ("POST", "/items:query", json.dumps(QUERY), "/items:query", "Query"),
}


@pytest.fixture(scope="module")
def watching(wire):
    variables = {
        "ITEMS_OPERATIONS": "GetItem,PutItem,UpdateItem,DeleteItem,Query,Scan",
        "ITEMS_INDEXES": "by-email=Email:S",
    }
    with watched(wire.url, "-w", "1", **variables) as watching:
        yield watching


def is_list(call) -> bool:
    return call.operation in ("Query", "Scan")


@pytest.mark.parametrize("case", LISTS)
def test_a_list_is_in_the_log_and_in_the_metrics(watching, wire, case):
    server, port = watching
    method, target, body, route, operation = LISTS[case]
    before = Scrape(port)
    busy = reject("ProvisionedThroughputExceededException")
    with wire.fault(busy, when=is_list, calls=1), wire.fault(respond(PAGE), when=is_list):
        response, line = call(server, method, target, body, **(JSON if body else {}))
    assert response.status == 200
    expected = {"method": method, "route": route, "dynamodb_calls": 2, "capacity_units": 12.5}
    assert {name: line[name] for name in expected} == expected
    assert 0 < line["dynamodb_milliseconds"] <= line["milliseconds"]
    after = Scrape(port)

    def counted(metric, **labels) -> float:
        return after.total(metric, **labels) - before.total(metric, **labels)

    assert counted("items_requests_total", route=route, method=method, status="200") == 1
    for outcome in ("ok", "throttled"):
        assert counted("items_dynamodb_calls_total", operation=operation, outcome=outcome) == 1
    assert counted("items_dynamodb_retries_total", operation=operation) == 1
    assert counted("items_dynamodb_capacity_units_total", operation=operation) == 12.5


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (f"/items/104?prefix={CANARY}", 200),
        (f"/items/104?cursor={CANARY}", 400),
        (f"/items/104?limit={CANARY}", 400),
        (f"/indexes/by-email/{CANARY}", 200),
        (f"/indexes/{CANARY}/x", 404),
        (f"/items?{CANARY}=1", 400),
    ],
)
def test_neither_log_nor_labels_repeat_a_request_or_its_items(watching, wire, target, status):
    server, port = watching
    with wire.fault(respond(PAGE), when=is_list):
        _, line = call(server, "GET", target)
    assert line["status"] == status
    assert not [each for each in server.log if CANARY in json.dumps(each)]
    assert not [sample for sample in Scrape(port).samples if CANARY in str(sample)]


def test_a_cursor_is_not_logged(watching, wire):
    server, _ = watching
    with wire.fault(respond({**PAGE, "LastEvaluatedKey": KEY}), when=is_list):
        first, _ = call(server, "GET", "/items/104?limit=1")
    cursor = first.json["next"]
    _, line = call(server, "GET", f"/items/104?limit=1&cursor={cursor}")
    assert line["status"] == 200
    assert not [each for each in server.log if cursor in json.dumps(each)]


def test_a_page_with_other_keys_names_the_settings_and_not_the_values(watching, wire):
    server, _ = watching
    page = {"Items": [{**ITEM, "Name": {"B": "AAAA"}}]}
    with wire.fault(respond(page), when=is_list):
        _, line = call(server, "GET", "/items")
    assert line["status"] == 503
    (failed,) = [each for each in server.log if each["event"] == "dynamodb call failed"]
    assert failed["operation"] == "Scan"
    assert failed["failure"] == "key_mismatch"
    assert failed["error"] == "The items have other key attributes than Id, Name"
