"""A clock that a test can move, for a process of its own."""

from pathlib import Path

import libfaketime

LIBRARY = Path(libfaketime.__file__).parent / "vendor/libfaketime/src/libfaketime.so.1"


class MovableClock:
    """Wall-clock time for the processes that get ``environment``; timeouts go on as ever.

    It is libfaketime's preloaded library, which asks the file for the offset once a second, so
    that it works on any program without its knowing.
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
        """Have it be that many minutes later than it is."""
        self._file.write_text(f"+{minutes}m\n")
