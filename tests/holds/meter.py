"""How long a request holds its worker: processor time between two moments at which others run."""

import sys
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace

from dynamodb_items.runtime import deadline

HOLD_SECONDS = 0.2
"""What a request may hold a worker on the quiet machine of ``CALIBRATION_SECONDS``."""
CALIBRATION_SECONDS = 0.014
"""What ``calibration`` takes on that machine."""


def calibration() -> float:
    """The processor time of a fixed piece of work like the service's own, in seconds."""
    began = time.thread_time()
    values = [{"N": str(number)} for number in range(50_000)]
    sizes = [len(value["N"]) + (number & 1) for number, value in enumerate(values)]
    assert sum(sizes) > 0
    return time.thread_time() - began


def allowed_seconds(repeats: int = 7) -> float:
    """``HOLD_SECONDS``, for this machine as fast as it is now."""
    slowdown = min(calibration() for _ in range(repeats)) / CALIBRATION_SECONDS
    return HOLD_SECONDS * max(1.0, slowdown)


class Meter:
    """The longest stretch of processor time of the thread that it was made in."""

    def __init__(self) -> None:
        self._clock = time.pthread_getcpuclockid(threading.get_ident())
        self.begin()

    def begin(self) -> None:
        self.longest = 0.0
        self._since = time.clock_gettime(self._clock)

    def others_run(self) -> None:
        """The thread waits, or gives way: called by it, or by the one that it waits for."""
        now = time.clock_gettime(self._clock)
        self.longest = max(self.longest, now - self._since)
        self._since = now


class _Timeout(BaseException):
    """gevent's, which here never ends."""

    @classmethod
    def start_new(cls, _seconds):
        return cls()

    def close(self) -> None:
        pass


@contextmanager
def as_greenlet(meter: Meter, monkeypatch):
    """Code that gives way to other greenlets reports it to the meter."""
    gevent = SimpleNamespace(idle=lambda _priority: meter.others_run(), Timeout=_Timeout)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "gevent", gevent)
        patch.setattr(deadline, "_runs_greenlets", lambda: True)
        yield
