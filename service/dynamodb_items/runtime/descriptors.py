"""File descriptors: as many as the system permits, some of them reserved for calls to DynamoDB.

Every client connection uses one. If idle clients used them all, no connection to the table could be
opened.
"""

import errno
import os
import resource
import socket
from contextlib import suppress
from pathlib import Path

RESERVED_DESCRIPTORS = 32
"""For name servers, watched files, JWKS, Redis, traces and anything else that opens one."""
MIN_CONNECTIONS = 4
_USUALLY_OPEN = 64
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE})


class TooFewDescriptors(Exception):
    """The limit on file descriptors is too low to serve clients."""


def raise_limit() -> None:
    """Raise the limit on open files as far as the system permits.

    The usual limit of 1,024 protects programs that call select(2), which the service does not:
    https://man7.org/linux/man-pages/man2/select.2.html
    """
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # some systems report a hard limit that they do not permit
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def most_connections(max_in_flight: int) -> int:
    """Return how many client connections leave enough descriptors for calls to DynamoDB.

    Raises:
        TooFewDescriptors: fewer than ``MIN_CONNECTIONS``.
    """
    limit, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return 1_000_000
    free = limit - _open_now() - RESERVED_DESCRIPTORS
    # The fast path and botocore each may keep a connection to the table for each concurrent request
    # and one for the probe.
    connections = free - 2 * (max_in_flight + 1)
    if connections < max_in_flight:
        connections = (free - 2) // 3
    if connections < MIN_CONNECTIONS:
        raise TooFewDescriptors(
            f"The limit of {limit} file descriptors (RLIMIT_NOFILE) leaves too few for clients. "
            f"Raise the hard limit to at least {limit + 3 * MIN_CONNECTIONS + 2 - free}: "
            "ulimit -Hn, LimitNOFILE= of systemd, --ulimit nofile= of docker."
        )
    return connections


def _open_now() -> int:
    try:
        return len(list(Path("/proc/self/fd").iterdir()))
    except OSError:
        return _USUALLY_OPEN


def is_out_of_descriptors(error: BaseException) -> bool:
    """Return whether an exception or one of its causes means that no descriptor was left.

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
