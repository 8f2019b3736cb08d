"""Standard output and standard error that never raise and never wait.

A log line must not delay or fail a response. A line that cannot be written (full disk, closed pipe)
is lost and counted. While a pipe is full because its reader is slow, lines wait in a bounded
buffer. When writing works again, one line reports how many were lost.
"""

import _socket
import atexit
import io
import os
import select
import socket
import stat
import sys
import time
from _thread import RLock
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

import orjson

MAX_WAITING_BYTES = 1024 * 1024
"""The limit of lines that wait for a slow reader; further lines are lost."""
EXIT_SECONDS = 1.0
"""How long a process that ends waits for a slow reader to receive the waiting lines."""

# The name is bound before gevent replaces it: at exit there may be no event loop.
_Poll = select.poll

_loss_counters: list[Callable[[int], None]] = []


def count_lost_lines(count: Callable[[int], None]) -> None:
    """Register a function that is called with the number of lost lines; it must not raise."""
    _loss_counters[:] = [count]


class Output(io.RawIOBase):
    """A file descriptor for log lines; ``write`` returns at once and never raises."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._own: int | None = None
        self._reset()
        self.reopen()
        os.register_at_fork(after_in_child=self._reset)
        atexit.register(self._finish)

    def _reset(self) -> None:
        """Discard the waiting lines: after a fork, the parent writes them."""
        # The interpreter's own lock, not gevent's: it works in any thread and is held briefly.
        self._lock = RLock()
        self._waiting = bytearray()
        self._is_torn = False
        self._ends_torn_line = False
        self._lost = 0
        self._uncounted = 0

    def reopen(self) -> None:
        """Use the file that the descriptor now refers to."""
        old, self._own = self._own, _own_description(self._descriptor)
        self._send = _sender(self._descriptor, self._own)
        if old is not None:
            os.close(old)

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._descriptor

    def writable(self) -> bool:
        """Return True."""
        return True

    def isatty(self) -> bool:
        """Return whether the lines go to a terminal."""
        return os.isatty(self._descriptor)

    def write(self, content: Any) -> int:
        """Write complete lines, or keep them for later, or count them as lost."""
        with self._lock:
            try:
                if self._waiting or self._lost:
                    self._catch_up()
                sent = self._send(content)
                if sent == len(content):
                    return sent
                self._is_torn = sent > 0
                self._keep(content[sent:])
            except BlockingIOError:
                self._keep(content)
            except (OSError, ValueError):
                self._lose(content)
        if self._uncounted:
            self._count()
        return len(content)

    def flush(self) -> None:
        """Write the waiting lines, as far as the reader has room."""
        if self._waiting or self._lost:
            with self._lock, suppress(OSError, ValueError):
                self._catch_up()
        if self._uncounted:
            self._count()

    def close(self) -> None:
        """Do nothing: the descriptor stays open as long as the process lives."""

    def _count(self) -> None:
        lost, self._uncounted = self._uncounted, 0
        for count in _loss_counters:
            count(lost)

    def _catch_up(self) -> None:
        """Write the waiting lines, then report the lost ones.

        Raises:
            BlockingIOError: the reader has no room for all of them.
            OSError: writing failed, and the waiting lines are lost.
        """
        while self._waiting:
            piece = self._next_piece()
            try:
                sent = self._send(piece)
            except BlockingIOError:
                raise
            except OSError:
                self._lose(self._waiting)
                # A part of a line was written: the next line must not continue it.
                self._waiting = bytearray(b"\n" if self._is_torn else b"")
                self._ends_torn_line = self._is_torn
                raise
            del self._waiting[:sent]
            self._is_torn = not piece[:sent].endswith(b"\n")
            self._ends_torn_line = False
        if self._lost:
            line = _loss_line(self._lost, pretty=self.isatty())
            sent = self._send(line)
            self._lost = 0
            self._is_torn = sent < len(line)
            self._waiting += line[sent:]

    def _next_piece(self) -> bytes:
        """Return the next complete lines, as many as a pipe receives in one piece; at least one.

        https://man7.org/linux/man-pages/man7/pipe.7.html
        """
        end = self._waiting.rfind(b"\n", 0, select.PIPE_BUF)
        if end < 0:
            end = self._waiting.find(b"\n")
        return bytes(self._waiting[: end + 1 or None])

    def _keep(self, content: Any) -> None:
        if not self._waiting or len(self._waiting) + len(content) <= MAX_WAITING_BYTES:
            self._waiting += content
        else:
            self._lose(content)

    def _lose(self, content: Any) -> None:
        lines = bytes(content).count(b"\n")
        if self._ends_torn_line and content is self._waiting:
            lines -= 1  # the torn line is counted already
        self._lost += lines
        self._uncounted += lines

    def _finish(self) -> None:
        until = time.monotonic() + EXIT_SECONDS
        self.flush()
        while self._waiting and (left := until - time.monotonic()) > 0:
            room = _Poll()
            room.register(self._descriptor, select.POLLOUT)
            room.poll(left * 1000)
            self.flush()


def _loss_line(lost: int, *, pretty: bool) -> bytes:
    if pretty:
        return f"{lost} log lines were lost: they could not be written.\n".encode()
    now = datetime.now(UTC)
    line = {"lost": lost, "event": "log lines lost", "level": "error", "timestamp": now}
    return orjson.dumps(line, option=orjson.OPT_UTC_Z) + b"\n"


def _own_description(descriptor: int) -> int | None:
    """Open a pipe or a terminal a second time, non-blocking; None if that is impossible.

    The flags of the descriptor itself stay: it may be shared with other processes such as a shell.
    """
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode) or stat.S_ISSOCK(mode):
        return None
    with suppress(OSError):  # another user's pipe, or one without a reader
        return os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    return None


def _sender(descriptor: int, own: int | None) -> Callable[[Any], int]:
    """Return a function that writes to the descriptor without waiting for a reader."""
    if own is not None:
        return partial(os.write, own)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return partial(os.write, descriptor)
    if stat.S_ISSOCK(mode):
        connected = _socket.socket(fileno=os.dup(descriptor))
        flags = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL
        return lambda content: connected.send(content, flags)
    return partial(_write_where_there_is_room, descriptor)


def _write_where_there_is_room(descriptor: int, content: Any) -> int:
    """Write as much as a pipe with room accepts in one piece.

    https://man7.org/linux/man-pages/man7/pipe.7.html
    """
    room = _Poll()
    room.register(descriptor, select.POLLOUT)
    if not room.poll(0):
        raise BlockingIOError
    return os.write(descriptor, content[: select.PIPE_BUF])


@cache
def output(name: str) -> Output:
    """Return this process's ``stdout`` or ``stderr``; /dev/null where that was closed at start."""
    stream = getattr(sys, f"__{name}__")
    if stream is not None:
        return Output(stream.fileno())
    descriptor = {"stdout": 1, "stderr": 2}[name]
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.fstat(descriptor)
    except OSError:  # closed: a file that is opened later must not get this number
        os.dup2(null, descriptor, inheritable=True)
        os.close(null)
        return Output(descriptor)
    return Output(null)


def protect_standard_streams() -> None:
    """Make ``sys.stdout`` and ``sys.stderr`` write to ``Output``.

    So tracebacks, warnings and the log handlers of libraries neither raise nor wait either.
    """
    for name in ("stdout", "stderr"):
        own = output(name)
        if getattr(getattr(sys, name), "buffer", None) is not own:
            wrapped = io.TextIOWrapper(
                own,  # type: ignore[type-var]
                encoding="utf-8",
                errors="backslashreplace",
                line_buffering=True,
            )
            setattr(sys, name, wrapped)


def reopen_standard_streams() -> None:
    """Use the files that both descriptors refer to after a redirection."""
    output("stdout").reopen()
    output("stderr").reopen()


def flush_standard_streams() -> None:
    """Write the waiting lines, as far as the readers have room."""
    output("stdout").flush()
    output("stderr").flush()
