"""Events of requests and calls, for the log, the metrics and the traces.

The names of all log lines, with their levels and fields, are listed in ``docs/operations.md``.
"""

import time
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

FAILURE_LOG_SECONDS = 60.0
"""The least time between two log lines about observers that fail."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class RequestRecord:
    """One request, filled in while it is served; never with an item's values or a credential."""

    request_id: str
    method: str
    route: str = ""
    """The path's template; empty if no route matches."""

    status: int = 500
    seconds: float = 0.0
    caller: str = ""
    client: str = ""
    dynamodb_calls: int = 0
    dynamodb_seconds: float = 0.0
    capacity_units: float = 0.0
    shed: bool = False


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One attempt of one DynamoDB call."""

    operation: str
    outcome: str
    """``ok``, or the kind of failure."""

    attempt: int
    seconds: float
    capacity_units: float


class Observer:
    """A receiver of events; this base class ignores them."""

    def request_began(self, record: RequestRecord, headers: Mapping[str, Any]) -> None:
        """Record that a request has arrived; ``headers`` is its WSGI environment."""

    def request_ended(self, record: RequestRecord) -> None:
        """Record that the response to a request is complete."""

    def call_ended(self, call: CallRecord) -> None:
        """Record the end of one attempt of a call."""

    def credentials_found(self) -> None:
        """Record that AWS credentials were found or renewed."""

    def table_probed(self, *, is_available: bool) -> None:
        """Record whether the readiness probe could read the table."""

    def log_lines_lost(self, count: int) -> None:
        """Record that ``count`` log lines could not be written."""


UNOBSERVED = Observer()


class Observers(Observer):
    """Several observers as one: each event is forwarded to all of them.

    An exception of one of them affects neither the request nor the other observers.
    """

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)
        self._reported_at = float("-inf")
        for event in vars(Observer):
            if not event.startswith("_"):
                setattr(self, event, partial(self._notify, event))

    def _notify(self, event: str, *arguments: Any, **more: Any) -> None:
        for observer in self._observers:
            try:
                getattr(observer, event)(*arguments, **more)
            except Exception as error:  # noqa: BLE001 - the request goes on after any failure
                self._log_failure(observer, error)

    def _log_failure(self, observer: Observer, error: Exception) -> None:
        now = time.monotonic()
        if now - self._reported_at >= FAILURE_LOG_SECONDS:
            self._reported_at = now
            log.error("observer failed", observer=type(observer).__name__, error=str(error))


request_under_way: ContextVar[RequestRecord | None] = ContextVar("request_under_way", default=None)


def observe_call(observer: Observer, call: CallRecord) -> None:
    """Add a call to the record of the current request, and report it to the observer."""
    record = request_under_way.get()
    if record is not None:
        record.dynamodb_calls += 1
        record.dynamodb_seconds += call.seconds
        record.capacity_units += call.capacity_units
    observer.call_ended(call)
