"""The fast path and botocore: the same requests, the same responses, the same errors."""

import json

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation
from dynamodb_items.dynamodb.error_codes import BrokenResponse, ForeignResponse
from dynamodb_items.dynamodb.fast.prepared_requests import UnsupportedClient, prepared_calls
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import environment
from tests.fastpath.both_paths import as_sent, both, items
from tests.fastpath.conftest import EXAMPLE, KEY, TABLE, boto3_client
from tests.fastpath.scripted import http_response
from tests.signatures import sign_at


@settings(max_examples=200, deadline=None)
@given(operation=st.sampled_from(sorted(DEFAULT_OPERATIONS)), item=items)
def test_any_item_is_sent_and_read_as_botocore_does(pair, operation, item):
    member = "Item" if operation is Operation.GET_ITEM else "Attributes"
    pair.script[:] = [http_response(json.dumps({member: as_sent(item)}).encode())]
    parameters = EXAMPLE.parameters
    if operation is Operation.PUT_ITEM:
        parameters = {"TableName": TABLE, "Item": item}
    elif operation is Operation.UPDATE_ITEM:
        parameters = {**parameters, "ExpressionAttributeValues": {":a": {"M": item}}}
    (theirs, their_request), (ours, our_request) = both(pair, operation, parameters)
    theirs.pop("ResponseMetadata")
    assert ours == theirs == {member: item}
    assert json.loads(our_request.body) == json.loads(their_request.body)


def test_the_headers_are_those_of_botocore(pair):
    pair.script[:] = [http_response(EXAMPLE.body)]
    for operation in (Operation.GET_ITEM, Operation.DELETE_ITEM):
        (_, theirs), (_, ours) = both(pair, operation, EXAMPLE.parameters)
        for name in ("X-Amz-Target", "Content-Type", "User-Agent", "Host", "Accept-Encoding"):
            assert ours.headers[name] == theirs.headers[name]
        assert ours.head.split(b"\r\n")[0] == theirs.head.split(b"\r\n")[0]


def test_what_is_sent_carries_a_signature_that_botocore_would_make(pair):
    pair.script[:] = [http_response(EXAMPLE.body)]
    key = KEY._replace(token="a/session+token==")
    pair.call(Operation.GET_ITEM, EXAMPLE.parameters, key=key)
    sent = pair.server.requests[-1]
    signed = {name: sent.headers[name] for name in ("X-Amz-Target", "Content-Type", "Host")}
    request = AWSRequest("POST", pair.server.url + "/", signed, sent.body)
    sign_at(request, SigV4Auth(key, "dynamodb", "us-east-2"), sent.headers["X-Amz-Date"])
    assert sent.headers["Authorization"] == request.headers["Authorization"]
    assert sent.headers["X-Amz-Security-Token"] == key.token


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (
            400,
            {
                "__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
                "message": "m",
            },
        ),
        (400, {"__type": "com.amazon.coral.validate#ValidationException", "message": "m"}),
        (400, {"__type": "com.amazon.coral.service#ThrottlingException", "Message": "m"}),
        (400, {"__type": "com.amazon.coral.service#UnrecognizedClientException", "message": "m"}),
        (
            400,
            {
                "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
                "message": "The conditional request failed",
                "Item": {"Id": {"N": "104"}, "Photo": {"B": "AAEC"}},
            },
        ),
        (500, {"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError", "message": "m"}),
        (503, {"__type": "com.amazonaws.dynamodb.v20120810#SlowDown"}),
    ],
)
def test_an_error_is_the_exception_that_botocore_raises(pair, status, body):
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    pair.script[:] = [http_response(content, f"{status} Status", x_amzn_RequestId="R1")]
    (theirs, _), (ours, _) = both(pair, Operation.PUT_ITEM, {"TableName": TABLE, "Item": {}})
    assert type(ours) is type(theirs)
    assert ours.operation_name == theirs.operation_name
    for error in (ours, theirs):
        error.response["ResponseMetadata"] = {
            name: error.response["ResponseMetadata"][name] for name in ("HTTPStatusCode",)
        }
    assert ours.response == theirs.response


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (300, b"{}"),
        (302, b"elsewhere"),
        (400, b'{"unknown": "members"}'),
        (400, b'{"__type": 7}'),
        (403, b"<html>Zugriff verweigert f\xfcr alle</html>"),
        (403, b"[]"),
        (403, b'"text"'),
        (403, b'{"__type": "ConditionalCheckFailedException", "Item": 7}'),
        (407, b"[" * 5000),
        (502, b""),
        (503, b"<html>away</html>"),
    ],
)
def test_an_error_that_dynamodb_did_not_send_is_the_same_on_both_paths(pair, status, body):
    pair.script[:] = [http_response(body, f"{status} Status")]
    (theirs, _), (ours, _) = both(pair, Operation.PUT_ITEM, {"TableName": TABLE, "Item": {}})
    assert type(ours) is type(theirs) is ForeignResponse
    assert ours.status == theirs.status == status


