"""Import: every line of a file becomes the item that a PUT writes.

https://jsonlines.org/
"""

import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from queue import SimpleQueue

import httpx

from dynamodb_items.transfer.client.service import (
    PLAIN_JSON,
    TYPED_JSON,
    Service,
    described,
    problem_of,
)
from dynamodb_items.transfer.errors import ExitStatus, Interrupted, TransferStopped
from dynamodb_items.transfer.importing.item_paths import InvalidLine, ItemPaths
from dynamodb_items.transfer.importing.lines import MAX_LINE_BYTES, Line
from dynamodb_items.transfer.importing.window import Accepted, Entry, Outcome, Rejected, Window

# A response that depends on the item. Any other means that no line can be imported.
_REJECTING_STATUSES = frozenset({400, 403, 409, 412, 413, 414, 422, 500})
_STORED_STATUSES = frozenset({200, 201, 204})

_Task = tuple[Entry, bytes] | None


class Import:
    """The import of lines by several threads."""

    def __init__(
        self,
        service: Service,
        item_paths: ItemPaths,
        commit: Callable[[Entry], None],
        stop: threading.Event,
        *,
        concurrency: int,
        typed: bool = False,
        if_absent: bool = False,
    ) -> None:
        self._service = service
        self._item_paths = item_paths
        self._stop = stop
        self._concurrency = concurrency
        self._if_absent = if_absent
        self._headers = {
            "Content-Type": TYPED_JSON if typed else PLAIN_JSON,
            "Prefer": "return=minimal",
            **({"If-None-Match": "*"} if if_absent else {}),
        }
        self._window = Window(commit, 2 * concurrency, stop)
        self._tasks: SimpleQueue[_Task] = SimpleQueue()
        self._failure: Exception | None = None

    def run(self, lines: Iterable[Line]) -> None:
        """Import the lines; requests in progress are completed if the transfer is stopped.

        Raises:
            TransferStopped: the import cannot go on.
        """
        threads = [
            threading.Thread(target=self._work, daemon=True) for _ in range(self._concurrency)
        ]
        for thread in threads:
            thread.start()
        try:
            for line in lines:
                if not self._start(line):
                    break
        except TransferStopped as error:
            self._failure = self._failure or error  # after the lines that were read
        finally:
            for _ in threads:
                self._tasks.put(None)
            for thread in threads:
                thread.join()
        if self._failure is not None:
            raise self._failure

    def _start(self, line: Line) -> bool:
        entry = Entry(line.end)
        outcome: Outcome = None
        if line.content is None:
            outcome = _invalid_line(f"The line takes over {MAX_LINE_BYTES:,} bytes.")
        elif line.content:
            try:
                entry.path = self._item_paths.path_of(line.content)
            except InvalidLine as error:
                outcome = _invalid_line(str(error))
        if not self._window.start(entry):
            return False
        if entry.path is None or line.content is None:
            self._window.finish(entry, outcome)
        else:
            self._tasks.put((entry, line.content))
        return True

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            if self._stop.is_set():
                continue  # not sent, so the next run begins before it
            entry, content = task
            try:
                self._window.finish(entry, self._sent(entry, content))
            except Interrupted:
                continue
            except Exception as error:  # noqa: BLE001 - raised by the thread that reads
                self._failure = self._failure or error
                self._stop.set()

    def _sent(self, entry: Entry, content: bytes) -> Outcome:
        response = self._service.send("PUT", entry.path or "", content, self._headers)
        status = response.status_code
        if status in _STORED_STATUSES:
            return Accepted.IMPORTED
        if status == HTTPStatus.PRECONDITION_FAILED and self._if_absent:
            return Accepted.EXISTING
        if status in _REJECTING_STATUSES:
            return Rejected(status, problem_of(response))
        raise _unexpected(entry, response)


def _invalid_line(detail: str) -> Rejected:
    return Rejected(None, {"title": "Invalid line", "detail": detail})


def _unexpected(entry: Entry, response: httpx.Response) -> TransferStopped:
    advice = "Check --url."
    if response.status_code == HTTPStatus.PRECONDITION_REQUIRED:
        advice = "The service requires a precondition of every write: add --if-absent."
    return TransferStopped(
        f"The service does not accept the PUT of line {entry.end.lines:,}. {advice} "
        f"{described(response)}",
        ExitStatus.NOT_ACCEPTED,
    )
