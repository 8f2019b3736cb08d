"""The listening sockets of a worker."""

from contextlib import suppress
from typing import Any

from gevent.server import StreamServer


class Listener:
    """The name of a listening socket, which stays available after the socket is closed."""

    def __init__(self, name: Any) -> None:
        self._name = name

    def getsockname(self) -> Any:
        """Return the address that the socket has or had."""
        return self._name


class Server(StreamServer):  # type: ignore[misc]
    """A server that resets no connection when it stops accepting."""

    def close(self) -> None:
        """Accept the connections that the system has queued, and close the listening socket.

        Closing the last copy of the socket resets every connection in its queue, though the client
        may have sent a request.
        """
        if not self.closed:
            self.stop_accepting()
            with suppress(OSError):  # no descriptor is left
                while not self.full() and (accepted := self.do_read()):
                    self.do_handle(*accepted)
        super().close()
