"""Expired items that DynamoDB still stores.

Reads and conditions treat them as absent. A native update has to start without the item, but
UpdateItem keeps the attributes that it does not change. And a request with an Idempotency-Key must
become the same call each time, whether DynamoDB has deleted the item in between or not. So these
delete the expired item first, on the condition that it still has expired. Nobody can see that
deletion: the item is absent before and after it.
"""

from collections.abc import Sequence

from dynamodb_items.domain.items import Attributes, Item
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.domain.operations import Operation
from dynamodb_items.domain.time_to_live import Expiry, TimeToLive
from dynamodb_items.dynamodb.retries import Attempts, ConditionFailed
from dynamodb_items.expressions.builder import expired
from dynamodb_items.expressions.parts import CONDITION, Placeholders
from dynamodb_items.storage.write_commands import Edit, NativeUpdate, Write


class ExpiredItems:
    """The expired items of one table."""

    def __init__(
        self,
        attempts: Attempts,
        table: str,
        operations: frozenset[Operation],
        time_to_live: TimeToLive,
    ) -> None:
        self._attempts = attempts
        self._table = table
        self._may_delete = Operation.DELETE_ITEM in operations
        self._time_to_live = time_to_live

    def now(self) -> Expiry:
        """Return the rule by which items have expired now."""
        return self._time_to_live.now()

    def clear(
        self,
        writes: Sequence[Write],
        found: Sequence[Attributes | None],
        expiry: Expiry,
        *,
        everything: bool = False,
    ) -> bool:
        """Delete the expired items that native updates would otherwise apply to.

        ``found`` are the items of the writes as stored. With ``everything``, delete the expired
        items of all other writes too. Returns whether there were any, so that the writes can be
        planned again: never in a deployment that may not delete.

        Raises:
            StorageError: DynamoDB fails.
        """
        if not (expiry and self._may_delete):
            return False
        in_the_way = [
            write.key
            for write, stored in zip(writes, found, strict=False)
            if stored is not None and expiry.has_passed(stored)
            if everything or (isinstance(write, NativeUpdate | Edit) and write.may_create)
        ]
        for key in in_the_way:
            self._delete(key, expiry)
        return bool(in_the_way)

    def _delete(self, key: ItemKey, expiry: Expiry) -> None:
        placeholders = Placeholders()
        parameters = {
            "TableName": self._table,
            "Key": key.attributes,
            CONDITION: placeholders.text(expired(expiry)),
        }
        try:
            self._attempts.call(Operation.DELETE_ITEM, parameters | placeholders.parameters)
        except ConditionFailed:
            return  # another request has deleted or replaced it


def attributes_of(items: Sequence[Item | None]) -> list[Attributes | None]:
    """Return the attributes of the items, None for an absent one."""
    return [None if item is None else item.attributes for item in items]
