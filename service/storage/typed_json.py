"""DynamoDB's own typed JSON, as ``{"Email": {"S": "…"}}``, <-> typed attribute values.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from service.items import Attributes, AttributeValue
from service.numbers import parse_number
from service.storage.attributes import (
    array_members,
    base64_text,
    check_level,
    checked_name,
    checked_number,
    object_members,
    pointer_to,
    refuse,
)


def attributes_from_typed(value: Any, pointer: str = "", level: int = 1) -> Attributes:
    """The attributes of a parsed JSON object in DynamoDB's typed form.

    Raises:
        UnacceptableItem: it is not in that form, or holds what DynamoDB does not take.
    """
    members = object_members(value, pointer)
    return {
        name: from_typed(member, checked_name(pointer, name), level)
        for name, member in members.items()
    }


def from_typed(value: Any, pointer: str, level: int = 1) -> AttributeValue:
    """The attribute value of parsed JSON such as ``{"S": "Raj"}``; base64 becomes bytes.

    Raises:
        UnacceptableItem: it is not in that form, or holds what DynamoDB does not take.
    """
    if not isinstance(value, dict) or len(value) != 1:
        refuse(pointer, 'a typed value is an object of one type and its content, as {"S": "Raj"}')
    ((type_, content),) = value.items()
    inside = pointer_to(pointer, type_)
    reader = _TYPED_READERS.get(type_)
    if reader is None:
        refuse(pointer, f"DynamoDB has no type {type_[:20]!r}")
    if type_ in ("L", "M"):
        check_level(level + 1, pointer)
    return {type_: reader(content, inside, level)}


def _read_string(content: Any, pointer: str, _level: int) -> str:
    if not isinstance(content, str):
        refuse(pointer, "must be a string")
    return content


def _read_number(content: Any, pointer: str, _level: int) -> str:
    text = _read_string(content, pointer, _level)
    try:
        number = parse_number(text)
    except ValueError:
        refuse(pointer, "must be a number written as a string")
    return checked_number(number, pointer)


def _read_binary(content: Any, pointer: str, _level: int) -> bytes:
    text = _read_string(content, pointer, _level)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        refuse(pointer, "must be base64 text")


def _read_bool(content: Any, pointer: str, _level: int) -> bool:
    if not isinstance(content, bool):
        refuse(pointer, "must be true or false")
    return content


def _read_null(content: Any, pointer: str, _level: int) -> bool:
    if content is not True:
        refuse(pointer, "must be true")
    return True


def _read_list(content: Any, pointer: str, level: int) -> list[AttributeValue]:
    return [
        from_typed(member, pointer_to(pointer, index), level + 1)
        for index, member in enumerate(array_members(content, pointer))
    ]


def _read_map(content: Any, pointer: str, level: int) -> Attributes:
    return attributes_from_typed(content, pointer, level + 1)


def _set_reader(read: Callable[[Any, str, int], Any]) -> Callable[[Any, str, int], list[Any]]:
    def read_set(content: Any, pointer: str, level: int) -> list[Any]:
        members = [
            read(member, pointer_to(pointer, index), level)
            for index, member in enumerate(array_members(content, pointer))
        ]
        if not members:
            refuse(pointer, "a set must not be empty")
        if len(set(members)) < len(members):
            refuse(pointer, "a set must not hold a member twice")
        return members

    return read_set


_TYPED_READERS: Mapping[str, Callable[[Any, str, int], Any]] = {
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


def to_typed(attributes: Attributes) -> dict[str, Any]:
    """The item in DynamoDB's typed form as JSON values, binary as base64 text."""
    return {name: _typed(value) for name, value in attributes.items()}


def _typed(value: AttributeValue) -> Any:
    ((type_, content),) = value.items()
    match type_:
        case "B":
            return {type_: base64_text(content)}
        case "BS":
            return {type_: [base64_text(member) for member in content]}
        case "L":
            return {type_: [_typed(member) for member in content]}
        case "M":
            return {type_: to_typed(content)}
        case _:
            return value
