"""Pure: keep the stored types of values that plain JSON cannot tell apart.

Plain JSON shows a set as an array and binary as base64 text. A client that reads an item, edits
it and writes it back sends a list and a string for them. Next to the stored item they are
recognised and keep their types.
"""

import base64
import binascii
import json
import operator
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

import orjson

from dynamodb_items.domain.items import Attributes, AttributeValue
from dynamodb_items.formats.limits import base64_text

MAX_MOVED = 10_000
"""How many members of one list, from the first changed one to the last, are looked for at every
index."""
MAX_LIST_LEVELS = 4
"""In how many lists inside one another members are looked for at every index."""
MAX_COMPARISONS = 64
"""How many pairs of members of one list are compared to find out what was edited."""


class _Before(NamedTuple):
    """A stored value, and what its plain form is read back as; one object where they are equal."""

    stored: AttributeValue
    plain: AttributeValue

    @classmethod
    def of(cls, stored: AttributeValue) -> Self:
        return cls(stored, _as_plain(stored))

    def member(self, name: str) -> "_Before | None":
        """The member of a map."""
        stored = self.stored["M"].get(name)
        return None if stored is None else _Before(stored, self.plain["M"][name])

    @property
    def members(self) -> "list[_Before]":
        """The members of a list."""
        return [*map(_Before, self.stored["L"], self.plain["L"])]


def with_stored_types(attributes: Attributes, stored: Attributes) -> Attributes:
    """The attributes of a plain JSON object, with the stored types where they still apply.

    Both are typed. Base64 text that equals stored binary is binary; an array in the place of a
    set is a set where its members allow it. The same holds inside maps and lists. Members of a map
    are compared by name. Members of a list are compared with an equal stored member, and those left
    with the one that they have most in common with; in long or deep lists, by their index.
    """
    return {
        name: value_with_stored_type(value, stored.get(name)) for name, value in attributes.items()
    }


def value_with_stored_type(value: AttributeValue, stored: AttributeValue | None) -> AttributeValue:
    """One value of a plain JSON object, with the type of the stored value where it applies."""
    return value if stored is None else _typed(value, _Before.of(stored), 0)


def _typed(value: AttributeValue, before: _Before | None, lists: int) -> AttributeValue:
    """The value with the types of what it was before; ``lists`` are those around it."""
    if before is None or before.plain is before.stored:
        return value
    ((type_, content),) = before.stored.items()
    match type_:
        case "B":
            return before.stored if value == before.plain else value
        case "SS" | "NS" | "BS" if "L" in value:
            return _set_or_list(value, type_, content)
        case "M" if "M" in value:
            members = value["M"].items()
            return {"M": {name: _typed(it, before.member(name), lists) for name, it in members}}
        case "L" if "L" in value:
            return {"L": _members(value["L"], before.members, lists + 1)}
        case _:
            return value


def set_of(type_: str, members: Sequence[AttributeValue]) -> AttributeValue:
    """The set of these values; in a binary set a string stands for its base64 text.

    Raises:
        ValueError: they make no set of this type; it says why.
    """
    contents = [_set_member(type_[0], member) for member in members]
    if not contents:
        raise ValueError("a set must not be empty; remove it whole")
    if len(set(contents)) < len(contents):
        raise ValueError("a set must not hold a member twice")
    return {type_: contents}


def _set_member(type_: str, member: AttributeValue) -> Any:
    if type_ in member:
        return member[type_]
    if type_ == "B" and "S" in member:
        binary = _canonical_binary(member["S"])
        if binary is not None:
            return binary
    raise ValueError(f"every member of this set must be of type {type_}")


def _canonical_binary(text: str) -> bytes | None:
    """The binary that is shown as exactly this text."""
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
    # The order of a set's members means nothing.
    return {type_: content} if set(kept[type_]) == set(content) else kept


def _members(
    members: Sequence[AttributeValue], before: Sequence[_Before], lists: int
) -> list[AttributeValue]:
    """The members of a list, each with the types of the stored member that it comes from."""
    start = _equal_at_start(members, before)
    # A single member that is left has changed: to compare it again would cost its whole depth.
    is_single = max(len(members), len(before)) - start == 1
    end = 0 if is_single else _equal_at_start(members[start:][::-1], before[start:][::-1])
    stop, before_stop = len(members) - end, len(before) - end
    changed, candidates = members[start:stop], before[start:before_stop]
    if lists > MAX_LIST_LEVELS or max(len(changed), len(candidates)) > MAX_MOVED:
        origins = dict(enumerate(candidates[: len(changed)]))
    else:
        origins = _origins(changed, candidates)
    return [
        *(each.stored for each in before[:start]),
        *(_typed(each, origins.get(index), lists) for index, each in enumerate(changed)),
        *(each.stored for each in before[before_stop:]),
    ]


def _equal_at_start(members: Sequence[AttributeValue], before: Sequence[_Before]) -> int:
    pairs = enumerate(zip(members, before, strict=False))
    shorter = min(len(members), len(before))
    return next((index for index, (each, was) in pairs if each != was.plain), shorter)


def _origins(members: Sequence[AttributeValue], before: Sequence[_Before]) -> dict[int, _Before]:
    """What the members of a list were before, by index."""
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
    """Which members of a list the edited ones were, by index: those with the most equal members
    of their own, the nearest ones first. Where there are many, those in the same order.
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
    """How many members two maps have in common; of two lists, 1."""
    if "M" in value and "M" in other:
        equal = (value["M"].get(name) == member for name, member in other["M"].items())
        return 1 + sum(map(bool, equal))
    return int(value.keys() == other.keys())


def _as_plain(value: AttributeValue) -> AttributeValue:
    """What the plain form of a stored value is read back as; the value itself where it is equal."""
    ((type_, content),) = value.items()
    match type_:
        case "B":
            return {"S": base64_text(content)}
        case "SS" | "NS":
            return {"L": [{type_[0]: member} for member in content]}
        case "BS":
            return {"L": [{"S": base64_text(member)} for member in content]}
        case "L":
            members = [*map(_as_plain, content)]
            return value if all(map(operator.is_, members, content)) else {"L": members}
        case "M":
            named = {name: _as_plain(member) for name, member in content.items()}
            is_same = all(map(operator.is_, named.values(), content.values()))
            return value if is_same else {"M": named}
        case _:
            return value


def _spelled(value: AttributeValue) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # a lone surrogate, which only some engines store
        return json.dumps(value, sort_keys=True).encode()
