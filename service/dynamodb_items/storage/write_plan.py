"""Pure: the one DynamoDB call that a write becomes, its precondition inside the call's condition.

Nothing can come between a check and its write: what a precondition asks of an item that had to be
read becomes the condition that this item has not been rewritten since.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from dynamodb_items.domain.changes import Changes
from dynamodb_items.domain.errors import (
    ItemNotFound,
    ItemsError,
    PreconditionFailed,
    UnacceptableItem,
)
from dynamodb_items.domain.items import Attributes, Item
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.domain.operations import Operation
from dynamodb_items.domain.preconditions import NO_PRECONDITION, Precondition
from dynamodb_items.domain.write_tokens import VersionAttribute, WriteToken
from dynamodb_items.expressions import builder
from dynamodb_items.expressions.builder import Placeholders, all_of
from dynamodb_items.expressions.native_update import check_condition
from dynamodb_items.formats.limits import check_item_size
from dynamodb_items.formats.merge_patch import Edited
from dynamodb_items.formats.stored_types import with_stored_types
from dynamodb_items.storage.write_commands import (
    Check,
    Delete,
    Edit,
    NativeUpdate,
    Put,
    Update,
    Write,
)

MAX_ROUNDS = 5
"""How often a write is planned anew from what is stored when other writers keep coming first."""

MANY_CHANGES = 250
"""More changed attributes than this do not fit into one update expression; the item is then
replaced whole, on condition that it is as read."""

_MUST_EXIST = Precondition.must_exist()
_MUST_BE_ABSENT = Precondition.must_be_absent()
_SETTLED_BY_PRESENCE = (NO_PRECONDITION, _MUST_EXIST, _MUST_BE_ABSENT)


@dataclass(frozen=True, slots=True)
class Call:
    """One operation of DynamoDB, alone or in a transaction."""

    write: Write
    operation: Operation
    token: WriteToken
    seen: Item | None
    """The item that was read to plan it."""
    parameters: Mapping[str, Any]
    repeat: Callable[[], Mapping[str, Any] | None] | None = None
    """The parameters that repeat it after a lost answer, where they are others."""

    @property
    def item(self) -> Item:
        """The item that a put stores."""
        return Item(self.parameters["Item"])

    @property
    def creates(self) -> bool:
        """Whether it is carried out only where there is no item."""
        precondition = self.write.precondition
        return bool(precondition) and precondition.if_match is None and self.seen is None


class Planner:
    """From writes to calls, for one table's key and version attribute."""

    def __init__(
        self, key_attribute: str, version: VersionAttribute, operations: frozenset[Operation]
    ) -> None:
        self._key_attribute = key_attribute
        self._version = version
        self._operations = operations

    def needs_read(self, write: Write) -> bool:
        """Whether the call depends on the stored item."""
        match write:
            case Edit():
                return True
            case Update(changes=changes, precondition=precondition):
                is_plain = precondition in (NO_PRECONDITION, _MUST_EXIST)
                return not is_plain or len(changes.names) > MANY_CHANGES
            case _:
                return write.precondition not in _SETTLED_BY_PRESENCE

    def plan(
        self, write: Write, seen: Item | None, token: WriteToken, *, in_transaction: bool = False
    ) -> Call | None:
        """The call that carries the write out; None where it changes nothing. ``seen`` is the
        item where ``needs_read`` asks for it. In a transaction every call refuses the item that
        an earlier attempt of the same request left.

        Raises:
            PreconditionFailed, ItemNotFound: the item as read already tells.
            PatchTestFailed, UnacceptableItem, ItemTooLarge: what is to be written cannot be.
        """
        needs_read = self.needs_read(write)
        if needs_read and not write.precondition.holds_for(seen):
            raise precondition_failed(None if seen is None else seen.attributes)
        placeholders = Placeholders()
        guard = (
            builder.not_written_with(placeholders, self._version, token)
            if in_transaction and self._version and not isinstance(write, Delete | Check)
            else None
        )
        plan = _Plan(write, seen, token, placeholders, guard)
        match write:
            case Put():
                return self._put(plan, write)
            case Update(changes=changes) if needs_read:
                before = _existing_item(write.key, seen).attributes
                typed = Changes(with_stored_types(changes.set, before), changes.remove)
                return self._edit(plan, write, Edited(typed), holds=in_transaction)
            case Update(changes=changes):
                condition = builder.exists(placeholders, self._key_attribute)
                return self._update(plan, changes, condition)
            case Edit(changes_of=changes_of):
                edited = changes_of(_existing_item(write.key, seen))
                return self._edit(plan, write, edited, holds=in_transaction)
            case NativeUpdate():
                return self._native(plan, write, logged=not in_transaction)
            case Delete() | Check():
                both = self._both_conditions(plan, write)
                return plan.call(write.operation, both, Key=write.key.attributes)
            case _:
                assert_never(write)

    def _put(self, plan: "_Plan", write: Put) -> Call:
        stored = {} if plan.seen is None else plan.seen.attributes
        attributes = {
            **write.key.attributes,
            **(
                with_stored_types(write.attributes, stored) if write.is_edited else write.attributes
            ),
            **self._version.kept_log(stored),
            **self._version.stamp(plan.token),
        }
        check_item_size(attributes)
        condition = self._both_conditions(plan, write)
        return plan.call(Operation.PUT_ITEM, condition, Item=attributes)

    def _edit(
        self, plan: "_Plan", write: Update | Edit, edited: Edited, *, holds: bool
    ) -> Call | None:
        """Where ``holds``, other writes rest on this one: what it has looked at has to be so when
        they are carried out, even if it changes nothing. Only a new version can say that.
        """
        seen = _existing_item(write.key, plan.seen)
        if not edited.changes and not (holds and self._version):
            return None
        changed = edited.changes.applied_to(seen.attributes)
        check_item_size(changed)
        if len(edited.changes.names) > MANY_CHANGES:
            if Operation.PUT_ITEM not in self._operations:
                raise UnacceptableItem(
                    f"A patch of more than {MANY_CHANGES} attributes replaces the item, which this "
                    "deployment does not do. Send it in parts."
                )
            condition = builder.checked(self._unchanged(plan.placeholders, seen))
            attributes = {**changed, **self._version.stamp(plan.token)}
            return plan.call(Operation.PUT_ITEM, condition, Item=attributes)
        if write.precondition not in (NO_PRECONDITION, _MUST_EXIST):
            condition = builder.checked(self._unchanged(plan.placeholders, seen))
        else:
            condition = self._as_read(plan, seen, edited)
        return self._update(plan, edited.changes, condition)

    def _as_read(self, plan: "_Plan", seen: Item, edited: Edited) -> str:
        if edited.looked_at is not None:
            placeholders = plan.placeholders.copy()  # DynamoDB takes none that is in no use
            names = dict.fromkeys((*edited.changes.names, *sorted(edited.looked_at)))
            condition = all_of(
                builder.exists(placeholders, self._key_attribute),
                builder.as_read(placeholders, seen, names),
            )
            if builder.fits(all_of(condition, plan.guard)):
                plan.placeholders = placeholders
                return condition
        return builder.checked(self._unchanged(plan.placeholders, seen))

    def _update(self, plan: "_Plan", changes: Changes, condition: str) -> Call:
        stamped = Changes({**changes.set, **self._version.stamp(plan.token)}, changes.remove)
        update = builder.update_expression(plan.placeholders, stamped)
        key = plan.write.key.attributes
        return plan.call(Operation.UPDATE_ITEM, condition, Key=key, UpdateExpression=update)

    def _native(self, plan: "_Plan", write: NativeUpdate, *, logged: bool) -> Call:
        placeholders, version = plan.placeholders, self._version
        assignments = []
        unlogged = reaches_back = None
        if version:
            stamp = placeholders.value(plan.token.value)
            assignments.append(f"{placeholders.name(version.name)}={stamp}")
        if version and logged:
            log = placeholders.name(version.log_name)
            own = placeholders.value({"L": [plan.token.value]})
            none = placeholders.value({"L": []})
            assignments.append(f"{log}=list_append({own},if_not_exists({log},{none}))")
            # Also on the first attempt, which may arrive late and find that a repeat was applied.
            unlogged = builder.not_logged(log, stamp)
            reaches_back = builder.log_reaches_back(log, stamp)
        update = write.expressions.update_expression(placeholders, assignments)
        condition = all_of(
            self._no_creation(plan, write),
            write.expressions.condition_expression(placeholders),
            self._condition(placeholders, write.precondition, plan.seen),
            unlogged,
        )
        check_condition(all_of(condition, plan.guard, reaches_back))
        parameters: dict[str, Any] = {"Key": write.key.attributes}
        if update:
            parameters["UpdateExpression"] = update
        elif not logged:
            raise UnacceptableItem(
                "A batch, and a request with an Idempotency-Key, needs an UpdateExpression where "
                "the deployment has no version attribute."
            )

        def repeat() -> Mapping[str, Any] | None:
            if reaches_back is None:
                return None  # nothing would tell whether it has been counted
            return plan.parameters(all_of(condition, reaches_back), **parameters)

        return plan.call(Operation.UPDATE_ITEM, condition, repeat, **parameters)

    def _no_creation(self, plan: "_Plan", write: NativeUpdate) -> str | None:
        """Return the condition that keeps an update from creating what DynamoDB would not.

        DynamoDB creates no item for an update that only removes; the version that is set would.

        Raises:
            ItemNotFound: the item as read is absent.
        """
        if not write.expressions.only_removes or write.precondition == _MUST_EXIST:
            return None
        if self.needs_read(write):
            _existing_item(write.key, plan.seen)
            return None
        return builder.exists(plan.placeholders, self._key_attribute)

    def _both_conditions(self, plan: "_Plan", write: Put | Delete | Check) -> str | None:
        precondition = self._condition(plan.placeholders, write.precondition, plan.seen)
        if write.condition is None:
            return precondition
        both = all_of(write.condition.expression(plan.placeholders), precondition)
        check_condition(all_of(both, plan.guard))
        return both

    def _condition(
        self, placeholders: Placeholders, precondition: Precondition, seen: Item | None
    ) -> str | None:
        if not precondition:
            return None
        if precondition == _MUST_EXIST:
            return builder.exists(placeholders, self._key_attribute)
        if precondition == _MUST_BE_ABSENT or seen is None:
            return builder.absent(placeholders, self._key_attribute)
        return builder.checked(self._unchanged(placeholders, seen))

    def _unchanged(self, placeholders: Placeholders, seen: Item) -> str:
        return builder.unchanged(placeholders, seen, self._version)


