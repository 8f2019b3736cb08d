"""Child processes that always end with their block, and free ports for them."""

import os
import secrets
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

# Longer than gunicorn waits for requests in flight.
STOP_SECONDS = 20
# Systems take the ports of outgoing connections from 32768 on, or from 49152 on.
PORTS = range(20_000, 32_768)


def free_port() -> int:
    """Return a TCP port that is free on the loopback address.

    It stays free until the caller listens on it: no outgoing connection takes a port of ``PORTS``,
    and the choice is random, so that processes that choose at the same time choose differently.
    """
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def running(command: Sequence[str | Path], **options: Any) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a process with these options of ``Popen`` for the duration of the block.

    It has a session of its own, so that Ctrl-C does not reach it. At the end of the block it gets
    SIGTERM, and after ``STOP_SECONDS`` it is killed with its children.
    """
    process = subprocess.Popen(command, start_new_session=True, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
