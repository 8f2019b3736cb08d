"""State that all worker processes of one instance share."""

import mmap


class Instance:
    """State in memory that is shared by all processes forked from the one that created it.

    Neither a worker that is replaced nor a new one that has not read the table yet makes the
    instance unready.
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
        """Whether the whole instance, not only a worker, is about to stop."""
        return bool(self._shared[self._STOPPING])

    def mark_stopping(self) -> None:
        """Record that the whole instance is about to stop."""
        self._shared[self._STOPPING] = 1
