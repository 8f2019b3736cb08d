"""The lines of a file, of any size, with the position after each of them."""

import codecs
import gzip
import io
import select
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dynamodb_items.transfer.errors import ExitStatus, TransferStopped, file_failed
from dynamodb_items.transfer.file_names import GZIP_SUFFIX, STANDARD_STREAM

MAX_LINE_BYTES = 1024 * 1024
"""The longest body that the service accepts."""

_CHUNK_BYTES = 256 * 1024
_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Position:
    """A position between two lines, in the decompressed input."""

    lines: int = 0
    offset: int = 0
    checksum: int = 0
    """The CRC-32 of everything before the position."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its line break; ``content`` is None if it is too long to send."""

    content: bytes | None
    end: Position


class Lines:
    """The lines of an input, read once."""

    def __init__(self, name: str, raw: "InterruptibleInput", stop: threading.Event) -> None:
        self.name = name
        self._raw = raw
        self._stop = stop
        buffered = io.BufferedReader(raw, _CHUNK_BYTES)
        self._is_compressed = name.endswith(GZIP_SUFFIX)
        self._file: io.BufferedIOBase = (
            gzip.GzipFile(fileobj=buffered) if self._is_compressed else buffered
        )

    def amount(self, position: Position) -> int:
        """Return how much of the file a position is, in bytes of the file.

        In a compressed file it is what has been read so far, which is a little more.
        """
        return self._raw.bytes_read if self._is_compressed else position.offset

    def skip(self, to: Position) -> None:
        """Read up to the position of an earlier run.

        Raises:
            TransferStopped: the input differs from what that run read, or cannot be read.
        """
        checksum, left = 0, to.offset
        with self._reading(0):
            while left and (chunk := self._file.read(min(left, _CHUNK_BYTES))):
                checksum = zlib.crc32(chunk, checksum)
                left -= len(chunk)
        if not self._stop.is_set() and (left or checksum != to.checksum):
            raise TransferStopped(
                f"{self.name} has changed: its first {to.lines:,} lines differ from those that "
                "were imported. Add --restart to import it from the beginning.",
                ExitStatus.USAGE,
            )

    def after(self, position: Position) -> Iterator[Line]:
        """Yield the lines after a position up to which everything is read, until ``stop`` is set.

        Raises:
            TransferStopped: the input cannot be read further.
        """
        while True:
            line = None
            with self._reading(position.lines):
                line = self._next(position)
            # A line that the signal cut off is not a line.
            if line is None or self._stop.is_set():
                return
            position = line.end
            yield line

    def _next(self, start: Position) -> Line | None:
        piece = content = self._file.readline(MAX_LINE_BYTES + 2)
        offset, checksum = start.offset + len(piece), zlib.crc32(piece, start.checksum)
        while piece and not piece.endswith(b"\n"):  # too long, or the last line
            piece = self._file.readline(_CHUNK_BYTES)
            offset, checksum = offset + len(piece), zlib.crc32(piece, checksum)
        if not content:
            return None
        line = content.strip(b" \t\r\n")
        if start.lines == 0:
            line = line.removeprefix(codecs.BOM_UTF8)
        is_whole = offset - start.offset == len(content) and len(line) <= MAX_LINE_BYTES
        return Line(line if is_whole else None, Position(start.lines + 1, offset, checksum))

    @contextmanager
    def _reading(self, lines: int) -> Iterator[None]:
        try:
            yield
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            if self._stop.is_set():
                return
            raise TransferStopped(
                f"{self.name} is not a complete gzip file, after line {lines:,}: {error}.",
                ExitStatus.FILE_FAILED,
            ) from error
        except OSError as error:
            raise file_failed("read", self.name, error) from error


class InterruptibleInput(io.RawIOBase):
    """A pipe or a file that ends when the transfer is stopped."""

    def __init__(self, raw: io.FileIO, stop: threading.Event) -> None:
        self._raw = raw
        self._stop = stop
        self.bytes_read = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]
        """Read what is available; wait for it until the transfer is stopped."""
        while not self._stop.is_set():
            if select.select([self._raw], [], [], _POLL_SECONDS)[0]:
                size = self._raw.readinto(buffer)
                self.bytes_read += size or 0
                return size
        return 0

    def close(self) -> None:
        """Close the file."""
        self._raw.close()
        super().close()


@contextmanager
def opened(name: str, stop: threading.Event) -> Iterator[Lines]:
    """Open a file for reading, or standard input for ``-``; it ends when ``stop`` is set.

    Raises:
        TransferStopped: the file cannot be opened.
    """
    try:
        raw = io.FileIO(0, closefd=False) if name == STANDARD_STREAM else io.FileIO(Path(name))
    except OSError as error:
        raise file_failed("read", name, error) from error
    with InterruptibleInput(raw, stop) as interruptible:
        yield Lines(name, interruptible, stop)
