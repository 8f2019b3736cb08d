"""gunicorn's request with the checks of RFC 9112 that gunicorn omits.

https://www.rfc-editor.org/rfc/rfc9112
"""

import os
import re
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import gevent
from gunicorn.http.body import ChunkedReader, LengthReader
from gunicorn.http.errors import InvalidHTTPVersion, InvalidProxyLine, NoMoreData, ParseException
from gunicorn.http.message import Request

from dynamodb_items.server.incoming_heads import receive_head

MAX_TRAILER_BYTES = 8 * 1024
"""The limit of the trailer section after a chunked body.

gunicorn scans the section again with each received byte.
"""
MAX_PROXY_LINE_BYTES = 107
"""https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt section 2.1"""

# RFC 3986 section 3.2.2. An empty host is valid only for schemes other than http and https.
_AUTHORITY = (
    r"(?:\[(?:[0-9A-Fa-f:.]+|v[0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+)\]"
    r"|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::[0-9]*)?"
)
HOST = re.compile(_AUTHORITY, re.ASCII)
"""A valid Host header: a host name or address, and an optional port."""
_ABSOLUTE_TARGET = re.compile(rf"https?://{_AUTHORITY}(?:[/?#].*)?", re.ASCII | re.IGNORECASE)
_OTHER_VERSION = re.compile(rb" HTTP/([02-9])\.([0-9])\Z")


class RejectedRequest(ParseException):  # type: ignore[misc]
    """A request that is rejected with the given status."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class CheckedRequest(Request):  # type: ignore[misc]
    """A request whose head is received completely, then parsed by gunicorn, then checked.

    A ``ParseException`` of it has the attribute ``request`` with what was parsed so far.
    """

    path: str
    version: tuple[int, int]
    proxy_protocol_info: dict[str, Any] | None

    def __init__(self, *arguments: Any, **more: Any) -> None:
        try:
            super().__init__(*arguments, **more)
        except ParseException as error:
            error.request = self
            raise

    def _parse_python(self, unreader: Any, buf: bytearray) -> bytes:
        if self.proxy_protocol_info and self.proxy_protocol_info["client_addr"] is None:
            self.proxy_protocol_info = None  # the proxy's own request, a health check for example
        if receive_head(buf, unreader.read) < 0:
            raise NoMoreData(bytes(buf))
        unused: bytes = super()._parse_python(unreader, buf)
        self.max_buffer_headers = MAX_TRAILER_BYTES
        self.version = min(self.version, (1, 1))  # the highest that responses may have
        _check_target(self.method, self.uri)
        if self.uri == "*":  # gunicorn removes the prefix from each path
            self.path = os.environ.get("SCRIPT_NAME", "") + self.path
        _check_host(self.headers, self.version)
        _check_transfer_coding(self.headers)
        return unused

    _parse_fast = _parse_python  # one parser, whatever is installed

    def parse_request_line(self, line_bytes: bytes) -> None:
        """Check the version first, because other versions have other rules; then parse the rest."""
        version = _OTHER_VERSION.search(line_bytes)
        if version is not None:
            raise InvalidHTTPVersion(tuple(map(int, version.groups())))
        super().parse_request_line(line_bytes)

    def _parse_proxy_protocol_v1(self, unreader: Any, buf: bytearray) -> bytearray:
        while (end := buf.find(b"\r\n")) < 0 and len(buf) <= MAX_PROXY_LINE_BYTES:
            self.read_into(unreader, buf)
        if not 0 <= end <= MAX_PROXY_LINE_BYTES:
            raise InvalidProxyLine("too long")
        remaining: bytearray = super()._parse_proxy_protocol_v1(unreader, buf)
        return remaining


def _check_target(method: str, target: str) -> None:
    """Check the form of the request target.

    https://www.rfc-editor.org/rfc/rfc9112#section-3.2
    """
    if method == "CONNECT":
        raise RejectedRequest(HTTPStatus.NOT_IMPLEMENTED, "CONNECT is not supported.")
    if target.startswith("/") or (target == "*" and method == "OPTIONS"):
        return
    if not _ABSOLUTE_TARGET.fullmatch(target):
        raise RejectedRequest(
            HTTPStatus.BAD_REQUEST, "The request target must be a path or an http or https URL."
        )


def _check_host(headers: list[tuple[str, str]], version: tuple[int, int]) -> None:
    hosts = [value for name, value in headers if name == "HOST"]  # gunicorn rejects a second one
    if not hosts and version >= (1, 1):
        raise RejectedRequest(HTTPStatus.BAD_REQUEST, "HTTP/1.1 requires a Host header.")
    if hosts and not HOST.fullmatch(hosts[0]):
        raise RejectedRequest(
            HTTPStatus.BAD_REQUEST,
            "The Host header must be a host name or address, with an optional port.",
        )


def _check_transfer_coding(headers: list[tuple[str, str]]) -> None:
    """Accept only chunked: the service does not decode other codings.

    https://www.rfc-editor.org/rfc/rfc9112#section-6.1
    """
    values = [value for name, value in headers if name == "TRANSFER-ENCODING"]
    codings = [coding.strip(" \t").lower() for value in values for coding in value.split(",")]
    if not values or codings == ["chunked"]:
        return
    if codings[-1] != "chunked" or codings.count("chunked") > 1:
        raise RejectedRequest(
            HTTPStatus.BAD_REQUEST, "Transfer-Encoding must end with chunked, once."
        )
    raise RejectedRequest(
        HTTPStatus.NOT_IMPLEMENTED, "The only supported transfer coding is chunked."
    )


def has_close_option(request: Any) -> bool:
    """Return whether ``close`` is among the options of the Connection header.

    gunicorn finds it only as the single option.

    https://www.rfc-editor.org/rfc/rfc9112#section-9.6
    """
    return any(
        option.strip(" \t").lower() == "close"
        for name, value in request.headers
        if name == "CONNECTION"
        for option in value.split(",")
    )


def has_unread_body(request: Any) -> bool:
    """Return whether a part of the body is unread, or may be."""
    reader = request.body.reader
    if isinstance(reader, LengthReader) and not reader.length and not request.body.buf.tell():
        return False  # true of nearly all requests, and cheaper than a timer
    # A generator that was interrupted or has raised is indistinguishable from a finished one.
    if isinstance(reader, ChunkedReader) and reader.parser and reader.parser.gi_frame is None:
        return True
    with gevent.Timeout(0.01, False), suppress(Exception):
        return bool(request.body.read(1))
    return True
