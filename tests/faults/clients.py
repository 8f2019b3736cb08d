"""Clients that no library has: many at once, and raw sockets."""

import http.client
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from tests.serving import Server


@dataclass
class Crowd:
    """Clients that each send a request as soon as the last has its response, on one connection.

    A client reconnects if the service has closed its connection after a response. A request without
    a response is counted as "lost".
    """

    server: Server
    clients: int
    request: Callable[[http.client.HTTPConnection, int], int]
    """Send one request, with the client's number, and return the status."""
    pause_seconds: float = 0.0
    """How long a client waits after 503."""
    statuses: Counter = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        for number in range(self.clients):
            thread = threading.Thread(target=self._run, args=(number,))
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int) -> None:
        connection = http.client.HTTPConnection(*self.server.address, timeout=60)
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                status = self.request(connection, number)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                self.statuses["lost", type(error).__name__] += 1
                continue
            self.statuses[status] += 1
            self.milliseconds.append((time.monotonic() - began) * 1000)
            if status == 503 and self.pause_seconds:
                self._stop.wait(self.pause_seconds)
        connection.close()

    @property
    def lost(self) -> int:
        return sum(count for status, count in self.statuses.items() if isinstance(status, tuple))


def get(path: str) -> Callable[[http.client.HTTPConnection, int], int]:
    """Return a function that sends a GET of the path."""

    def request(connection: http.client.HTTPConnection, _number: int) -> int:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        return response.status

    return request


def raw(server: Server, content: bytes, timeout: float = 30) -> socket.socket:
    """Return a connection on which these bytes have been sent."""
    connection = socket.create_connection(server.address, timeout)
    connection.sendall(content)
    return connection


def everything(connection: socket.socket) -> bytes:
    """Return everything received until the service closes or resets the connection."""
    parts = []
    with suppress(ConnectionError):
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)
