"""The lines that are in progress: sent by several threads, completed in the order of the file."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from dynamodb_items.transfer.importing.lines import Position

# A line that is retried for minutes must not hold up the others, so that many may complete before
# it; each of them takes some hundred bytes here.
_MAX_UNCOMMITTED = 4096
_POLL_SECONDS = 0.2


class Accepted(Enum):
    """What became of a line that the service accepted."""

    IMPORTED = "imported"
    EXISTING = "existing"
    """The item existed, and the import only creates items."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that was not imported; ``status`` is None if it was not sent."""

    status: int | None
    problem: dict[str, Any]


Outcome = Accepted | Rejected | None
"""None for a line without an item."""


@dataclass(slots=True)
class Entry:
    """A line in progress, without its content."""

    end: Position
    path: str | None = None
    outcome: Outcome = None
    is_done: bool = False


class Window:
    """The lines in progress.

    ``commit`` is called for each line in the order of the file, once the line and all lines before
    it are done.
    """

    def __init__(
        self, commit: Callable[[Entry], None], max_active: int, stop: threading.Event
    ) -> None:
        self._commit = commit
        self._max_active = max_active
        self._stop = stop
        self._entries: deque[Entry] = deque()
        self._active: set[str] = set()
        self._changed = threading.Condition()
        self._commits = True

    def start(self, entry: Entry) -> bool:
        """Wait until a line may be sent; return False if the transfer was stopped.

        Lines with one path are sent one after the other, so that the last one wins.
        """
        with self._changed:
            while not self._stop.is_set():
                if self._has_room(entry):
                    self._entries.append(entry)
                    if entry.path is not None:
                        self._active.add(entry.path)
                    return True
                self._changed.wait(_POLL_SECONDS)
        return False

    def finish(self, entry: Entry, outcome: Outcome) -> None:
        """Record what became of a line, and commit every line that can be."""
        with self._changed:
            entry.outcome, entry.is_done = outcome, True
            if entry.path is not None:
                self._active.discard(entry.path)
            while self._commits and self._entries and self._entries[0].is_done:
                self._commits = False  # until this line is committed, no later one may be
                self._commit(self._entries.popleft())
                self._commits = True
            self._changed.notify()

    def _has_room(self, entry: Entry) -> bool:
        if len(self._entries) >= _MAX_UNCOMMITTED:
            return False
        if entry.path is None:
            return True
        return len(self._active) < self._max_active and entry.path not in self._active
