"""What each failure of a DynamoDB call means: retry, log level, and the error for the caller.

``error_codes`` decides which failure an exception is.
"""

import enum
from dataclasses import dataclass
from typing import NamedTuple

import structlog
from botocore.exceptions import BotoCoreError, ClientError

from dynamodb_items.domain.errors import (
    CredentialsUnavailable,
    IdempotencyKeyReused,
    ItemsError,
    ItemTooLarge,
    KeySchemaMismatch,
    OutcomeUnknown,
    ServiceOverloaded,
    SignatureRejected,
    StorageMisconfigured,
    StorageThrottled,
    StorageTimeout,
    StorageUnavailable,
    UnacceptableItem,
)
from dynamodb_items.domain.items import Attributes
from dynamodb_items.domain.operations import ApiCall

log = structlog.get_logger(__name__)


class InvalidCall(Exception):
    """DynamoDB rejected a call as invalid: a defect of this service."""


class Failure(enum.Enum):
    """How one attempt at a call failed; the value is its name in logs and metrics."""

    CONDITION_FAILED = "condition_failed"  # the write's condition was false; nothing was written
    THROTTLED = "throttled"  # nothing was done; the same call may succeed soon
    IN_PROGRESS = "in_progress"  # the same transaction is still being executed
    UNREACHABLE = "unreachable"  # nothing was sent
    LOST_RESPONSE = "lost_response"  # sent, and perhaps executed
    TIMED_OUT = "timed_out"  # sent, perhaps executed, without a response in time
    CREDENTIALS = "credentials"  # missing or expired
    MISCONFIGURED = "misconfigured"  # the operator must fix permissions, table or endpoint
    KEY_MISMATCH = "key_mismatch"  # the table has other key attributes than the settings
    REJECTED = "rejected"  # rejected with an unknown error code; nothing was done
    SIGNATURE_REJECTED = "signature_rejected"  # the secret key or the clock is wrong
    NO_DESCRIPTORS = "no_descriptors"  # nothing was sent: no file descriptor is left
    TOO_LARGE = "too_large"  # the item would exceed DynamoDB's limit
    VALUES_REJECTED = "values_rejected"  # invalid for the table, such as an index key's type
    UPDATE_REJECTED = "update_rejected"  # the update expression is invalid for the stored item
    CANCELED = "canceled"  # a transaction, because of its operations
    TOKEN_REUSED = "token_reused"  # noqa: S105 - the client request token of another transaction
    UNEXPECTED = "unexpected"  # the call was invalid: a defect of this service

    @property
    def leaves_outcome_unknown(self) -> bool:
        """Whether a write that failed so may have been applied."""
        return self in (Failure.LOST_RESPONSE, Failure.TIMED_OUT)

    @property
    def is_transient(self) -> bool:
        """Whether a retry may succeed."""
        return _MEANINGS[self].is_transient


@dataclass(frozen=True, slots=True)
class CancellationReason:
    """The failure of one operation of a canceled transaction, None if it did not fail.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CancellationReason.html
    """

    failure: Failure | None
    found: Attributes | None
    """The stored item, if the operation's condition was false and the item exists."""


class _Meaning(NamedTuple):
    error: type[ItemsError | InvalidCall]
    detail: str
    is_transient: bool = False
    is_expected: bool = False
    """Whether it happens in normal operation: the log line is a warning, otherwise an error."""
    quotes_values: bool = False
    """Whether AWS's message may contain values of the item; only level debug logs it then."""


