"""What an import has completed: counts, the report of rejected lines, and the state file."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dynamodb_items.transfer.errors import ExitStatus, TransferStopped
from dynamodb_items.transfer.importing.lines import Position
from dynamodb_items.transfer.importing.rejected import RejectedReport
from dynamodb_items.transfer.importing.window import Accepted, Entry, Rejected
from dynamodb_items.transfer.state import StateFile

_SAVE_SECONDS = 1.0


@dataclass(slots=True)
class Counts:
    """How many lines had which outcome, in all runs together."""

    imported: int = 0
    existing: int = 0
    rejected: int = 0

    def __str__(self) -> str:
        """Return the counts in words."""
        existing = f", {self.existing:,} existed" if self.existing else ""
        return f"{self.imported:,} imported{existing}, {self.rejected:,} rejected"


class Ledger:
    """The completed lines, in the order of the file."""

    def __init__(
        self,
        state_file: StateFile,
        report: RejectedReport,
        progress: Mapping[str, Any] | None,
        max_rejected: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Continue from the progress of an earlier run, or from the beginning."""
        self.position = Position(**progress["position"]) if progress else Position()
        self.counts = Counts(**progress["counts"]) if progress else Counts()
        self.first_rejected = ""
        self._state_file = state_file
        self._report = report
        self._max_rejected = max_rejected
        self._clock = clock
        self._saved = clock()
        self._is_intact = True

    def commit(self, entry: Entry) -> None:
        """Record a line; all lines before it are recorded.

        Raises:
            TransferStopped: too many lines are rejected, or a file cannot be written.
        """
        if isinstance(entry.outcome, Rejected):
            self._is_intact = False  # until the line is written as a whole, for good after an error
            self._reject(entry.end.lines, entry.outcome)
            self._is_intact = True
        elif entry.outcome is Accepted.IMPORTED:
            self.counts.imported += 1
        elif entry.outcome is Accepted.EXISTING:
            self.counts.existing += 1
        self.position = entry.end
        if self._clock() - self._saved >= _SAVE_SECONDS:
            self.save()
        if isinstance(entry.outcome, Rejected) and self.counts.rejected > self._max_rejected:
            raise TransferStopped(
                f"More than {self._max_rejected:,} lines are rejected. Fix the cause, or raise "
                "--max-rejected.",
                ExitStatus.LINES_REJECTED,
            )

    def save(self) -> None:
        """Write the report and the state to the disk, unless an earlier write has failed.

        Raises:
            TransferStopped: a file cannot be written.
        """
        if not self._is_intact:
            return
        self._is_intact = False
        self._saved = self._clock()
        self._state_file.save(
            {
                "position": asdict(self.position),
                "counts": asdict(self.counts),
                "report_bytes": self._report.size_after_sync(),
            }
        )
        self._is_intact = True

    def close(self) -> None:
        """Save, and close the report.

        Raises:
            TransferStopped: a file cannot be written.
        """
        try:
            self.save()
        finally:
            self._report.close()

    def _reject(self, number: int, rejected: Rejected) -> None:
        self._report.add(number, rejected)
        self.counts.rejected += 1
        if not self.first_rejected:
            problem = rejected.problem
            text = str(problem.get("detail") or problem.get("title"))
            self.first_rejected = f"The first of this run: line {number:,}: {text}"
