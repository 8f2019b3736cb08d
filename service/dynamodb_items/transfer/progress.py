"""How far a transfer is: a bar on a terminal, lines in a log, or nothing."""

import sys
import time

import click
from tqdm import tqdm

_LINE_SECONDS = 10.0


class Progress:
    """What the user sees during a transfer; this base class shows nothing."""

    def show(self, amount: int, counts: str) -> None:
        """Show how much is done, in the unit of the total, and the counts in words."""

    def close(self) -> None:
        """Show nothing more."""


class ProgressLines(Progress):
    """A line on standard error from time to time."""

    def __init__(self, title: str, total: int | None, seconds: float = _LINE_SECONDS) -> None:
        self._title = title
        self._total = total
        self._seconds = seconds
        self._next = time.monotonic() + seconds

    def show(self, amount: int, counts: str) -> None:
        """Print a line if enough time has passed since the last one."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._seconds
        share = f" ({100 * amount / self._total:.0f} %)" if self._total else ""
        click.echo(f"{self._title}: {counts}{share}", err=True)


class ProgressBar(Progress):
    """A bar on a terminal."""

    def __init__(self, title: str, total: int | None, unit: str) -> None:
        # The bar is updated at every change, so tqdm needs no thread of its own.
        tqdm.monitor_interval = 0
        self._bar = tqdm(
            desc=title, total=total, unit=unit, unit_scale=True, dynamic_ncols=True, leave=False
        )

    def show(self, amount: int, counts: str) -> None:
        """Move the bar."""
        self._bar.set_postfix_str(counts, refresh=False)
        self._bar.update(amount - self._bar.n)

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()


def progress(title: str, *, total: int | None, unit: str, quiet: bool) -> Progress:
    """Return what fits standard error: a bar for a terminal, otherwise lines."""
    if quiet:
        return Progress()
    return ProgressBar(title, total, unit) if sys.stderr.isatty() else ProgressLines(title, total)
