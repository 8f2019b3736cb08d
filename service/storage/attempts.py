"""Attempts at one DynamoDB call within the deadline, and the error that remains.

A write may be attempted again after a lost answer because every write carries a token of its own
(see ``repository``): the write that was applied after all recognises itself.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from botocore.exceptions import BotoCoreError, ClientError

from service.errors import (
    CredentialsUnavailable,
    IdempotencyKeyReused,
    ItemsError,
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
from service.operations import Operation, Transaction
from service.storage.failures import (
    CancellationReason,
    Failure,
    cancellation_reasons,
    failure_of,
)

MAX_ATTEMPTS = 4
FIRST_BACKOFF_SECONDS = 0.05

log = structlog.get_logger(__name__)


class Client(Protocol):
    """What the attempts need of ``service.storage.client.DynamoDBClient``."""

    attempt_seconds: float

    def call(
        self, operation: Operation | Transaction, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
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


class TransactionRefused(Exception):
    """Operations of a transaction were refused, and so nothing of it was written.

    ``reasons`` are in the order of the operations. ``after_lost_answer`` tells that an
    earlier attempt of the same transaction may have been applied.
    """

    def __init__(self, reasons: list[CancellationReason], *, after_lost_answer: bool) -> None:
        super().__init__("the transaction was canceled")
        self.reasons = reasons
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

    def call(
        self,
        operation: Operation | Transaction,
        parameters: Mapping[str, Any],
        repeat: Callable[[], Mapping[str, Any] | None] | None = None,
    ) -> Answer:
        """Carry out one operation. Where a repeat after a lost answer is not the same call again,
        ``repeat`` gives its parameters, or None to leave the outcome unknown.

        Raises:
            ConditionRefused: the write's condition was false.
            TransactionRefused: the transaction was canceled for what its operations are.
            IdempotencyKeyReused: another transaction has had the same client request token.
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
                if failure is Failure.CANCELED:
                    failure = _canceled(error, after_lost_answer=unknown)
                lost = operation.is_write and failure.leaves_outcome_unknown
                if lost and not unknown and repeat is not None:
                    again = repeat()
                    if again is None:
                        _log_failure(operation, failure, error, attempt)
                        raise _final_error(failure, outcome_unknown=True) from error
                    parameters = again
                unknown = unknown or lost
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


def _canceled(error: BotoCoreError | ClientError, *, after_lost_answer: bool) -> Failure:
    """What a canceled transaction met where another attempt may succeed.

    Raises:
        TransactionRefused: no attempt would.
    """
    reasons = cancellation_reasons(error) if isinstance(error, ClientError) else []
    if all(reason.failure in (None, Failure.THROTTLED) for reason in reasons):
        return Failure.THROTTLED
    raise TransactionRefused(reasons, after_lost_answer=after_lost_answer) from None


def _log_failure(
    operation: Operation | Transaction,
    failure: Failure,
    error: BotoCoreError | ClientError,
    attempt: int,
) -> None:
    """The operator sees AWS's own words; the client never does."""
    write = log.warning if failure in _NO_DEFECTS else log.error
    write(
        "dynamodb call failed",
        operation=str(operation),
        failure=failure.name.lower(),
        attempts=attempt,
        error=str(error),
    )


_NO_DEFECTS = frozenset(
    {
        Failure.THROTTLED,
        Failure.TOO_LARGE,
        Failure.REFUSED,
        Failure.UPDATE_REFUSED,
        Failure.TOKEN_REUSED,
    }
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


_REFUSALS: dict[Failure, tuple[type[ItemsError], str]] = {
    Failure.TOO_LARGE: (ItemTooLarge, "The item would be larger than DynamoDB stores."),
    Failure.REFUSED: (
        UnacceptableItem,
        "The table refuses these attribute values; an attribute that is the key of an index "
        "must have the index's type and must not be empty.",
    ),
    Failure.UPDATE_REFUSED: (
        UnacceptableItem,
        "The update does not suit the stored item: an attribute or a path that it uses is absent, "
        "an operand has the wrong type, or a result is out of DynamoDB's bounds.",
    ),
    Failure.TOKEN_REUSED: (
        IdempotencyKeyReused,
        "A different request has had this Idempotency-Key, or the same one when the item was "
        "another. Nothing was written now; read the item to see what the first one did.",
    ),
}


def _final_error(failure: Failure, *, outcome_unknown: bool) -> Exception:
    if outcome_unknown:
        return OutcomeUnknown(
            "The write was sent, but no answer came back: it may or may not have been applied. "
            "Read the item before writing again."
        )
    return error_of(failure)


def error_of(failure: Failure) -> Exception:
    """What a caller is told of a failure that no further attempt mends."""
    if failure in _REFUSALS:
        refusal, detail = _REFUSALS[failure]
        return refusal(detail)
    if failure in _FINAL_ERRORS:
        error, detail = _FINAL_ERRORS[failure]
        return error(detail)
    return RuntimeError("DynamoDB refused a call that this service should not have made")
