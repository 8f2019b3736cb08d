"""A server that responds by a script: bytes as they are given, then silence or the end."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

CLOSE = object()
"""In a script: close the connection here."""


@dataclass
class Received:
    """A request as it came, and the number of the connection that it came on."""

    head: bytes
    body: bytes
    connection: int

    @property
    def headers(self) -> dict[str, str]:
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        return dict(line.split(": ", 1) for line in lines)


def http_response(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """A response with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class ScriptedServer:
    """Send what ``script`` returns for each request, piece by piece."""

    script: Callable[[Received], Iterable[object]]
    family: socket.AddressFamily = socket.AF_INET
    tls: object = None
    requests: list[Received] = field(default_factory=list)

    def __enter__(self):
        self.listener = socket.create_server(
            ("::1" if self.family == socket.AF_INET6 else "127.0.0.1", 0),
            family=self.family,
            backlog=128,
        )
        self.port = self.listener.getsockname()[1]
        self.opened = []
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.drop()

    def drop(self) -> None:
        """Close every connection, as a server does with those that are idle too long."""
        for connection in self.opened:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self.opened.clear()

    @property
    def url(self) -> str:
        scheme = "https" if self.tls else "http"
        host = "[::1]" if self.family == socket.AF_INET6 else "127.0.0.1"
        return f"{scheme}://{host}:{self.port}"

    def _accept(self) -> None:
        number = 0
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.opened.append(connection)
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()
            number += 1

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            stream = connection.makefile("rb")
            while request := self._read(stream, number):
                self.requests.append(request)
                for piece in self.script(request):
                    if piece is CLOSE:
                        connection.shutdown(socket.SHUT_RDWR)
                        return
                    connection.sendall(piece)
        except (OSError, ValueError):
            pass
        finally:
            connection.close()

    @staticmethod
    def _read(stream, number: int) -> Received | None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = stream.readline()
            if not line:
                return None
            head += line
        request = Received(head[:-4], b"", number)
        length = next(
            int(value)
            for name, value in request.headers.items()
            if name.lower() == "content-length"
        )
        request.body = stream.read(length)
        return request
