"""Request heads as they arrive: bounded in size, each byte scanned once.

gunicorn's parser accepts heads of up to 819 KB and scans all received bytes again whenever more
arrive, so a client that sends such a head byte by byte would keep a worker busy. The parser
therefore gets complete heads only.

https://www.rfc-editor.org/rfc/rfc9112#section-2.2
"""

import re
from collections.abc import Callable

from gunicorn.http.errors import InvalidRequestLine, LimitRequestHeaders, LimitRequestLine

END = b"\r\n\r\n"
MAX_REQUEST_HEAD_BYTES = 32 * 1024
"""The limit of a request line and all headers together; 431 for more."""

_LINE_END = b"\r\n"
# The last scanned bytes may contain the first bytes of `END`.
_OVERLAP_BYTES = len(END) - 1
_FIRST_BYTES = frozenset(
    b"\r!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)
_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n")
_REQUEST_LINE = re.compile(rb"[^ ]+ [^ ]+ HTTP/[0-9]\.[0-9]")


def receive_head(received: bytearray, receive: Callable[[], bytes]) -> int:
    """Receive until the head is complete; return the index of the ``END`` after it.

    ``received`` has what has already arrived and is extended, possibly beyond the head. Return -1
    if the client closes the connection before the head is complete.

    Raises:
        InvalidRequestLine: the start is not HTTP/1.x, or a line ends without a carriage return, so
            that ``END`` may never arrive.
        LimitRequestLine: the request line alone is longer than ``MAX_REQUEST_HEAD_BYTES``.
        LimitRequestHeaders: the head is longer than ``MAX_REQUEST_HEAD_BYTES``.
    """
    scanned = 0
    has_request_line = False
    while (end := received.find(END, scanned)) < 0:
        has_request_line = has_request_line or _find_request_line(received, scanned)
        if _BARE_LINE_FEED.search(received, scanned):
            raise InvalidRequestLine("bare LF")
        if len(received) > MAX_REQUEST_HEAD_BYTES + _OVERLAP_BYTES:
            break
        scanned = max(0, len(received) - _OVERLAP_BYTES)
        more = receive()
        if not more:
            return -1
        received += more
    if 0 <= end <= MAX_REQUEST_HEAD_BYTES:
        return end
    if received.find(_LINE_END, len(_LINE_END), MAX_REQUEST_HEAD_BYTES) < 0:
        raise LimitRequestLine(len(received), MAX_REQUEST_HEAD_BYTES)
    raise LimitRequestHeaders("head over the limit")


def _find_request_line(received: bytearray, scanned: int) -> bool:
    """Check the start of a head; return whether its request line is complete."""
    if not scanned and received and received[0] not in _FIRST_BYTES:
        raise InvalidRequestLine("not a method")  # such as a TLS handshake
    start = 2 if received.startswith(_LINE_END) else 0  # one empty line may precede the head
    line_end = received.find(_LINE_END, max(start, scanned))
    if line_end < 0:
        return False
    if not _REQUEST_LINE.fullmatch(received, start, line_end):
        raise InvalidRequestLine("not a method, a target and a version")
    return True
