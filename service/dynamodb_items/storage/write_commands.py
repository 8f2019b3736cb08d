"""The writes of one item that a request can contain, and their result: plain values."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from dynamodb_items.domain.changes import Changes
from dynamodb_items.domain.items import Attributes, Item
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.domain.operations import Operation
from dynamodb_items.domain.preconditions import NO_PRECONDITION, Precondition
from dynamodb_items.expressions.native_update import NativeCondition, NativeExpressions
from dynamodb_items.formats.merge_patch import PatchResult


@dataclass(frozen=True, slots=True)
class Put:
    """Create the item or replace it whole."""

    key: ItemKey
    attributes: Attributes
    precondition: Precondition = NO_PRECONDITION
    condition: NativeCondition | None = None
    is_edited: bool = False
    """Whether it is the plain form of an item that was read: sets and binary in the stored item
    then keep their types.
    """
    completed: Callable[[Attributes, Item | None], Attributes] | None = None
    """Returns the attributes to store, depending on the stored item; None to store them as is."""
    kept: frozenset[str] = frozenset()
    """The attributes whose stored values ``completed`` keeps."""
    operation = Operation.PUT_ITEM


@dataclass(frozen=True, slots=True)
class Update:
    """Set and remove whole attributes of an existing item, in their plain form.

    It never creates an item.
    """

    key: ItemKey
    changes: Changes
    precondition: Precondition = NO_PRECONDITION
    operation = Operation.UPDATE_ITEM


@dataclass(frozen=True, slots=True)
class Edit:
    """Change an item, depending on what it contains."""

    key: ItemKey
    changes_of: Callable[[Item], PatchResult]
    precondition: Precondition = NO_PRECONDITION
    condition: NativeCondition | None = None
    may_create: bool = False
    """Whether an absent item is created: it is changed as if it had its key attributes only."""
    can_fail: bool = False
    """Whether ``changes_of`` raises an error for some stored items."""
    operation = Operation.UPDATE_ITEM


@dataclass(frozen=True, slots=True)
class NativeUpdate:
    """Apply an update expression; create the item if it does not exist."""

    key: ItemKey
    expressions: NativeExpressions
    precondition: Precondition = NO_PRECONDITION
    operation = Operation.UPDATE_ITEM

    @property
    def condition(self) -> NativeCondition | None:
        """The client's own condition."""
        return self.expressions.condition

    @property
    def may_create(self) -> bool:
        """Whether the update and its precondition allow that the item does not exist."""
        return self.precondition.holds_for(None) and not self.expressions.only_removes


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete the item. Deleting an absent item succeeds."""

    key: ItemKey
    precondition: Precondition = NO_PRECONDITION
    condition: NativeCondition | None = None
    operation = Operation.DELETE_ITEM


@dataclass(frozen=True, slots=True)
class Check:
    """Leave the item as it is, and fail the transaction unless the conditions hold for it."""

    key: ItemKey
    precondition: Precondition = NO_PRECONDITION
    condition: NativeCondition | None = None
    operation = Operation.CONDITION_CHECK_ITEM


Write: TypeAlias = Put | Update | Edit | NativeUpdate | Delete | Check


def condition_of(write: Write) -> NativeCondition | None:
    """Return the client's own condition of a write, None without one."""
    return None if isinstance(write, Update) else write.condition


def fails_for_expired(write: Write) -> bool:
    """Return whether the condition of a write is that no expired item is stored."""
    is_update = isinstance(write, Update | Edit | NativeUpdate)
    return is_update or not write.precondition.holds_for(None)


def depends_on_values(write: Write) -> bool:
    """Return whether the outcome of a write depends on more than the existence of its item.

    From the outcome of such a write a caller learns stored values.
    """
    precondition = write.precondition
    tags = (precondition.if_match, precondition.if_none_match)
    if any(isinstance(each, frozenset) for each in tags) or condition_of(write) is not None:
        return True
    match write:
        case Check():
            return True
        case Put():
            return write.completed is not None and precondition != Precondition.must_be_absent()
        case Edit():
            return write.can_fail
        case NativeUpdate():
            return write.expressions.depends_on_values
        case _:
            return False


@dataclass(frozen=True, slots=True)
class Written:
    """The result of a write."""

    item: Item | None
    """The item as stored; after a Delete, its last state if that is known."""
    created: bool = False
    """Whether the item did not exist before."""
    before: Item | None = field(default=None, compare=False)
    """The item that the write replaced, where a call that was made anyway has returned it."""
