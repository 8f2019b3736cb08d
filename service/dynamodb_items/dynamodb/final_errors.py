"""What is said of a call that failed for good: the error that its caller gets, and the line that
the operator reads.
"""

import structlog
from botocore.exceptions import BotoCoreError, ClientError

from dynamodb_items.domain.errors import (
    CredentialsUnavailable,
    IdempotencyKeyReused,
    ItemsError,
    ItemTooLarge,
    OutcomeUnknown,
    ServiceOverloaded,
    SignatureRejected,
    StorageError,
    StorageMisconfigured,
    StorageThrottled,
    StorageTimeout,
    StorageUnavailable,
    UnacceptableItem,
)
from dynamodb_items.domain.operations import Operation, Transaction
from dynamodb_items.dynamodb.failures import Failure, InvalidCall

# Here AWS's words may repeat an item's values, which only level debug may show.
_ABOUT_VALUES = frozenset(
    {Failure.REFUSED, Failure.TOO_LARGE, Failure.UPDATE_REFUSED, Failure.UNEXPECTED}
)

_NO_DEFECTS = frozenset(
    {
        Failure.THROTTLED,
        Failure.IN_PROGRESS,
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
    Failure.IN_PROGRESS: (
        StorageThrottled,
        "The same request is still being carried out. Repeat it shortly, with the same "
        "Idempotency-Key.",
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
    Failure.REJECTED: (
        StorageUnavailable,
        "The table rejected the call. Nothing was changed; retry shortly.",
    ),
    Failure.MISCONFIGURED: (
        StorageMisconfigured,
        "The service is not set up for its table; its operator has been told. Nothing was changed.",
    ),
    Failure.SIGNATURE_REJECTED: (
        SignatureRejected,
        "The service is not set up for its table; its operator has been told. Nothing was changed.",
    ),
    Failure.NO_DESCRIPTORS: (
        ServiceOverloaded,
        "The service has no resources left for this request. Nothing was changed; retry shortly.",
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

log = structlog.get_logger(__name__)


def final_error(failure: Failure, *, outcome_unknown: bool) -> Exception:
    """What a caller is told of a call that is not attempted again; the outcome of a write is
    unknown where one of its attempts may have been applied.
    """
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
    return InvalidCall("DynamoDB rejected a call that this service should not have made")


def log_failure(
    operation: Operation | Transaction,
    failure: Failure,
    error: BotoCoreError | ClientError,
    attempt: int,
) -> None:
    """Write a line with AWS's own words, which the operator sees and a client never does."""
    write = log.warning if failure in _NO_DEFECTS else log.error
    words = str(error)
    if failure in _ABOUT_VALUES:
        log.debug("dynamodb refusal", operation=str(operation), error=words)
        response = getattr(error, "response", {})
        words = response.get("Error", {}).get("Code") or type(error).__name__
    if failure is Failure.NO_DESCRIPTORS:
        words = f"No file descriptor is left (RLIMIT_NOFILE, or the system's own limit): {words}"
    write(
        "dynamodb call failed",
        operation=str(operation),
        failure=failure.name.lower(),
        attempts=attempt,
        error=words,
    )
