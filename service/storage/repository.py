"""The items of one table: get, put, update, delete, each on its precondition.

Every write stamps a fresh token into the version attribute, and the precondition is part of the
write's own condition: nothing can come between the check and the write.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from service.errors import (
    ItemNotFound,
    OutcomeUnknown,
    PreconditionFailed,
    StorageThrottled,
)
from service.items import (
    NO_PRECONDITION,
    Attributes,
    AttributeValue,
    Item,
    ItemKey,
    KeySchema,
    Precondition,
)
from service.operations import Operation
from service.storage import expressions
from service.storage.attempts import Answer, Attempts, ConditionRefused
from service.storage.attributes import check_item_size
from service.storage.expressions import Changes, Placeholders

MAX_EDITS = 5
"""How often an edit is read and tried anew when other writers keep coming first."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a put left behind, and whether there was no such item before."""

    item: Item
    created: bool


class ItemRepository:
    """The items of one DynamoDB table.

    Any method raises ``StorageError`` where DynamoDB fails; its subclass says how.
    """

    def __init__(
        self, attempts: Attempts, table: str, key_schema: KeySchema, version_attribute: str
    ) -> None:
        self._attempts = attempts
        self._table = table
        self._key_attribute = key_schema.partition.name
        self._version_attribute = version_attribute

    def get(self, key: ItemKey, *, consistent: bool = False) -> Item:
        """The item as stored; strongly consistent on request.

        Raises:
            ItemNotFound: no item has that key.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html
        """
        item = self._find(key, consistent=consistent)
        if item is None:
            raise _not_found(key)
        return item

    def put(
        self, key: ItemKey, attributes: Attributes, precondition: Precondition = NO_PRECONDITION
    ) -> Stored:
        """Create the item or replace it whole.

        Raises:
            PreconditionFailed: the stored item is not the one the caller saw.
            ItemTooLarge: over DynamoDB's 400 KB.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
        """
        token = _Token(self._version_attribute)
        item = Item({**key.attributes, **attributes, **token.attributes})
        check_item_size(item.attributes)
        placeholders = Placeholders()
        seen, condition = self._condition(key, precondition, placeholders)
        try:
            answer = self._write(
                Operation.PUT_ITEM,
                condition,
                placeholders,
                Item=item.attributes,
                ReturnValues="ALL_OLD",
            )
        except ConditionRefused as refusal:
            if not token.is_on(refusal.found):
                _refuse(refusal)
            # Only an item that had to be absent is known to be new: the answer that would have
            # told is lost.
            return Stored(item, created=_required_absence(precondition, seen))
        return Stored(item, created="Attributes" not in answer.content)

    def update(
        self, key: ItemKey, changes: Changes, precondition: Precondition = NO_PRECONDITION
    ) -> Item:
        """Set and remove attributes of an existing item and return it as stored.

        Raises:
            ItemNotFound: no item has that key; an update never creates one.
            PreconditionFailed: the stored item is not the one the caller saw.
            ItemTooLarge: the item would be over DynamoDB's 400 KB.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
        """
        placeholders = Placeholders()
        if precondition and precondition != Precondition.must_exist():
            seen = self._seen(key, precondition)
            condition = expressions.unchanged(placeholders, seen, self._version_attribute)
        else:
            condition = expressions.exists(placeholders, self._key_attribute)
        try:
            return self._apply(key, changes, condition, placeholders)
        except ConditionRefused as refusal:
            if not precondition and refusal.found is None and not refusal.after_lost_answer:
                raise _not_found(key) from None
            _refuse(refusal)

    def edit(
        self,
        key: ItemKey,
        changes_of: Callable[[Item], Changes],
        precondition: Precondition = NO_PRECONDITION,
    ) -> Item:
        """Read the item, compute changes from it, and apply them on condition that it is as read;
        anew, a few times, when it is not.

        Raises:
            ItemNotFound: no item has that key.
            PreconditionFailed: the stored item is not the one the caller saw.
            StorageThrottled: other writers came first each time.
            ItemTooLarge: the item would be over DynamoDB's 400 KB.
        """
        for _ in range(MAX_EDITS):
            seen = self._seen(key, precondition)
            changes = changes_of(seen)
            if not changes:
                return seen
            placeholders = Placeholders()
            condition = expressions.unchanged(placeholders, seen, self._version_attribute)
            try:
                return self._apply(key, changes, condition, placeholders)
            except ConditionRefused as refusal:
                if refusal.after_lost_answer:
                    _refuse(refusal)
        raise StorageThrottled("Other writers keep changing this item. Nothing was changed.")

    def delete(self, key: ItemKey, precondition: Precondition = NO_PRECONDITION) -> Item | None:
        """Remove the item and return its last state; None when there was none.

        Raises:
            PreconditionFailed: the stored item is not the one the caller saw.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteItem.html
        """
        placeholders = Placeholders()
        seen, condition = self._condition(key, precondition, placeholders)
        try:
            answer = self._write(
                Operation.DELETE_ITEM,
                condition,
                placeholders,
                Key=key.attributes,
                ReturnValues="ALL_OLD",
            )
        except ConditionRefused as refusal:
            if refusal.found is None and refusal.after_lost_answer:
                return seen  # gone, as was asked
            _refuse(refusal)
        last = answer.content.get("Attributes")
        return None if last is None else Item(last)

    def _apply(
        self, key: ItemKey, changes: Changes, condition: str, placeholders: Placeholders
    ) -> Item:
        token = _Token(self._version_attribute)
        stamped = Changes({**changes.set, **token.attributes}, changes.remove)
        try:
            answer = self._write(
                Operation.UPDATE_ITEM,
                condition,
                placeholders,
                Key=key.attributes,
                ReturnValues="ALL_NEW",
                UpdateExpression=expressions.update_expression(placeholders, stamped),
            )
        except ConditionRefused as refusal:
            if refusal.found is not None and token.is_on(refusal.found):
                return Item(refusal.found)
            raise
        return Item(answer.content["Attributes"])

    def _condition(
        self, key: ItemKey, precondition: Precondition, placeholders: Placeholders
    ) -> tuple[Item | None, str | None]:
        """The write's condition, and the item that was read to know it.

        Raises:
            PreconditionFailed: the item read already tells.
        """
        if not precondition:
            return None, None
        if precondition == Precondition.must_exist():
            return None, expressions.exists(placeholders, self._key_attribute)
        if precondition == Precondition.must_be_absent():
            return None, expressions.absent(placeholders, self._key_attribute)
        seen = self._checked(key, precondition)
        if seen is None:
            return None, expressions.absent(placeholders, self._key_attribute)
        return seen, expressions.unchanged(placeholders, seen, self._version_attribute)

    def _seen(self, key: ItemKey, precondition: Precondition) -> Item:
        seen = self._checked(key, precondition)
        if seen is None:
            raise _not_found(key)
        return seen

    def _checked(self, key: ItemKey, precondition: Precondition) -> Item | None:
        seen = self._find(key, consistent=True)
        if not precondition.holds_for(seen):
            raise _precondition_failed()
        return seen

    def _find(self, key: ItemKey, *, consistent: bool) -> Item | None:
        answer = self._call(Operation.GET_ITEM, Key=key.attributes, ConsistentRead=consistent)
        attributes = answer.content.get("Item")
        return None if attributes is None else Item(attributes)

    def _write(
        self,
        operation: Operation,
        condition: str | None,
        placeholders: Placeholders,
        **parameters: Any,
    ) -> Answer:
        if condition is not None:
            parameters["ConditionExpression"] = condition
            parameters["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        return self._call(operation, **parameters, **placeholders.parameters)

    def _call(self, operation: Operation, **parameters: Any) -> Answer:
        return self._attempts.call(operation, {"TableName": self._table, **parameters})


class _Token:
    """A fresh value of the version attribute; nothing at all where that is switched off."""

    def __init__(self, version_attribute: str) -> None:
        self.attributes: dict[str, AttributeValue] = (
            {version_attribute: {"S": secrets.token_hex(16)}} if version_attribute else {}
        )

    def is_on(self, found: Attributes | None) -> bool:
        """Whether the stored item is the one that was written with this token."""
        return (
            bool(self.attributes) and found is not None and self.attributes.items() <= found.items()
        )


def _required_absence(precondition: Precondition, seen: Item | None) -> bool:
    return bool(precondition) and seen is None and precondition.if_match is None


def _refuse(refusal: ConditionRefused) -> NoReturn:
    if refusal.after_lost_answer:
        raise OutcomeUnknown(
            "The write was sent, its answer was lost, and the item has been changed since: the "
            "write may or may not have been applied. Read the item before writing again."
        ) from None
    raise _precondition_failed() from None


def _precondition_failed() -> PreconditionFailed:
    return PreconditionFailed("The stored item is not the one that the precondition asks for.")


def _not_found(key: ItemKey) -> ItemNotFound:
    partition, sort = key.values
    return ItemNotFound(f"There is no item {partition} / {sort}.")
