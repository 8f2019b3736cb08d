"""Plan the one DynamoDB call that carries a write out.

Nothing can happen between a check and its write: a precondition on an item that had to be read
becomes the condition that the item has not been rewritten since.
"""

from typing import assert_never

from dynamodb_items.domain.changes import Changes
from dynamodb_items.domain.errors import ItemsError, ItemTooLarge, UnacceptableItem
from dynamodb_items.domain.items import Attributes, Item
from dynamodb_items.domain.operations import Operation
from dynamodb_items.domain.preconditions import NO_PRECONDITION, Precondition
from dynamodb_items.domain.time_to_live import NO_EXPIRY, Expiry
from dynamodb_items.domain.write_tokens import VersionAttribute, WriteToken
from dynamodb_items.expressions.builder import (
    absent,
    all_of,
    as_if_deleted,
    as_read,
    exists,
    fits_together,
    log_reaches_back,
    not_expired,
    not_logged,
    not_written_with,
    stamps,
    unchanged,
    update_of,
)
from dynamodb_items.expressions.parts import Template, Value
from dynamodb_items.formats.limits import check_item_size
from dynamodb_items.formats.merge_patch import PatchResult
from dynamodb_items.formats.stored_types import with_stored_types
from dynamodb_items.storage.calls import Call, Draft, call_of, check_has_update
from dynamodb_items.storage.write_commands import (
    Check,
    Delete,
    Edit,
    NativeUpdate,
    Put,
    Update,
    Write,
    condition_of,
    fails_for_expired,
)
from dynamodb_items.storage.write_failures import edited_item, existing, failed_precondition

MAX_ROUNDS = 5
"""How often a write is planned from what is stored while other writers keep changing it."""

MANY_CHANGES = 250
"""One update expression holds no more changed attributes: the item is then replaced whole."""

_MUST_EXIST = Precondition.must_exist()
_MUST_BE_ABSENT = Precondition.must_be_absent()
_NEEDS_NO_ITEM = (NO_PRECONDITION, _MUST_EXIST, _MUST_BE_ABSENT)


