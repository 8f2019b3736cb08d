"""A file that is read again when it has changed."""

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
    """The parsed content of a file, as of at most a second ago.

    When a changed file cannot be read or parsed, the earlier content stays and the error is logged:
    an editor may not have finished writing the file.
    """

    def __init__(self, path: Path, parse: Callable[[bytes], Content]) -> None:
        """Read the file.

        Raises:
            OSError, ValueError: the file cannot be read or parsed.
        """
        self._path = path
        self._parse = parse
        self._lock = threading.Lock()
        self._signature = self._current_signature()
        self._content = parse(path.read_bytes())
        self._next_check = time.monotonic() + CHECK_INTERVAL_SECONDS

    def current(self) -> Content:
        """Return the content; the same object while the file is the same."""
        if time.monotonic() >= self._next_check:
            self.renewed()
        return self._content

    def renewed(self) -> Content:
        """Return the content that the file has now."""
        with self._lock:
            self._next_check = time.monotonic() + CHECK_INTERVAL_SECONDS
            try:
                signature = self._current_signature()
                if signature != self._signature:
                    self._content = self._parse(self._path.read_bytes())
                    self._signature = signature
                    log.info("file reloaded", file=self._path.name)
            except Exception as error:  # noqa: BLE001 - after any failure the old content stays
                log.error(  # noqa: TRY400
                    "file reload failed", file=self._path.name, error=str(error)
                )
        return self._content

    def _current_signature(self) -> tuple[int, int, int]:
        status = self._path.stat()
        return status.st_mtime_ns, status.st_size, status.st_ino
