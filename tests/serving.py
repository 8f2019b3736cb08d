"""The service as it is deployed: gunicorn with the production configuration, on a real socket."""

import http.client
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from dynamodb_items.local.processes import free_port

from tests.engines import REGION, process, wait_for

FAST_PATH = os.environ.get("ITEMS_TEST_FAST_PATH") != "false"
"""Whether the services of this test run use the fast path."""


@dataclass(frozen=True)
class Response:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        """Return the parsed body, with numbers as exact decimals."""
        return json.loads(self.body, parse_float=Decimal, parse_int=Decimal)


@dataclass(frozen=True)
class Server:
    url: str
    pid: int
    log_file: IO[bytes]

    @property
    def output(self) -> bytes:
        """Return the complete lines written so far.

        The service shares the position of this file: moving it to read would let the service
        overwrite its own lines.
        """
        descriptor = self.log_file.fileno()
        content = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        return content[: content.rfind(b"\n") + 1]

    @property
    def log(self) -> list[dict[str, Any]]:
        """Return the lines logged so far."""
        return [json.loads(line) for line in self.output.splitlines() if line.startswith(b"{")]

    @property
    def workers(self) -> list[int]:
        """Return the process ids of the workers, oldest first."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname, parts.port

    def request(
        self, method: str, target: str, body: bytes | str | None = None, **headers: str
    ) -> Response:
        """Send one request on its own connection; the target is sent exactly as given."""
        scheme, address, *_ = urlsplit(self.url)
        connect = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
        connection = connect(address, timeout=60)
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name.replace("_", "-"), value)
            content = body.encode() if isinstance(body, str) else body
            if content is not None:
                connection.putheader("Content-Length", str(len(content)))
            connection.endheaders(content)
            response = connection.getresponse()
            return Response(response.status, response.headers, response.read())
        finally:
            connection.close()


def has_ended(pid: int) -> bool:
    """Return whether a process has ended, its parent having read that or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@contextmanager
def gunicorn(
    endpoint: str, *options: str, until: str = "/ready", **variables: str | None
) -> Iterator[Server]:
    """Run the production entry point on a free port, and yield it once it is ready.

    A variable with the value None is left out.
    """
    command, environment, url = prepared(endpoint, *options, **variables)
    with tempfile.TemporaryFile() as log, process(command, environment, log) as child:
        wait_for(url + until, child)
        yield Server(url, child.pid, log)


def prepared(
    endpoint: str, *options: str, **variables: str | None
) -> tuple[list[str], dict[str, str], str]:
    """Return the command, the environment and the URL of the production entry point."""
    port = free_port()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ITEMS_"))
    } | {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "ITEMS_FAST_PATH": str(FAST_PATH).lower(),
        **variables,
    }
    environment = {name: text for name, text in environment.items() if text is not None}
    command = [
        *(sys.executable, "-m", "gunicorn", "-c", "python:dynamodb_items.gunicorn_conf"),
        *("-b", f"127.0.0.1:{port}", *options, "dynamodb_items.wsgi:app"),
    ]
    scheme = "https" if "--certfile" in options else "http"
    return command, environment, f"{scheme}://127.0.0.1:{port}{variables.get('SCRIPT_NAME', '')}"
