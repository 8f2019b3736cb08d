"""What happens to a request, for those who watch: the log, the metrics, the traces."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import structlog

FAILURE_LOG_SECONDS = 60.0
"""An observer that fails does so for each request; that often, a line reports it."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class RequestRecord:
    """One request, filled in as it goes: never an item's values, nor a credential."""

    request_id: str
    method: str
    route: str = ""
    """The path's template; empty where no route has it."""

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
    """One attempt at one DynamoDB call."""

    operation: str
    outcome: str
    """``ok``, or what the failure means."""

    attempt: int
    seconds: float
    capacity_units: float


class Observer:
    """Is told what happens; this one ignores it."""

    def request_began(self, record: RequestRecord, headers: Mapping[str, Any]) -> None:
        """A request has come, with the headers of its WSGI environment."""

    def request_ended(self, record: RequestRecord) -> None:
        """It is answered."""

    def call_ended(self, call: CallRecord) -> None:
        """DynamoDB has answered one attempt at a call, or has not."""

    def credentials_found(self) -> None:
        """AWS credentials were found or renewed."""

    def table_probed(self, *, is_available: bool) -> None:
        """The readiness probe has read the table, or failed to."""

    def log_lines_lost(self, count: int) -> None:
        """So many log lines could not be written."""


UNOBSERVED = Observer()


class Observers(Observer):
    """Several observers as one. What one of them raises reaches neither the request nor the other
    observers: a full disk may cost a count, and no response.
    """

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)
        self._reported_at = float("-inf")

    def request_began(self, record: RequestRecord, headers: Mapping[str, Any]) -> None:
        """Report it to all observers."""
        self._tell(lambda observer: observer.request_began(record, headers))

    def request_ended(self, record: RequestRecord) -> None:
        """Report it to all observers."""
        self._tell(lambda observer: observer.request_ended(record))

    def call_ended(self, call: CallRecord) -> None:
        """Report it to all observers."""
        self._tell(lambda observer: observer.call_ended(call))

    def credentials_found(self) -> None:
        """Report it to all observers."""
        self._tell(lambda observer: observer.credentials_found())

    def table_probed(self, *, is_available: bool) -> None:
        """Report it to all observers."""
        self._tell(lambda observer: observer.table_probed(is_available=is_available))

    def log_lines_lost(self, count: int) -> None:
        """Report it to all observers."""
        self._tell(lambda observer: observer.log_lines_lost(count))

    def _tell(self, report: Callable[[Observer], None]) -> None:
        for observer in self._observers:
            try:
                report(observer)
            except Exception as error:  # noqa: BLE001 - whatever fails, the request goes on
                self._report(observer, error)

    def _report(self, observer: Observer, error: Exception) -> None:
        now = time.monotonic()
        if now - self._reported_at >= FAILURE_LOG_SECONDS:
            self._reported_at = now
            log.error("observer failed", observer=type(observer).__name__, error=str(error))


request_under_way: ContextVar[RequestRecord | None] = ContextVar("request_under_way", default=None)


def observe_call(observer: Observer, call: CallRecord) -> None:
    """Count a call to the request that it is made for, and tell the observer."""
    record = request_under_way.get()
    if record is not None:
        record.dynamodb_calls += 1
        record.dynamodb_seconds += call.seconds
        record.capacity_units += call.capacity_units
    observer.call_ended(call)
