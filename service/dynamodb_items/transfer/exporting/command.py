"""The command ``dynamodb-items export``."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dynamodb_items.transfer.client.service import Service
from dynamodb_items.transfer.errors import ExitStatus, Interrupted, TransferStopped
from dynamodb_items.transfer.exporting.output import Output, PartFile, StandardOutput
from dynamodb_items.transfer.exporting.segments import Export
from dynamodb_items.transfer.exporting.source import Source, page_size
from dynamodb_items.transfer.file_names import STANDARD_STREAM, next_to
from dynamodb_items.transfer.progress import progress
from dynamodb_items.transfer.session import Client, Ending, stopped
from dynamodb_items.transfer.signals import Stop, stopping_on_signals
from dynamodb_items.transfer.state import StateFile

EXPORT_STATE_SUFFIX = ".export-state"


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """The options of an export."""

    file: str
    source: Source
    page_items: int | None
    state: Path | None
    restart: bool

    @property
    def state_path(self) -> Path | None:
        """The state file; None keeps no state."""
        return self.state or next_to(self.file, EXPORT_STATE_SUFFIX)


def run_export(options: ExportOptions, client: Client) -> int:
    """Export a list, and return the exit status."""
    ending = Ending("export", client, to_stderr=options.file == STANDARD_STREAM)
    with stopping_on_signals() as stop:
        try:
            with client.connected(options.source.segments, stop) as (service, document):
                limit = page_size(document, options.source, options.page_items)
                parameters = {**options.source.parameters, "limit": str(limit)}
                source = dataclasses.replace(options.source, parameters=parameters)
                return _ExportRun(options, ending, stop).run(service, source)
        except (TransferStopped, Interrupted) as error:
            return ending.report_failure(error, stop)


@dataclass(frozen=True, slots=True)
class _ExportRun:
    """One run of the command, from the state of the last one to its result."""

    options: ExportOptions
    ending: Ending
    stop: Stop

    def run(self, service: Service, source: Source) -> int:
        state_file = StateFile(self.options.state_path, self._binding())
        if self.options.restart:
            state_file.remove()
        output, state = self._output(state_file)
        bar = progress("Export", total=None, unit=" items", quiet=self.ending.client.quiet)
        export = Export(
            service, source, output, state_file, progress=bar, stop=self.stop, state=state
        )
        start, failure = export.items, None
        try:
            export.run()
            if self.stop.signal_number is None:
                output.complete()
                state_file.remove()
            else:
                export.save()
        except TransferStopped as error:
            failure = error
        finally:
            bar.close()
            output.close()
        return self._report(export, start, failure)

    def _binding(self) -> Mapping[str, Any]:
        source = self.options.source
        return {
            "command": "export",
            "--url": self.ending.client.url,
            "list": source.target,
            "--segments": source.segments,
            "--typed": source.typed,
            "parameters": dict(source.parameters),
        }

    def _output(self, state_file: StateFile) -> tuple[Output, Mapping[str, Any] | None]:
        if self.options.file == STANDARD_STREAM:
            return StandardOutput(), None
        file = PartFile(Path(self.options.file))
        state = state_file.load() if file.size_after_sync() else None
        file.keep(state["bytes"] if state else 0)
        return file, state

    def _report(self, export: Export, start: int, failure: TransferStopped | None) -> int:
        done = f"{export.items:,} items"
        complete = ExitStatus.COMPLETE, f"Exported {done} to {self.options.file}."
        status, sentence = stopped(failure, self.stop, done, self.options.state_path) or complete
        summary = {
            "items": export.items,
            "file": self.options.file,
            "resumed_after_items": start,
        }
        return self.ending.report(sentence, status, summary)