class Planner:
    """The plans of the writes of one table, with its version attribute and its operations."""

    def __init__(
        self,
        version: VersionAttribute,
        operations: frozenset[Operation],
        expiry: Expiry = NO_EXPIRY,
    ) -> None:
        self._version = version
        self._operations = operations
        self._expiry = expiry

    def at(self, expiry: Expiry) -> "Planner":
        """Return the planner for which the items that have expired by this rule are absent."""
        return Planner(self._version, self._operations, expiry) if expiry else self

    def needs_read(self, write: Write) -> bool:
        """Return whether the call depends on the stored item."""
        match write:
            case Edit():
                return True
            case Put() if write.completed is not None:
                return True
            case Update(changes=changes, precondition=precondition):
                is_plain = precondition in (NO_PRECONDITION, _MUST_EXIST)
                return not is_plain or len(changes.names) > MANY_CHANGES
            case _:
                return write.precondition not in _NEEDS_NO_ITEM

    def plan(
        self, write: Write, read: Item | None, token: WriteToken, *, in_transaction: bool = False
    ) -> Call | None:
        """Return the call that carries the write out; None where it changes nothing.

        ``read`` is the stored item, where ``needs_read`` requires it; None for an expired one. In a
        transaction, the condition also fails for an item that an earlier attempt of the same
        request left. An expired item fails the condition of a write that needs an item, and of any
        native update, which would change the expired attributes.

        Raises:
            PreconditionFailed, ItemNotFound: the item as read does not allow the write.
            PatchTestFailed, UnacceptableItem, ItemTooLarge: the result cannot be written.
        """
        if self.needs_read(write) and not write.precondition.holds_for(read):
            raise failed_precondition(None if read is None else read.attributes)
        guard = self._guard(write, token) if in_transaction else ()
        try:
            draft = self._draft(write, read, token, guard)
        except (UnacceptableItem, ItemTooLarge) as rejection:
            draft = self._condition_only(write, read, token, rejection)
        if draft is None:
            return None
        if in_transaction:
            check_has_update(draft)
        added = all_of(guard, self._not_expired(write))
        guarded = draft._replace(condition=all_of(draft.condition, added)) if added else draft
        return call_of(write, read, token, guarded)

    def _draft(
        self, write: Write, read: Item | None, token: WriteToken, guard: Template
    ) -> Draft | None:
        match write:
            case Put():
                return self._put(write, read, token)
            case Update(changes=changes) if self.needs_read(write):
                item = existing(write.key, read)
                typed = Changes(with_stored_types(changes.set, item.attributes), changes.remove)
                return self._edit(write, item, token, PatchResult(typed), guard)
            case Update(changes=changes):
                return self._update(changes, token, exists(write.key))
            case Edit(changes_of=changes_of):
                edited = changes_of(edited_item(write, read))
                return self._edit(write, read, token, edited, guard)
            case NativeUpdate():
                return self._native(write, read, token, guard)
            case Delete() | Check():
                return Draft(write.operation, self._conditions(write, read))
            case _:
                assert_never(write)

    def _guard(self, write: Write, token: WriteToken) -> Template:
        if not self._version or isinstance(write, Delete | Check):
            return ()
        return not_written_with(self._version, token)

    def _not_expired(self, write: Write) -> Template:
        return not_expired(self._expiry) if self._expiry and fails_for_expired(write) else ()

    def _put(self, write: Put, read: Item | None, token: WriteToken) -> Draft:
        stored: Attributes = {} if read is None else read.attributes
        attributes = write.attributes
        if write.is_edited:
            attributes = with_stored_types(attributes, stored)
        conditions = self._conditions(write, read)
        if write.completed is not None:
            attributes = write.completed(attributes, read)
        item = {
            **write.key.attributes,
            **attributes,
            **self._version.kept_log(stored),
            **self._version.stamp(token),
        }
        check_item_size(item)
        return Draft(Operation.PUT_ITEM, conditions, item=item)

    def _edit(
        self,
        write: Update | Edit,
        read: Item | None,
        token: WriteToken,
        edited: PatchResult,
        guard: Template,
    ) -> Draft | None:
        own = condition_of(write)
        # In a transaction other writes depend on this one: what it has read must still be so when
        # they are carried out, even if it changes nothing. A new version ensures that.
        if not (edited.changes or guard or own) and read is not None:
            return None
        before = write.key.attributes if read is None else read.attributes
        changed = edited.changes.applied_to(before)
        check_item_size(changed)
        if len(edited.changes.names) > MANY_CHANGES:
            condition = all_of(self._unchanged(write, read), own)
            if read is not None and self._version.name in read.attributes:
                # Another program may change what is kept, and does not change the version.
                others = {*edited.changes.names, *write.key.attributes, self._version.name}
                condition = all_of(condition, as_read(read, sorted(before.keys() - others)))
            self._check_replacement(condition, guard)
            stamped = {**changed, **self._version.stamp(token)}
            return Draft(Operation.PUT_ITEM, condition, item=stamped)
        condition = self._still_read(write, read, edited, all_of(own, guard))
        return self._update(edited.changes, token, all_of(condition, own))

    def _still_read(
        self, write: Update | Edit, item: Item | None, edited: PatchResult, further: Template
    ) -> Template:
        """Return the condition that what the edit depends on is as read; ``further`` must fit."""
        is_plain = write.precondition in (NO_PRECONDITION, _MUST_EXIST)
        if item is not None and is_plain and edited.depends_on is not None:
            names = dict.fromkeys((*edited.changes.names, *sorted(edited.depends_on)))
            condition = all_of(exists(write.key), as_read(item, names))
            if fits_together(condition, further, not_expired(self._expiry)):
                return condition
        return self._unchanged(write, item)

    def _check_replacement(self, condition: Template, guard: Template) -> None:
        obstacle = "has too many attributes to compare in one condition"
        if Operation.PUT_ITEM not in self._operations:
            obstacle = "this deployment does not allow"
        elif fits_together(condition, guard, not_expired(self._expiry)):
            return
        raise UnacceptableItem(
            f"A patch of more than {MANY_CHANGES} attributes replaces the item, which {obstacle}. "
            "Send it in parts."
        )

    def _update(self, changes: Changes, token: WriteToken, condition: Template) -> Draft:
        stamped = Changes({**changes.set, **self._version.stamp(token)}, changes.remove)
        return Draft(Operation.UPDATE_ITEM, condition, update_of(stamped))

    def _native(
        self, write: NativeUpdate, read: Item | None, token: WriteToken, guard: Template
    ) -> Draft:
        condition = self._conditions(write, read)
        is_logged = bool(self._version) and not guard  # a transaction is recognized as a whole
        stamp = Value(token.value)
        update = write.expressions.update(stamps(self._version, stamp, is_logged=is_logged))
        if not is_logged:
            return Draft(Operation.UPDATE_ITEM, condition, update, is_retryable=False)
        return Draft(
            Operation.UPDATE_ITEM,
            # The first attempt checks the log too: it may arrive after a retry was applied.
            all_of(condition, not_logged(self._version, stamp)),
            update,
            retry_condition=log_reaches_back(self._version, stamp),
        )

    def _conditions(self, write: Write, read: Item | None) -> Template:
        """Return the client's own condition and its precondition, as one condition."""
        return all_of(
            self._no_creation(write, read) if isinstance(write, NativeUpdate) else None,
            self._own_condition(write),
            self._precondition(write, read),
        )

    def _own_condition(self, write: Write) -> Template | None:
        condition = condition_of(write)
        if condition is not None and self._expiry and not fails_for_expired(write):
            return as_if_deleted(condition, self._expiry)
        return condition

    def _no_creation(self, write: NativeUpdate, read: Item | None) -> Template:
        """Return the condition that keeps an update from creating an item unlike DynamoDB.

        DynamoDB creates no item for an update that only removes; setting the version would.

        Raises:
            ItemNotFound: the item as read is absent.
        """
        if not write.expressions.only_removes or write.precondition == _MUST_EXIST:
            return ()
        if self.needs_read(write):
            existing(write.key, read)
            return ()
        return exists(write.key)

    def _condition_only(
        self, write: Write, read: Item | None, token: WriteToken, rejection: ItemsError
    ) -> Draft:
        """Return a call that changes nothing: a false condition precedes an invalid result.

        Raises:
            UnacceptableItem, ItemTooLarge: no condition has to be decided, or none can be.
        """
        operation = Operation.DELETE_ITEM if read is None else Operation.UPDATE_ITEM
        is_open = condition_of(write) is not None and self.needs_read(write)
        if not is_open or operation not in self._operations:
            raise rejection
        # No item has an attribute with the name of a token, so removing it changes nothing. An
        # absent item would be created by that, and its deletion changes nothing.
        nothing = () if read is None else update_of(Changes(remove=(token.text,)))
        condition = all_of(self._own_condition(write), self._unchanged(write, read))
        return Draft(operation, condition, nothing, rejection=rejection)

    def _precondition(self, write: Write, read: Item | None) -> Template:
        if self.needs_read(write) or write.precondition == _MUST_BE_ABSENT:
            return self._unchanged(write, read)
        return exists(write.key) if write.precondition else ()

    def _unchanged(self, write: Write, read: Item | None) -> Template:
        """Return the condition that the stored item is still the one that was read, or absent."""
        if read is None:
            return absent(write.key, NO_EXPIRY if fails_for_expired(write) else self._expiry)
        condition = unchanged(read, self._version)
        # Another program may change what a put keeps, and does not change the version.
        kept = as_read(read, sorted(write.kept)) if isinstance(write, Put) else ()
        is_short = not kept or fits_together(self._own_condition(write), condition, kept)
        return all_of(condition, kept) if is_short else condition
