"""The items of one table, one at a time: each write is one call on its own condition.

Every write sets the version attribute to a fresh token. A write whose response was lost is retried
with the same token, and recognizes itself where it has been applied after all.
"""

from collections.abc import Mapping
from typing import Any

from dynamodb_items.domain.errors import ItemsError, OutcomeUnknown, StorageThrottled
from dynamodb_items.domain.items import Item, ItemOf
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation
from dynamodb_items.domain.time_to_live import NO_TIME_TO_LIVE, Expiry, TimeToLive
from dynamodb_items.domain.write_tokens import VersionAttribute, WriteToken
from dynamodb_items.dynamodb.failures import InvalidCall
from dynamodb_items.dynamodb.retries import Attempts, ConditionFailed
from dynamodb_items.storage.calls import Call, trim_parameters
from dynamodb_items.storage.expired_items import ExpiredItems
from dynamodb_items.storage.queries import ItemQueries
from dynamodb_items.storage.transactions import ItemTransactions
from dynamodb_items.storage.write_commands import NativeUpdate, Write, Written
from dynamodb_items.storage.write_failures import existing, failed_condition, may_succeed_later
from dynamodb_items.storage.write_plan import MAX_ROUNDS, Planner

_RETURN_VALUES = {
    Operation.PUT_ITEM: "ALL_OLD",
    Operation.UPDATE_ITEM: "ALL_NEW",
    Operation.DELETE_ITEM: "ALL_OLD",
}


class ItemRepository:
    """The items of one DynamoDB table.

    Every method raises ``StorageError`` where DynamoDB fails; its subclass is the kind of failure.
    """

    def __init__(
        self,
        attempts: Attempts,
        table: str,
        version_attribute: str,
        operations: frozenset[Operation] = DEFAULT_OPERATIONS,
        time_to_live: TimeToLive = NO_TIME_TO_LIVE,
        *,
        item_of: ItemOf = Item,
    ) -> None:
        self._attempts = attempts
        self._item_of = item_of
        self._table = table
        self._version = VersionAttribute(version_attribute)
        self._planner = Planner(self._version, operations)
        self._expired_items = ExpiredItems(attempts, table, operations, time_to_live)
        self.transactions = ItemTransactions(
            attempts, table, self._planner, self._version, self._expired_items, item_of=item_of
        )
        self.queries = ItemQueries(attempts, table, time_to_live, item_of)

    def get(self, key: ItemKey, *, consistent: bool = False) -> Item:
        """Return the item as stored; strongly consistent on request.

        Raises:
            ItemNotFound: no item has that key.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html
        """
        return existing(key, self._find(key, self._expired_items.now(), consistent=consistent))

    def write(self, write: Write) -> Written:
        """Carry a write out.

        Raises:
            PreconditionFailed: a precondition or a condition is false for the stored item.
            ItemNotFound: no item has that key, and the write does not create one.
            PatchTestFailed: a test of a JSON Patch fails.
            UnacceptableItem: the result is not a valid item.
            ItemTooLarge: the item would be over DynamoDB's 400 KB.
            StorageThrottled: other writers changed the item each time.
            OutcomeUnknown: the write may or may not have been applied.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteItem.html
        """
        needs_read = self._planner.needs_read(write)
        for _ in range(MAX_ROUNDS):
            expiry = self._expired_items.now()
            read = self._find(write.key, expiry, consistent=True) if needs_read else None
            call = self._planner.at(expiry).plan(write, read, WriteToken.fresh())
            if call is None:
                return Written(read, before=read)
            try:
                written = self._carry_out(call, expiry)
            except ConditionFailed as failure:
                if failure.after_lost_response:
                    raise _outcome_unknown() from None
                if self._expired_items.clear([write], [failure.found], expiry):
                    continue
                if not (
                    needs_read and may_succeed_later(write, read, expiry.visible(failure.found))
                ):
                    raise failed_condition(write, failure.found, expiry) from None
            else:
                if call.rejection is not None:
                    raise call.rejection
                return written
        raise StorageThrottled("Other writers keep changing this item. Nothing was changed.")

    def _carry_out(self, call: Call, expiry: Expiry) -> Written:
        parameters = self._complete(call.operation, call.parameters)
        try:
            response = self._attempts.call(
                call.operation,
                parameters,
                call.retry_parameters,
                changes_nothing=call.changes_nothing,
            )
        except ConditionFailed as failure:
            written = self._recognized(call, failure, expiry)
            if written is None:
                raise
            return written
        attributes = response.get("Attributes")
        returned = None if attributes is None else self._item_of(attributes)
        if call.operation is Operation.PUT_ITEM:
            created = expiry.visible(attributes) is None
            return Written(
                self._item_of(call.item), created=created, before=None if created else returned
            )
        if call.operation is Operation.DELETE_ITEM:
            last = None if expiry.visible(attributes) is None else returned
            return Written(last, before=last)
        if returned is not None and self._version and isinstance(call.write, NativeUpdate):
            returned = self._with_trimmed_log(call, returned)
        return Written(returned, before=call.read)

    def _complete(self, operation: Operation, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        returned = _RETURN_VALUES[operation]
        return {"TableName": self._table, "ReturnValues": returned, **parameters}

    def _recognized(self, call: Call, failure: ConditionFailed, expiry: Expiry) -> Written | None:
        """Return the result of a write that failed because it had been applied already."""
        if call.operation is Operation.DELETE_ITEM:
            is_absent = expiry.visible(failure.found) is None
            was_deleted = is_absent and failure.after_lost_response
            return Written(call.read, before=call.read) if was_deleted else None
        if failure.found is None or not self._version.carries(failure.found, call.token):
            return None
        if call.operation is Operation.PUT_ITEM:
            # The response that contained the previous item is lost: the item is known to be new
            # only if it had to be absent.
            return Written(self._item_of(call.item), created=call.creates, before=call.read)
        return Written(self._item_of(failure.found), before=call.read)

    def _with_trimmed_log(self, call: Call, item: Item) -> Item:
        """Return the item as the call left it, its log trimmed if it has grown long."""
        trim = self._version.log_trim(item.attributes)
        if trim is None:
            return item
        parameters = trim_parameters(call.write.key, self._version, trim)
        operation = Operation.UPDATE_ITEM
        try:
            response = self._attempts.call(operation, self._complete(operation, parameters))
        except ConditionFailed as failure:
            stored = failure.found  # another writer has trimmed the log, or removed it
        except (ItemsError, InvalidCall):
            return item  # the update itself is applied, and the next one will trim the log
        else:
            stored = response.get("Attributes")
        # If another write has followed, the caller still gets the result of its own.
        if not stored or not self._version.is_newest(stored, call.token):
            return item
        return self._item_of(stored)

    def _find(self, key: ItemKey, expiry: Expiry, *, consistent: bool) -> Item | None:
        parameters = {"TableName": self._table, "Key": key.attributes, "ConsistentRead": consistent}
        found = self._attempts.call(Operation.GET_ITEM, parameters).get("Item")
        attributes = expiry.visible(found)
        return None if attributes is None else self._item_of(attributes)


def _outcome_unknown() -> OutcomeUnknown:
    return OutcomeUnknown(
        "The write was sent, its response was lost, and the item has been changed since: the write "
        "may or may not have been applied. Read the item before writing again."
    )
