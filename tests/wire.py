"""A proxy between the service and its engine: it counts DynamoDB calls and injects faults.

    wire = Wire("http://127.0.0.1:8001")         # the engine; the service is given wire.url
    wire.counts                                  # {"GetItem": 3, "PutItem": 1}

    with wire.fault(lose_response, operation="PutItem", calls=1):
        ...                                      # the next PutItem is applied, its response lost
    wire.fault(reject("ThrottlingException"), every=2)         # every second call
    wire.heal()                                                # end all faults
    with wire.fault(delay(0.2, then=respond({})), when=lambda call: b"104" in call.body):
        ...
    with wire.down():                            # new connections fail, open ones are cut
        ...

A fault is a function of an ``Exchange``: it forwards the call or not, and responds, cuts the
connection or waits. The first script that matches a call decides; without one the call is
forwarded. Every call is counted by operation, whatever its outcome.

A thread serves each connection and keeps one connection to the engine; the proxy forwards several
thousand calls a second (``tests/faults/test_wire.py`` tests all this).
"""

import http.client
import itertools
import json
import select
import socket
import struct
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any, Self
from urllib.parse import urlsplit

from tests.key_schemas import KeyTranslation

HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length"}
ERROR_PREFIX = "com.amazonaws.dynamodb.v20120810#"
CANARY = "CANARY: arn:aws:iam::123456789012:role/canary is not authorized to perform this"
"""The text of injected AWS errors; no client of the service may see any of it."""


@dataclass(frozen=True)
class Call:
    """One DynamoDB call as received."""

    operation: str
    body: bytes
    headers: Mapping[str, str]
    """By lower-case name."""
    keys: KeyTranslation | None = None

    @property
    def parameters(self) -> Any:
        """Return the parameters, with the keys of the tests."""
        return json.loads(self.keys.from_table(self.body) if self.keys else self.body)


class Cut(Exception):
    """Close the connection without another byte."""


class Exchange:
    """One call in progress, on which a fault acts."""

    def __init__(self, call: Call, connection: "_Connection", closing: threading.Event) -> None:
        self.call = call
        self._connection = connection
        self._closing = closing

    def forward(self) -> bytes:
        """Have the engine execute the call; return its whole response, ready to be sent."""
        return self._connection.forward()

    def send(self, content: bytes) -> None:
        """Send some bytes of the response."""
        self._connection.request.sendall(content)

    def wait(self, seconds: float) -> None:
        """Wait, at most until the wire is closed."""
        self._closing.wait(seconds)

    def reset(self) -> None:
        """Reset the connection instead of closing it in order."""
        linger = struct.pack("ii", 1, 0)
        self._connection.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        raise Cut


Fault = Callable[[Exchange], None]


def pass_on(exchange: Exchange) -> None:
    """Forward the call and its response without a fault."""
    exchange.send(exchange.forward())


def cut(_exchange: Exchange) -> None:
    """Close the connection; the engine never receives the call."""
    raise Cut


def reset(exchange: Exchange) -> None:
    """Reset the connection; the engine never receives the call."""
    exchange.reset()


def lose_response(exchange: Exchange) -> None:
    """Have the engine apply the call, and close the connection without a response."""
    exchange.forward()
    raise Cut


def truncate(exchange: Exchange) -> None:
    """Have the engine apply the call, and close the connection before the last byte."""
    exchange.send(exchange.forward()[:-1])
    raise Cut


def delay(seconds: float, then: Fault = pass_on) -> Fault:
    """Wait before the call is forwarded."""

    def fault(exchange: Exchange) -> None:
        exchange.wait(seconds)
        then(exchange)

    return fault


def respond_late(seconds: float) -> Fault:
    """Have the engine apply the call at once, and send its response later."""

    def fault(exchange: Exchange) -> None:
        content = exchange.forward()
        exchange.wait(seconds)
        exchange.send(content)

    return fault


def trickle(seconds_per_byte: float) -> Fault:
    """Have the engine apply the call, and send its response byte by byte."""

    def fault(exchange: Exchange) -> None:
        for byte in exchange.forward():
            exchange.send(bytes([byte]))
            exchange.wait(seconds_per_byte)

    return fault


def reject(code: str, status: int = 400, message: str = CANARY, **members: Any) -> Fault:
    """Respond with an AWS error; the engine never receives the call."""
    return respond({"__type": ERROR_PREFIX + code, "message": message, **members}, status)


def respond(content: Mapping[str, Any], status: int = 200) -> Fault:
    """Send this response, with the table's keys; the engine never receives the call."""
    body = json.dumps(content).encode()

    def fault(exchange: Exchange) -> None:
        keys = exchange.call.keys
        respond_raw(keys.to_table(body) if keys else body, status)(exchange)

    return fault


def respond_raw(content: bytes, status: int = 200) -> Fault:
    """Send a body that need not be JSON; the engine never receives the call."""
    message = _message(status, {"Content-Type": "application/x-amz-json-1.0"}, content)
    return lambda exchange: exchange.send(message)


