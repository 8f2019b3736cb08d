"""Connections with plain requests, served without gunicorn's request and response objects.

The first request that is not plain ends this: gunicorn serves it and all that follow it.
"""

import io
import itertools
import socket
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

import gevent
from gunicorn.config import Config
from gunicorn.http.body import Body, LengthReader
from gunicorn.http.unreader import SocketUnreader

from dynamodb_items.runtime.deadline import give_way
from dynamodb_items.server.incoming_heads import END, receive_head
from dynamodb_items.server.request_heads import MAX_PLAIN_HEAD_BYTES, environment_of
from dynamodb_items.server.responses import BufferedResponse

LINGER_SECONDS = 1.0
"""How long a client that sends a rejected body may take to read the response."""
_LINGER_STEP_BYTES = 64 * 1024
_REQUEST_PIECE_BYTES = 8192
_REQUESTS_IN_A_ROW = 8
"""After this many, other connections have their turn, however fast the client sends."""

# Only gunicorn's standard path supports values of these settings other than the default.
_STANDARD_PATH_SETTINGS = (
    *("accesslog", "logconfig", "logconfig_dict", "logconfig_json", "syslog", "statsd_host"),
    *("pre_request", "post_request", "proxy_protocol", "protocol", "http_protocols"),
    *("limit_request_fields", "limit_request_field_size", "header_map", "forwarder_headers"),
    *("strip_header_spaces", "permit_obsolete_folding", "casefold_http_method"),
    *("permit_unconventional_http_method", "permit_unconventional_http_version"),
)


def can_serve_plainly(configuration: Config) -> bool:
    """Return whether the fast path supports gunicorn's settings."""
    defaults = Config()
    return not (
        configuration.is_ssl
        or configuration.forwarded_allow_ips
        or not configuration.keepalive
        or 0 < configuration.limit_request_line < MAX_PLAIN_HEAD_BYTES
    ) and all(
        _name_of(getattr(configuration, name)) == _name_of(getattr(defaults, name))
        for name in _STANDARD_PATH_SETTINGS
    )


def _name_of(setting: Any) -> Any:
    return getattr(setting, "__qualname__", setting)  # each Config has hooks of its own


class Host(Protocol):
    """What a connection requires of ``dynamodb_items.server.worker.Worker``."""

    closes_connections: bool

    def wsgi(self, environment: dict[str, Any], start_response: Any) -> Any:
        """Call the application."""

    def begin_request(self, client: socket.socket) -> None:
        """Record that a request has arrived."""

    def end_request(self, client: socket.socket) -> None:
        """Record that its response is ready to be sent."""


class PlainConnection:
    """One client's connection, served while its requests are plain."""

    def __init__(self, host: Host, client: socket.socket, constants: Mapping[str, Any]) -> None:
        self._host = host
        self._client = client
        self._constants = constants
        self._unread = b""

    def serve(self) -> bytes:
        """Serve requests until the connection ends or a request is not plain.

        Return what has been received of a request that is not plain; empty if the connection ended.
        """
        for number in itertools.count(1):
            end = self._receive_head()
            if end < 0:
                return self._unread
            environment = environment_of(self._unread[:end], self._constants)
            if environment is None:
                return self._unread
            self._unread = self._unread[end + len(END) :]
            if not self._respond(environment):
                break
            if number % _REQUESTS_IN_A_ROW == 0:
                give_way()
        return b""

    def _receive_head(self) -> int:
        """Return the index where the next head ends, or -1 if the client sends no more.

        Raises:
            ParseException: the head is too long, or not HTTP/1.x.
        """
        if not self._unread:
            self._unread = self._client.recv(_REQUEST_PIECE_BYTES)
            if not self._unread:
                return -1
        end = self._unread.find(END)
        if end < 0:
            received = bytearray(self._unread)
            end = receive_head(received, partial(self._client.recv, _REQUEST_PIECE_BYTES))
            self._unread = bytes(received) if end >= 0 else b""
        return end

    def _respond(self, environment: dict[str, Any]) -> bool:
        """Serve one request; return whether another may follow."""
        client = self._client
        body = self._body(int(environment.get("CONTENT_LENGTH") or 0))
        is_unread, closes, message = self._response(environment, body)
        sent = client.send(message)  # nearly always all of it, and cheaper than sendall()
        if sent < len(message):
            client.sendall(memoryview(message)[sent:])
        if is_unread:
            linger(client)
        elif isinstance(body, Body):
            self._unread = body.reader.unreader.take_buffered()
        return not closes

    def _response(self, environment: dict[str, Any], body: Any) -> tuple[bool, bool, bytes]:
        """Return whether the body is unread, whether the connection ends, and the response.

        A function of its own, so that its other objects are freed before a slow client receives.
        """
        environment["wsgi.input"] = body
        host, client = self._host, self._client
        host.begin_request(client)
        try:
            response = BufferedResponse()
            content = host.wsgi(environment, response.start)
            try:
                written = b"".join(content)
            finally:
                if hasattr(content, "close"):
                    content.close()
        finally:
            host.end_request(client)
        is_unread = isinstance(body, Body) and bool(body.reader.length or body.buf.tell())
        closes = (
            is_unread
            or host.closes_connections
            or environment.get("HTTP_CONNECTION", "").lower() == "close"
        )
        message = response.encoded(written, environment["REQUEST_METHOD"], closes=closes)
        return is_unread, closes, message

    def _body(self, length: int) -> Any:
        unread = self._unread
        if len(unread) >= length:
            self._unread = unread[length:]
            return io.BytesIO(unread[:length])
        unreader = SocketUnreader(self._client)
        unreader.unread(unread)
        self._unread = b""
        return Body(LengthReader(unreader, length))


class ResumedSocket:
    """A client's socket that first returns again what has already been received from it."""

    def __init__(self, client: socket.socket, unread: bytes) -> None:
        self._client = client
        self._unread = unread

    def __getattr__(self, name: str) -> Any:
        """Return the socket's own attribute."""
        return getattr(self._client, name)

    def recv(self, size: int, *flags: int) -> bytes:
        """Return the bytes to receive again, then those that the socket receives."""
        if not self._unread:
            return self._client.recv(size, *flags)
        received, self._unread = self._unread[:size], self._unread[size:]
        return received


def linger(client: socket.socket) -> None:
    """Receive and discard for a moment before the connection closes.

    Closing with unread bytes would reset the connection, and the client might lose the response.
    """
    with gevent.Timeout(LINGER_SECONDS, False), suppress(OSError):
        client.shutdown(socket.SHUT_WR)
        while client.recv(_LINGER_STEP_BYTES):
            give_way()  # otherwise a fast client would keep the timeout from firing