NESTED = b'{"Attributes": ' + b'{"a": {"M": ' * 450 + b"{}" + b"}}" * 450 + b"}"
BROKEN_BODIES = {
    "empty": b"",
    "text": b"<html>200</html>",
    "array": b"[]",
    "string": b'"text"',
    "half": b'{"Attributes": {"a": {"S": "b"}',
    "not UTF-8": b'{"Attributes": {"a": {"S": "\xff"}}}',
    "nested values": NESTED,
    "nested arrays": b'{"Attributes": ' + b"[" * 900 + b"]" * 900 + b"}",
    "too deep for any parser": b"[" * 100_000,
    "no object of attributes": b'{"Attributes": []}',
    "no value": b'{"Attributes": {"a": 7}}',
    "two values": b'{"Attributes": {"a": {"S": "b", "N": "1"}}}',
    "no type": b'{"Attributes": {"a": {}}}',
    "unknown type": b'{"Attributes": {"a": {"X": "b"}}}',
    "not a number": b'{"Attributes": {"a": {"N": "b"}}}',
    "number of JSON": b'{"Attributes": {"a": {"N": 7}}}',
    "set of no numbers": b'{"Attributes": {"a": {"NS": ["b"]}}}',
    "number in a string": b'{"Attributes": {"a": {"S": 7}}}',
    "set of numbers": b'{"Attributes": {"a": {"NS": [7]}}}',
    "wrong map": b'{"Attributes": {"a": {"M": {"b": "c"}}}}',
    "wrong list": b'{"Attributes": {"a": {"L": {"S": "b"}}}}',
    "wrong binary": b'{"Attributes": {"a": {"B": "!"}}}',
    "wrong capacity": b'{"ConsumedCapacity": 7}',
}


@pytest.mark.parametrize("body", BROKEN_BODIES.values(), ids=BROKEN_BODIES)
def test_a_result_that_is_not_dynamodbs_is_broken_on_both_paths(pair, body):
    pair.script[:] = [http_response(body)]
    (theirs, _), (ours, _) = both(pair, Operation.PUT_ITEM, {"TableName": TABLE, "Item": {}})
    assert type(ours) is type(theirs) is BrokenResponse


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        ("200 OK", {"x_amz_crc32": "1"}),
        ("200 OK", {"x_amz_crc32": "none"}),
        ("200 OK", {"Content_Encoding": "gzip"}),
        ("201 Created", {}),
        ("206 Partial Content", {}),
        ("400 Bad Request", {"x_amz_crc32": "1"}),
    ],
)
def test_a_response_with_wrong_metadata_is_broken_on_both_paths(pair, status, headers):
    pair.script[:] = [http_response(b"{}", status, **headers)]
    (theirs, _), (ours, _) = both(pair, Operation.PUT_ITEM, {"TableName": TABLE, "Item": {}})
    assert type(ours) is type(theirs) is BrokenResponse


@pytest.mark.parametrize(
    ("endpoint", "config", "url"),
    [
        (None, {}, "https://dynamodb.us-east-2.amazonaws.com"),
        (None, {"use_fips_endpoint": True}, "https://dynamodb-fips.us-east-2.amazonaws.com"),
        (None, {"use_dualstack_endpoint": True}, "https://dynamodb.us-east-2.api.aws"),
        (
            None,
            {"account_id": "123456789012"},
            "https://123456789012.ddb.us-east-2.amazonaws.com",
        ),
        ("http://[::1]:8001", {}, "http://[::1]:8001"),
    ],
)
def test_the_endpoint_is_the_one_that_botocore_resolves(endpoint, config, url):
    with environment():
        calls = prepared_calls(boto3_client(endpoint, **config), TABLE, None)
    assert calls.endpoint.url.rstrip("/") == url
    assert (calls.endpoint.tls is not None) == url.startswith("https")


@pytest.mark.parametrize(
    ("endpoint", "variables", "verify", "config"),
    [
        (None, {"HTTPS_PROXY": "http://127.0.0.1:9"}, None, {}),
        ("http://127.0.0.1:1", {"http_proxy": "127.0.0.1:9"}, None, {}),
        (None, {}, None, {"proxies": {"https": "http://127.0.0.1:9"}}),
        (None, {}, None, {"client_cert": "/no/such.pem"}),
        (None, {}, False, {}),
        (None, {}, "/no/such/authorities.pem", {}),
        ("http://127.0.0.1:1/a/path", {}, None, {}),
        ("http://127.0.0.1:1/?query=1", {}, None, {}),
        (None, {"BOTOCORE_EXPERIMENTAL__PLUGINS": "a=b"}, None, {}),
        (None, {}, None, {"signature_version": "v2"}),
    ],
)
def test_what_is_botocores_alone_is_left_to_it(endpoint, variables, verify, config):
    client = boto3_client(endpoint, **config)
    with environment(**variables), pytest.raises(UnsupportedClient):
        prepared_calls(client, TABLE, verify)


def test_a_proxy_for_other_hosts_does_not_matter():
    client = boto3_client("http://127.0.0.1:1")
    with environment(HTTP_PROXY="http://127.0.0.1:9", NO_PROXY="127.0.0.1"):
        assert prepared_calls(client, TABLE, None).endpoint.port == 1


@pytest.mark.parametrize(
    "parameters",
    [
        {"TableName": TABLE, "Key": {"Name": {"S": "\ud800"}}},
        {"TableName": TABLE, "Key": {"Name": {"S": object()}}},
    ],
)
def test_parameters_that_are_not_json_are_left_to_botocore(pair, parameters):
    with pytest.raises(UnsupportedClient):
        pair.call(Operation.GET_ITEM, parameters)
