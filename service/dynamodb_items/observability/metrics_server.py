"""The admin port: metrics for Prometheus, served by a process of its own.

The process shares only the folder of counters with the workers, so it responds also when they are
at their limits. It deletes the folder and ends when its standard input is closed, which is when the
arbiter that started it and all workers have ended.
"""

import os
import shutil
import socket
import sys
import threading
import time
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from dynamodb_items.runtime.output import protect_standard_streams

BIND_RETRY_SECONDS = 0.5
NICENESS = 10
"""Requests have priority, also while the workers start."""


class _Server(WSGIServer):
    address_family = socket.AF_INET
    daemon_threads = True


class _ServerV6(_Server):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    timeout = 10

    def log_message(self, *_arguments: object) -> None:
        """Do not log scrapes."""


def serve(host: str, port: int, folder: str) -> None:
    """Serve scrapes until the process ends."""
    # Imported after the process has lowered its priority: the import is half of its start.
    from prometheus_client import CollectorRegistry, make_wsgi_app  # noqa: PLC0415
    from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415

    def respond(environ: Any, start_response: Any) -> Any:
        if environ["PATH_INFO"] != "/metrics":
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"Metrics are at /metrics.\n"]
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
        return make_wsgi_app(registry)(environ, start_response)

    server_class = _ServerV6 if ":" in host else _Server
    while True:
        try:
            with make_server(host, port, respond, server_class, _Handler) as server:
                server.serve_forever()
        except Exception as error:  # noqa: BLE001 - the port must open as soon as it is free
            # After a binary upgrade the port is in use until the old arbiter has ended.
            sys.stderr.write(f"The admin port {host}:{port} cannot be opened yet: {error}.\n")
            time.sleep(BIND_RETRY_SECONDS)


def main() -> None:
    """Serve the metrics in FOLDER at HOST PORT; ``gunicorn_conf`` starts this as a process."""
    os.nice(NICENESS)
    host, port, folder = sys.argv[1:]
    os.closerange(3, 256)  # the arbiter's listeners, which a binary upgrade inherits
    protect_standard_streams()
    threading.Thread(target=serve, args=(host, int(port), folder), daemon=True).start()
    while os.read(sys.stdin.fileno(), 1):
        pass
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
