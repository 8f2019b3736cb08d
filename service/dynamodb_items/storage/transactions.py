"""Several items at once, all or nothing; and single writes that a key makes repeatable.

DynamoDB carries a transaction out once, however often it comes with the same client request token
within 10 minutes. The write token does the same where the item still carries it.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import structlog

from dynamodb_items.domain.errors import (
    IdempotencyKeyReused,
    ItemsError,
    OperationsRefused,
    PreconditionFailed,
    StorageThrottled,
)
from dynamodb_items.domain.items import Attributes, Item
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.domain.operations import Operation, Transaction
from dynamodb_items.domain.write_tokens import VersionAttribute, WriteToken
from dynamodb_items.dynamodb.failures import CancellationReason, Failure
from dynamodb_items.dynamodb.final_errors import error_of
from dynamodb_items.dynamodb.retries import Attempts, TransactionRefused
from dynamodb_items.formats.limits import attributes_bytes
from dynamodb_items.runtime.deadline import give_way_after, in_turns
from dynamodb_items.storage.transaction_failures import (
    check_size,
    found_nothing,
    read_refusal,
    write_refusal,
)
from dynamodb_items.storage.write_commands import Delete, Write, Written
from dynamodb_items.storage.write_plan import MAX_ROUNDS, Call, Planner

log = structlog.get_logger(__name__)

_MEMBERS = {
    Operation.PUT_ITEM: "Put",
    Operation.UPDATE_ITEM: "Update",
    Operation.DELETE_ITEM: "Delete",
    Operation.CONDITION_CHECK_ITEM: "ConditionCheck",
}


class ItemTransactions:
    """Reads and writes of up to 100 items of one DynamoDB table, all or nothing.

    Any method raises ``StorageError`` where DynamoDB fails; its subclass says how.
    """

    def __init__(
        self, attempts: Attempts, table: str, planner: Planner, version: VersionAttribute
    ) -> None:
        self._attempts = attempts
        self._table = table
        self._planner = planner
        self._version = version

    def get(self, keys: Sequence[ItemKey]) -> list[Item | None]:
        """The items as of one moment, in the order of their keys; None for an absent one.

        Raises:
            ItemTooLarge: they take more than 4 MB together.
            StorageThrottled: a conflict with writers, each time.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactGetItems.html
        """
        if not keys:
            return []
        gets = [{"Get": {"TableName": self._table, "Key": key.attributes}} for key in keys]
        try:
            answer = self._attempts.call(Transaction.GET_ITEMS, {"TransactItems": gets})
        except TransactionRefused as refusal:
            raise read_refusal(refusal) from None
        found = [response.get("Item") for response in answer.get("Responses") or ()]
        if len(found) != len(keys):
            raise error_of(Failure.LOST_ANSWER)
        check_size(_bytes_together(attributes for attributes in found if attributes))
        return [None if attributes is None else Item(attributes) for attributes in found]

    def write(self, writes: Sequence[Write], repeatable: WriteToken | None = None) -> list[Written]:
        """Carry all writes out or none, each of another item. ``repeatable`` is the token of a
        request that is carried out once, however often it comes.

        What is known of the items without another read is answered: those that are put by a
        request that comes once, and those of a repeat that is recognised.

        Raises:
            OperationsRefused: some were refused; its errors say which and why.
            IdempotencyKeyReused: another request has had the same Idempotency-Key.
            ItemTooLarge: they take more than 4 MB together.
            StorageThrottled: other writers came first each time.
            OutcomeUnknown: they may or may not have been applied.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
        """
        for _ in range(MAX_ROUNDS):
            seen = self._read(writes, everything=repeatable is not None)
            token = repeatable or WriteToken.fresh()
            if repeatable is not None and self._was_applied(seen, token):
                return [
                    Written(None if isinstance(write, Delete) else item)
                    for write, item in zip(writes, seen, strict=True)
                ]
            calls = self._plan(writes, seen, token)
            try:
                self._carry_out(calls, token)
            except OperationsRefused as refusal:
                if not all(self._may_change(writes[at], error) for at, error in refusal.refused):
                    raise
            else:
                return [
                    _written(write, call, before, was_read=repeatable is not None)
                    for write, call, before in zip(writes, calls, seen, strict=True)
                ]
        raise StorageThrottled("Other writers keep changing these items. Nothing was changed.")

    def write_once(self, write: Write, token: WriteToken) -> Written:
        """Carry out one write of a request that is carried out once, however often it comes.

        Raises:
            IdempotencyKeyReused: another request has had the same Idempotency-Key.
            PreconditionFailed, ItemNotFound, PatchTestFailed, UnacceptableItem, ItemTooLarge,
            StorageThrottled, OutcomeUnknown: as for ``ItemRepository.write``.
        """
        try:
            (written,) = self.write([write], token)
        except OperationsRefused as refusal:
            raise refusal.refused[0][1] from None
        return written

    def read_back(self, writes: Sequence[Write], written: Sequence[Written]) -> list[Written]:
        """The same, with the items that are not known yet, as they are stored by now. The writes
        are applied, whatever becomes of this read: where it fails, the items stay unknown.
        """
        unknown = [
            index
            for index, write in enumerate(writes)
            if written[index].item is None and not isinstance(write, Delete)
        ]
        items = self._stored_by_now([writes[index].key for index in unknown])
        read = dict(zip(unknown, items, strict=True))
        return [
            Written(read.get(index, known.item), created=known.created)
            for index, known in enumerate(written)
        ]

    def last_state(self, key: ItemKey, deleted: Written) -> Written:
        """The same, without the last state of an item that is there after its deletion, which was
        a repeat.
        """
        (item,) = self._stored_by_now([key])
        return deleted if item is None else Written(None)

    def _stored_by_now(self, keys: Sequence[ItemKey]) -> list[Item | None]:
        try:
            return self.get(keys)
        except (ItemsError, RuntimeError) as error:
            log.warning("written, not read back", error=type(error).__name__)
            return [None] * len(keys)

    def _may_change(self, write: Write, error: ItemsError) -> bool:
        """Whether it was refused only because the item has changed since it was read, or is
        being changed.
        """
        rests_on_read = self._planner.needs_read(write) and not write.precondition
        return isinstance(error, StorageThrottled) or (
            rests_on_read and isinstance(error, PreconditionFailed)
        )

    def _read(self, writes: Sequence[Write], *, everything: bool) -> list[Item | None]:
        wanted = [
            index
            for index, write in enumerate(writes)
            if everything or self._planner.needs_read(write)
        ]
        read = dict(zip(wanted, self.get([writes[index].key for index in wanted]), strict=True))
        return [read.get(index) for index in range(len(writes))]

    def _was_applied(self, seen: Sequence[Item | None], token: WriteToken) -> bool:
        """Whether this very request left one of the items, and with it all of them.

        Raises:
            IdempotencyKeyReused: another request with its key did.
        """
        found = [item.attributes for item in seen if item is not None]
        if any(self._version.carries(attributes, token) for attributes in found):
            return True
        if any(self._version.carries_kin(attributes, token) for attributes in found):
            raise IdempotencyKeyReused("Another request has had this Idempotency-Key.")
        return False

    def _plan(
        self, writes: Sequence[Write], seen: Sequence[Item | None], token: WriteToken
    ) -> list[Call | None]:
        calls: list[Call | None] = []
        refused: list[tuple[int, ItemsError]] = []
        for index, (write, item) in enumerate(in_turns(zip(writes, seen, strict=True))):
            wants_item = write.precondition.if_match is not None
            is_gone = isinstance(write, Delete) and item is None and wants_item
            if token.is_repeatable and is_gone:
                calls.append(None)  # gone, as was asked, perhaps by this request
                continue
            # What was read only to recognise a repeat must not make the repeat another request.
            known = item if self._planner.needs_read(write) else None
            try:
                calls.append(self._planner.plan(write, known, token, in_transaction=True))
            except ItemsError as error:
                refused.append((index, error))
        if refused:
            raise OperationsRefused(refused)
        return calls

    def _carry_out(self, calls: Sequence[Call | None], token: WriteToken) -> None:
        planned = {index: call for index, call in enumerate(calls) if call is not None}
        if not planned:
            return
        check_size(_bytes_together(call.parameters.get("Item", {}) for call in planned.values()))
        parameters = {
            "TransactItems": [self._member(call) for call in planned.values()],
            "ClientRequestToken": token.client_request_token,
        }
        try:
            self._attempts.call(Transaction.WRITE_ITEMS, parameters)
        except TransactionRefused as refusal:
            reasons = dict(zip(planned, refusal.reasons, strict=False))
            if self._recognised(planned, reasons, token, refusal):
                return
            raise write_refusal(planned, reasons, refusal) from None

    def _member(self, call: Call) -> Mapping[str, Any]:
        return {_MEMBERS[call.operation]: {"TableName": self._table, **call.parameters}}

    def _recognised(
        self,
        planned: Mapping[int, Call],
        reasons: Mapping[int, CancellationReason],
        token: WriteToken,
        refusal: TransactionRefused,
    ) -> bool:
        """Whether it was refused because it had been applied already: it was so as a whole, so
        one item that carries its token is proof.

        Raises:
            IdempotencyKeyReused: another request with its key was applied.
        """
        found = [reason.found for reason in reasons.values() if reason.found is not None]
        if any(self._version.carries(attributes, token) for attributes in found):
            return True
        if any(self._version.carries_kin(attributes, token) for attributes in found):
            raise IdempotencyKeyReused("Another request has had this Idempotency-Key.")
        return refusal.after_lost_answer and all(
            call.operation is Operation.DELETE_ITEM and found_nothing(reasons.get(index))
            for index, call in planned.items()
        )


def _bytes_together(items: Iterable[Attributes]) -> int:
    size_bytes = 0
    for attributes in in_turns(items):
        of_item = attributes_bytes(attributes)
        give_way_after(of_item)
        size_bytes += of_item
    return size_bytes


def _written(write: Write, call: Call | None, before: Item | None, *, was_read: bool) -> Written:
    if call is None:
        return Written(before)
    if call.operation is Operation.PUT_ITEM and was_read:
        # Perhaps a repeat, which changed nothing, and another item is stored by now.
        return Written(None, created=before is None)
    if call.operation is Operation.PUT_ITEM:
        return Written(call.item, created=call.creates)
    return Written(before if isinstance(write, Delete) else None)
