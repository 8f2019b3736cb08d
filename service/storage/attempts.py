"""Attempts at one DynamoDB call within the deadline, and the error that remains.

A write may be attempted again after a lost answer because every write carries a token of its own
(see ``repository``): the write that was applied after all recognises itself.
"""

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from botocore.exceptions import BotoCoreError, ClientError

from service.errors import (
    CredentialsUnavailable,
    ItemTooLarge,
    OutcomeUnknown,
    StorageError,
    StorageMisconfigured,
    StorageThrottled,
    StorageTimeout,
    StorageUnavailable,
    UnacceptableItem,
)
from service.items import Attributes
from service.operations import Operation
from service.storage.failures import Failure, failure_of

MAX_ATTEMPTS = 4
FIRST_BACKOFF_SECONDS = 0.05

log = structlog.get_logger(__name__)


class Client(Protocol):
    """What the attempts need of ``service.storage.client.DynamoDBClient``."""

    attempt_seconds: float

    def call(self, operation: Operation, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """One attempt."""

    def forget_credentials(self) -> None:
        """Find the credentials afresh."""


class ConditionRefused(Exception):
    """A write's condition was false.

    ``found`` is the item as it was, None where there was none. ``after_lost_answer``
    tells that an earlier attempt of the same write may have been applied.
    """

    def __init__(self, found: Attributes | None, *, after_lost_answer: bool) -> None:
        super().__init__("the condition was false")
        self.found = found
        self.after_lost_answer = after_lost_answer


@dataclass(frozen=True, slots=True)
class Answer:
    """What DynamoDB answered, and whether an earlier attempt may have been applied before."""

    content: dict[str, Any]
    after_lost_answer: bool


class Attempts:
    """Calls that are attempted again while the deadline allows."""

    def __init__(self, client: Client, deadline_seconds: float) -> None:
        self._client = client
        self._deadline_seconds = deadline_seconds

    def call(self, operation: Operation, parameters: Mapping[str, Any]) -> Answer:
        """Carry out one operation.

        Raises:
            ConditionRefused: the write's condition was false.
            StorageError: the call failed; its subclass says how.
            ItemTooLarge, UnacceptableItem: DynamoDB refused the item for what it is.
        """
        deadline = time.monotonic() + self._deadline_seconds
        unknown = False
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                return Answer(self._client.call(operation, parameters), unknown)
            except (BotoCoreError, ClientError) as error:
                failure = failure_of(error)
                if failure is Failure.CONDITION_REFUSED:
                    found = getattr(error, "response", {}).get("Item")
                    raise ConditionRefused(found, after_lost_answer=unknown) from None
                unknown = unknown or (operation.is_write and failure.leaves_outcome_unknown)
                pause_seconds = random.uniform(0.5, 1) * FIRST_BACKOFF_SECONDS * 2**attempt  # noqa: S311
                time_is_up = (
                    time.monotonic() + pause_seconds + self._client.attempt_seconds > deadline
                )
                if self._is_final(failure, attempt) or time_is_up:
                    _log_failure(operation, failure, error, attempt)
                    raise _final_error(failure, outcome_unknown=unknown) from error
                if failure is Failure.CREDENTIALS:
                    self._client.forget_credentials()
                time.sleep(pause_seconds)
        raise AssertionError("the last attempt is final")

    @staticmethod
    def _is_final(failure: Failure, attempt: int) -> bool:
        if failure is Failure.CREDENTIALS:
            return attempt > 1  # one refresh; a second would fail the same way
        return not failure.is_transient or attempt == MAX_ATTEMPTS


def _log_failure(
    operation: Operation, failure: Failure, error: BotoCoreError | ClientError, attempt: int
) -> None:
    """The operator sees AWS's own words; the client never does."""
    throttled = failure in (Failure.THROTTLED, Failure.TOO_LARGE, Failure.REFUSED)
    write = log.warning if throttled else log.error
    write(
        "dynamodb call failed",
        operation=str(operation),
        failure=failure.name.lower(),
        attempts=attempt,
        error=str(error),
    )


_FINAL_ERRORS: dict[Failure, tuple[type[StorageError], str]] = {
    Failure.THROTTLED: (
        StorageThrottled,
        "The table is busier than its capacity allows. Nothing was changed; retry shortly.",
    ),
    Failure.UNREACHABLE: (
        StorageUnavailable,
        "The table cannot be reached. Nothing was changed; retry shortly.",
    ),
    Failure.LOST_ANSWER: (
        StorageUnavailable,
        "The table failed to answer. Nothing was changed; retry shortly.",
    ),
    Failure.TIMED_OUT: (StorageTimeout, "The table did not answer in time."),
    Failure.CREDENTIALS: (
        CredentialsUnavailable,
        "The service has no valid AWS credentials at the moment. Nothing was changed.",
    ),
    Failure.MISCONFIGURED: (
        StorageMisconfigured,
        "The service is not set up for its table; its operator has been told. Nothing was changed.",
    ),
}


def _final_error(failure: Failure, *, outcome_unknown: bool) -> Exception:
    if outcome_unknown:
        return OutcomeUnknown(
            "The write was sent, but no answer came back: it may or may not have been applied. "
            "Read the item before writing again."
        )
    if failure is Failure.TOO_LARGE:
        return ItemTooLarge("The item would be larger than DynamoDB stores.")
    if failure is Failure.REFUSED:
        return UnacceptableItem(
            "The table refuses these attribute values; an attribute that is the key of an index "
            "must have the index's type and must not be empty."
        )
    if failure in _FINAL_ERRORS:
        error, detail = _FINAL_ERRORS[failure]
        return error(detail)
    return RuntimeError("DynamoDB refused a call that this service should not have made")
