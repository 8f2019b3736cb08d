"""Transactions on the fast path and with botocore: the same requests, responses, errors."""

import json
import zlib

import pytest
from dynamodb_items.domain.operations import Transaction
from dynamodb_items.dynamodb.error_codes import BrokenResponse
from dynamodb_items.formats.limits import attributes_bytes
from dynamodb_items.storage.transaction_failures import MAX_TRANSACTION_BYTES
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fastpath.both_paths import as_sent, both, items
from tests.fastpath.conftest import TABLE
from tests.fastpath.scripted import http_response

HEADERS = ("X-Amz-Target", "Content-Type", "User-Agent", "Host", "Accept-Encoding")
KEYS = [{"Id": {"N": "104"}, "Name": {"S": name}} for name in ("Andrew", "Joseph")]
GETS = {"TransactItems": [{"Get": {"TableName": TABLE, "Key": key}} for key in KEYS]}
DELETES = {"TransactItems": [{"Delete": {"TableName": TABLE, "Key": key}} for key in KEYS]}
TOKEN = "7a1d0000000000000000000000000000"


def assert_equal_requests(theirs, ours):
    assert json.loads(ours.body) == json.loads(theirs.body)
    for name in HEADERS:
        assert ours.headers[name] == theirs.headers[name]


@settings(max_examples=100, deadline=None)
@given(found=st.lists(st.none() | items, min_size=1, max_size=3))
def test_any_items_are_read_as_botocore_does(pair, found):
    responses = [{} if item is None else {"Item": item} for item in found]
    content = {"Responses": responses, "ConsumedCapacity": [{"TableName": TABLE}]}
    pair.script[:] = [http_response(json.dumps(as_sent(content)).encode())]
    (theirs, their_request), (ours, our_request) = both(pair, Transaction.GET_ITEMS, GETS)
    theirs.pop("ResponseMetadata")
    assert ours == theirs == content
    assert_equal_requests(their_request, our_request)


@settings(max_examples=100, deadline=None)
@given(item=items)
def test_any_items_are_written_as_botocore_does(pair, item):
    pair.script[:] = [http_response(b"{}")]
    parameters = {
        "TransactItems": [
            {"Put": {"TableName": TABLE, "Item": {**KEYS[0], **item}}},
            {"Delete": {"TableName": TABLE, "Key": KEYS[1]}},
        ],
        "ClientRequestToken": TOKEN,
    }
    (theirs, their_request), (ours, our_request) = both(pair, Transaction.WRITE_ITEMS, parameters)
    theirs.pop("ResponseMetadata")
    assert ours == theirs == {}
    assert_equal_requests(their_request, our_request)


@pytest.mark.parametrize(
    ("transaction", "code", "more"),
    [
        (
            Transaction.WRITE_ITEMS,
            "TransactionCanceledException",
            {
                "CancellationReasons": [
                    {"Code": "None"},
                    {
                        "Code": "ConditionalCheckFailed",
                        "Message": "The conditional request failed",
                        "Item": {**KEYS[0], "Photo": {"B": "AAEC"}},
                    },
                ]
            },
        ),
        (Transaction.GET_ITEMS, "TransactionCanceledException", {"CancellationReasons": []}),
        (Transaction.WRITE_ITEMS, "TransactionInProgressException", {}),
        (Transaction.WRITE_ITEMS, "IdempotentParameterMismatchException", {}),
        (Transaction.GET_ITEMS, "ProvisionedThroughputExceededException", {}),
    ],
)
def test_an_error_is_the_exception_that_botocore_raises(pair, transaction, code, more):
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "Message": "m", **more}
    pair.script[:] = [http_response(json.dumps(body).encode(), "400 Bad Request")]
    parameters = GETS if transaction is Transaction.GET_ITEMS else DELETES
    (theirs, _), (ours, _) = both(pair, transaction, parameters)
    assert type(ours) is type(theirs)
    assert ours.operation_name == theirs.operation_name == transaction
    for error in (ours, theirs):
        error.response.pop("ResponseMetadata")
    assert ours.response == theirs.response


BROKEN = {
    "no JSON": b"{",
    "an array": b"[]",
    "null as a response": b'{"Responses": [null]}',
    "an object of responses": b'{"Responses": {"a": 1}}',
    "a wrong number": b'{"Responses": [{"Item": {"a": {"N": "b"}}}]}',
    "a long body, cut": b'{"Responses": [' + b'{"Item": {"a": {"S": "b"}}},' * 30_000,
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_a_damaged_response_is_broken_on_both_paths(pair, body):
    pair.script[:] = [http_response(body)]
    (theirs, _), (ours, _) = both(pair, Transaction.GET_ITEMS, GETS)
    assert type(ours) is type(theirs) is BrokenResponse


@pytest.mark.parametrize("is_verified", [True, False], ids=["checksum", "no checksum"])
def test_a_long_response_is_read_in_turns_on_both_paths(pair, monkeypatch, is_verified):
    turns = []
    monkeypatch.setattr("dynamodb_items.dynamodb.wire_json.give_way", lambda: turns.append(1))
    content = {"Responses": [{"Item": {"Text": {"S": "x" * 10_000}, "B": {"B": b"\0"}}}] * 100}
    body = json.dumps(as_sent(content)).encode()
    headers = {"x_amz_crc32": str(zlib.crc32(body))} if is_verified else {}
    pair.script[:] = [http_response(body, **headers)]
    (theirs, _), (ours, _) = both(pair, Transaction.GET_ITEMS, GETS)
    theirs.pop("ResponseMetadata")
    assert ours == theirs == content
    # Each path gives way after each item, while it parses and while it decodes.
    assert len(turns) == 2 * 2 * 100


@pytest.mark.parametrize("value", [{"S": "\x01" * 4_000_000}, {"L": [{"BOOL": False}] * 2_000_000}])
def test_a_response_with_4_mb_of_items_is_read(pair, value):
    body = json.dumps({"Responses": [{"Item": {"a": value}}]}, separators=(",", ":")).encode()
    pair.script[:] = [http_response(body, x_amz_crc32=str(zlib.crc32(body)))]
    assert pair.call(Transaction.GET_ITEMS, GETS) == {"Responses": [{"Item": {"a": value}}]}


def test_the_longest_json_of_4_mb_of_items_is_read(pair):
    empty, of_texts = ({"a": {"L": [{"S": ""}] * number}} for number in (0, 1000))
    assert attributes_bytes(of_texts) - attributes_bytes(empty) == 1000
    longest = len(b'{"S":""},') * MAX_TRANSACTION_BYTES
    # White space takes less memory here than 4 million empty texts.
    pair.script[:] = [http_response(b'{"Responses":[]}' + b" " * longest)]
    assert pair.call(Transaction.GET_ITEMS, GETS) == {"Responses": []}