_DEFECT = _Meaning(InvalidCall, "DynamoDB rejected a call that this service should not have made")
_MISCONFIGURED = (
    "The service is not configured correctly for its table; its log has the cause. Nothing was "
    "changed."
)
_MEANINGS: dict[Failure, _Meaning] = {
    Failure.THROTTLED: _Meaning(
        StorageThrottled,
        "The table is busier than its capacity allows. Nothing was changed; retry shortly.",
        is_transient=True,
        is_expected=True,
    ),
    Failure.IN_PROGRESS: _Meaning(
        StorageThrottled,
        "The same request is still being processed. Retry shortly with the same Idempotency-Key.",
        is_transient=True,
        is_expected=True,
    ),
    Failure.UNREACHABLE: _Meaning(
        StorageUnavailable,
        "The table cannot be reached. Nothing was changed; retry shortly.",
        is_transient=True,
    ),
    Failure.LOST_RESPONSE: _Meaning(
        StorageUnavailable,
        "The table did not return a valid response. Nothing was changed; retry shortly.",
        is_transient=True,
    ),
    Failure.TIMED_OUT: _Meaning(
        StorageTimeout, "The table did not respond in time.", is_transient=True
    ),
    Failure.CREDENTIALS: _Meaning(
        CredentialsUnavailable,
        "The service has no valid AWS credentials at the moment. Nothing was changed.",
        is_transient=True,
    ),
    Failure.REJECTED: _Meaning(
        StorageUnavailable, "The table rejected the call. Nothing was changed; retry shortly."
    ),
    Failure.MISCONFIGURED: _Meaning(StorageMisconfigured, _MISCONFIGURED),
    Failure.KEY_MISMATCH: _Meaning(KeySchemaMismatch, _MISCONFIGURED),
    Failure.SIGNATURE_REJECTED: _Meaning(SignatureRejected, _MISCONFIGURED),
    Failure.NO_DESCRIPTORS: _Meaning(
        ServiceOverloaded,
        "The service has no resources left for this request. Nothing was changed; retry shortly.",
        is_transient=True,
    ),
    Failure.TOO_LARGE: _Meaning(
        ItemTooLarge,
        "The item would be larger than DynamoDB stores.",
        is_expected=True,
        quotes_values=True,
    ),
    Failure.VALUES_REJECTED: _Meaning(
        UnacceptableItem,
        "The table rejects these attribute values; an attribute that is the key of an index "
        "must have the index's type and must not be empty.",
        is_expected=True,
        quotes_values=True,
    ),
    Failure.UPDATE_REJECTED: _Meaning(
        UnacceptableItem,
        "The update is invalid for the stored item: an attribute or a path that it uses is absent, "
        "an operand has the wrong type, or a result exceeds DynamoDB's limits.",
        is_expected=True,
        quotes_values=True,
    ),
    Failure.TOKEN_REUSED: _Meaning(
        IdempotencyKeyReused,
        "This Idempotency-Key was used for a different request, or for the same request when the "
        "item was different. Nothing was written now; read the item to see what the first request "
        "did.",
        is_expected=True,
    ),
    # The next two are handled before they become errors.
    Failure.CONDITION_FAILED: _DEFECT,
    Failure.CANCELED: _DEFECT,
    Failure.UNEXPECTED: _DEFECT._replace(quotes_values=True),
}


def final_error(failure: Failure, *, outcome_unknown: bool) -> Exception:
    """Return the error of a call without further retries.

    ``outcome_unknown`` means that one attempt at a write may have been applied.
    """
    if outcome_unknown:
        return OutcomeUnknown(
            "The write was sent, but no response arrived: it may or may not have been applied. "
            "Read the item before writing again."
        )
    return error_of(failure)


def error_of(failure: Failure) -> Exception:
    """Return the error for the caller of a call that failed and changed nothing."""
    meaning = _MEANINGS[failure]
    return meaning.error(meaning.detail)


def log_failure(
    operation: ApiCall,
    failure: Failure,
    error: BotoCoreError | ClientError,
    attempt: int,
) -> None:
    """Log a failed call with AWS's own message, which clients never see."""
    meaning = _MEANINGS[failure]
    write = log.warning if meaning.is_expected else log.error
    message = str(error)
    if meaning.quotes_values:
        log.debug("dynamodb rejection", operation=str(operation), error=message)
        response = getattr(error, "response", {})
        message = response.get("Error", {}).get("Code") or type(error).__name__
    if failure is Failure.NO_DESCRIPTORS:
        message = f"No file descriptor is left (RLIMIT_NOFILE or the system's limit): {message}"
    write(
        "dynamodb call failed",
        operation=str(operation),
        failure=failure.value,
        attempts=attempt,
        error=message,
    )
