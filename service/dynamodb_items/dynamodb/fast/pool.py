"""Kept-alive connections to one endpoint, each used for one exchange at a time.

This module retries no exchange: the caller decides that.
"""

import os
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from typing import NoReturn

from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    ResponseStreamingError,
    SSLError,
)

from dynamodb_items.dynamodb.fast.http1 import (
    LEAST_SECONDS,
    Connection,
    EndOfStream,
    HTTPResponse,
    InvalidResponse,
)
from dynamodb_items.runtime.deadline import Deadline, TimeIsUp, time_limit

MAX_OPENING = 16
"""How many connections are opened at the same time.

In a burst of requests, unlimited handshakes would slow each other down until most of them exceed
the connect timeout.
"""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to connect; without a TLS context, unencrypted."""

    url: str
    host: str
    port: int
    tls: ssl.SSLContext | None


class Connections:
    """The connections of one process to an endpoint, one for each concurrent exchange.

    Up to ``max_idle`` unused connections are kept. Safe with threads, with gevent's greenlets, and
    across a fork.
    """

    def __init__(self, endpoint: Endpoint, max_idle: int) -> None:
        self._endpoint = endpoint
        self._max_idle = max_idle
        self._idle: list[Connection] = []
        self._opening = threading.Semaphore(MAX_OPENING)
        self._owner_pid = os.getpid()

    def exchange(
        self, request: bytes, *, connect_seconds: float, read_seconds: float, deadline: Deadline
    ) -> HTTPResponse:
        """Send a request and return its response.

        Raises:
            ConnectTimeoutError, EndpointConnectionError, SSLError: nothing was sent.
            ReadTimeoutError: the response was not complete within ``read_seconds`` or before the
                deadline.
            ConnectionClosedError: the connection closed before the response began.
            ResponseStreamingError: the response is incomplete or not valid HTTP.
        """
        connection = self._take() or self._open(connect_seconds, read_seconds, deadline)
        until = time.monotonic() + min(read_seconds, deadline.remaining_seconds)
        try:
            response = connection.exchange(request, until)
        except BaseException as error:
            connection.close()
            if isinstance(error, (TimeoutError, TimeIsUp)):
                raise ReadTimeoutError(endpoint_url=self._endpoint.url, error=error) from error
            if isinstance(error, InvalidResponse):
                raise ResponseStreamingError(error=error) from error
            if isinstance(error, (OSError, EndOfStream)):
                self._raise_broken(connection, error)
            raise
        if connection.is_reusable and len(self._idle) < self._max_idle:
            self._idle.append(connection)
        else:
            connection.close()
        return response

    def close(self) -> None:
        """Close the connections that are idle."""
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> Connection | None:
        """Return an idle connection that is still open, the most recently used first."""
        if self._owner_pid != os.getpid():
            # The parent process uses these connections; two processes cannot share one.
            self._owner_pid = os.getpid()
            self._opening = threading.Semaphore(MAX_OPENING)
            self.close()
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread took the last one
                break
            if not connection.is_stale:
                return connection
            connection.close()
        return None

    def _open(self, connect_seconds: float, wait_seconds: float, deadline: Deadline) -> Connection:
        """Return a new connection, or one that becomes idle while this call waits to open one."""
        opening = self._opening
        if not opening.acquire(timeout=min(wait_seconds, deadline.remaining_seconds)):
            raise ConnectTimeoutError(endpoint_url=self._endpoint.url)
        try:
            return self._take() or self._connect(min(connect_seconds, deadline.remaining_seconds))
        finally:
            opening.release()

    def _connect(self, seconds: float) -> Connection:
        endpoint = self._endpoint
        seconds = max(seconds, LEAST_SECONDS)
        try:
            with time_limit(seconds):  # a name server or an address may not respond
                return self._connected(seconds)
        except (TimeoutError, TimeIsUp) as error:
            raise ConnectTimeoutError(endpoint_url=endpoint.url, error=error) from error
        except ssl.SSLCertVerificationError as error:
            raise SSLError(endpoint_url=endpoint.url, error=error) from error
        except OSError as error:  # including other failures of the handshake
            raise EndpointConnectionError(endpoint_url=endpoint.url, error=error) from error

    def _connected(self, seconds: float) -> Connection:
        endpoint = self._endpoint
        plain = socket.create_connection((endpoint.host, endpoint.port), seconds)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if endpoint.tls is None:
                return Connection(plain)
            return Connection(endpoint.tls.wrap_socket(plain, server_hostname=endpoint.host))
        except BaseException:
            plain.close()
            raise

    def _raise_broken(self, connection: Connection, error: Exception) -> NoReturn:
        if connection.has_received:
            raise ResponseStreamingError(error=error) from error
        raise ConnectionClosedError(
            endpoint_url=self._endpoint.url, request=None, error=error
        ) from error