@dataclass
class Script:
    """A fault and the calls that it strikes; as a context manager it ends with the block."""

    fault: Fault
    matches: Callable[[Call], bool]
    every: int
    remaining: int | None
    wire: "Wire"
    struck: int = 0
    """The number of calls struck."""
    _turns: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def strikes(self, call: Call) -> bool:
        """Return whether this call is struck; called once for each call, under the wire's lock."""
        if self.remaining == 0 or not self.matches(call) or next(self._turns) % self.every:
            return False
        if self.remaining is not None:
            self.remaining -= 1
        self.struck += 1
        return True

    def end(self) -> None:
        """Strike no more calls."""
        self.remaining = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.end()


class Wire:
    """A proxy that forwards calls to an engine, counts them, and injects faults by script."""

    def __init__(self, endpoint: str, keys: KeyTranslation | None = None) -> None:
        self.endpoint = urlsplit(endpoint)
        self.keys = keys
        self.calls: list[str] = []
        self._scripts: list[Script] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _Server(self)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def counts(self) -> dict[str, int]:
        return dict(Counter(self.calls))

    @property
    def open_connections(self) -> int:
        return len(self._server.connections)

    def fault(
        self,
        fault: Fault,
        *,
        operation: str | None = None,
        when: Callable[[Call], bool] | None = None,
        every: int = 1,
        calls: int | None = None,
    ) -> Script:
        """Strike every n-th matching call, ``calls`` times or until the script ends."""

        def matches(call: Call) -> bool:
            return operation in (None, call.operation) and (when is None or when(call))

        script = Script(fault, matches, every, calls, self)
        with self._lock:
            self._scripts = [old for old in self._scripts if old.remaining != 0] + [script]
        return script

    def heal(self) -> None:
        """End every script."""
        with self._lock:
            for script in self._scripts:
                script.end()

    @contextmanager
    def down(self) -> Iterator[None]:
        """Reject new connections and cut open ones while the block lasts."""
        self._server.stop()
        try:
            yield
        finally:
            self._server = _Server(self, self.port)

    def close(self) -> None:
        self._closing.set()
        self._server.stop()

    def _fault_for(self, call: Call) -> Fault:
        with self._lock:
            self.calls.append(call.operation)
            return next((s.fault for s in self._scripts if s.strikes(call)), pass_on)

    def serve(self, call: Call, connection: "_Connection") -> None:
        """Forward one call of a connection, or strike it."""
        self._fault_for(call)(Exchange(call, connection, self._closing))


@contextmanager
def black_hole() -> Iterator[str]:
    """Yield an address that neither accepts nor rejects connections: connecting times out."""
    with ExitStack() as sockets:
        listener = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(2):  # Linux queues one more than the backlog; the next gets no response
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


class _Server(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 1024

    def __init__(self, wire: Wire, port: int = 0) -> None:
        self.wire = wire
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Connection)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()
        for connection in list(self.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Connection(StreamRequestHandler):
    """One connection of the service, and its own connection to the engine."""

    server: _Server
    disable_nagle_algorithm = True
    wbufsize = 0

    def setup(self) -> None:
        super().setup()
        self._message = b""
        self._engine: socket.socket | None = None
        self.server.connections.add(self.request)

    def handle(self) -> None:
        with suppress(Cut, OSError):
            while (call := self._next_call()) is not None:
                self.server.wire.serve(call, self)

    def finish(self) -> None:
        self.server.connections.discard(self.request)
        if self._engine is not None:
            self._engine.close()
        super().finish()

    def _next_call(self) -> Call | None:
        lines = []
        while (line := self.rfile.readline()).strip():
            lines.append(line)
        if not lines:
            return None
        pairs = (line.decode("latin-1").partition(":") for line in lines[1:])
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        self._message = b"".join([*lines, b"\r\n", body])
        operation = sys.intern(headers.get("x-amz-target", "").rpartition(".")[2])
        return Call(operation, body, headers, self.server.wire.keys)

    def forward(self) -> bytes:
        engine = self._connected_engine()
        engine.sendall(self._message)
        response = http.client.HTTPResponse(engine, method="POST")
        try:
            response.begin()
            content = response.read()
        except http.client.HTTPException as error:
            raise ConnectionError("the engine's response cannot be read") from error
        if response.will_close:
            engine.close()
            self._engine = None
        response.close()
        headers = {
            name: value for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP
        }
        return _message(response.status, headers, content)

    def _connected_engine(self) -> socket.socket:
        if self._engine is not None:
            idle = select.poll()
            idle.register(self._engine, select.POLLIN)
            if idle.poll(0):  # readable before a request: the engine has closed it
                self._engine.close()
                self._engine = None
        if self._engine is None:
            endpoint = self.server.wire.endpoint
            self._engine = socket.create_connection((endpoint.hostname, endpoint.port), 30)
            self._engine.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._engine


def _message(status: int, headers: Mapping[str, str], content: bytes) -> bytes:
    lines = [f"HTTP/1.1 {status} {http.client.responses.get(status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(content)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + content
