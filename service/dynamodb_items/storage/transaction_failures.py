"""What a transaction that is not carried out is answered with."""

from collections.abc import Mapping

from dynamodb_items.domain.errors import ItemsError, ItemTooLarge, OperationsRefused, OutcomeUnknown
from dynamodb_items.dynamodb.failures import CancellationReason, Failure, error_of
from dynamodb_items.dynamodb.retries import TransactionCanceled
from dynamodb_items.storage.write_plan import Call, refusal_of

MAX_TRANSACTION_BYTES = 4 * 1024 * 1024


def found_nothing(reason: CancellationReason | None) -> bool:
    """Whether an operation was refused because there is no item."""
    return (
        reason is not None and reason.failure is Failure.CONDITION_FAILED and reason.found is None
    )


def read_refusal(refusal: TransactionCanceled) -> Exception:
    """What a canceled read is answered with."""
    failures = [reason.failure for reason in refusal.reasons if reason.failure is not None]
    # The keys are checked, so that their size together is all that can be wrong with them; in which
    # words DynamoDB says so, its documentation doesn't.
    if not failures or {Failure.TOO_LARGE, Failure.UNEXPECTED}.intersection(failures):
        return ItemTooLarge(
            f"The items take more than {MAX_TRANSACTION_BYTES:,} bytes together; read fewer at "
            "once."
        )
    return error_of(failures[0])


def write_refusal(
    planned: Mapping[int, Call],
    reasons: Mapping[int, CancellationReason],
    refusal: TransactionCanceled,
) -> ItemsError:
    """What canceled writes are answered with; ``planned`` and ``reasons`` are by their places."""
    if refusal.after_lost_response:
        return OutcomeUnknown(
            "The writes were sent, their answer was lost, and an item has been changed since: "
            "they may or may not have been applied. Read the items before writing again."
        )
    return OperationsRefused(
        [
            (index, _reason_error(planned[index], reason))
            for index, reason in reasons.items()
            if reason.failure is not None
        ]
    )


def _reason_error(call: Call, reason: CancellationReason) -> ItemsError:
    if reason.failure is Failure.CONDITION_FAILED:
        return refusal_of(call.write, reason.found)
    error = error_of(reason.failure) if reason.failure else None
    if not isinstance(error, ItemsError):
        raise error or AssertionError("a reason without a failure refuses nothing")
    return error


def check_size(size_bytes: int) -> None:
    """Refuse what takes too much together.

    Raises:
        ItemTooLarge: it does.
    """
    if size_bytes > MAX_TRANSACTION_BYTES:
        raise ItemTooLarge(
            f"The items take {size_bytes:,} bytes together; DynamoDB reads or writes up to "
            f"{MAX_TRANSACTION_BYTES:,} at once."
        )
