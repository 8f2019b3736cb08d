"""The items of one table, one at a time: each write is one call on its own condition.

Every write stamps a fresh token into the version attribute. A write whose answer was lost is
repeated with the same token, and recognises itself where it had been applied after all.
"""

from collections.abc import Mapping
from typing import Any

from dynamodb_items.domain.errors import ItemsError, OutcomeUnknown, StorageThrottled
from dynamodb_items.domain.items import Item
from dynamodb_items.domain.keys import ItemKey, KeySchema
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation
from dynamodb_items.domain.write_tokens import VersionAttribute, WriteToken
from dynamodb_items.dynamodb.retries import Attempts, ConditionRefused
from dynamodb_items.expressions import builder
from dynamodb_items.expressions.builder import Placeholders
from dynamodb_items.storage.transactions import ItemTransactions
from dynamodb_items.storage.write_commands import NativeUpdate, Write, Written
from dynamodb_items.storage.write_plan import MAX_ROUNDS, Call, Planner, not_found, refusal_of

_RETURN_VALUES = {
    Operation.PUT_ITEM: "ALL_OLD",
    Operation.UPDATE_ITEM: "ALL_NEW",
    Operation.DELETE_ITEM: "ALL_OLD",
}


class ItemRepository:
    """The items of one DynamoDB table.

    Any method raises ``StorageError`` where DynamoDB fails; its subclass says how.
    """

    def __init__(
        self,
        attempts: Attempts,
        table: str,
        key_schema: KeySchema,
        version_attribute: str,
        operations: frozenset[Operation] = DEFAULT_OPERATIONS,
    ) -> None:
        self._attempts = attempts
        self._table = table
        self._version = VersionAttribute(version_attribute)
        self._planner = Planner(key_schema.partition.name, self._version, operations)
        self.transactions = ItemTransactions(attempts, table, self._planner, self._version)

    def get(self, key: ItemKey, *, consistent: bool = False) -> Item:
        """The item as stored; strongly consistent on request.

        Raises:
            ItemNotFound: no item has that key.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html
        """
        item = self._find(key, consistent=consistent)
        if item is None:
            raise not_found(key)
        return item

    def write(self, write: Write) -> Written:
        """Carry a write out.

        Raises:
            PreconditionFailed: the stored item is not the one the caller saw.
            ItemNotFound: no item has that key, and the write creates none.
            PatchTestFailed: a test of a JSON Patch does not hold.
            UnacceptableItem: the result is no item.
            ItemTooLarge: the item would be over DynamoDB's 400 KB.
            StorageThrottled: other writers came first each time.
            OutcomeUnknown: it may or may not have been applied.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteItem.html
        """
        for _ in range(MAX_ROUNDS):
            needs_read = self._planner.needs_read(write)
            seen = self._find(write.key, consistent=True) if needs_read else None
            call = self._planner.plan(write, seen, WriteToken.fresh())
            if call is None:
                return Written(seen)
            try:
                return self._carry_out(call)
            except ConditionRefused as refusal:
                if refusal.after_lost_answer or not needs_read or write.precondition:
                    raise _refusal(call, refusal) from None
        raise StorageThrottled("Other writers keep changing this item. Nothing was changed.")

    def _carry_out(self, call: Call) -> Written:
        try:
            answer = self._attempts.call(
                call.operation,
                self._complete(call.operation, call.parameters),
                call.repeat and (lambda: self._repeat(call)),
            )
        except ConditionRefused as refusal:
            written = self._recognised(call, refusal)
            if written is None:
                raise
            return written
        attributes = answer.get("Attributes")
        if call.operation is Operation.PUT_ITEM:
            return Written(call.item, created=attributes is None)
        item = None if attributes is None else Item(attributes)
        if item is not None and self._version and isinstance(call.write, NativeUpdate):
            return Written(self._with_short_log(call, item))
        return Written(item)

    def _repeat(self, call: Call) -> Mapping[str, Any] | None:
        parameters = call.repeat and call.repeat()
        return parameters and self._complete(call.operation, parameters)

    def _complete(self, operation: Operation, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        returned = _RETURN_VALUES[operation]
        return {"TableName": self._table, "ReturnValues": returned, **parameters}

    def _recognised(self, call: Call, refusal: ConditionRefused) -> Written | None:
        """What a write left that was refused because it had been applied already."""
        if call.operation is Operation.DELETE_ITEM:
            is_gone = refusal.found is None and refusal.after_lost_answer
            return Written(call.seen) if is_gone else None
        if refusal.found is None or not self._version.carries(refusal.found, call.token):
            return None
        if call.operation is Operation.PUT_ITEM:
            # Only an item that had to be absent is known to be new: the answer that would have
            # told is lost.
            return Written(call.item, created=call.creates)
        return Written(Item(refusal.found))

    def _with_short_log(self, call: Call, item: Item) -> Item:
        """The item as the call left it, its log cut where it has grown long."""
        cut = self._version.log_cut(item.attributes)
        if cut is None:
            return item
        placeholders = Placeholders()
        update, condition = builder.log_cut(placeholders, self._version.log_name, cut)
        parameters = {
            "Key": call.write.key.attributes,
            "UpdateExpression": update,
            "ConditionExpression": condition,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **placeholders.parameters,
        }
        operation = Operation.UPDATE_ITEM
        try:
            answer = self._attempts.call(operation, self._complete(operation, parameters))
        except ConditionRefused as refusal:
            found = refusal.found  # another writer has cut the log, or removed it
        except (ItemsError, RuntimeError):
            return item  # the update is applied, whatever this meets; the next will cut the log
        else:
            found = answer.get("Attributes")
        # Where another write came on top, the caller gets the result of its own.
        return Item(found) if found and self._version.is_newest(found, call.token) else item

    def _find(self, key: ItemKey, *, consistent: bool) -> Item | None:
        parameters = {"TableName": self._table, "Key": key.attributes, "ConsistentRead": consistent}
        attributes = self._attempts.call(Operation.GET_ITEM, parameters).get("Item")
        return None if attributes is None else Item(attributes)


def _refusal(call: Call, refusal: ConditionRefused) -> Exception:
    if refusal.after_lost_answer:
        return OutcomeUnknown(
            "The write was sent, its answer was lost, and the item has been changed since: the "
            "write may or may not have been applied. Read the item before writing again."
        )
    return refusal_of(call.write, refusal.found)
