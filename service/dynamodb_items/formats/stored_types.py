"""Stored types of values that plain JSON does not distinguish.

Plain JSON shows a set as an array and binary as base64 text. A client that reads an item, edits
it and writes it back sends a list and a string for them. Compared with the stored item, they are
recognized and keep their types.
"""

import base64
import binascii
import json
import operator
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import orjson

from dynamodb_items.domain.items import Attributes, AttributeValue, base64_text
from dynamodb_items.runtime.deadline import VALUES_IN_A_ROW, give_way, in_turns

_T = TypeVar("_T")

MAX_MOVED = 10_000
"""How many members of one list, from the first changed one to the last, are matched anywhere."""
MAX_LIST_LEVELS = 4
"""In how many nested lists members are matched anywhere in the list."""
MAX_COMPARISONS = 64
"""How many pairs of members of one list are compared to find out which ones were edited."""
_TURN_SECONDS = 0.02


class _Turns:
    """Turns for other greenlets, during work on the members of many lists and maps."""

    __slots__ = ("_began",)

    def __init__(self) -> None:
        self._began = time.perf_counter()

    def over(self, members: Collection[_T]) -> Iterable[_T]:
        """Return the members to iterate over once, after a turn for others when one is due."""
        if time.perf_counter() - self._began > _TURN_SECONDS:
            give_way()
            self._began = time.perf_counter()
        return members if len(members) < VALUES_IN_A_ROW else in_turns(members, VALUES_IN_A_ROW)


class _Before(NamedTuple):
    """A stored value and the value that its plain form is read as; one object if equal."""

    stored: AttributeValue
    plain: AttributeValue

    def member(self, name: str) -> "_Before | None":
        """Return the member of a map."""
        stored = self.stored["M"].get(name)
        return None if stored is None else _Before(stored, self.plain["M"][name])

    def members(self, turns: _Turns) -> "list[_Before]":
        """Return the members of a list."""
        return [*map(_Before, turns.over(self.stored["L"]), self.plain["L"])]


def with_stored_types(attributes: Attributes, stored: Attributes) -> Attributes:
    """Return the typed attributes of a plain item, with the stored types where they still apply.

    Base64 text that equals stored binary is binary; an array in place of a set is a set if its
    members allow it. The same holds inside maps and lists. Members of a map are compared by name.
    Each member of a list is compared with an equal stored member, then with the one that it has
    most in common with; in long or deeply nested lists, with the one at the same index.
    """
    return {
        name: value_with_stored_type(value, stored.get(name)) for name, value in attributes.items()
    }


def value_with_stored_type(value: AttributeValue, stored: AttributeValue | None) -> AttributeValue:
    """Return one value of a plain JSON object, with the type of the stored value if it applies."""
    if stored is None:
        return value
    turns = _Turns()
    return _typed(value, _Before(stored, _as_plain(stored, turns)), 0, turns)


def _typed(
    value: AttributeValue, before: _Before | None, lists: int, turns: _Turns
) -> AttributeValue:
    """Return the value with the types of the value before it; ``lists`` counts the lists around."""
    if before is None or before.plain is before.stored:
        return value
    ((type_, content),) = before.stored.items()
    match type_:
        case "B":
            return before.stored if value == before.plain else value
        case "SS" | "NS" | "BS" if "L" in value:
            return _set_or_list(value, type_, content)
        case "M" if "M" in value:
            members = turns.over(value["M"].items())
            return {
                "M": {name: _typed(it, before.member(name), lists, turns) for name, it in members}
            }
        case "L" if "L" in value:
            return {"L": _members(value["L"], before.members(turns), lists + 1, turns)}
        case _:
            return value


def set_of(type_: str, members: Sequence[AttributeValue]) -> AttributeValue:
    """Return the set of these values; for a binary set, strings are base64 text.

    Raises:
        ValueError: the values are not a set of this type; the message contains the reason.
    """
    contents = [_set_member(type_[0], member) for member in in_turns(members, VALUES_IN_A_ROW)]
    if not contents:
        raise ValueError("a set must not be empty; remove the attribute instead")
    if len(set(contents)) < len(contents):
        raise ValueError("a set must not contain a member twice")
    return {type_: contents}


def _set_member(type_: str, member: AttributeValue) -> Any:
    if type_ in member:
        return member[type_]
    if type_ == "B" and "S" in member:
        binary = canonical_binary(member["S"])
        if binary is not None:
            return binary
    raise ValueError(f"every member of this set must be of type {type_}")


def canonical_binary(text: str) -> bytes | None:
    """Return the binary whose base64 text is exactly this text, None if no binary has it."""
    try:
        binary = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return binary if base64_text(binary) == text else None


