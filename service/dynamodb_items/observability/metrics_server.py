"""The admin port: metrics for Prometheus, from a process of its own.

It shares nothing with the workers but the folder of their counters, so that it answers also when
they are at their limits. It ends, and takes the folder with it, once nobody holds the other end of
its standard input: the arbiter that started it and all workers.
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
"""Requests come first, also while the workers start."""


class _Server(WSGIServer):
    address_family = socket.AF_INET
    daemon_threads = True


class _ServerV6(_Server):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    timeout = 10

    def log_message(self, *_arguments: object) -> None:
        """Scrapes are no news."""


def serve(host: str, port: int, folder: str) -> None:
    """Answer scrapes from now on."""
    # Here, where the process has made way for the workers: this takes as long as the rest.
    from prometheus_client import CollectorRegistry, make_wsgi_app  # noqa: PLC0415
    from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415

    def answer(environ: Any, start_response: Any) -> Any:
        if environ["PATH_INFO"] != "/metrics":
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"Metrics are at /metrics.\n"]
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
        return make_wsgi_app(registry)(environ, start_response)

    server_class = _ServerV6 if ":" in host else _Server
    while True:
        try:
            with make_server(host, port, answer, server_class, _Handler) as server:
                server.serve_forever()
        except Exception as error:  # noqa: BLE001 - the port must open once it can
            # After a binary upgrade the old arbiter's port is free once it is gone.
            sys.stderr.write(f"The admin port {host}:{port} cannot be opened yet: {error}.\n")
            time.sleep(BIND_RETRY_SECONDS)


def main() -> None:
    """Serve metrics at HOST PORT from FOLDER; ``gunicorn_conf`` starts this as a process."""
    os.nice(NICENESS)
    host, port, folder = sys.argv[1:]
    os.closerange(3, 256)  # the arbiter's listeners, which it hands to a successor
    protect_standard_streams()
    threading.Thread(target=serve, args=(host, int(port), folder), daemon=True).start()
    while os.read(sys.stdin.fileno(), 1):
        pass
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
