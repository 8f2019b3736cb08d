"""A file whose content is read again when it has changed."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import structlog

CHECK_INTERVAL_SECONDS = 1.0

log = structlog.get_logger(__name__)

Content = TypeVar("Content")


class WatchedFile(Generic[Content]):
    """What a file holds, as of a second ago at most.

    A changed file that cannot be read leaves the content as it was: an editor may be half-way
    through writing it. The log then tells.
    """

    def __init__(self, path: Path, parse: Callable[[bytes], Content]) -> None:
        """Read the file.

        Raises:
            OSError, ValueError: it cannot be read; there is nothing older to go on with.
        """
        self._path = path
        self._parse = parse
        self._lock = threading.Lock()
        self._signature = self._current_signature()
        self._content = parse(path.read_bytes())
        self._next_check = time.monotonic() + CHECK_INTERVAL_SECONDS

    def current(self) -> Content:
        """The content; the same object for as long as the file stays the same."""
        if time.monotonic() >= self._next_check:
            self.check()
        return self._content

    def check(self) -> Content:
        """The content as the file is at this moment."""
        with self._lock:
            self._next_check = time.monotonic() + CHECK_INTERVAL_SECONDS
            try:
                signature = self._current_signature()
                if signature != self._signature:
                    self._content = self._parse(self._path.read_bytes())
                    self._signature = signature
                    log.info("file read again", file=self._path.name)
            except Exception as error:  # noqa: BLE001 - whatever fails, the old content serves on
                log.error("file unreadable", file=self._path.name, error=str(error))  # noqa: TRY400
        return self._content

    def _current_signature(self) -> tuple[int, int, int]:
        status = self._path.stat()
        return status.st_mtime_ns, status.st_size, status.st_ino
