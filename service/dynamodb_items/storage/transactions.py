"""Several items at once, all or none; and single writes that an Idempotency-Key makes repeatable.

DynamoDB carries out a transaction once, no matter how often it arrives with the same client request
token within 10 minutes. The write token has the same effect as long as the item carries it.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dynamodb_items.domain.errors import (
    IdempotencyKeyReused,
    ItemsError,
    OperationsRejected,
    PreconditionFailed,
    StorageThrottled,
)
from dynamodb_items.domain.items import Attributes, Item, ItemOf
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.domain.operations import Operation, Transaction
from dynamodb_items.domain.time_to_live import Expiry
from dynamodb_items.domain.write_tokens import VersionAttribute, WriteToken
from dynamodb_items.dynamodb.retries import Attempts, TransactionCanceled
from dynamodb_items.runtime.deadline import in_turns
from dynamodb_items.storage.calls import Call
from dynamodb_items.storage.expired_items import ExpiredItems, attributes_of
from dynamodb_items.storage.transaction_failures import (
    check_size,
    failed_operations,
    failed_write,
    have_deleted_all,
)
from dynamodb_items.storage.transactional_reads import TransactionalReads, visible_items
from dynamodb_items.storage.write_commands import Delete, Write, Written
from dynamodb_items.storage.write_failures import may_succeed_later
from dynamodb_items.storage.write_plan import MAX_ROUNDS, Planner

_MEMBERS = {
    Operation.PUT_ITEM: "Put",
    Operation.UPDATE_ITEM: "Update",
    Operation.DELETE_ITEM: "Delete",
    Operation.CONDITION_CHECK_ITEM: "ConditionCheck",
}


class ItemTransactions:
    """Reads and writes of up to 100 items of one DynamoDB table, all or none.

    Every method raises ``StorageError`` where DynamoDB fails; its subclass is the kind of failure.
    """

    def __init__(
        self,
        attempts: Attempts,
        table: str,
        planner: Planner,
        version: VersionAttribute,
        expired_items: ExpiredItems,
        *,
        item_of: ItemOf = Item,
    ) -> None:
        self._attempts = attempts
        self._table = table
        self._planner = planner
        self._version = version
        self._reads = TransactionalReads(attempts, table, expired_items, item_of)
        self._expired_items = expired_items

    def get(self, keys: Sequence[ItemKey]) -> list[Item | None]:
        """Return the items as of one moment, in the order of their keys; None for an absent one.

        Raises:
            ItemTooLarge: they take more than 4 MB together.
            StorageThrottled: writers changed the items each time.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactGetItems.html
        """
        return self._reads.get(keys)

    def write(
        self, writes: Sequence[Write], request_token: WriteToken | None = None
    ) -> list[Written]:
        """Carry out all writes or none, each of another item.

        ``request_token`` is the token of a request that is carried out once, no matter how often
        it arrives. The results have the items that are known without another read: those that are
        put by a request without a token, and those of a repeated request that is recognized.

        Raises:
            OperationsRejected: some were rejected; its errors contain which and why.
            IdempotencyKeyReused: another request has used the same Idempotency-Key.
            ItemTooLarge: they take more than 4 MB together.
            StorageThrottled: other writers changed the items each time.
            OutcomeUnknown: they may or may not have been applied.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
        """
        for _ in range(MAX_ROUNDS):
            written = self._write_as_planned(writes, request_token)
            if written is not None:
                return written
        raise StorageThrottled("Other writers keep changing these items. Nothing was changed.")

    def _write_as_planned(
        self, writes: Sequence[Write], request_token: WriteToken | None
    ) -> list[Written] | None:
        """Plan the writes and carry them out; None if they have to be planned again."""
        expiry = self._expired_items.now()
        is_once = request_token is not None
        stored = self._read(writes, everything=is_once)
        read = visible_items(stored, expiry)
        token = request_token or WriteToken.fresh()
        if is_once and self._was_applied(attributes_of(read), token):
            return [
                Written(None if isinstance(write, Delete) else item)
                for write, item in zip(writes, read, strict=True)
            ]
        found = attributes_of(stored)
        if self._expired_items.clear(writes, found, expiry, everything=is_once):
            return None
        # A repeated request must be the same call at any moment. So where an expired item cannot be
        # deleted, the condition contains the time at which it expired, not the present time.
        expiries = [expiry.as_read(item) if is_once else expiry for item in found]
        try:
            calls = self._plan(writes, read, token, expiries)
            if not self._carry_out(calls, token, expiry):
                return None
        except OperationsRejected as rejection:
            if not all(
                self._may_change(writes[at], read[at], error) for at, error in rejection.rejected
            ):
                raise
            return None
        return [
            self._result(write, call, item, once=is_once)
            for write, call, item in zip(writes, calls, read, strict=True)
        ]

    def _read(self, writes: Sequence[Write], *, everything: bool) -> list[Item | None]:
        wanted = [
            index
            for index, write in enumerate(writes)
            if everything or self._planner.needs_read(write)
        ]
        stored = self._reads.stored([writes[index].key for index in wanted])
        read = dict(zip(wanted, stored, strict=True))
        return [read.get(index) for index in range(len(writes))]

    def _was_applied(self, stored: Sequence[Attributes | None], token: WriteToken) -> bool:
        """Return whether the request with this token left one of the items, and so all of them.

        Raises:
            IdempotencyKeyReused: another request with the same Idempotency-Key did.
        """
        if any(self._version.carries(attributes, token) for attributes in stored):
            return True
        if any(self._version.carries_prefix(attributes, token) for attributes in stored):
            raise IdempotencyKeyReused("Another request has used this Idempotency-Key.")
        return False

    def _plan(
        self,
        writes: Sequence[Write],
        read: Sequence[Item | None],
        token: WriteToken,
        expiries: Sequence[Expiry],
    ) -> list[Call | None]:
        calls: list[Call | None] = []
        rejected: dict[int, ItemsError] = {}
        undecided: dict[int, Call] = {}
        members = zip(writes, read, expiries, strict=True)
        for index, (write, item, expiry) in enumerate(in_turns(members)):
            if token.has_idempotency_key and item is None and _deletes_what_matches(write):
                calls.append(None)  # already deleted, perhaps by this request
                continue
            # An item that was read only to recognize a repeated request must not change the call:
            # DynamoDB would take the same token for another request.
            known = item if self._planner.needs_read(write) else None
            try:
                call = self._planner.at(expiry).plan(write, known, token, in_transaction=True)
            except ItemsError as error:
                rejected[index] = error
                continue
            calls.append(call)
            if call is not None and call.rejection is not None:
                rejected[index], undecided[index] = call.rejection, call
        if rejected:
            raise OperationsRejected(sorted({**rejected, **self._decided(undecided)}.items()))
        return calls

    def _decided(self, calls: Mapping[int, Call]) -> Mapping[int, ItemsError]:
        """Return the errors of the calls whose conditions are false; none changes anything."""
        try:
            self._send(calls, WriteToken.fresh())
        except TransactionCanceled as canceled:
            return dict(failed_operations(calls, canceled, self._expired_items.now()))
        return {}

    def _carry_out(self, planned: Sequence[Call | None], token: WriteToken, expiry: Expiry) -> bool:
        """Carry out the calls; return False if expired items were in the way and are now gone."""
        calls = {index: call for index, call in enumerate(planned) if call is not None}
        check_size([call.parameters.get("Item", {}) for call in calls.values()])
        try:
            self._send(calls, token)
        except TransactionCanceled as canceled:
            return self._is_done(calls, canceled, token, expiry)
        return True

    def _is_done(
        self,
        calls: Mapping[int, Call],
        canceled: TransactionCanceled,
        token: WriteToken,
        expiry: Expiry,
    ) -> bool:
        """Return whether canceled writes were applied before; False if they can be tried again.

        Raises:
            ItemsError: they were not applied, or nobody knows.
        """
        found = [reason.found for reason in canceled.reasons]
        if self._was_applied(found, token) or (
            canceled.after_lost_response and have_deleted_all(calls, canceled, expiry)
        ):
            return True
        writes = [call.write for call in calls.values()]
        if not canceled.after_lost_response and self._expired_items.clear(writes, found, expiry):
            return False
        raise failed_write(calls, canceled, expiry) from None

    def _result(self, write: Write, call: Call | None, read: Item | None, *, once: bool) -> Written:
        if call is None:
            return Written(read, before=read)
        if call.operation is not Operation.PUT_ITEM:
            return Written(read if isinstance(write, Delete) else None, before=call.read)
        if once:
            # The request may be a repeated one that changed nothing, and the stored item another.
            return Written(None, created=read is None, before=call.read)
        return Written(self._reads.item_of(call.item), created=call.creates, before=call.read)

    def _send(self, calls: Mapping[int, Call], token: WriteToken) -> None:
        members = [
            {_MEMBERS[call.operation]: {"TableName": self._table, **call.parameters}}
            for call in calls.values()
        ]
        parameters = {"TransactItems": members, "ClientRequestToken": token.client_request_token}
        if members:
            changes_nothing = all(call.changes_nothing for call in calls.values())
            self._attempts.call(
                Transaction.WRITE_ITEMS, parameters, changes_nothing=changes_nothing
            )

    def _may_change(self, write: Write, read: Item | None, error: ItemsError) -> bool:
        """Return whether the write failed only because of other writers, now or since the read."""
        if isinstance(error, PreconditionFailed):
            return self._planner.needs_read(write) and may_succeed_later(write, read, error.current)
        return isinstance(error, StorageThrottled)

    def write_once(self, write: Write, request_token: WriteToken) -> Written:
        """Carry out the one write of a request, once no matter how often the request arrives.

        Raises:
            IdempotencyKeyReused: another request has used the same Idempotency-Key.
            PreconditionFailed, ItemNotFound, PatchTestFailed, UnacceptableItem, ItemTooLarge,
            StorageThrottled, OutcomeUnknown: as for ``ItemRepository.write``.
        """
        try:
            (written,) = self.write([write], request_token)
        except OperationsRejected as rejection:
            raise rejection.rejected[0][1] from None
        return written

    def read_back(self, writes: Sequence[Write], written: Sequence[Written]) -> list[Written]:
        """Return the results with the items that were unknown, as they are stored now.

        The writes are applied in any case: if this read fails, the items stay unknown.
        """
        unknown = [
            index
            for index, write in enumerate(writes)
            if written[index].item is None and not isinstance(write, Delete)
        ]
        items = self._reads.get_if_possible([writes[index].key for index in unknown])
        read = dict(zip(unknown, items, strict=True))
        return [
            replace(known, item=read.get(index, known.item)) for index, known in enumerate(written)
        ]

    def last_state(self, key: ItemKey, deleted: Written) -> Written:
        """Return the result of a deletion, without a last state if the item exists.

        Then the request was a repeated one, and the item was written after the first.
        """
        (item,) = self._reads.get_if_possible([key])
        return deleted if item is None else Written(None)


def _deletes_what_matches(write: Write) -> bool:
    return isinstance(write, Delete) and write.precondition.if_match is not None
