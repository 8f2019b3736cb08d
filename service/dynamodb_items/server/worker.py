"""gunicorn's gevent worker with an orderly drain and a fast path for plain requests.

gunicorn's own worker decides before the response whether a connection ends, waits for idle
connections as long as for busy ones, and reads rejected bodies to their end.
"""

import errno
import os
import socket
import sys
import time
from functools import partial
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
from dynamodb_items.runtime.instance import Instance
from dynamodb_items.runtime.output import flush_standard_streams
from dynamodb_items.server.checked_requests import CheckedRequest, has_close_option, has_unread_body
from dynamodb_items.server.idle_connections import PlainSocket, shut_down_idle
from dynamodb_items.server.listeners import Listener, Server
from dynamodb_items.server.plain_connections import (
    PlainConnection,
    ResumedSocket,
    can_serve_plainly,
    linger,
)

IDLE_GRACE_SECONDS = 2.0
"""How long a stopping worker still accepts requests on idle connections before it closes them."""
SEND_GRACE_SECONDS = 15.0
"""How much longer than for sending a request a client may take for receiving the response."""

REPLACEMENT_SECONDS = 60.0
"""How long a worker that stops serves on if none in its place does."""

_CLIENT_HAS_LEFT = frozenset({errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN, errno.ESHUTDOWN})


