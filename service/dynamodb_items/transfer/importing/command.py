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


@dataclass(frozen=True, slots=True)
class _ImportRun:
    """One run of the command, from the state of the last one to its result."""

    options: ImportOptions
    ending: Ending
    stop: Stop

    def run(self, lines: Lines, service: Service, keys: Sequence[KeyAttribute]) -> int:
        state_file = StateFile(self.options.state_path, self._binding(keys))
        if self.options.restart:
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
        if failure is None and self.stop.signal_number is None:
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
            ItemPaths(keys, typed=self.options.typed),
            commit,
            self.stop,
            concurrency=self.options.concurrency,
            typed=self.options.typed,
            if_absent=self.options.if_absent,
        )
        try:
            job.run(lines.after(ledger.position))
        finally:
            bar.close()

    def _binding(self, keys: Sequence[KeyAttribute]) -> Mapping[str, Any]:
        return {
            "command": "import",
            "--url": self.ending.client.url,
            "--typed": self.options.typed,
            "--if-absent": self.options.if_absent,
            "key attributes": [f"{each.name}:{each.type}" for each in keys],
        }

    def _ledger(self, lines: Lines, state_file: StateFile) -> Ledger:
        state = state_file.load()
        lines.skip(Position(**state["position"]) if state else Position())
        report = RejectedReport(self.options.report_path, state["report_bytes"] if state else 0)
        return Ledger(state_file, report, state, self.options.max_rejected)

    def _progress(self) -> Progress:
        is_stream = self.options.file == STANDARD_STREAM
        total = None if is_stream else Path(self.options.file).stat().st_size
        return progress("Import", total=total or None, unit="B", quiet=self.ending.client.quiet)

    def _report(self, ledger: Ledger, start: int, failure: TransferStopped | None) -> int:
        counts, end = ledger.counts, ledger.position.lines
        report = str(self.options.report_path) if counts.rejected else None
        complete = (
            ExitStatus.LINES_REJECTED if counts.rejected else ExitStatus.COMPLETE,
            f"Imported {self.options.file}: {end:,} lines, {counts}.",
        )
        done = f"line {end:,}: {counts}"
        status, sentence = stopped(failure, self.stop, done, self.options.state_path) or complete
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
        return self.ending.report(sentence, status, summary)
