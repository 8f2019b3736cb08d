"""The command ``dynamodb-items import``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dynamodb_items.domain.keys import KeyAttribute
from dynamodb_items.transfer.client.service import Service
from dynamodb_items.transfer.errors import ExitStatus, Interrupted, TransferStopped
from dynamodb_items.transfer.file_names import STANDARD_STREAM, next_to
from dynamodb_items.transfer.importing.item_paths import ItemPaths, key_attributes
from dynamodb_items.transfer.importing.ledger import Ledger
from dynamodb_items.transfer.importing.lines import Lines, Position, opened
from dynamodb_items.transfer.importing.rejected import RejectedReport
from dynamodb_items.transfer.importing.window import Entry
from dynamodb_items.transfer.importing.workers import Import
from dynamodb_items.transfer.progress import Progress, progress
from dynamodb_items.transfer.session import Client, Ending, stopped
from dynamodb_items.transfer.signals import Stop, stopping_on_signals
from dynamodb_items.transfer.state import StateFile

IMPORT_STATE_SUFFIX = ".import-state"
_REPORT_SUFFIX = ".rejected.jsonl"


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The options of an import."""

    file: str
    typed: bool
    if_absent: bool
    concurrency: int
    key_attributes: Sequence[KeyAttribute] | None
    """None to read them from the service."""
    rejected: Path | None
    max_rejected: int
    state: Path | None
    restart: bool

    @property
    def state_path(self) -> Path | None:
        """The state file; None keeps no state."""
        return self.state or next_to(self.file, IMPORT_STATE_SUFFIX)

    @property
    def report_path(self) -> Path:
        """The report of rejected lines."""
        return self.rejected or next_to(self.file, _REPORT_SUFFIX) or Path("stdin" + _REPORT_SUFFIX)


def run_import(options: ImportOptions, client: Client) -> int:
    """Import a file, and return the exit status."""
    ending = Ending("import", client)
    with stopping_on_signals() as stop:
        try:
            with (
                opened(options.file, stop) as lines,
                client.connected(options.concurrency, stop) as (service, document),
            ):
                keys = options.key_attributes or key_attributes(document)
                return _ImportRun(options, ending, stop).run(lines, service, keys)
        except (TransferStopped, Interrupted) as error:
            return ending.report_failure(error, stop)


class _ImportRun:
    """One run of the command, from the state of the last one to its result."""

    def __init__(self, options: ImportOptions, ending: Ending, stop: Stop) -> None:
        self._options = options
        self._client = ending.client
        self._ending = ending
        self._stop = stop

    def run(self, lines: Lines, service: Service, keys: Sequence[KeyAttribute]) -> int:
        state_file = StateFile(self._options.state_path, self._binding(keys))
        if self._options.restart:
            state_file.remove()
        ledger = self._ledger(lines, state_file)
        start = ledger.position
        failure = None
        try:
            self._import(lines, service, keys, ledger)
        except TransferStopped as error:
            failure = error
        try:
            ledger.close()
        except TransferStopped as error:
            failure = failure or error
        if failure is None and self._stop.signal_number is None:
            state_file.remove()
        return self._report(ledger, start.lines, failure)

    def _import(
        self, lines: Lines, service: Service, keys: Sequence[KeyAttribute], ledger: Ledger
    ) -> None:
        bar = self._progress()

        def commit(entry: Entry) -> None:
            ledger.commit(entry)
            bar.show(lines.amount(ledger.position), str(ledger.counts))

        job = Import(
            service,
            ItemPaths(keys, typed=self._options.typed),
            commit,
            self._stop,
            concurrency=self._options.concurrency,
            typed=self._options.typed,
            if_absent=self._options.if_absent,
        )
        try:
            job.run(lines.after(ledger.position))
        finally:
            bar.close()

    def _binding(self, keys: Sequence[KeyAttribute]) -> Mapping[str, Any]:
        return {
            "command": "import",
            "--url": self._client.url,
            "--typed": self._options.typed,
            "--if-absent": self._options.if_absent,
            "key attributes": [f"{each.name}:{each.type}" for each in keys],
        }

    def _ledger(self, lines: Lines, state_file: StateFile) -> Ledger:
        state = state_file.load()
        lines.skip(Position(**state["position"]) if state else Position())
        report = RejectedReport(self._options.report_path, state["report_bytes"] if state else 0)
        return Ledger(state_file, report, state, self._options.max_rejected)

    def _progress(self) -> Progress:
        is_stream = self._options.file == STANDARD_STREAM
        total = None if is_stream else Path(self._options.file).stat().st_size
        return progress("Import", total=total or None, unit="B", quiet=self._client.quiet)

    def _report(self, ledger: Ledger, start: int, failure: TransferStopped | None) -> int:
        counts, end = ledger.counts, ledger.position.lines
        report = str(self._options.report_path) if counts.rejected else None
        complete = (
            ExitStatus.LINES_REJECTED if counts.rejected else ExitStatus.COMPLETE,
            f"Imported {self._options.file}: {end:,} lines, {counts}.",
        )
        done = f"line {end:,}: {counts}"
        status, sentence = stopped(failure, self._stop, done, self._options.state_path) or complete
        if report is not None:
            sentence += f"\nRejected lines are in {report}. {ledger.first_rejected}".rstrip()
        summary = {
            "lines": end,
            "imported": counts.imported,
            "existing": counts.existing,
            "rejected": counts.rejected,
            "rejected_file": report,
            "resumed_after_line": start,
        }
        return self._ending.report(sentence, status, summary)
