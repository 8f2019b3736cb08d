"""Deadlines of requests, time limits for blocks that wait, and turns for other greenlets.

A request's deadline is a context variable, so that every function called for the request shares it.
"""

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

_T = TypeVar("_T")

LONG_WORK_BYTES = 128 * 1024
"""Work on this much data takes less than 80 milliseconds."""
MEMBERS_IN_A_ROW = 1
"""Each operation of a batch may be on that much data, so others have a turn after every one."""
VALUES_IN_A_ROW = 20_000
"""Work on that many scalar values of one item takes less than 20 milliseconds."""
# gevent's highest priority: this greenlet continues after the others have had one turn.
_HIGHEST_PRIORITY = 2


class TimeIsUp(Exception):
    """A block did not end within its time limit."""


class Deadline:
    """A point in time, the given number of seconds from now."""

    __slots__ = ("_until",)

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    @property
    def remaining_seconds(self) -> float:
        """The time that is left, at least 0."""
        return max(0.0, self._until - time.monotonic())


_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


class request_deadline:  # noqa: N801 - used like time_limit, and faster than a generator
    """A context whose block has a deadline."""

    __slots__ = ("_seconds", "_token")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._token = _current.set(Deadline(self._seconds))

    def __exit__(self, *_raised: object) -> None:
        _current.reset(self._token)


def current_deadline() -> Deadline | None:
    """Return the deadline of the current request, or None outside of a request."""
    return _current.get()


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Limit the duration of a block: a name server, a connection, a response byte by byte.

    Only greenlets can be interrupted. In a thread this has no effect, and only the timeouts of each
    socket limit the block.

    Raises:
        TimeIsUp: the block was interrupted after that many seconds.
    """
    gevent = sys.modules.get("gevent")
    if gevent is None or not _runs_greenlets():
        yield
        return
    timeout = gevent.Timeout.start_new(max(seconds, 0.001))
    try:
        yield
    except gevent.Timeout as expired:
        if expired is not timeout:
            raise
        raise TimeIsUp from None
    finally:
        timeout.close()


def give_way() -> None:
    """Let other greenlets have their turn.

    Otherwise they run only while this one waits, and with a fast client it never waits.
    """
    if _runs_greenlets():
        # Not sleep(0), which reads from sockets only after every fiftieth call.
        sys.modules["gevent"].idle(_HIGHEST_PRIORITY)


def give_way_after(size_bytes: int) -> None:
    """Let other greenlets have their turn after work on more than ``LONG_WORK_BYTES``.

    Work on one item, at most 400 KB, is short enough not to be divided.
    """
    if size_bytes > LONG_WORK_BYTES:
        give_way()


def in_turns(members: Iterable[_T], in_a_row: int = MEMBERS_IN_A_ROW) -> Iterator[_T]:
    """Yield the members; after each ``in_a_row`` of them other greenlets have their turn."""
    for number, member in enumerate(members, 1):
        yield member
        if number % in_a_row == 0:
            give_way()


def _runs_greenlets() -> bool:
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and monkey.is_module_patched("socket")
