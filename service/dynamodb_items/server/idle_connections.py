"""Connections that wait for their client, closed from outside the greenlet that reads them."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from gevent import monkey

PlainSocket = monkey.get_original("socket", "socket")
"""The standard library's socket class, as it is without gevent."""


def shut_down_idle(idle_since: Mapping[Any, float], how: int, *, before: float) -> None:
    """Shut down the connections that have been idle since a time before ``before``.

    What has arrived can still be read, and a request in it gets its response.
    """
    for connection, since in list(idle_since.items()):
        if since > before:
            continue
        # The system's own call: gevent's would interrupt the greenlet that reads. A copy of the
        # descriptor cannot be made where none is left, which is when connections must close.
        with suppress(OSError, ValueError):  # the connection may be closed already
            alias = PlainSocket(fileno=connection.fileno())
            try:
                alias.shutdown(how)
            finally:
                alias.detach()
