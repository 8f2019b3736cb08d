"""Signals that stop a transfer."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stop(threading.Event):
    """Set when the transfer has to stop; ``signal_number`` is the signal, or None."""

    signal_number: int | None = None


@contextmanager
def stopping_on_signals() -> Iterator[Stop]:
    """Yield what SIGINT and SIGTERM set; a second signal ends the process at once."""
    stop = Stop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def handle(number: int, _frame: FrameType | None) -> None:
        stop.signal_number = number
        stop.set()
        for each in signals:
            signal.signal(each, signal.SIG_DFL)

    before = {each: signal.signal(each, handle) for each in signals}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