@dataclass(slots=True)
class _Plan:
    """A write on its way to a call."""

    write: Write
    seen: Item | None
    token: WriteToken
    placeholders: Placeholders
    guard: str | None

    def call(
        self,
        operation: Operation,
        condition: str | None,
        repeat: Callable[[], Mapping[str, Any] | None] | None = None,
        **parameters: Any,
    ) -> Call:
        with_condition = self.parameters(all_of(condition, self.guard), **parameters)
        return Call(self.write, operation, self.token, self.seen, with_condition, repeat)

    def parameters(self, condition: str, **parameters: Any) -> Mapping[str, Any]:
        if condition:
            parameters["ConditionExpression"] = condition
            parameters["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        return {**parameters, **self.placeholders.parameters}


def refusal_of(write: Write, found: Attributes | None) -> ItemsError:
    """What a write is answered with whose condition was false; ``found`` is the item as it was."""
    if found is None and not write.precondition and isinstance(write, Update | Edit):
        return not_found(write.key)
    if isinstance(write, NativeUpdate):
        is_removal = write.expressions.only_removes and write.expressions.condition is None
        if found is None and is_removal and write.precondition.holds_for(None):
            return not_found(write.key)
    has_condition = isinstance(write, NativeUpdate) or (
        isinstance(write, Put | Delete | Check) and write.condition is not None
    )
    if has_condition and not write.precondition:
        return PreconditionFailed(
            "The ConditionExpression does not hold for the stored item.", current=found
        )
    return precondition_failed(found)


def precondition_failed(found: Attributes | None) -> PreconditionFailed:
    """The error of a false precondition; ``found`` is the stored item, None for an absent one."""
    return PreconditionFailed(
        "The stored item is not the one that the precondition asks for.", current=found
    )


def not_found(key: ItemKey) -> ItemNotFound:
    """What a request for an absent item is answered with."""
    partition, sort = key.values
    return ItemNotFound(f"There is no item {partition} / {sort}.")


def _existing_item(key: ItemKey, seen: Item | None) -> Item:
    if seen is None:
        raise not_found(key)
    return seen
