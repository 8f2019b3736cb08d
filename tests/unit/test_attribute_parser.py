"""botocore's calls, written and parsed in one step, are what botocore itself makes of them."""

import json
import zlib

import pytest
from botocore.parsers import JSONParser
from dynamodb_items.dynamodb.attribute_parser import AttributeParser, write_bodies_at_once
from dynamodb_items.dynamodb.error_codes import BrokenResponse
from dynamodb_items.dynamodb.response_checks import check_response, checked_content

from tests.fastpath.conftest import boto3_client

ITEM = {
    "Id": {"N": "7"},
    "b": {"B": "AAE="},
    "set": {"BS": ["AA==", "AQ=="]},
    "m": {"M": {"l": {"L": [{"B": ""}, {"NULL": True}, {"SS": ["x"]}, {"BOOL": False}]}}},
}
ERROR = "com.amazonaws.dynamodb.v20120810#"
RESPONSES = {
    "an item": ("GetItem", 200, {"Item": ITEM, "ConsumedCapacity": {"CapacityUnits": 0.5}}),
    "no item": ("GetItem", 200, {}),
    "without binary": ("GetItem", 200, {"Item": {"a": {"L": [{"S": "x"}]}}}),
    "a page": (
        "Query",
        200,
        {
            "Items": [ITEM, {"Id": {"N": "8"}}],
            "Count": 2,
            "ScannedCount": 3,
            "LastEvaluatedKey": {"Id": {"N": "8"}, "Digest": {"B": "AAE="}},
        },
    ),
    "an empty page": ("Scan", 200, {"Items": [], "Count": 0, "ScannedCount": 0}),
    "old attributes": ("PutItem", 200, {"Attributes": ITEM}),
    "items": ("TransactGetItems", 200, {"Responses": [{"Item": ITEM}, {}, {"Item": ITEM}]}),
    "many items": ("TransactGetItems", 200, {"Responses": [{"Item": ITEM}] * 3000}),
    "a false condition": (
        "PutItem",
        400,
        {"__type": f"{ERROR}ConditionalCheckFailedException", "message": "x", "Item": ITEM},
    ),
    "a canceled transaction": (
        "TransactWriteItems",
        400,
        {
            "__type": f"{ERROR}TransactionCanceledException",
            "Message": "x",
            "CancellationReasons": [
                {"Code": "None"},
                {"Code": "ConditionalCheckFailed", "Item": ITEM, "Message": "y"},
            ],
        },
    ),
}


@pytest.fixture(scope="module")
def client():
    return boto3_client("http://127.0.0.1:9")


@pytest.fixture(scope="module")
def client_at_once():
    client = boto3_client("http://127.0.0.1:9")
    write_bodies_at_once(client)
    return client


def request_of(client, operation, parameters):
    """Return the request of a call, which is not sent."""
    kept = []

    def keep(params, **_event):
        kept.append(params)
        raise InterruptedError

    client.meta.events.register_last("before-call.dynamodb", keep)
    with pytest.raises(InterruptedError):
        getattr(client, operation)(**parameters)
    client.meta.events.unregister("before-call.dynamodb", keep)
    return kept[0]


@pytest.mark.parametrize("case", RESPONSES)
def test_a_response_is_parsed_as_by_botocore(client, case):
    operation, status, content = RESPONSES[case]
    model = client.meta.service_model.operation_model(operation)
    response = {"status_code": status, "headers": {}, "body": json.dumps(content).encode()}
    shapes = [model.output_shape]
    if status == 400:
        code = content["__type"].partition("#")[2]
        shapes.append(client.meta.service_model.shape_for_error_code(code))
    parser = AttributeParser()
    for shape in shapes:
        checked = dict(response)
        check_response(checked, model)
        assert parser.parse(checked, shape) == JSONParser().parse(dict(response), shape)


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("put_item", {"TableName": "t", "Item": {"b": {"B": b"\x00"}, "s": {"S": "é"}}}),
        (
            "transact_write_items",
            {
                "TransactItems": [
                    {"Put": {"TableName": "t", "Item": {"l": {"L": [{"N": "1"}]}}}},
                    {"Delete": {"TableName": "t", "Key": {"Id": {"N": "7"}}}},
                ],
                "ClientRequestToken": "token",
            },
        ),
        ("put_item", {"TableName": "t", "Item": {"s": {"S": "\ud800"}}}),
    ],
    ids=["an item", "a transaction", "a lone surrogate"],
)
def test_a_request_is_written_as_by_botocore(client, client_at_once, operation, parameters):
    by_botocore = request_of(client, operation, parameters)
    at_once = request_of(client_at_once, operation, parameters)
    assert json.loads(at_once["body"]) == json.loads(by_botocore["body"])
    assert at_once["headers"] == by_botocore["headers"]
    assert at_once["url"] == by_botocore["url"]


def nested(levels):
    value = {"S": "x"}
    for _ in range(levels):
        value = {"L": [value]}
    return value


@pytest.mark.parametrize("value", [{}, {"S": "x", "N": "1"}, {"N": 1}, {"X": "x"}, nested(64)])
@pytest.mark.parametrize(
    "content_of",
    [
        lambda attributes: {"Item": attributes},
        lambda attributes: {"Attributes": attributes},
        lambda attributes: {"Items": [attributes]},
        lambda attributes: {"Responses": [{"Item": attributes}]},
    ],
    ids=["Item", "Attributes", "Items", "Responses"],
)
def test_a_malformed_value_is_broken_although_its_checksum_is_right(content_of, value):
    body = json.dumps(content_of({"a": value})).encode()
    with pytest.raises(BrokenResponse):
        checked_content(200, body, checksum=str(zlib.crc32(body)), encoding=None)