def _set_or_list(value: AttributeValue, type_: str, content: Sequence[Any]) -> AttributeValue:
    try:
        kept = set_of(type_, value["L"])
    except ValueError:
        return value
    # A set has no order, so an unchanged set is returned as stored.
    return {type_: content} if set(kept[type_]) == set(content) else kept


def _members(
    members: Sequence[AttributeValue], before: Sequence[_Before], lists: int, turns: _Turns
) -> list[AttributeValue]:
    """Return the members of a list, each with the types of the stored member that it was."""
    start = _equal_at_start(members, before, turns)
    # A single changed member is not compared again: the cost would grow with each level.
    is_single = max(len(members), len(before)) - start == 1
    end = 0 if is_single else _equal_at_start(members[start:][::-1], before[start:][::-1], turns)
    stop, before_stop = len(members) - end, len(before) - end
    changed, candidates = members[start:stop], before[start:before_stop]
    if lists > MAX_LIST_LEVELS or max(len(changed), len(candidates)) > MAX_MOVED:
        origins = dict(enumerate(candidates[: len(changed)]))
    else:
        origins = _origins(changed, candidates)
    edited = enumerate(turns.over(changed))
    return [
        *(each.stored for each in before[:start]),
        *(_typed(each, origins.get(index), lists, turns) for index, each in edited),
        *(each.stored for each in before[before_stop:]),
    ]


def _equal_at_start(
    members: Sequence[AttributeValue], before: Sequence[_Before], turns: _Turns
) -> int:
    pairs = enumerate(zip(turns.over(members), before, strict=False))
    shorter = min(len(members), len(before))
    return next((index for index, (each, was) in pairs if each != was.plain), shorter)


def _origins(members: Sequence[AttributeValue], before: Sequence[_Before]) -> dict[int, _Before]:
    """Return the stored members that the members of a list were, by index."""
    if len(members) == len(before) == 1:
        return {0: before[0]}
    indexes: dict[bytes, list[int]] = defaultdict(list)
    for index in reversed(range(len(before))):
        indexes[_spelled(before[index].plain)].append(index)
    origins = {
        index: equal.pop()
        for index, member in enumerate(members)
        if (equal := indexes.get(_spelled(member)))
    }
    taken = set(origins.values())
    edited = {
        index: member
        for index, member in enumerate(members)
        if index not in origins and _has_members(member)
    }
    candidates = {
        index: each.plain
        for index, each in enumerate(before)
        if index not in taken and _has_members(each.plain)
    }
    origins |= _likeliest(edited, candidates)
    return {index: before[origin] for index, origin in origins.items()}


def _has_members(value: AttributeValue) -> bool:
    return "M" in value or "L" in value


def _likeliest(
    edited: Mapping[int, AttributeValue], before: Mapping[int, AttributeValue]
) -> dict[int, int]:
    """Return the indexes of the stored members that the edited members of a list were.

    Members with the most equal members of their own are paired first, then the nearest ones. Above
    ``MAX_COMPARISONS`` pairs, members are paired in their order.
    """
    if len(edited) * len(before) > MAX_COMPARISONS:
        return dict(zip(edited, before, strict=False))
    ranked = sorted(
        (-_alike(member, was), abs(index - origin), index, origin)
        for index, member in edited.items()
        for origin, was in before.items()
    )
    origins: dict[int, int] = {}
    for _, _, index, origin in ranked:
        if index not in origins and origin not in origins.values():
            origins[index] = origin
    return origins


def _alike(value: AttributeValue, other: AttributeValue) -> int:
    """Count the equal members of two maps; return 1 for two lists."""
    if "M" in value and "M" in other:
        equal = (value["M"].get(name) == member for name, member in other["M"].items())
        return 1 + sum(map(bool, equal))
    return int(value.keys() == other.keys())


def _as_plain(value: AttributeValue, turns: _Turns) -> AttributeValue:
    """Return the value that a stored value's plain form is read as; the same object if equal."""
    (type_,) = value
    if type_ in ("S", "N"):  # most values
        return value
    content = value[type_]
    match type_:
        case "B":
            return {"S": base64_text(content)}
        case "SS" | "NS":
            return {"L": [{type_[0]: member} for member in turns.over(content)]}
        case "BS":
            return {"L": [{"S": base64_text(member)} for member in turns.over(content)]}
        case "L":
            members = [_as_plain(member, turns) for member in turns.over(content)]
            return value if all(map(operator.is_, members, content)) else {"L": members}
        case "M":
            pairs = turns.over(content.items())
            named = {name: _as_plain(member, turns) for name, member in pairs}
            is_same = all(map(operator.is_, named.values(), content.values()))
            return value if is_same else {"M": named}
        case _:
            return value


def _spelled(value: AttributeValue) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=base64_text)
    except orjson.JSONEncodeError:  # a lone surrogate, which DynamoDB rejects but engines store
        return json.dumps(value, sort_keys=True, default=base64_text).encode()
