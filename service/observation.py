"""What happens to a request, for those who watch: the log, the metrics, the traces."""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


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


UNOBSERVED = Observer()


class Observers(Observer):
    """Several observers as one."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)

    def request_began(self, record: RequestRecord, headers: Mapping[str, Any]) -> None:
        """Tell all of them."""
        for observer in self._observers:
            observer.request_began(record, headers)

    def request_ended(self, record: RequestRecord) -> None:
        """Tell all of them."""
        for observer in self._observers:
            observer.request_ended(record)

    def call_ended(self, call: CallRecord) -> None:
        """Tell all of them."""
        for observer in self._observers:
            observer.call_ended(call)

    def credentials_found(self) -> None:
        """Tell all of them."""
        for observer in self._observers:
            observer.credentials_found()


request_under_way: ContextVar[RequestRecord | None] = ContextVar("request_under_way", default=None)


def observe_call(observer: Observer, call: CallRecord) -> None:
    """Count a call to the request that it is made for, and tell the observer."""
    record = request_under_way.get()
    if record is not None:
        record.dynamodb_calls += 1
        record.dynamodb_seconds += call.seconds
        record.capacity_units += call.capacity_units
    observer.call_ended(call)
