"""The errors of a write that its stored item does not allow."""

from dynamodb_items.domain.errors import ItemNotFound, ItemsError, PreconditionFailed
from dynamodb_items.domain.items import Attributes, Item
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.domain.preconditions import Precondition
from dynamodb_items.domain.time_to_live import NO_EXPIRY, Expiry
from dynamodb_items.storage.write_commands import Edit, NativeUpdate, Update, Write, condition_of


def failed_condition(write: Write, found: Attributes | None, expiry: Expiry) -> ItemsError:
    """Return the error of a write whose condition was false; ``found`` is the item as it was."""
    stored = expiry.visible(found)
    if stored is not found and isinstance(write, NativeUpdate | Edit) and write.may_create:
        return ItemNotFound(
            f"The item {_named(write.key)} has expired, but is not deleted yet. An update of it "
            "requires DeleteItem, which this deployment does not allow. Replace the item with PUT."
        )
    if stored is None and _needs_item(write):
        return not_found(write.key)
    if condition_of(write) is not None and not write.precondition:
        return PreconditionFailed(
            "The ConditionExpression is false for the stored item.", current=stored
        )
    return failed_precondition(stored)


def may_succeed_later(write: Write, read: Item | None, stored: Attributes | None) -> bool:
    """Return whether a write failed because its item was changed since it was read.

    ``stored`` is the item as it was when the write failed, None for an expired one. If it is the
    one that was read, the client's own condition is false, or an expired item cannot be deleted.
    With the precondition that the item exists, any change but a deletion leaves it true. A change
    of secret attributes alone leaves an entity tag true.
    """
    if write.precondition and write.precondition != Precondition.must_exist():
        if read is None or stored is None:
            return False
        if not write.precondition.holds_for(Item(stored, read.secret)):
            return False
    if read is None:
        return stored is not None
    return condition_of(write) is None or stored != read.attributes


def failed_precondition(stored: Attributes | None) -> PreconditionFailed:
    """Return the error of a false precondition; ``stored`` is None for an absent item."""
    return PreconditionFailed("The precondition is false for the stored item.", current=stored)


def not_found(key: ItemKey) -> ItemNotFound:
    """Return the error of a request for an absent item."""
    return ItemNotFound(f"The item {_named(key)} does not exist.")


def _named(key: ItemKey) -> str:
    return " / ".join(key.values)


def existing(key: ItemKey, item: Item | None) -> Item:
    """Return the item that was read.

    Raises:
        ItemNotFound: it does not exist.
    """
    if item is None:
        raise not_found(key)
    return item


def edited_item(write: Edit, read: Item | None) -> Item:
    """Return the item that is edited; an item of the key attributes where none exists.

    Raises:
        ItemNotFound, PreconditionFailed: it does not exist, and the edit does not create it.
    """
    if read is not None:
        return read
    if write.may_create:
        return Item(write.key.attributes)
    raise failed_condition(write, None, NO_EXPIRY)


def _needs_item(write: Write) -> bool:
    """Return whether a write fails for an absent item only because it needs one."""
    match write:
        case Update(precondition=precondition):
            return precondition.holds_for(None)
        case Edit(precondition=precondition) | NativeUpdate(precondition=precondition):
            is_free = write.condition is None and precondition.holds_for(None)
            return is_free and not write.may_create
        case _:
            return False