class Worker(GeventWorker):  # type: ignore[misc]
    """One process with a greenlet for each connection."""

    alive: bool
    sockets: list[Any]
    worker_connections: int
    drain_seconds = 0.0
    """How long to accept requests after SIGTERM."""
    max_in_flight = 1
    """How many requests may call the table at once."""
    prefers_plain_connections = True
    """Whether to serve plain requests without gunicorn's request and response objects."""
    instance: Instance
    """The instance that this worker belongs to."""
    # `gunicorn_conf` sets these four once the application is loaded.

    @classmethod
    def setup(cls) -> None:
        """Patch the standard library before the application is imported.

        With ``--preload`` the arbiter imports it; unpatched locks would block all greenlets.
        """
        monkey.patch_all(os=False, signal=False)
        RequestParser.mesg_class = CheckedRequest  # gunicorn has no setting for it

    def patch(self) -> None:
        """Patch what the arbiter needs unpatched, and replace the listeners that it opened.

        gunicorn patches everything a second time, about which gevent warns.
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
        self._leaving = False
        self._stopping = False
        self._idle_since: dict[Any, float] = {}
        self._constants: dict[str, Any] | None = None
        self._listeners: dict[Any, Listener] = {}

    @property
    def closes_connections(self) -> bool:
        """Whether a connection ends with its next response."""
        return self.draining or not self.alive

    def handle_exit(self, _sig: int, _frame: FrameType | None) -> None:
        """Stop on SIGTERM: once a younger worker serves, and after the drain time."""
        if not self.booted:
            self.alive = False
        elif not self._leaving:
            self._leaving = True
            gevent.spawn(self._leave)

    def _leave(self) -> None:
        # After SIGHUP, gunicorn stops every worker while those in their place are still starting.
        youngest, until = self.instance.youngest, time.monotonic() + REPLACEMENT_SECONDS
        while self.instance.awaits_younger(youngest) and time.monotonic() < until:
            gevent.sleep(0.1)
        if self.drain_seconds and self.alive:
            self.draining = True
            gevent.sleep(self.drain_seconds)
        self._stop()

    def server_class(self, listener: Any, *, spawn: Any, **options: Any) -> Server:
        """Return the server of one listening socket; gunicorn calls this as if it were a class."""
        tls = {"ssl_context": options["ssl_context"]} if "ssl_context" in options else {}
        server = Server(listener, handle=partial(self.handle, listener), spawn=spawn, **tls)
        if self.cfg.workers > 1:
            server.max_accept = 1  # as gunicorn does, so that workers share the connections
        return server

    def run(self) -> None:
        """Serve until the worker is stopped."""
        self._limit_connections()
        self._listeners = {each: Listener(each.getsockname()) for each in self.sockets}
        # With SCRIPT_NAME set, gunicorn has to split each path.
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
        """Report to the arbiter that the worker is alive, and close connections idle too long."""
        super().notify()
        flush_standard_streams()
        now = time.monotonic()
        oldest = now - self.cfg.keepalive
        shut_down_idle(self._idle_since, socket.SHUT_RD, before=oldest)
        shut_down_idle(self._idle_since, socket.SHUT_RDWR, before=oldest - SEND_GRACE_SECONDS)

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
                connection = ResumedSocket(client, unread)
                self._idle_since[connection] = self._idle_since.pop(client)
            super().handle(listener, connection, addr)
        finally:
            self._idle_since.pop(client, None)
            self._idle_since.pop(connection, None)

    def _serve_plainly(
        self, constants: dict[str, Any], listener: Any, client: socket.socket, addr: Any
    ) -> bytes:
        host, port, *_ = listener.getsockname()
        constants = {
            **constants,
            "SERVER_NAME": host,
            "SERVER_PORT": str(port),
            "REMOTE_ADDR": addr[0],
            "REMOTE_PORT": str(addr[1]),
            "gunicorn.socket": client,
        }
        try:
            return PlainConnection(self, client, constants).serve()
        except (gevent.GreenletExit, SystemExit):
            pass
        except OSError as error:
            if error.errno not in _CLIENT_HAS_LEFT:
                self.log.exception("Socket error processing request.")
        except Exception as error:  # noqa: BLE001 - it is logged, and the response is 500
            self.handle_error(None, client, addr, error)
        return b""

    def begin_request(self, client: socket.socket) -> None:
        """Count a plain request that has arrived on this connection."""
        self._idle_since.pop(client, None)
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive = False

    def end_request(self, client: socket.socket) -> None:
        """Record that the response to a plain request is ready to be sent."""
        self._idle_since[client] = time.monotonic()
        if not self.alive:
            self._stop()

    def handle_request(self, listener_name: Any, req: Any, sock: socket.socket, addr: Any) -> None:
        """Serve one request on gunicorn's standard path."""
        self._idle_since.pop(sock, None)
        req.should_close = partial(self._should_close, req, sock)
        try:
            super().handle_request(listener_name, req, sock, addr)
        except StopIteration:
            _linger_over_body(req, sock)
            raise
        finally:
            del req.should_close  # the decision that the response announced stands
            self._idle_since[sock] = time.monotonic()
            if not self.alive:  # stopped, or the last of max_requests
                self._stop()
        if _linger_over_body(req, sock):
            raise StopIteration
        give_way()

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """Respond with the problem of a request that cannot be parsed or served."""
        if isinstance(exc, SSLError) and exc.reason == "HTTP_REQUEST":
            client = PlainSocket(fileno=os.dup(client.fileno()))  # the client did not use TLS
        elif isinstance(exc, SSLError) or not isinstance(exc, Exception):
            return  # the client could not read a response, or the worker stops
        # Imported here because the arbiter does not need Flask.
        from dynamodb_items.server.rejections import error_response  # noqa: PLC0415

        try:
            client.sendall(error_response(self.wsgi, req, addr, self.cfg, exc))
            linger(client)
        except OSError:
            pass  # the client has closed the connection
        except Exception:  # the application failed to make the response
            self.log.exception("Error handling request")

    def _should_close(self, request: Any, client: socket.socket) -> bool:
        """Decide whether the connection ends with this response.

        gunicorn calls it when it writes the response head, and again when the response is sent. The
        head announces the decision, so the second call returns the same.
        """
        self._idle_since[client] = time.monotonic()
        if has_unread_body(request):
            request.force_close()
        closes = (
            self.closes_connections
            or has_close_option(request)
            or bool(type(request).should_close(request))
        )
        request.should_close = lambda: closes
        return closes

    def _stop(self) -> None:
        self.draining = True
        self.alive = False
        if not self._stopping:
            self._stopping = True
            gevent.spawn_later(IDLE_GRACE_SECONDS, self._close_idle)

    def _close_idle(self) -> None:
        shut_down_idle(self._idle_since, socket.SHUT_RD, before=time.monotonic())


def _linger_over_body(request: Any, client: socket.socket) -> bool:
    """Let the client read the response if its body is unread; return whether it is."""
    is_unread = has_unread_body(request)
    if is_unread:
        linger(client)
    return is_unread
