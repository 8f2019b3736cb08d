"""The report of rejected lines, a file of JSON Lines."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import IO

from dynamodb_items.transfer.errors import file_failed
from dynamodb_items.transfer.importing.window import Rejected


class RejectedReport:
    """Rejected lines in the order of the input: ``line``, ``status`` and ``problem`` of each.

    The file exists only if it has a line.
    """

    def __init__(self, path: Path, keep_bytes: int = 0) -> None:
        """Continue the report of an earlier run after so many bytes, or begin a new one.

        Raises:
            TransferStopped: the file cannot be written.
        """
        self.path = path
        self._file: IO[bytes] | None = None
        try:
            if keep_bytes:
                os.truncate(path, keep_bytes)
            elif path.is_file():  # /dev/null stays
                path.unlink()
        except OSError as error:
            raise file_failed("continue", str(path), error) from error

    def add(self, number: int, rejected: Rejected) -> None:
        """Append a line.

        Raises:
            TransferStopped: the file cannot be written.
        """
        entry = {"line": number, "status": rejected.status, "problem": rejected.problem}
        try:
            if self._file is None:
                self._file = self.path.open("ab")
            self._file.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
        except OSError as error:
            raise file_failed("write", str(self.path), error) from error

    def size_after_sync(self) -> int:
        """Return the size in bytes once everything is on the disk.

        Raises:
            TransferStopped: the file cannot be written.
        """
        try:
            if self._file is None:
                return self.path.stat().st_size if self.path.is_file() else 0
            self._file.flush()
            if not self.path.is_file():
                return 0
            os.fsync(self._file.fileno())
            return self._file.tell()
        except OSError as error:
            raise file_failed("write", str(self.path), error) from error

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            with suppress(OSError):  # reported when it was written
                self._file.close()
