"""gunicorn's gevent worker, which here drains in order, closes what it does not read, and serves
plain requests a shorter way.

gunicorn's own decides before a request is answered whether its connection ends, waits for idle
connections as long as for busy ones, and reads refused bodies to their end.
"""

import errno
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib import metadata
from ssl import SSLError
from types import FrameType
from typing import Any

import gevent
from gevent import monkey
from gunicorn.arbiter import Arbiter
from gunicorn.http.parser import RequestParser
from gunicorn.http.wsgi import base_environ
from gunicorn.util import close
from gunicorn.workers.ggevent import GeventWorker

from dynamodb_items.runtime.deadline import give_way
from dynamodb_items.runtime.descriptors import TooFewDescriptors, most_connections
from dynamodb_items.runtime.output import flush_standard_streams
from dynamodb_items.server.checked_requests import CheckedRequest, asks_to_close, has_unread_body
from dynamodb_items.server.plain_connections import (
    PlainConnection,
    Resumed,
    can_serve_plainly,
    linger,
)

IDLE_GRACE_SECONDS = 2.0
"""How long a stopping worker still answers on idle connections, telling each that it closes."""
SEND_GRACE_SECONDS = 15.0
"""How much longer than to send a request a client has to take its answer."""

_CLIENT_IS_GONE = frozenset({errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN, errno.ESHUTDOWN})

_PlainSocket = monkey.get_original("socket", "socket")


class _Listener:
    """What is asked of a listener once a connection is there, also when it is closed by then."""

    def __init__(self, name: Any) -> None:
        self._name = name

    def getsockname(self) -> Any:
        """Where it listens, or did."""
        return self._name


@contextmanager
def _plugins_found_once() -> Iterator[None]:
    """Have gevent look for its plugins once and not for each of the 21 things that it tells them:
    20 milliseconds of each start.
    """
    original = metadata.entry_points
    metadata.entry_points = original().select
    try:
        yield
    finally:
        metadata.entry_points = original


