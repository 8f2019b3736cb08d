"""A clock that a test can move, for another process."""

from pathlib import Path

import libfaketime

LIBRARY = Path(libfaketime.__file__).parent / "vendor/libfaketime/src/libfaketime.so.1"


class MovableClock:
    """Wall-clock time of the processes that get ``environment``; timeouts are not affected.

    libfaketime's preloaded library reads the offset from the file once a second, and works on any
    program.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self.move(0)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def move(self, minutes: int) -> None:
        """Set the clock that many minutes ahead of the real time."""
        self._file.write_text(f"+{minutes}m\n")
