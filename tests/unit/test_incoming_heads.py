"""Heads as they arrive: bounded, and each byte scanned once."""

import pytest
from dynamodb_items.server.incoming_heads import END, MAX_REQUEST_HEAD_BYTES, receive_head
from gunicorn.http.errors import InvalidRequestLine, LimitRequestHeaders, LimitRequestLine

REQUEST = b"GET /live HTTP/1.1\r\nHost: x"
CHUNK_BYTES = 8192


class CountedBytes(bytearray):
    """Bytes that count how many of them are scanned."""

    scanned = 0

    def find(self, part, start=0, *rest):
        found = super().find(part, start, *rest)
        self.scanned += (len(self) if found < 0 else found) - start
        return found


def arriving(content, step):
    parts = (content[start : start + step] for start in range(0, len(content), step))
    return lambda: next(parts, b"")


@pytest.mark.parametrize("step", [1, 2, 3, 7, 8192])
@pytest.mark.parametrize("start", [b"", b"\r\n"])
def test_a_head_is_whole_at_its_empty_line_however_it_arrives(start, step):
    received = bytearray()
    head = start + REQUEST
    assert receive_head(received, arriving(head + END + b"body", step)) == len(head)
    assert received.startswith(head + END)


def test_what_has_arrived_already_is_not_received_again():
    received = bytearray(REQUEST + END)
    assert receive_head(received, arriving(b"", 1)) == len(REQUEST)


@pytest.mark.parametrize("sent", [b"", b"\r", b"\r\n", b"GET /li", REQUEST, REQUEST + b"\r\n"])
def test_a_head_that_breaks_off_has_no_end(sent):
    assert receive_head(bytearray(), arriving(sent, 1)) == -1


@pytest.mark.parametrize("size", [MAX_REQUEST_HEAD_BYTES // 4, MAX_REQUEST_HEAD_BYTES])
def test_the_bytes_scanned_grow_with_the_head_and_not_with_its_square(size):
    head = REQUEST + b"\r\nX-Long: "
    head += b"x" * (size - len(head))
    received = CountedBytes()
    assert receive_head(received, arriving(head + END, 1)) == size
    assert received.scanned < 10 * size  # three bytes before each new one, by two searches


@pytest.mark.parametrize("step", [1, CHUNK_BYTES])
@pytest.mark.parametrize(
    ("start", "error"),
    [
        (REQUEST + b"\r\nX-Long: ", LimitRequestHeaders),
        (REQUEST + b"\r\n", LimitRequestHeaders),
        (b"GET /", LimitRequestLine),
        (b"\r\nGET /", LimitRequestLine),
    ],
)
def test_a_head_over_the_limit_is_rejected_without_its_end(start, error, step):
    sent = start + b"x" * MAX_REQUEST_HEAD_BYTES * 4
    received = bytearray()
    with pytest.raises(error):
        receive_head(received, arriving(sent, step))
    assert len(received) <= MAX_REQUEST_HEAD_BYTES + CHUNK_BYTES


@pytest.mark.parametrize("step", [1, CHUNK_BYTES, MAX_REQUEST_HEAD_BYTES * 2])
def test_a_whole_head_may_have_the_limit_and_no_byte_more(step):
    head = REQUEST + b"\r\nX-Long: "
    head += b"x" * (MAX_REQUEST_HEAD_BYTES - len(head))
    assert receive_head(bytearray(), arriving(head + END, step)) == MAX_REQUEST_HEAD_BYTES
    with pytest.raises(LimitRequestHeaders):
        receive_head(bytearray(), arriving(head + b"x" + END, step))


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a TLS handshake
        b"\x00",
        b"\n",
        b" GET / HTTP/1.1\r\n",
        b"GET /live\r\n",  # HTTP/0.9
        b"GET /live HTTP/1.1 \r\n",
        b"GET  /live HTTP/1.1\r\n",
        b"GET /live HTTP/1.x\r\n",
        b"GET /live HTTP/1.1\nHost: x\n\n",
        REQUEST + b"\n",
        REQUEST + b"\r\nA: b\n\n",
    ],
)
@pytest.mark.parametrize("step", [1, CHUNK_BYTES])
def test_what_can_never_be_a_request_is_rejected_at_once(sent, step):
    receive = arriving(sent, step)

    def receive_more():
        part = receive()
        assert part, "it waits for more"
        return part

    with pytest.raises(InvalidRequestLine):
        receive_head(bytearray(), receive_more)


def test_an_empty_head_is_left_to_the_parser_which_rejects_it():
    assert receive_head(bytearray(), arriving(END + b"GET", 1)) == 0
