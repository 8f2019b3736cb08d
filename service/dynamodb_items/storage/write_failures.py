"""The errors of a write that its stored item does not allow."""

from dynamodb_items.domain.errors import ItemNotFound, ItemsError, PreconditionFailed
from dynamodb_items.domain.items import Attributes, Item
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.storage.write_commands import Edit, NativeUpdate, Update, Write, condition_of


def failed_condition(write: Write, stored: Attributes | None) -> ItemsError:
    """Return the error of a write whose condition was false; ``stored`` is the item as it was."""
    if stored is None and _needs_item(write):
        return not_found(write.key)
    if condition_of(write) is not None and not write.precondition:
        return PreconditionFailed(
            "The ConditionExpression is false for the stored item.", current=stored
        )
    return failed_precondition(stored)


def may_succeed_later(write: Write, read: Item | None, stored: Attributes | None) -> bool:
    """Return whether a write failed because its item was changed since it was read.

    ``stored`` is the item as it was when the write failed. If it is the one that was read, the
    client's own condition is false.
    """
    was_read = None if read is None else read.attributes
    return not write.precondition and (condition_of(write) is None or stored != was_read)


def failed_precondition(stored: Attributes | None) -> PreconditionFailed:
    """Return the error of a false precondition; ``stored`` is None for an absent item."""
    return PreconditionFailed("The precondition is false for the stored item.", current=stored)


def not_found(key: ItemKey) -> ItemNotFound:
    """Return the error of a request for an absent item."""
    return ItemNotFound(f"The item {' / '.join(key.values)} does not exist.")


def existing(key: ItemKey, item: Item | None) -> Item:
    """Return the item that was read.

    Raises:
        ItemNotFound: it does not exist.
    """
    if item is None:
        raise not_found(key)
    return item


def _needs_item(write: Write) -> bool:
    """Return whether a write without other conditions fails only for an absent item."""
    match write:
        case Update():
            return not write.precondition
        case Edit(condition=condition, creates=creates):
            return not (write.precondition or condition or creates)
        case NativeUpdate(expressions=expressions):
            removes = expressions.only_removes and expressions.condition is None
            return removes and write.precondition.holds_for(None)
        case _:
            return False
