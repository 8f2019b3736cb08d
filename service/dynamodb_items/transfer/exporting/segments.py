"""Export: the pages of a list, read by one thread for each segment."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dynamodb_items.transfer.client.service import Service
from dynamodb_items.transfer.errors import Interrupted
from dynamodb_items.transfer.exporting.output import Output
from dynamodb_items.transfer.exporting.source import Page, Source
from dynamodb_items.transfer.progress import Progress
from dynamodb_items.transfer.state import StateFile

_SAVE_SECONDS = 1.0


@dataclass(slots=True)
class Segment:
    """How far a segment is read: up to the page before ``cursor``."""

    cursor: str | None = None
    is_done: bool = False


class Export:
    """The export of a list; what is written and the cursors are always of the same pages."""

    def __init__(
        self,
        service: Service,
        source: Source,
        output: Output,
        state_file: StateFile,
        *,
        progress: Progress,
        stop: threading.Event,
        state: Mapping[str, Any] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Continue from the state of an earlier run, or from the beginning."""
        self.items = int(state["items"]) if state else 0
        self._segments = (
            [Segment(**each) for each in state["segments"]]
            if state
            else [Segment() for _ in range(source.segments)]
        )
        self._service = service
        self._source = source
        self._output = output
        self._state_file = state_file
        self._progress = progress
        self._stop = stop
        self._clock = clock
        self._saved = clock()
        self._lock = threading.Lock()
        self._is_intact = True
        self._failure: Exception | None = None

    def run(self) -> None:
        """Read every segment to its end, unless the transfer is stopped.

        Raises:
            TransferStopped: the export cannot go on.
        """
        threads = [
            threading.Thread(target=self._work, args=(number,), daemon=True)
            for number in range(len(self._segments))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._failure is not None:
            self.save()
            raise self._failure

    def save(self) -> None:
        """Write the output and the state to the disk, unless an earlier write has failed.

        Raises:
            TransferStopped: a file cannot be written.
        """
        if not self._is_intact:
            return
        self._saved = self._clock()
        self._is_intact = False
        self._state_file.save(
            {
                "segments": [asdict(each) for each in self._segments],
                "items": self.items,
                "bytes": self._output.size_after_sync(),
            }
        )
        self._is_intact = True

    def _work(self, number: int) -> None:
        segment = self._segments[number]
        try:
            while not (segment.is_done or self._stop.is_set()):
                page = self._source.page(self._service, number, segment.cursor)
                with self._lock:
                    self._add(segment, page)
        except Interrupted:
            return
        except Exception as error:  # noqa: BLE001 - raised by `run`
            self._failure = self._failure or error
            self._stop.set()

    def _add(self, segment: Segment, page: Page) -> None:
        if not self._is_intact:
            return
        self._is_intact = False  # until the page is written as a whole, for good after an error
        self._output.write(page.lines)
        segment.cursor, segment.is_done = page.next_cursor, page.next_cursor is None
        self.items += page.items
        self._is_intact = True
        self._progress.show(self.items, f"{self.items:,} items")
        if self._clock() - self._saved >= _SAVE_SECONDS:
            self.save()
