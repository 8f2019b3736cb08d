"""The direct conversion of plain JSON to typed values, for ordinary items.

It takes half the time of ``plain_json``, which explains errors and counts bytes. Whatever is not
ordinary, such as an invalid number, is left to it.
"""

from decimal import Decimal
from typing import Any

from dynamodb_items.domain.items import AttributeValue
from dynamodb_items.domain.numbers import MAX_DIGITS, canonical_number
from dynamodb_items.formats.limits import MAX_ATTRIBUTE_NAME_BYTES, MAX_LEVELS

_MAX_MEMBERS = 40_000
"""Less than 20 milliseconds of work."""
_MAX_NAME_CHARACTERS = MAX_ATTRIBUTE_NAME_BYTES // 4
_END_OF_INTEGERS = 10**MAX_DIGITS


class NotDirect(Exception):
    """A value that ``plain_json`` has to convert, or to reject."""


def direct_attributes(members: Any) -> dict[str, AttributeValue]:
    """Return the typed attributes of a parsed plain JSON object.

    Raises:
        NotDirect: the value may be invalid, is large, or has values that were stored.
    """
    if type(members) is not dict:
        raise NotDirect
    try:
        return _map(members, 1, [_MAX_MEMBERS])
    except ValueError:  # a number that DynamoDB does not store
        raise NotDirect from None


def _map(members: dict[str, Any], level: int, left: list[int]) -> dict[str, AttributeValue]:
    _count(members, level, left)
    typed: dict[str, AttributeValue] = {}
    for name, member in members.items():
        if not 0 < len(name) <= _MAX_NAME_CHARACTERS:
            raise NotDirect
        kind = type(member)
        # Text and integers are handled inline: they are most values, and a call costs more.
        if kind is str:
            typed[name] = {"S": member}
        elif kind is int and -_END_OF_INTEGERS < member < _END_OF_INTEGERS:
            typed[name] = {"N": str(member)}
        else:
            typed[name] = _value(member, kind, level, left)
    return typed


def _list(members: list[Any], level: int, left: list[int]) -> list[AttributeValue]:
    _count(members, level, left)
    return [
        {"M": _map(member, level + 1, left)}
        if type(member) is dict
        else _value(member, type(member), level, left)
        for member in members
    ]


def _count(members: dict[str, Any] | list[Any], level: int, left: list[int]) -> None:
    left[0] -= len(members)
    if left[0] < 0 or level > MAX_LEVELS:
        raise NotDirect


def _value(value: Any, kind: type, level: int, left: list[int]) -> AttributeValue:
    if kind is str:
        return {"S": value}
    if kind is dict:
        return {"M": _map(value, level + 1, left)}
    if kind is list:
        return {"L": _list(value, level + 1, left)}
    if kind is bool:
        return {"BOOL": value}
    if value is None:
        return {"NULL": True}
    if kind is Decimal or kind is int:
        return {"N": _number(value)}
    raise NotDirect


def _number(value: Decimal | int) -> str:
    text = str(value)
    # Decimal's text of most numbers is canonical; "1.50", "-0", "1E-7" and "Infinity" are not.
    is_canonical = text[-1] in "123456789" and len(text) <= MAX_DIGITS and "E" not in text
    return text if is_canonical else canonical_number(Decimal(value))
