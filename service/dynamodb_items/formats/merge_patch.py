"""Pure: what a merge patch changes in an item.

https://www.rfc-editor.org/rfc/rfc7396
"""

from dataclasses import dataclass
from typing import Any

from dynamodb_items.domain.changes import Changes
from dynamodb_items.domain.items import Attributes, Item
from dynamodb_items.formats.limits import InvalidValue, ItemRoom, check_level, check_names, inside
from dynamodb_items.formats.plain_json import attributes_from_plain, value_from_plain
from dynamodb_items.formats.stored_types import value_with_stored_type
from dynamodb_items.runtime.deadline import give_way_after


@dataclass(frozen=True, slots=True)
class Edited:
    """What a patch changes in an item as it was read."""

    changes: Changes
    looked_at: frozenset[str] | None = frozenset()
    """The attributes besides the changed ones on which the result rests; None: all of them."""


def is_flat(patch: dict[str, Any]) -> bool:
    """Whether the patch sets and removes whole attributes: it is not empty and merges no map."""
    return bool(patch) and not any(isinstance(value, dict) for value in patch.values())


def flat_changes(patch: dict[str, Any], pointer: str = "") -> Changes:
    """The changes of a flat merge patch: SET, and REMOVE for null.

    Raises:
        UnacceptableItem: a value that DynamoDB does not take.
    """
    changed = {name: value for name, value in patch.items() if value is not None}
    with inside(pointer):
        check_names(patch)
    return Changes(
        set=attributes_from_plain(changed, pointer),
        remove=tuple(name for name, value in patch.items() if value is None),
    )


def merge_changes(item: Item, patch: dict[str, Any], pointer: str = "") -> Edited:
    """What a merge patch changes in the item as read. What it does not touch inside a map keeps
    its exact type, sets and binary included, and so does what it writes back unchanged.

    Raises:
        UnacceptableItem: a value that DynamoDB does not take.
    """
    room = ItemRoom()
    with inside(pointer):
        merged = _merged(item.attributes, patch, 1, room)
    give_way_after(room.used)
    return Edited(changes_between(item.attributes, merged), frozenset(patch))


def changes_between(before: Attributes, after: Attributes) -> Changes:
    """The changes that make the attributes after of those before."""
    return Changes(
        set={name: value for name, value in after.items() if before.get(name) != value},
        remove=tuple(name for name in before if name not in after),
    )


def _merged(target: Attributes, patch: dict[str, Any], level: int, room: ItemRoom) -> Attributes:
    kept = {name: value for name, value in patch.items() if value is not None}
    room.take_map(kept, list(map(type, kept.values())))
    check_names(patch)
    merged = dict(target)
    name = ""
    try:
        for name, value in patch.items():
            if value is None:
                merged.pop(name, None)
            elif isinstance(value, dict):
                check_level(level + 1)
                merged[name] = {"M": _merged(_map_at(target, name), value, level + 1, room)}
            else:
                typed = value_from_plain(value, level, room)
                merged[name] = value_with_stored_type(typed, target.get(name))
    except InvalidValue as invalid:
        invalid.path.append(name)
        raise
    return merged


def _map_at(target: Attributes, name: str) -> Attributes:
    attributes: Attributes = target.get(name, {}).get("M", {})
    return attributes
