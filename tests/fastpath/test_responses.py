"""Responses in every form: whole, split, chunked, cut off, garbled, too long, none at all."""

import zlib

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from dynamodb_items.domain.operations import Operation
from dynamodb_items.dynamodb.error_codes import BrokenResponse
from dynamodb_items.local.processes import free_port
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fastpath.conftest import EXAMPLE, Path
from tests.fastpath.scripted import CLOSE, ScriptedServer, http_response

GET = Operation.GET_ITEM
CHECKED = http_response(EXAMPLE.body, x_amz_crc32=str(zlib.crc32(EXAMPLE.body)))
LARGE_BODY = b'{"Item":{"Text":{"S":"' + b"x" * 300_000 + b'"}}}'


@pytest.fixture(scope="module")
def scripted():
    """A server whose script is the latest that was set, and a fast path to it."""
    script = [CHECKED]
    with ScriptedServer(lambda _request: list(script)) as server:
        path = Path(server.url)

        def call(*pieces, read_seconds=20):
            script[:] = pieces
            return path.call(GET, EXAMPLE.parameters, read_seconds=read_seconds)

        call.server = server
        yield call


def chunked(body: bytes, sizes) -> bytes:
    pieces = []
    at = 0
    for size in [*sizes, len(body)]:
        chunk = body[at : at + size]
        at += size
        if chunk:
            pieces.append(b"%x\r\n%s\r\n" % (len(chunk), chunk))
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(pieces) + b"0\r\n\r\n"


def split(content: bytes, cuts) -> list[bytes]:
    ends = sorted({cut % len(content) for cut in cuts} | {len(content)})
    return [content[a:b] for a, b in zip([0, *ends], ends, strict=False) if a < b]


@settings(max_examples=100, deadline=None)
@given(cuts=st.lists(st.integers(0, 10_000), max_size=6))
def test_a_response_in_pieces_is_read_whole(scripted, cuts):
    assert scripted(*split(CHECKED, cuts)) == EXAMPLE.content


@settings(max_examples=100, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 30), max_size=8),
    cuts=st.lists(st.integers(0, 10_000), max_size=4),
)
def test_a_chunked_response_is_read_whole(scripted, sizes, cuts):
    assert scripted(*split(chunked(EXAMPLE.body, sizes), cuts)) == EXAMPLE.content


@settings(max_examples=150, deadline=None)
@given(length=st.integers(0, len(CHECKED) - 1))
def test_a_response_that_is_cut_short_is_an_error(scripted, length):
    with pytest.raises((ResponseStreamingError, ConnectionClosedError)):
        scripted(CHECKED[:length], CLOSE)


@settings(max_examples=150, deadline=None)
@given(sizes=st.lists(st.integers(1, 30), max_size=4), data=st.data())
def test_a_chunked_response_that_is_cut_short_is_an_error(scripted, sizes, data):
    whole = chunked(EXAMPLE.body, sizes)
    length = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises((ResponseStreamingError, ConnectionClosedError)):
        scripted(whole[:length], CLOSE)


@settings(max_examples=500, deadline=None)
@given(at=st.integers(0, len(CHECKED) - 1), byte=st.integers(0, 255))
def test_a_response_with_a_wrong_byte_is_the_same_item_or_an_error(scripted, at, byte):
    garbled = CHECKED[:at] + bytes([byte]) + CHECKED[at + 1 :]
    try:
        content = scripted(garbled, CLOSE)
    except (BotoCoreError, ClientError):
        return
    assert content == EXAMPLE.content


@settings(max_examples=200, deadline=None)
@given(garbage=st.binary(max_size=400))
def test_garbage_is_an_error(scripted, garbage):
    with pytest.raises((BotoCoreError, ClientError)):
        scripted(garbage, CLOSE)


@pytest.mark.parametrize(
    "pieces",
    [
        (http_response(EXAMPLE.body, x_amz_crc32="1"),),
        (http_response(EXAMPLE.body, x_amz_crc32="none"),),
        (http_response(EXAMPLE.body, Content_Encoding="gzip"),),
        (http_response(b"[]"),),
        (http_response(b'{"Item": []}'),),
        (http_response(b"{"),),
        (http_response(b""),),
        (http_response(b'{"Item":{"a":{"B":"!"}}}'),),
        (http_response(EXAMPLE.body, "204 No Content"),),
        (http_response(EXAMPLE.body, "100 Continue"),),
        (http_response(EXAMPLE.body, Content_Length="3"),),
        (http_response(EXAMPLE.body, Transfer_Encoding="chunked"),),
        (http_response(EXAMPLE.body).replace(b"Content-Length: ", b"Content-Length: +"),),
        (http_response(EXAMPLE.body).replace(b"HTTP/1.1", b"HTTP/2.0"),),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\n" + b"X-Padding: y\r\n" * 10_000 + b"\r\n", CLOSE),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n",),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}x\r\n0\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 5_000_000, CLOSE),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",),
    ],
)
def test_what_is_not_a_response_of_dynamodb_is_an_error(scripted, pieces):
    with pytest.raises((ResponseStreamingError, BrokenResponse)):
        scripted(*pieces)


def test_a_response_that_ends_with_its_connection_is_read_whole(scripted):
    assert scripted(b"HTTP/1.0 200 OK\r\n\r\n" + EXAMPLE.body, CLOSE) == EXAMPLE.content


def test_a_large_response_is_read_whole(scripted):
    assert scripted(*split(http_response(LARGE_BODY), range(0, 300_000, 7_000)))["Item"] == {
        "Text": {"S": "x" * 300_000}
    }


def test_a_lone_surrogate_is_read_as_boto3_reads_it(scripted):
    assert scripted(http_response(b'{"Item":{"a":{"S":"\\ud800"}}}')) == {
        "Item": {"a": {"S": "\ud800"}}
    }


def test_a_response_that_does_not_arrive_in_time_is_a_read_timeout(scripted):
    with pytest.raises(ReadTimeoutError):
        scripted(CHECKED[:40], read_seconds=0.2)


def test_a_late_response_is_never_taken_for_the_next_one(scripted):
    with pytest.raises(ReadTimeoutError):
        scripted(b"", read_seconds=0.1)
    assert scripted(CHECKED) == EXAMPLE.content


def test_an_unrequested_second_response_is_never_read(scripted):
    forged = http_response(b'{"Item":{"Id":{"N":"666"}}}')
    assert scripted(CHECKED + forged) == EXAMPLE.content
    assert scripted(CHECKED) == EXAMPLE.content


def test_a_connection_that_closes_before_its_response_is_a_closed_connection(scripted):
    with pytest.raises(ConnectionClosedError):
        scripted(CLOSE)


def test_an_endpoint_that_nobody_serves_is_unreachable():
    with pytest.raises(EndpointConnectionError):
        Path(f"http://127.0.0.1:{free_port()}").call(GET, EXAMPLE.parameters)


def test_a_host_that_has_no_address_is_unreachable():
    with pytest.raises(EndpointConnectionError):
        Path("http://host.invalid").call(GET, EXAMPLE.parameters)
