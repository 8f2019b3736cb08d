"""Pages of items on the fast path and with botocore: the same requests, responses, errors."""

import json
import zlib

import pytest
from dynamodb_items.domain.operations import Operation
from dynamodb_items.dynamodb.error_codes import BrokenResponse
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fastpath.both_paths import as_sent, both, items, numbers
from tests.fastpath.conftest import EXAMPLE, TABLE
from tests.fastpath.scripted import http_response

lists = pytest.mark.parametrize("operation", [Operation.QUERY, Operation.SCAN])
key_values = st.one_of(
    st.builds(lambda text: {"S": text}, st.text(min_size=1, max_size=20)),
    st.builds(lambda number: {"N": number}, numbers),
    st.builds(lambda content: {"B": content}, st.binary(min_size=1, max_size=20)),
)
positions = st.dictionaries(st.text(min_size=1, max_size=8), key_values, min_size=1, max_size=4)


@settings(max_examples=200, deadline=None)
@given(
    operation=st.sampled_from([Operation.QUERY, Operation.SCAN]),
    page=st.lists(items, max_size=4),
    last=st.none() | positions,
    start=st.none() | positions,
)
def test_any_page_is_requested_and_read_as_botocore_does(pair, operation, page, last, start):
    content = {"Items": page, "Count": len(page), "ScannedCount": len(page) + 1}
    if last is not None:
        content["LastEvaluatedKey"] = last
    pair.script[:] = [http_response(json.dumps(as_sent(content)).encode())]
    parameters = {"TableName": TABLE, "Limit": 7}
    if start is not None:
        parameters["ExclusiveStartKey"] = start
    (theirs, their_request), (ours, our_request) = both(pair, operation, parameters)
    theirs.pop("ResponseMetadata")
    assert ours == theirs == content
    assert json.loads(our_request.body) == json.loads(their_request.body)
    for name in ("X-Amz-Target", "Content-Type", "User-Agent", "Host", "Accept-Encoding"):
        assert our_request.headers[name] == their_request.headers[name]


@lists
@pytest.mark.parametrize("is_verified", [True, False], ids=["checksum", "no checksum"])
def test_a_large_page_is_read_in_turns_on_both_paths(pair, monkeypatch, operation, is_verified):
    turns = []
    monkeypatch.setattr("dynamodb_items.dynamodb.wire_json.give_way", lambda: turns.append(1))
    count = 900
    page = [
        {"Id": {"N": str(number)}, "Text": {"S": "x" * 900}, "Photo": {"B": b"\0" * 100}}
        for number in range(count)
    ]
    content = {"Items": page, "ScannedCount": count, "LastEvaluatedKey": {"Id": {"B": b"\xff"}}}
    body = json.dumps(as_sent(content)).encode()
    headers = {"x_amz_crc32": str(zlib.crc32(body))} if is_verified else {}
    pair.script[:] = [http_response(body, **headers)]
    (theirs, _), (ours, _) = both(pair, operation, {"TableName": TABLE})
    theirs.pop("ResponseMetadata")
    assert ours == theirs == content
    # Each path gives way after each item, while it parses and while it decodes.
    assert len(turns) == 2 * 2 * count


BROKEN_PAGES = {
    "no items": b"{}",
    "an item alone": EXAMPLE.body,
    "an object of items": b'{"Items": {}}',
    "null": b'{"Items": null}',
    "text": b'{"Items": "items"}',
    "not an item": b'{"Items": [7]}',
    "an item of another form": b'{"Items": [{"a": "b"}]}',
    "a wrong number": b'{"Items": [{"a": {"N": "b"}}]}',
    "a wrong binary": b'{"Items": [{"a": {"B": "!"}}]}',
    "an empty position": b'{"Items": [], "LastEvaluatedKey": {}}',
    "no position": b'{"Items": [], "LastEvaluatedKey": null}',
    "an array as position": b'{"Items": [], "LastEvaluatedKey": [1]}',
    "a wrong position": b'{"Items": [], "LastEvaluatedKey": {"a": {"B": "!"}}}',
    "text as count": b'{"Items": [], "ScannedCount": "7"}',
    "null as count": b'{"Items": [], "ScannedCount": null}',
    "cut": b'{"Items": [{"a": {"S": "b"}}',
    "a long page, cut": b'{"Items": [' + b'{"a": {"S": "b"}},' * 40_000,
}


@lists
@pytest.mark.parametrize("body", BROKEN_PAGES.values(), ids=BROKEN_PAGES)
def test_a_result_that_is_not_a_page_is_broken_on_both_paths(pair, operation, body):
    pair.script[:] = [http_response(body)]
    (theirs, _), (ours, _) = both(pair, operation, {"TableName": TABLE})
    assert type(ours) is type(theirs) is BrokenResponse
