"""File descriptors: as many as the system grants, some of them kept for calls to DynamoDB.

Every connection of a client takes one. Idle clients must not take them all: then no connection to
the table could be opened.
"""

import errno
import os
import resource
import socket
from contextlib import suppress
from pathlib import Path

RESERVED = 32
"""For name servers, watched files, key sets, Redis, traces and whatever else opens one."""
LEAST_CONNECTIONS = 4
_USUALLY_OPEN = 64
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE})


class TooFewDescriptors(Exception):
    """The limit on file descriptors is too low to serve anything."""


def raise_limit() -> None:
    """Raise the limit on open files as far as the system permits.

    The usual 1,024 are there for programs that call select(2), which nothing here does:
    https://man7.org/linux/man-pages/man2/select.2.html
    """
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # some systems report a hard limit that they do not grant
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def most_connections(max_in_flight: int) -> int:
    """Return how many connections of clients leave descriptors for the calls of their requests.

    Raises:
        TooFewDescriptors: hardly any.
    """
    limit, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return 1_000_000
    free = limit - _open_now() - RESERVED
    # Each request may hold a connection to the table, and the fast path and botocore each keep
    # idle ones: as many as there were requests at once, and one for the probe.
    connections = free - 2 * (max_in_flight + 1)
    if connections < max_in_flight:
        connections = (free - 2) // 3
    if connections < LEAST_CONNECTIONS:
        raise TooFewDescriptors(
            f"The limit of {limit} file descriptors (RLIMIT_NOFILE) leaves too few for clients. "
            f"Raise the hard limit to at least {limit + 3 * LEAST_CONNECTIONS + 2 - free}: "
            "ulimit -Hn, LimitNOFILE= of systemd, --ulimit nofile= of docker."
        )
    return connections


def _open_now() -> int:
    try:
        return len(list(Path("/proc/self/fd").iterdir()))
    except OSError:
        return _USUALLY_OPEN


def is_out_of_descriptors(error: BaseException) -> bool:
    """Return whether an exception, or one that caused it, means that no descriptor was left.

    https://man7.org/linux/man-pages/man3/errno.3.html
    """
    causes: list[BaseException] = [error]
    for each in causes:
        if isinstance(each, OSError) and each.errno in _EXHAUSTED:
            return True
        # A resolver that cannot open a socket reports an unknown name.
        if isinstance(each, socket.gaierror) and _can_open_nothing():
            return True
        inner = getattr(each, "kwargs", {}).get("error")  # botocore's
        for cause in (each.__cause__, each.__context__, inner):
            if isinstance(cause, BaseException) and cause not in causes:
                causes.append(cause)
    return False


def _can_open_nothing() -> bool:
    try:
        os.close(os.dup(0))
    except OSError as error:
        return error.errno in _EXHAUSTED
    return False
