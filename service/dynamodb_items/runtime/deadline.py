"""The time that one request has, and a bound on whatever waits.

A request's deadline goes with it as a context variable: whatever is done for the request, however
many calls deep, shares the one deadline.
"""

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

_T = TypeVar("_T")

LONG_WORK_BYTES = 32 * 1024
"""Work on less data takes less than 20 milliseconds."""
MEMBERS_IN_A_ROW = 5
"""So many operations of a batch, none of more data than that, take less than 100 milliseconds."""
_BEFORE_OTHERS = 2  # gevent's highest priority: others have one turn, and then this greenlet


class TimeIsUp(Exception):
    """What was waited for did not come within its time."""


class Deadline:
    """A point in time, some seconds from now."""

    __slots__ = ("_until",)

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    @property
    def remaining_seconds(self) -> float:
        """What is left; 0 once the time is up."""
        return max(0.0, self._until - time.monotonic())


_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


class request_deadline:  # noqa: N801 - called like time_limit, and cheaper than a generator
    """The deadline of everything that is done inside."""

    __slots__ = ("_seconds", "_token")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._token = _current.set(Deadline(self._seconds))

    def __exit__(self, *_raised: object) -> None:
        _current.reset(self._token)


def current_deadline() -> Deadline | None:
    """The deadline of the request that is being answered, None outside of one."""
    return _current.get()


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Bound the whole block, whatever it waits for: a name server, a connection, an answer that
    comes byte by byte.

    Only greenlets can be interrupted so. In a thread the block ends when what it waits for ends:
    there the timeouts of each socket have to do.

    Raises:
        TimeIsUp: the block was left after that many seconds.
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
    """Let other greenlets have their turn: otherwise they have it only where this one waits, and
    for a client that sends fast it never has to.
    """
    if _runs_greenlets():
        # Not sleep(0), which looks for what has arrived only after the fiftieth time.
        sys.modules["gevent"].idle(_BEFORE_OTHERS)


def give_way_after(size_bytes: int) -> None:
    """Let other greenlets have their turn after work on so much data, if that was much: work on one
    item, which is at most 400 KB, is short enough, and the next piece of work waits for its turn.
    """
    if size_bytes > LONG_WORK_BYTES:
        give_way()


def in_turns(members: Iterable[_T], in_a_row: int = MEMBERS_IN_A_ROW) -> Iterator[_T]:
    """The members; after so many in a row, other greenlets have their turn."""
    for number, member in enumerate(members, 1):
        yield member
        if number % in_a_row == 0:
            give_way()


def _runs_greenlets() -> bool:
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and monkey.is_module_patched("socket")
