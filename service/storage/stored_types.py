"""Pure: keep the stored types of values that plain JSON cannot tell apart.

Plain JSON shows a set as an array and binary as base64 text. A client that reads an item, edits
it and writes it back sends a list and a string for them. Next to the stored item they are
recognised and keep their types.
"""

import base64
import binascii
import itertools
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from service.items import Attributes, AttributeValue
from service.storage.attributes import base64_text

MAX_COMPARISONS = 64
"""How many pairs of members of one list are compared to find out what was edited."""

MAX_MOVED = 1000
"""How many members of one list, from the first changed one to the last, may have moved in it."""

_HIDDEN = frozenset({"B", "SS", "NS", "BS"})
"""The types that plain JSON shows as something else."""


def with_stored_types(attributes: Attributes, stored: Attributes) -> Attributes:
    """The attributes of a plain JSON object, with the stored types where they still apply.

    Both are typed. Base64 text that equals stored binary is binary; an array in the place of a
    set is a set where its members allow it. The same holds inside maps and lists. Members of a map
    are compared by name. Members of a list are compared with an equal stored member, and those left
    with the one that they have most in common with.
    """
    return {
        name: value_with_stored_type(value, stored.get(name)) for name, value in attributes.items()
    }


def value_with_stored_type(value: AttributeValue, stored: AttributeValue | None) -> AttributeValue:
    """One value of a plain JSON object, with the type of the stored value where it applies."""
    if stored is None:
        return value
    ((type_, content),) = stored.items()
    match type_:
        case "B":
            return stored if value.get("S") == base64_text(content) else value
        case "SS" | "NS" | "BS" if "L" in value:
            return _set_or_list(value, type_, content)
        case "M" if "M" in value:
            return {"M": with_stored_types(value["M"], content)}
        case "L" if "L" in value:
            return {"L": _members(value["L"], content)}
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
    members: Sequence[AttributeValue], stored: Sequence[AttributeValue]
) -> list[AttributeValue]:
    """The members of a list, each with the type of the stored member that it comes from."""
    if not any(map(_hides_a_type, stored)):
        return list(members)
    plain = [_as_plain(member) for member in stored]
    start = _equal_at_start(members, plain)
    end = _equal_at_start(members[start:][::-1], plain[start:][::-1])
    stop, stored_stop = len(members) - end, len(stored) - end
    changed = _changed_members(
        members[start:stop], stored[start:stored_stop], plain[start:stored_stop]
    )
    return [*stored[:start], *changed, *stored[stored_stop:]]


def _equal_at_start(left: Sequence[AttributeValue], right: Sequence[AttributeValue]) -> int:
    pairs = enumerate(zip(left, right, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(left), len(right)))


def _changed_members(
    members: Sequence[AttributeValue],
    stored: Sequence[AttributeValue],
    plain: Sequence[AttributeValue],
) -> list[AttributeValue]:
    """The members between those at both ends of a list that are as they were."""
    if max(len(members), len(stored)) > MAX_MOVED:
        pairs = itertools.zip_longest(members, stored[: len(members)])
        return [value_with_stored_type(member, before) for member, before in pairs]
    places: dict[bytes, list[int]] = defaultdict(list)
    for index in reversed(range(len(plain))):
        places[_spelled(plain[index])].append(index)
    origins = {
        index: equal.pop()
        for index, member in enumerate(members)
        if (equal := places.get(_spelled(member)))
    }
    taken = set(origins.values())
    edited = {
        index: member
        for index, member in enumerate(members)
        if index not in origins and not member.keys().isdisjoint("LM")
    }
    before = {index: member for index, member in enumerate(plain) if index not in taken}
    origins |= _likeliest(edited, before)
    return [
        value_with_stored_type(member, stored[origins[index]] if index in origins else None)
        for index, member in enumerate(members)
    ]


def _likeliest(
    edited: Mapping[int, AttributeValue], before: Mapping[int, AttributeValue]
) -> dict[int, int]:
    """Which members of a list the edited ones were, by index: those with the most equal members
    of their own, the nearest ones first. Where there are many, those in the same order.
    """
    if len(edited) * len(before) > MAX_COMPARISONS:
        return dict(zip(edited, before, strict=False))
    ranked = sorted(
        (-_alike(edited[after], before[index]), abs(after - index), after, index)
        for after in edited
        for index in before
    )
    origins: dict[int, int] = {}
    taken: set[int] = set()
    for _, _, after, index in ranked:
        if after not in origins and index not in taken:
            origins[after] = index
            taken.add(index)
    return origins


def _alike(value: AttributeValue, other: AttributeValue) -> int:
    """How many members two maps have in common; of two lists, 1."""
    if "M" in value and "M" in other:
        equal = (value["M"].get(name) == member for name, member in other["M"].items())
        return 1 + sum(map(bool, equal))
    return int(value.keys() == other.keys())


def _hides_a_type(value: AttributeValue) -> bool:
    ((type_, content),) = value.items()
    match type_:
        case "M":
            return any(map(_hides_a_type, content.values()))
        case "L":
            return any(map(_hides_a_type, content))
        case _:
            return type_ in _HIDDEN


def _as_plain(value: AttributeValue) -> AttributeValue:
    """What the plain form of a stored value is read back as."""
    ((type_, content),) = value.items()
    match type_:
        case "B":
            return {"S": base64_text(content)}
        case "SS" | "NS":
            return {"L": [{type_[0]: member} for member in content]}
        case "BS":
            return {"L": [{"S": base64_text(member)} for member in content]}
        case "L":
            return {"L": [_as_plain(member) for member in content]}
        case "M":
            return {"M": {name: _as_plain(member) for name, member in content.items()}}
        case _:
            return value


def _spelled(value: AttributeValue) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # a lone surrogate, which only some engines store
        return json.dumps(value, sort_keys=True).encode()
