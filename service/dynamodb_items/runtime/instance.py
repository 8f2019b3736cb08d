"""State that all worker processes of one instance share."""

import mmap


class Instance:
    """State in memory that is shared by all processes forked from the one that created it.

    Neither a worker that is replaced nor a new one that has not read the table yet makes the
    instance unready.
    """

    _READY, _STOPPING, _ENDING = range(3)
    _YOUNGEST = slice(4, 8)
    _STARTED = slice(8, 12)

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 12)

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

    def mark_ending(self) -> None:
        """Record that the arbiter of these workers ends, and so starts none in their place."""
        self._shared[self._ENDING] = 1

    def mark_started(self, age: int) -> None:
        """Record that the arbiter starts the worker with this number."""
        self._shared[self._STARTED] = age.to_bytes(4, "little")

    def mark_serving(self, age: int) -> None:
        """Record that the worker with this number serves; younger workers have greater numbers."""
        if age > self.youngest:
            self._shared[self._YOUNGEST] = age.to_bytes(4, "little")

    @property
    def youngest(self) -> int:
        """The number of the youngest worker that has served."""
        return int.from_bytes(self._shared[self._YOUNGEST], "little")

    def awaits_younger(self, age: int) -> bool:
        """Return whether a worker younger than this one was started and does not serve yet.

        In place of a worker that ends alone, the arbiter starts another one only afterwards.
        """
        started = int.from_bytes(self._shared[self._STARTED], "little")
        return not self._shared[self._ENDING] and self.youngest <= age < started
