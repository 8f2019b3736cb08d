"""The audit log: one line for each write that was accepted, or whose outcome is unknown.

It contains who changed which item and how, never an attribute's value. It makes no call: an ETag is
in the line where the write itself, or a read that it needed anyway, has returned the item.
"""

from collections.abc import Sequence

from flask import request

from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.items import Item
from dynamodb_items.domain.operations import Operation
from dynamodb_items.observability.logs import write_audit_line
from dynamodb_items.storage.write_commands import Write, Written
from dynamodb_items.web.middleware.context import record_of

UNKNOWN_OUTCOME = "unknown"


def audit_written(settings: Settings, writes: Sequence[Write], written: Sequence[Written]) -> None:
    """Log the writes of a request that were carried out, where the settings switch it on."""
    if settings.audit:
        for write, result in zip(writes, written, strict=True):
            if write.operation is not Operation.CONDITION_CHECK_ITEM:
                is_deletion = write.operation is Operation.DELETE_ITEM
                after = None if is_deletion else result.item
                _log(write, outcome_of(write, result), result.before, after)


def audit_unknown(settings: Settings, writes: Sequence[Write]) -> None:
    """Log the writes of a request that may or may not have been applied."""
    if settings.audit:
        for write in writes:
            if write.operation is not Operation.CONDITION_CHECK_ITEM:
                _log(write, UNKNOWN_OUTCOME, None, None)


def outcome_of(write: Write, written: Written) -> str:
    """Return what a write has done to its item, in one word."""
    if write.operation is Operation.DELETE_ITEM:
        return "deleted"
    if written.created:
        return "created"
    if written.item is not None and written.item is written.before:
        return "unchanged"
    return "stored" if write.operation is Operation.PUT_ITEM else "updated"


def _log(write: Write, outcome: str, before: Item | None, after: Item | None) -> None:
    record = record_of(request.environ)
    write_audit_line(
        {
            "request_id": record.request_id,
            "caller": record.caller,
            "client": request.environ.get("REMOTE_ADDR", ""),
            "operation": write.operation.value,
            "key": list(write.key.values),
            "outcome": outcome,
            "etag_before": None if before is None else before.fingerprint,
            "etag_after": None if after is None else after.fingerprint,
        }
    )
