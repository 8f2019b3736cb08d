"""The calls of DynamoDB that writes become: plain values."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from dynamodb_items.domain.errors import ItemsError, UnacceptableItem
from dynamodb_items.domain.items import Attributes, Item
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.domain.operations import Operation
from dynamodb_items.domain.write_tokens import LogTrim, VersionAttribute, WriteToken
from dynamodb_items.expressions import builder
from dynamodb_items.expressions.native_update import check_fits
from dynamodb_items.expressions.parts import CONDITION, UPDATE, Placeholders, Template, fits
from dynamodb_items.storage.write_commands import Put, Write, condition_of


class Draft(NamedTuple):
    """What a call does, in templates."""

    operation: Operation
    condition: Template
    update: Template = ()
    item: Attributes | None = None
    """The item that a put stores."""
    retry_condition: Template = ()
    """A further condition of a retry after a lost response."""
    is_retryable: bool = True
    """Whether a retry after a lost response would recognize that the write has been applied."""
    rejection: ItemsError | None = None
    """The error of a write whose result cannot be stored: the call only decides its condition."""


class Call(NamedTuple):
    """One operation of DynamoDB, alone or in a transaction."""

    write: Write
    operation: Operation
    token: WriteToken
    read: Item | None
    """The stored item that was read to plan the call."""
    parameters: Mapping[str, Any]
    retry_parameters: Mapping[str, Any] | None
    """The parameters that differ in a retry after a lost response; None: no such retry."""
    rejection: ItemsError | None = None
    """The error to raise after the call, which changes nothing."""

    @property
    def changes_nothing(self) -> bool:
        """Whether the call only decides a condition."""
        return self.rejection is not None or self.operation is Operation.CONDITION_CHECK_ITEM

    @property
    def item(self) -> Attributes:
        """The attributes that a put stores."""
        attributes: Attributes = self.parameters["Item"]
        return attributes

    @property
    def creates(self) -> bool:
        """Whether the call succeeds only if the item does not exist."""
        write = self.write
        is_conditional = bool(write.precondition) or (
            isinstance(write, Put) and write.completed is not None
        )
        return is_conditional and write.precondition.if_match is None and self.read is None


def call_of(write: Write, read: Item | None, token: WriteToken, draft: Draft) -> Call:
    """Return the call of a draft.

    Raises:
        UnacceptableItem: an expression is over DynamoDB's limits.
        ItemsError: the draft's rejection, where its condition is over the limits.
    """
    placeholders = Placeholders()
    condition = placeholders.text(draft.condition)
    update = placeholders.text(draft.update)
    retry_parameters: Mapping[str, Any] | None = {} if draft.is_retryable else None
    longest = condition
    if draft.retry_condition:
        longest = placeholders.text(builder.all_of(draft.condition, draft.retry_condition))
        retry_parameters = {CONDITION: longest}
    if draft.rejection is not None and not fits(CONDITION, longest):
        raise draft.rejection
    _check_limits(write, longest, update)
    parameters: dict[str, Any] = (
        {"Key": write.key.attributes} if draft.item is None else {"Item": draft.item}
    )
    if update:
        parameters[UPDATE] = update
    if condition:
        parameters[CONDITION] = condition
        parameters["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    parameters |= placeholders.parameters
    return Call(write, draft.operation, token, read, parameters, retry_parameters, draft.rejection)


def check_has_update(draft: Draft) -> None:
    """Reject an update of nothing: in a transaction, DynamoDB requires an UpdateExpression.

    Raises:
        UnacceptableItem: the draft is one.
    """
    if draft.operation is Operation.UPDATE_ITEM and not draft.update:
        raise UnacceptableItem(
            "Without a version attribute, a batch or a request with an Idempotency-Key needs an "
            "UpdateExpression."
        )


def trim_parameters(key: ItemKey, version: VersionAttribute, trim: LogTrim) -> Mapping[str, Any]:
    """Return the parameters of the update that trims a log."""
    placeholders = Placeholders()
    update, condition = map(placeholders.text, builder.log_trim(version, trim))
    return {
        "Key": key.attributes,
        UPDATE: update,
        CONDITION: condition,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        **placeholders.parameters,
    }


def _check_limits(write: Write, condition: str, update: str) -> None:
    check_fits(UPDATE, update)
    if condition_of(write) is not None:
        check_fits(CONDITION, condition)
    elif not fits(CONDITION, condition):
        raise UnacceptableItem(
            "The stored item has no version attribute and too many attributes to compare in one "
            "condition. If the deployment has a version attribute, a PATCH without a precondition "
            "sets it: then read the item and write with its new ETag."
        )
