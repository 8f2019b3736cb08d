"""Child processes that are certainly gone afterwards, and the ports that they listen on."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Longer than gunicorn waits for requests under way.
STOP_SECONDS = 20


def free_port() -> int:
    """A TCP port that is free on the loopback address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(command: Sequence[str | Path], **options: Any) -> Iterator["subprocess.Popen[bytes]"]:
    """A process, started with these options of ``Popen``, in a session of its own: a signal for the
    starter's group doesn't reach it. Afterwards it is told to end, and killed with its children if
    it doesn't.
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
