"""Conversion of DynamoDB's typed JSON, such as ``{"Email": {"S": "…"}}``, to attribute values.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from dynamodb_items.domain.items import Attributes, AttributeValue
from dynamodb_items.domain.numbers import parse_number
from dynamodb_items.formats.limits import (
    InvalidValue,
    ItemRoom,
    check_level,
    check_names,
    checked_number,
    inside,
    item_attributes,
)
from dynamodb_items.runtime.deadline import give_way_after, in_turns

_MEMBERS_IN_A_ROW = 50_000
"""This many take less than 100 milliseconds."""
_Reader: TypeAlias = Callable[[Any, int, ItemRoom], Any]


def attributes_from_typed(value: Any, pointer: str = "") -> Attributes:
    """Return the attributes of a parsed JSON object in DynamoDB's typed form.

    Raises:
        UnacceptableItem: the object is not in that form, or exceeds DynamoDB's limits.
        ItemTooLarge: the object exceeds the size of any item.
    """
    return item_attributes(value, pointer, _attributes)


def values_from_typed(members: dict[str, Any], pointer: str) -> dict[str, AttributeValue]:
    """Return the attribute values of parsed JSON such as ``{":v": {"S": "Raj"}}``.

    Raises:
        UnacceptableItem: a value is not in that form, or exceeds DynamoDB's limits.
        ItemTooLarge: a value exceeds the size of any item.
    """
    typed: dict[str, AttributeValue] = {}
    used = 0
    for name, value in members.items():
        room = ItemRoom()
        with inside(pointer):
            typed[name] = _named_value(name, value, 1, room)
        used += room.used
    give_way_after(used)
    return typed


def _attributes(members: dict[str, Any], level: int, room: ItemRoom) -> dict[str, AttributeValue]:
    room.take_map(members, [])
    check_names(members)
    return {name: _named_value(name, value, level, room) for name, value in members.items()}


def _named_value(name: str, value: Any, level: int, room: ItemRoom) -> AttributeValue:
    try:
        return _value(value, level, room)
    except InvalidValue as invalid:
        invalid.path.append(name)
        raise


def _value(value: Any, level: int, room: ItemRoom) -> AttributeValue:
    if not isinstance(value, dict) or len(value) != 1:
        raise InvalidValue(
            'a typed value must be an object with one type and its content, such as {"S": "Raj"}'
        )
    ((type_, content),) = value.items()
    reader = _TYPED_READERS.get(type_)
    if reader is None:
        raise InvalidValue(f"DynamoDB has no type {type_[:20]!r}")
    if type_ in ("L", "M"):
        check_level(level + 1)
    try:
        return {type_: reader(content, level, room)}
    except InvalidValue as invalid:
        invalid.path.append(type_)
        raise


def _read_string(content: Any, _level: int, _room: ItemRoom) -> str:
    if not isinstance(content, str):
        raise InvalidValue("must be a string")
    return content


def _read_number(content: Any, level: int, room: ItemRoom) -> str:
    text = _read_string(content, level, room)
    try:
        number = parse_number(text)
    except ValueError:
        raise InvalidValue("must be a number written as a string") from None
    return checked_number(number)


def _read_binary(content: Any, level: int, room: ItemRoom) -> bytes:
    text = _read_string(content, level, room)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidValue("must be base64 text") from None


def _read_bool(content: Any, _level: int, _room: ItemRoom) -> bool:
    if not isinstance(content, bool):
        raise InvalidValue("must be true or false")
    return content


def _read_null(content: Any, _level: int, _room: ItemRoom) -> bool:
    if content is not True:
        raise InvalidValue("must be true")
    return True


def _read_list(content: Any, level: int, room: ItemRoom) -> list[AttributeValue]:
    members = _array(content)
    room.take_list(list(map(type, members)))
    return _read_members(_value, members, level + 1, room)


def _read_map(content: Any, level: int, room: ItemRoom) -> Attributes:
    if not isinstance(content, dict):
        raise InvalidValue("must be a JSON object")
    return _attributes(content, level + 1, room)


def _set_reader(read: _Reader) -> _Reader:
    def read_set(content: Any, level: int, room: ItemRoom) -> list[Any]:
        members = _array(content)
        room.take_set(len(members))
        typed = _read_members(read, members, level, room)
        if not typed:
            raise InvalidValue("a set must not be empty")
        if len(set(typed)) < len(typed):
            raise InvalidValue("a set must not contain a member twice")
        return typed

    return read_set


def _array(content: Any) -> list[Any]:
    if not isinstance(content, list):
        raise InvalidValue("must be an array")
    return content


def _read_members(read: _Reader, members: list[Any], level: int, room: ItemRoom) -> list[Any]:
    typed: list[Any] = []
    try:
        for member in in_turns(members, _MEMBERS_IN_A_ROW):
            typed.append(read(member, level, room))  # noqa: PERF401 - counts for the path
    except InvalidValue as invalid:
        invalid.path.append(len(typed))
        raise
    return typed


_TYPED_READERS: Mapping[str, _Reader] = {
    "S": _read_string,
    "N": _read_number,
    "B": _read_binary,
    "BOOL": _read_bool,
    "NULL": _read_null,
    "L": _read_list,
    "M": _read_map,
    "SS": _set_reader(_read_string),
    "NS": _set_reader(_read_number),
    "BS": _set_reader(_read_binary),
}
