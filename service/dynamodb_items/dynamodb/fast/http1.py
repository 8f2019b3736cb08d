"""One HTTP/1.1 connection that sends requests and reads their responses.

It supports what DynamoDB and compatible engines send. Anything else is an error, after which the
connection cannot be used again.

https://www.rfc-editor.org/rfc/rfc9112
"""

import re
import select
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass

from gevent import monkey

from dynamodb_items.runtime.deadline import time_limit

MAX_HEAD_BYTES = 64 * 1024
# A transaction returns up to 4 MB of items; {"S":""}, in a list counts as one byte there.
MAX_BODY_BYTES = 40 * 1024 * 1024
# Most responses fit; a larger buffer for each of many connections would waste memory.
_RECEIVE_BYTES = 8 * 1024
_MOST_RECEIVE_BYTES = 256 * 1024
LEAST_SECONDS = 0.001
"""A timeout of 0 would make the socket non-blocking."""
_RECORD_BYTES = 16 * 1024
"""The most that TLS sends at once."""
_MAX_NAMES = 100

_Poll = monkey.get_original("select", "poll")

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([2-5][0-9]{2})(?: [^\r\n]*)?")
_HEADER_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LENGTH = re.compile(rb"[0-9]{1,10}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,7})[ \t]*(?:;[^\r\n]*)?")


@dataclass(frozen=True, slots=True)
class HTTPResponse:
    """A complete response; the names of its headers are in lower case."""

    status: int
    headers: Mapping[bytes, bytes]
    body: bytes


class InvalidResponse(Exception):
    """The response is not HTTP in the form that this module supports."""


class EndOfStream(Exception):
    """The other side closed the connection."""


class Connection:
    """A connected socket for one exchange at a time."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        # The system's poll: gevent's costs more for a check that never waits.
        self._arrivals = _Poll()
        self._arrivals.register(connected, select.POLLIN)
        self._received = b""
        self.has_received = False
        """Whether any byte of the response to the latest request has arrived."""
        self.is_reusable = True
        """Whether the connection can be used for another request."""

    @property
    def is_stale(self) -> bool:
        """Whether the other side closed the connection or sent data without a request."""
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            return True
        return bool(self._arrivals.poll(0))

    def close(self) -> None:
        """Close the connection in any state."""
        self._socket.close()

    def exchange(self, request: bytes, until: float) -> HTTPResponse:
        """Send a request and read its response before ``until`` on the monotonic clock.

        Raises:
            TimeoutError, TimeIsUp: it is later than ``until``.
            EndOfStream, OSError: the connection was closed.
            InvalidResponse: the response is not in the supported form.
        """
        self.has_received = False
        self._send(request, until)
        head = self._read_until(b"\r\n\r\n", MAX_HEAD_BYTES, until)
        version, status, headers = _parsed_head(head)
        body = self._read_body(status, headers, until)
        connection_header = headers.get(b"connection", b"").lower()
        if version == b"0" or b"close" in connection_header or self._received:
            self.is_reusable = False
        return HTTPResponse(status, headers, body)

    def _send(self, request: bytes, until: float) -> None:
        seconds = max(until - time.monotonic(), LEAST_SECONDS)
        self._socket.settimeout(seconds)
        if len(request) > _RECORD_BYTES:
            # With TLS, the timeout of the socket limits each of many waits, not their sum.
            with time_limit(seconds):
                self._socket.sendall(request)
            return
        # send() nearly always sends the whole request, and costs less than sendall().
        sent = self._socket.send(request)
        if sent < len(request):
            self._socket.sendall(request[sent:])

    def _read_body(self, status: int, headers: Mapping[bytes, bytes], until: float) -> bytes:
        length = headers.get(b"content-length")
        encoding = headers.get(b"transfer-encoding")
        if encoding is not None:
            if length is not None or encoding.lower() != b"chunked":
                raise InvalidResponse(
                    "the response has two lengths or an unknown transfer encoding"
                )
            return self._read_chunks(until)
        if length is not None:
            if not _LENGTH.fullmatch(length):
                raise InvalidResponse("the response's length is not a number")
            return self._read_exactly(int(length), until)
        if status in (204, 304):
            return b""
        return self._read_to_the_end(until)

    def _read_chunks(self, until: float) -> bytes:
        chunks: list[bytes] = []
        total = 0
        while True:
            size_line = self._read_until(b"\r\n", MAX_HEAD_BYTES, until)
            match = _CHUNK_SIZE.fullmatch(size_line)
            if match is None:
                raise InvalidResponse("the size of a chunk is not a number")
            size = int(match[1], 16)
            if size == 0:
                break
            total += size
            if total > MAX_BODY_BYTES:
                raise InvalidResponse("the response is too long")
            chunks.append(self._read_exactly(size, until))
            if self._read_exactly(2, until) != b"\r\n":
                raise InvalidResponse("a chunk is longer than its size")
        while self._read_until(b"\r\n", MAX_HEAD_BYTES, until):
            pass  # trailers have no meaning for DynamoDB
        return b"".join(chunks)

    def _read_to_the_end(self, until: float) -> bytes:
        self.is_reusable = False
        parts = [self._received]
        total = len(self._received)
        self._received = b""
        while total <= MAX_BODY_BYTES:
            try:
                parts.append(self._receive(until))
            except EndOfStream:
                return b"".join(parts)
            total += len(parts[-1])
        raise InvalidResponse("the response is too long")

    def _read_exactly(self, size: int, until: float) -> bytes:
        if size > MAX_BODY_BYTES:
            raise InvalidResponse("the response is too long")
        received = self._received
        if len(received) < size:
            parts = [received]
            missing = size - len(received)
            while missing > 0:
                parts.append(self._receive(until, min(missing, _MOST_RECEIVE_BYTES)))
                missing -= len(parts[-1])
            received = b"".join(parts)
        self._received = received[size:]
        return received[:size]

    def _read_until(self, end: bytes, most: int, until: float) -> bytes:
        received = self._received
        while (index := received.find(end)) < 0:
            if len(received) > most:
                raise InvalidResponse("the response's head is too long")
            received += self._receive(until)
        self._received = received[index + len(end) :]
        return received[:index]

    def _receive(self, until: float, most_bytes: int = _RECEIVE_BYTES) -> bytes:
        remaining = until - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("the response did not arrive in time")
        self._socket.settimeout(remaining)
        received = self._socket.recv(most_bytes)
        if not received:
            raise EndOfStream("the connection was closed")
        self.has_received = True
        return received


def _parsed_head(head: bytes) -> tuple[bytes, int, dict[bytes, bytes]]:
    """Return the minor version, the status and the headers of a response's head."""
    status_line, *lines = head.split(b"\r\n")
    match = _STATUS_LINE.fullmatch(status_line)
    if match is None:
        raise InvalidResponse("the response is not HTTP/1")
    headers: dict[bytes, bytes] = {}
    for line in lines:
        spelled, colon, value = line.partition(b":")
        name = _header_names.get(spelled) or _header_name(spelled)
        if not colon:
            raise InvalidResponse("a header line has no name")
        if name in headers:
            value = headers[name] + b"," + value
        headers[name] = value.strip(b" \t")
    return match[1], int(match[2]), headers


# By the names as DynamoDB spells them, which are few.
_header_names: dict[bytes, bytes] = {}


def _header_name(spelled: bytes) -> bytes:
    if not _HEADER_NAME.fullmatch(spelled):
        raise InvalidResponse("a header line has no name")
    name = spelled.lower()
    if len(_header_names) < _MAX_NAMES:
        _header_names[spelled] = name
    return name
