"""The errors of a transaction that was not carried out."""

from collections.abc import Iterable, Mapping

from dynamodb_items.domain.errors import (
    ItemsError,
    ItemTooLarge,
    OperationsRejected,
    OutcomeUnknown,
)
from dynamodb_items.domain.items import Attributes
from dynamodb_items.domain.operations import Operation
from dynamodb_items.domain.time_to_live import Expiry
from dynamodb_items.dynamodb.failures import CancellationReason, Failure, error_of
from dynamodb_items.dynamodb.retries import TransactionCanceled
from dynamodb_items.formats.limits import attributes_bytes
from dynamodb_items.runtime.deadline import give_way_after, in_turns
from dynamodb_items.storage.calls import Call
from dynamodb_items.storage.write_failures import failed_condition

MAX_TRANSACTION_BYTES = 4 * 1024 * 1024


def check_size(items: Iterable[Attributes]) -> None:
    """Reject a transaction on more data than DynamoDB allows.

    Raises:
        ItemTooLarge: the items are too large together.
    """
    size_bytes = 0
    for attributes in in_turns(items):
        of_item = attributes_bytes(attributes)
        give_way_after(of_item)
        size_bytes += of_item
    if size_bytes > MAX_TRANSACTION_BYTES:
        raise ItemTooLarge(
            f"The items take {size_bytes:,} bytes together; DynamoDB reads or writes up to "
            f"{MAX_TRANSACTION_BYTES:,} at once."
        )


def failed_read(canceled: TransactionCanceled) -> Exception:
    """Return the error of a canceled read."""
    failures = [reason.failure for reason in canceled.reasons if reason.failure is not None]
    # The keys are valid, so only the size of the items together can be wrong with them; DynamoDB
    # does not document the text of that error.
    if not failures or {Failure.TOO_LARGE, Failure.UNEXPECTED}.intersection(failures):
        return ItemTooLarge(
            f"The items take more than {MAX_TRANSACTION_BYTES:,} bytes together; read fewer at "
            "once."
        )
    return error_of(failures[0])


def failed_write(
    calls: Mapping[int, Call], canceled: TransactionCanceled, expiry: Expiry
) -> ItemsError:
    """Return the error of canceled writes; ``calls`` are by operation index."""
    if canceled.after_lost_response:
        return OutcomeUnknown(
            "The writes were sent, their response was lost, and an item has been changed since: "
            "they may or may not have been applied. Read the items before writing again."
        )
    return OperationsRejected(failed_operations(calls, canceled, expiry))


def failed_operations(
    calls: Mapping[int, Call], canceled: TransactionCanceled, expiry: Expiry
) -> list[tuple[int, ItemsError]]:
    """Return the index of each operation that failed, and its error."""
    return [
        (index, _failed_operation(call, reason.failure, reason.found, expiry))
        for (index, call), reason in zip(calls.items(), canceled.reasons, strict=False)
        if reason.failure is not None
    ]


def _failed_operation(
    call: Call, failure: Failure, found: Attributes | None, expiry: Expiry
) -> ItemsError:
    if failure is Failure.CONDITION_FAILED:
        return failed_condition(call.write, found, expiry)
    error = error_of(failure)
    if not isinstance(error, ItemsError):
        raise error
    return error


def have_deleted_all(
    calls: Mapping[int, Call], canceled: TransactionCanceled, expiry: Expiry
) -> bool:
    """Return whether all operations are deletions that failed because their items are absent."""
    return len(canceled.reasons) == len(calls) and all(
        call.operation is Operation.DELETE_ITEM and _found_nothing(reason, expiry)
        for call, reason in zip(calls.values(), canceled.reasons, strict=True)
    )


def _found_nothing(reason: CancellationReason, expiry: Expiry) -> bool:
    return reason.failure is Failure.CONDITION_FAILED and expiry.visible(reason.found) is None
