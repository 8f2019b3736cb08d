"""Background threads that run as long as the process."""

import threading
import time
from collections.abc import Callable

import structlog

STEP_RETRY_SECONDS = 1.0
"""The pause after a step that raised an exception."""

log = structlog.get_logger(__name__)


def run_in_background(name: str, step: Callable[[], None]) -> threading.Thread:
    """Start a daemon thread that calls ``step`` repeatedly; no exception ends it."""
    thread = threading.Thread(target=_run, args=(name, step), name=name, daemon=True)
    thread.start()
    return thread


def _run(name: str, step: Callable[[], None]) -> None:
    while True:
        try:
            step()
        except Exception:  # the thread must go on after any failure
            log.exception("background step failed", thread=name)
            time.sleep(STEP_RETRY_SECONDS)
