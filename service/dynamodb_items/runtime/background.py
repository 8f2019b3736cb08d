"""Work that goes on in the background for as long as the process lives."""

import threading
import time
from collections.abc import Callable

import structlog

RETRY_SECONDS = 1.0
"""The pause after a step that failed in a way that it does not handle itself."""

log = structlog.get_logger(__name__)


def run_in_background(name: str, step: Callable[[], None]) -> threading.Thread:
    """Start a daemon thread that calls ``step`` again and again; no exception ends it."""
    thread = threading.Thread(target=_run, args=(name, step), name=name, daemon=True)
    thread.start()
    return thread


def _run(name: str, step: Callable[[], None]) -> None:
    while True:
        try:
            step()
        except Exception:  # a thread that ends would never do its work again
            log.exception("background step failed", thread=name)
            time.sleep(RETRY_SECONDS)
