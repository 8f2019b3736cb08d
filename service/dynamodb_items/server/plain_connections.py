"""Connections whose requests are plain, served without gunicorn's request and response objects.

The first request that is not plain ends this: gunicorn reads it, and all that come after it.
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
from dynamodb_items.server.responses import Answer

LINGER_SECONDS = 1.0
"""How long a client that sends a refused body has to read why."""
_LINGER_STEP_BYTES = 64 * 1024
_RECEIVE_BYTES = 8192
_REQUESTS_IN_A_ROW = 8
"""After so many, others have their turn, also where the client sends faster than it is answered."""

# Whoever changes one of these wants what only gunicorn's own way does.
_SETTINGS_OF_GUNICORNS_WAY = (
    *("accesslog", "logconfig", "logconfig_dict", "logconfig_json", "syslog", "statsd_host"),
    *("pre_request", "post_request", "proxy_protocol", "protocol", "http_protocols"),
    *("limit_request_fields", "limit_request_field_size", "header_map", "forwarder_headers"),
    *("strip_header_spaces", "permit_obsolete_folding", "casefold_http_method"),
    *("permit_unconventional_http_method", "permit_unconventional_http_version"),
)


def can_serve_plainly(configuration: Config) -> bool:
    """Whether gunicorn is asked for nothing that only its own way of serving has."""
    defaults = Config()
    return not (
        configuration.is_ssl
        or configuration.forwarded_allow_ips
        or not configuration.keepalive
        or 0 < configuration.limit_request_line < MAX_PLAIN_HEAD_BYTES
    ) and all(
        _name_of(getattr(configuration, name)) == _name_of(getattr(defaults, name))
        for name in _SETTINGS_OF_GUNICORNS_WAY
    )


def _name_of(setting: Any) -> Any:
    return getattr(setting, "__qualname__", setting)  # each Config has hooks of its own


class Host(Protocol):
    """What a connection needs of ``dynamodb_items.server.worker.Worker``."""

    closes_connections: bool

    def wsgi(self, environment: dict[str, Any], start_response: Any) -> Any:
        """The application."""

    def begin_request(self, client: socket.socket) -> None:
        """A request has come."""

    def end_request(self, client: socket.socket) -> None:
        """Its answer is ready to be sent."""


class PlainConnection:
    """One client's connection, served as long as its requests are plain."""

    def __init__(self, host: Host, client: socket.socket, constants: Mapping[str, Any]) -> None:
        self._host = host
        self._client = client
        self._constants = constants
        self._unread = b""

    def serve(self) -> bytes:
        """Answer requests until the connection ends, or until one comes that is not plain: what
        has been received and is not answered, empty where the connection is done.
        """
        for number in itertools.count(1):
            end = self._receive_head()
            if end < 0:
                return self._unread
            environment = environment_of(self._unread[:end], self._constants)
            if environment is None:
                return self._unread
            self._unread = self._unread[end + len(END) :]
            if not self._answer(environment):
                break
            if number % _REQUESTS_IN_A_ROW == 0:
                give_way()
        return b""

    def _receive_head(self) -> int:
        """Return where the next head ends in what is unread, or -1 at the end of the connection.

        Raises:
            ParseException: the head is too long, or not HTTP/1.x.
        """
        if not self._unread:
            self._unread = self._client.recv(_RECEIVE_BYTES)
            if not self._unread:
                return -1
        end = self._unread.find(END)
        if end < 0:
            received = bytearray(self._unread)
            end = receive_head(received, partial(self._client.recv, _RECEIVE_BYTES))
            self._unread = bytes(received) if end >= 0 else b""
        return end

    def _answer(self, environment: dict[str, Any]) -> bool:
        """Answer one request; whether another may follow."""
        client = self._client
        body = self._body(int(environment.get("CONTENT_LENGTH") or 0))
        is_unread, closes, message = self._answered(environment, body)
        sent = client.send(message)  # nearly always all of it, and cheaper than sendall()
        if sent < len(message):
            client.sendall(memoryview(message)[sent:])
        if is_unread:
            linger(client)
        elif isinstance(body, Body):
            self._unread = body.reader.unreader.take_buffered()
        return not closes

    def _answered(self, environment: dict[str, Any], body: Any) -> tuple[bool, bool, bytes]:
        """Whether the body is left unread, whether the connection ends, and the answer: of which
        nothing else is left while the client takes it.
        """
        environment["wsgi.input"] = body
        host, client = self._host, self._client
        host.begin_request(client)
        try:
            answer = Answer()
            content = host.wsgi(environment, answer.start)
            try:
                whole = b"".join(content)
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
        message = answer.encoded(whole, environment["REQUEST_METHOD"], closes=closes)
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


class Resumed:
    """A client's socket from which something has been received that is to be received again."""

    def __init__(self, client: socket.socket, unread: bytes) -> None:
        self._client = client
        self._unread = unread

    def __getattr__(self, name: str) -> Any:
        """All else is the socket's own."""
        return getattr(self._client, name)

    def recv(self, size: int, *flags: int) -> bytes:
        """What is to be received again, then what the socket receives."""
        if not self._unread:
            return self._client.recv(size, *flags)
        received, self._unread = self._unread[:size], self._unread[size:]
        return received


def linger(client: socket.socket) -> None:
    """Read on for a moment: closing with bytes unread would reset the connection, and the client
    might lose the answer that tells it why.
    """
    with gevent.Timeout(LINGER_SECONDS, False), suppress(OSError):
        client.shutdown(socket.SHUT_WR)
        while client.recv(_LINGER_STEP_BYTES):
            give_way()  # or the time might never be up
