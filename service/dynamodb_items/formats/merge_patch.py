"""Merge patches: the changes that they make in an item.

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
class PatchResult:
    """The changes that a patch makes in an item as read."""

    changes: Changes
    depends_on: frozenset[str] | None = frozenset()
    """The attributes, next to the changed ones, that the result depends on; None for all."""


def is_flat(patch: dict[str, Any]) -> bool:
    """Return whether the patch only sets and removes whole attributes, at least one."""
    return bool(patch) and not any(isinstance(value, dict) for value in patch.values())


def flat_changes(patch: dict[str, Any], pointer: str = "") -> Changes:
    """Return the changes of a flat merge patch: SET, and REMOVE for null.

    Raises:
        UnacceptableItem: DynamoDB does not store one of the values.
    """
    changed = {name: value for name, value in patch.items() if value is not None}
    with inside(pointer):
        check_names(patch)
    return Changes(
        set=attributes_from_plain(changed, pointer),
        remove=tuple(name for name, value in patch.items() if value is None),
    )


def merge_changes(item: Item, patch: dict[str, Any], pointer: str = "") -> PatchResult:
    """Apply a merge patch to the item as read.

    Values that the patch does not contain, or contains unchanged, keep their exact type, including
    sets and binary.

    Raises:
        UnacceptableItem: DynamoDB does not store one of the values.
    """
    room = ItemRoom()
    with inside(pointer):
        merged = _merged(item.attributes, patch, 1, room)
    give_way_after(room.used)
    return PatchResult(changes_between(item.attributes, merged), frozenset(patch))


def changes_between(before: Attributes, after: Attributes) -> Changes:
    """Return the changes from the attributes before to the attributes after."""
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