class Worker(GeventWorker):  # type: ignore[misc]
    """One process, a greenlet for each connection."""

    alive: bool
    sockets: list[Any]
    worker_connections: int
    drain_seconds = 0.0
    """How long to go on after SIGTERM; ``gunicorn_conf`` sets this and the next two once the app is
    loaded.
    """
    max_in_flight = 1
    """How many requests may call the table at once."""
    prefers_plain_connections = True
    """Whether to serve plain requests without gunicorn's request and response objects."""

    @classmethod
    def setup(cls) -> None:
        """Patch before the application is imported, in the master too: with ``--preload`` its
        locks would otherwise block all greenlets at once.
        """
        with _plugins_found_once():
            monkey.patch_all(os=False, signal=False)
        RequestParser.mesg_class = CheckedRequest  # gunicorn has no setting for it

    def patch(self) -> None:
        """Patch the rest, and the sockets that the master opened; all of it once more, as gunicorn
        does, would take 30 milliseconds of each start.
        """
        monkey.patch_os()
        monkey.patch_signal()
        self.sockets = [
            socket.socket(each.FAMILY, socket.SOCK_STREAM, fileno=each.sock.detach())
            for each in self.sockets
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.draining = False
        self._stopping = False
        self._idle_since: dict[Any, float] = {}
        self._constants: dict[str, Any] | None = None
        self._listeners: dict[Any, _Listener] = {}

    @property
    def closes_connections(self) -> bool:
        """Whether a connection ends with its next answer."""
        return self.draining or not self.alive

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM: take no more requests after the drain time, which another one does not cut."""
        if self.drain_seconds and self.alive:
            if not self.draining:
                self.draining = True
                gevent.spawn_later(self.drain_seconds, self._stop)
        else:
            super().handle_exit(sig, frame)
            gevent.spawn(self._stop)

    def run(self) -> None:
        """Serve until told to stop."""
        self._limit_connections()
        self._listeners = {each: _Listener(each.getsockname()) for each in self.sockets}
        # With a prefix from outside, gunicorn takes paths apart.
        if (
            self.prefers_plain_connections
            and can_serve_plainly(self.cfg)
            and not os.environ.get("SCRIPT_NAME")
        ):
            self._constants = {
                **base_environ(self.cfg),
                "wsgi.multithread": True,
                "wsgi.url_scheme": "http",
                "SERVER_PROTOCOL": "HTTP/1.1",
                "SCRIPT_NAME": "",
            }
        super().run()

    def _limit_connections(self) -> None:
        try:
            most = most_connections(self.max_in_flight) // len(self.sockets) or 1
        except TooFewDescriptors as error:
            self.log.error("%s", error)  # noqa: TRY400
            sys.exit(Arbiter.APP_LOAD_ERROR)
        if most < self.worker_connections:
            self.log.warning(
                "The limit on file descriptors leaves %d connections for clients of this worker, "
                "not %d (worker_connections).",
                most,
                self.worker_connections,
            )
            self.worker_connections = most

    def notify(self) -> None:
        """Tell the arbiter that the worker lives, and close what has been idle for too long."""
        super().notify()
        flush_standard_streams()
        now = time.monotonic()
        self._shut_down(socket.SHUT_RD, idle_since=now - self.cfg.keepalive)
        self._shut_down(socket.SHUT_RDWR, idle_since=now - self.cfg.keepalive - SEND_GRACE_SECONDS)

    def handle(self, listener: Any, client: socket.socket, addr: Any) -> None:
        """Serve one connection."""
        listener = self._listeners[listener]
        self._idle_since[client] = time.monotonic()
        connection: Any = client
        try:
            if self._constants is not None and isinstance(addr, tuple):
                client.setblocking(True)  # as gunicorn does
                unread = self._serve_plainly(self._constants, listener, client, addr)
                if not unread:
                    close(client)
                    return
                connection = Resumed(client, unread)
                self._idle_since[connection] = self._idle_since.pop(client)
            super().handle(listener, connection, addr)
        finally:
            self._idle_since.pop(client, None)
            self._idle_since.pop(connection, None)

    def _serve_plainly(
        self, constants: dict[str, Any], listener: Any, client: socket.socket, addr: Any
    ) -> bytes:
        host, port, *_ = listener.getsockname()
        of_connection = {
            **constants,
            "SERVER_NAME": host,
            "SERVER_PORT": str(port),
            "REMOTE_ADDR": addr[0],
            "REMOTE_PORT": str(addr[1]),
            "gunicorn.socket": client,
        }
        try:
            return PlainConnection(self, client, of_connection).serve()
        except (gevent.GreenletExit, SystemExit):
            pass
        except OSError as error:
            if error.errno not in _CLIENT_IS_GONE:
                self.log.exception("Socket error processing request.")
        except Exception as error:  # noqa: BLE001 - it is logged, and answered with 500
            self.handle_error(None, client, addr, error)
        return b""

    def begin_request(self, client: socket.socket) -> None:
        """A plain request has come on this connection."""
        self._idle_since.pop(client, None)
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive = False

    def end_request(self, client: socket.socket) -> None:
        """Its answer is ready to be sent."""
        self._idle_since[client] = time.monotonic()
        if not self.alive:
            self._stop()

    def handle_request(self, listener_name: Any, req: Any, sock: socket.socket, addr: Any) -> None:
        """Answer one request of a connection gunicorn's way."""
        self._idle_since.pop(sock, None)
        req.should_close = partial(self._should_close, req, sock)
        try:
            super().handle_request(listener_name, req, sock, addr)
        except StopIteration:
            _linger_over_body(req, sock)
            raise
        finally:
            del req.should_close  # what was told of this connection holds
            self._idle_since[sock] = time.monotonic()
            if not self.alive:  # told to stop, or the last of its max_requests
                self._stop()
        if _linger_over_body(req, sock):
            raise StopIteration
        give_way()

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """Send the problem of a request that cannot be parsed or served, and close."""
        if isinstance(exc, SSLError) and exc.reason == "HTTP_REQUEST":
            client = _PlainSocket(fileno=os.dup(client.fileno()))  # it is not speaking TLS
        elif isinstance(exc, SSLError) or not isinstance(exc, Exception):
            return  # the client could not read a response, or the worker stops
        # Imported once the application is: the arbiter does not need Flask.
        from dynamodb_items.server.rejections import error_response  # noqa: PLC0415

        try:
            client.sendall(error_response(self.wsgi, req, addr, self.cfg, exc))
            linger(client)
        except OSError:
            pass  # the client is gone
        except Exception:  # the application cannot serve even this
            self.log.exception("Error handling request")

    def _should_close(self, request: Any, client: socket.socket) -> bool:
        """Asked as the answer's head is made: from then on it is the client that is waited for.
        gunicorn asks once more when the answer is sent; by then the client has been told.
        """
        self._idle_since[client] = time.monotonic()
        if has_unread_body(request):
            request.force_close()
        told = (
            self.closes_connections
            or asks_to_close(request)
            or bool(type(request).should_close(request))
        )
        request.should_close = lambda: told
        return told

    def _stop(self) -> None:
        self.draining = True
        self.alive = False
        if not self._stopping:
            self._stopping = True
            gevent.spawn_later(IDLE_GRACE_SECONDS, self._close_idle)

    def _close_idle(self) -> None:
        self._shut_down(socket.SHUT_RD, idle_since=time.monotonic())

    def _shut_down(self, how: int, *, idle_since: float) -> None:
        for connection, since in list(self._idle_since.items()):
            if since > idle_since:
                continue
            # The system's own call: gevent's would interrupt the greenlet that reads. What has
            # arrived can still be read, and a request in it is answered. A copy of the descriptor
            # could not be made where none is left, which is when connections must close.
            with suppress(OSError, ValueError):  # it may be closed by now
                alias = _PlainSocket(fileno=connection.fileno())
                try:
                    alias.shutdown(how)
                finally:
                    alias.detach()


def _linger_over_body(request: Any, client: socket.socket) -> bool:
    """Let the client read the response to a body that is not read; return whether there is one."""
    is_unread = has_unread_body(request)
    if is_unread:
        linger(client)
    return is_unread
