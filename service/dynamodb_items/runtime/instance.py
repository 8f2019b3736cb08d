"""What all worker processes of one instance know of it."""

import mmap


class Instance:
    """State in memory that worker processes share once they are forked from the one that made it.

    A worker that is replaced does not make the instance unfit, nor does a new one that has not read
    the table yet.
    """

    _READY, _STOPPING = range(2)

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 2)

    @property
    def has_been_ready(self) -> bool:
        """Whether any worker has read the table since the instance started."""
        return bool(self._shared[self._READY])

    def mark_ready(self) -> None:
        """Record that a worker has read the table."""
        self._shared[self._READY] = 1

    @property
    def is_stopping(self) -> bool:
        """Whether the whole instance is about to stop, and not only a worker."""
        return bool(self._shared[self._STOPPING])

    def mark_stopping(self) -> None:
        """Record that the whole instance is about to stop."""
        self._shared[self._STOPPING] = 1
