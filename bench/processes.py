"""Processes on chosen cores, and the processor time and memory that the kernel reports."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from dynamodb_items.local.processes import running

START_SECONDS = 60
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """A requirement of the benchmark is not met; the message contains what to do."""


@contextmanager
def running_on(
    command: Sequence[str],
    environment: Mapping[str, str],
    cores: frozenset[int],
    log: Path,
    folder: Path | None = None,
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a process on these cores; end it and its children afterwards."""
    with (
        log.open("wb") as output,
        running(
            command,
            env={**os.environ, **environment},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        ) as process,
    ):
        yield process


def wait_until_it_listens(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait until the port accepts connections.

    Raises:
        BenchError: the process ended, or did not listen in time.
    """
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise BenchError(f"{process.args!r} ended with status {process.returncode}.")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise BenchError(f"{process.args!r} did not listen within {START_SECONDS} seconds.")


def tree(pid: int) -> list[int]:
    """Return the process ID and those of all running descendants."""
    pids = [pid]
    for parent in pids:
        for task in _folders(Path(f"/proc/{parent}/task")):
            pids += map(int, _text(task / "children").split())
    return pids


def cpu_seconds(pids: Sequence[int]) -> float:
    """Return the user and system time of these processes and all their threads."""
    return sum(_ticks(pid) for pid in pids) / _TICKS_PER_SECOND


def memory_mebibytes(pid: int) -> float:
    """Return the proportional set size: own memory plus a share of shared memory."""
    for line in _text(Path(f"/proc/{pid}/smaps_rollup")).splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _ticks(pid: int) -> int:
    fields = _text(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12]) if fields else 0


def _folders(path: Path) -> list[Path]:
    try:
        return list(path.iterdir())
    except OSError:  # the process has ended
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # the process has ended
        return ""
