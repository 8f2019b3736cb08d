"""The output of an export: a file that appears when it is complete, or standard output."""

import fcntl
import gzip
import os
import sys
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import IO

from dynamodb_items.transfer.errors import ExitStatus, TransferStopped, file_failed
from dynamodb_items.transfer.file_names import GZIP_SUFFIX

_MEMBER_BYTES = 1024 * 1024


class Output(ABC):
    """Where lines go; by default a stream without a name, which is not closed."""

    @abstractmethod
    def write(self, lines: bytes) -> None:
        """Append whole lines."""

    def size_after_sync(self) -> int:
        """Return the size in bytes once everything written is on the disk."""
        return 0

    def complete(self) -> None:  # noqa: B027 - a stream needs none of it
        """Give the output its final name."""

    def close(self) -> None:  # noqa: B027
        """Close the output; what is on the disk stays."""


class StandardOutput(Output):
    """Standard output, which no later run can continue."""

    def write(self, lines: bytes) -> None:
        """Append whole lines.

        Raises:
            TransferStopped: the reader has closed the pipe, or the disk is full.
        """
        try:
            sys.stdout.buffer.write(lines)
            sys.stdout.buffer.flush()
        except OSError as error:
            # Python would flush again at exit, and fail again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise file_failed("write", "standard output", error) from error


class PartFile(Output):
    """A file that has the suffix ``.part`` until it is complete; gzip by the name of the file.

    gzip files consist of members that follow one another, so a later run can continue after the
    last complete one. https://www.rfc-editor.org/rfc/rfc1952#section-2.2
    """

    def __init__(self, path: Path) -> None:
        """Open the file and lock it.

        Raises:
            TransferStopped: the file cannot be written, or another export is writing it.
        """
        self.path = path
        self.part = path.with_name(path.name + ".part")
        self._member: bytearray | None = bytearray() if path.suffix == GZIP_SUFFIX else None
        try:
            self._file: IO[bytes] = self.part.open("ab")
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TransferStopped(
                f"Another export is writing {self.part}.", ExitStatus.USAGE
            ) from None
        except OSError as error:
            raise self._failed(error) from error

    def keep(self, size_bytes: int) -> None:
        """Remove everything after the size that an earlier run recorded.

        Raises:
            TransferStopped: the file is smaller, or cannot be written.
        """
        try:
            if self._file.seek(0, os.SEEK_END) < size_bytes:
                raise TransferStopped(
                    f"{self.part} is smaller than its state file records. Add --restart to export "
                    "from the beginning.",
                    ExitStatus.USAGE,
                )
            self._file.truncate(size_bytes)
        except OSError as error:
            raise self._failed(error) from error

    def write(self, lines: bytes) -> None:
        """Append whole lines.

        Raises:
            TransferStopped: the file cannot be written.
        """
        if self._member is None:
            self._append(lines)
            return
        self._member += lines
        if len(self._member) >= _MEMBER_BYTES:
            self._end_member()

    def size_after_sync(self) -> int:
        """Return the size in bytes once everything written is on the disk.

        Raises:
            TransferStopped: the file cannot be written.
        """
        self._end_member()
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            return self._file.tell()
        except OSError as error:
            raise self._failed(error) from error

    def complete(self) -> None:
        """Give the file its final name; an existing file is replaced.

        Raises:
            TransferStopped: the file cannot be renamed.
        """
        if self.size_after_sync() == 0 and self._member is not None:
            self._append(gzip.compress(b"", mtime=0))  # an empty file is not a gzip file
            self.size_after_sync()
        try:
            self.part.replace(self.path)
        except OSError as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):  # reported when it was written
            self._file.close()

    def _end_member(self) -> None:
        if self._member:
            self._append(gzip.compress(self._member, compresslevel=6, mtime=0))
            self._member.clear()

    def _append(self, content: bytes) -> None:
        try:
            self._file.write(content)
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> TransferStopped:
        return file_failed("write", str(self.part), error)
