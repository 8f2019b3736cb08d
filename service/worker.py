"""gunicorn's gevent worker, which here drains in order and closes what it does not read.

gunicorn's own decides before a request is answered whether its connection ends, waits for idle
connections as long as for busy ones, and reads refused bodies to their end.
"""

import os
import socket
import warnings
from contextlib import suppress
from types import FrameType
from typing import Any

import gevent
from gevent import monkey
from gunicorn.http.body import LengthReader
from gunicorn.workers.ggevent import GeventWorker

IDLE_GRACE_SECONDS = 2.0
"""How long a stopping worker still answers on idle connections, telling each that it closes."""
LINGER_SECONDS = 1.0
"""How long a client that sends a refused body has to read why."""
LINGER_STEP_BYTES = 64 * 1024

_PlainSocket = monkey.get_original("socket", "socket")


class Worker(GeventWorker):  # type: ignore[misc]
    """One process, a greenlet for each connection."""

    drain_seconds = 0.0
    """How long to go on after SIGTERM; ``gunicorn_conf`` sets it once the app is loaded."""

    @classmethod
    def setup(cls) -> None:
        """Patch before the application is imported, in the master too: with ``--preload`` its
        locks would otherwise block all greenlets at once.
        """
        monkey.patch_all(os=False, signal=False)

    def patch(self) -> None:
        """Patch the rest, and the sockets that the master opened."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", monkey.MonkeyPatchWarning)  # in two steps on purpose
            super().patch()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.draining = False
        self._stopping = False
        self._idle: set[socket.socket] = set()
        self._requests: set[Any] = set()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM: say so at ``/ready`` at once; take no more requests after the drain time."""
        if self.drain_seconds and not self.draining:
            self.draining = True
            self._close_after_answers()
            gevent.spawn_later(self.drain_seconds, self._stop)
        else:
            super().handle_exit(sig, frame)
            gevent.spawn(self._stop)

    def handle(self, listener: Any, client: socket.socket, addr: Any) -> None:
        """Serve one connection."""
        self._idle.add(client)
        try:
            super().handle(listener, client, addr)
        finally:
            self._idle.discard(client)

    def handle_request(self, listener_name: Any, req: Any, sock: socket.socket, addr: Any) -> None:
        """Answer one request of a connection."""
        self._idle.discard(sock)
        self._requests.add(req)
        if self.draining:
            req.force_close()
        try:
            super().handle_request(listener_name, req, sock, addr)
        finally:
            self._requests.discard(req)
            self._idle.add(sock)
            if not self.alive:  # told to stop, or the last of its max_requests
                self._stop()
            if _has_unread_body(req):
                _linger(sock)
                raise StopIteration

    def _stop(self) -> None:
        self.draining = True
        self.alive = False
        self._close_after_answers()
        if not self._stopping:
            self._stopping = True
            gevent.spawn_later(IDLE_GRACE_SECONDS, self._close_idle)

    def _close_after_answers(self) -> None:
        for request in self._requests:
            request.force_close()

    def _close_idle(self) -> None:
        for connection in list(self._idle):
            # The system's own call, on a copy: gevent's would interrupt whoever reads. What has
            # arrived can still be read, and a request in it is answered.
            with suppress(OSError), _PlainSocket(fileno=os.dup(connection.fileno())) as copy:
                copy.shutdown(socket.SHUT_RD)


def _has_unread_body(request: Any) -> bool:
    reader = request.body.reader
    if isinstance(reader, LengthReader) and not reader.length and not request.body.buf.tell():
        return False  # nearly all requests; a timer costs more than all of this
    with gevent.Timeout(0.01, False), suppress(Exception):
        return bool(request.body.read(1))
    return True


def _linger(client: socket.socket) -> None:
    """Read on for a moment: closing with bytes unread would reset the connection, and the client
    might lose the answer that tells it why.
    """
    with gevent.Timeout(LINGER_SECONDS, False), suppress(OSError):
        client.shutdown(socket.SHUT_WR)
        while client.recv(LINGER_STEP_BYTES):
            pass
