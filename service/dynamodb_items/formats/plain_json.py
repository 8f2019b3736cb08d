"""Conversion between plain JSON and typed attribute values, exact for every JSON type."""

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Self

import orjson

from dynamodb_items.domain.items import Attributes, AttributeValue, base64_text
from dynamodb_items.domain.numbers import canonical_number, parse_number
from dynamodb_items.formats.limits import (
    InvalidValue,
    ItemRoom,
    check_level,
    check_names,
    checked_number,
    inside,
    item_attributes,
)
from dynamodb_items.formats.stored_types import set_of
from dynamodb_items.runtime.deadline import VALUES_IN_A_ROW, in_turns

_INT64_DIGITS = 18
_CANONICAL_NUMBER = re.compile(r"0|-?(?:[1-9][0-9]*(?:\.[0-9]*[1-9])?|0\.[0-9]*[1-9])", re.ASCII)
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)


class BinaryText(str):
    """Binary as base64 text that is converted back to binary."""

    __slots__ = ("stored",)

    stored: AttributeValue

    @classmethod
    def of(cls, stored: AttributeValue) -> Self:
        """Return the base64 text of a binary value."""
        text = cls(base64_text(stored["B"]))
        text.stored = stored
        return text

    def typed(self) -> AttributeValue:
        """Return the binary value."""
        return self.stored


class SetArray(list[Any]):
    """A set as an array that is converted back to a set, even after changes."""

    def __init__(self, type_: str, members: Iterable[Any]) -> None:
        super().__init__(members)
        self.type = type_

    def typed(self) -> AttributeValue:
        """Return the set of the members.

        Raises:
            InvalidValue: the members are not a set of this type.
        """
        typed = _list(self, 1, ItemRoom())
        try:
            return set_of(self.type, typed)
        except ValueError as error:
            raise InvalidValue(str(error)) from None


def from_plain(
    value: Any, pointer: str = "", level: int = 1, room: ItemRoom | None = None
) -> AttributeValue:
    """Return the typed value of parsed plain JSON, whose numbers are ``Decimal``.

    Raises:
        UnacceptableItem: a number, a name or the depth exceeds DynamoDB's limits.
        ItemTooLarge: the value exceeds the size of any item.
    """
    with inside(pointer):
        return value_from_plain(value, level, room or ItemRoom())


def attributes_from_plain(value: Any, pointer: str = "") -> Attributes:
    """Return the typed attributes of a parsed plain JSON object.

    Raises:
        UnacceptableItem: the value is not an object, or exceeds DynamoDB's limits.
        ItemTooLarge: the value exceeds the size of any item.
    """
    return item_attributes(value, pointer, _attributes)


def value_from_plain(value: Any, level: int, room: ItemRoom) -> AttributeValue:
    """Return the typed value of parsed plain JSON; the caller adds the path to an error.

    Raises:
        InvalidValue: a number, a name or the depth exceeds DynamoDB's limits.
        ItemTooLarge: the value exceeds the size of any item.
    """
    convert = _SCALARS.get(type(value))
    return _container(value, level, room) if convert is None else convert(value)


def _attributes(members: dict[str, Any], level: int, room: ItemRoom) -> dict[str, AttributeValue]:
    kinds = list(map(type, members.values()))
    room.take_map(members, kinds)
    check_names(members)
    typed: dict[str, AttributeValue] = {}
    name = ""
    try:
        for kind, (name, member) in zip(kinds, members.items(), strict=True):
            convert = _SCALARS.get(kind)
            typed[name] = _container(member, level, room) if convert is None else convert(member)
    except InvalidValue as invalid:
        invalid.path.append(name)
        raise
    return typed


def _list(members: list[Any], level: int, room: ItemRoom) -> list[AttributeValue]:
    kinds = list(map(type, members))
    room.take_list(kinds)
    typed: list[AttributeValue] = []
    try:
        for kind, member in zip(kinds, members, strict=True):
            convert = _SCALARS.get(kind)
            typed.append(_container(member, level, room) if convert is None else convert(member))
    except InvalidValue as invalid:
        invalid.path.append(len(typed))
        raise
    return typed


def _container(value: Any, level: int, room: ItemRoom) -> AttributeValue:
    if isinstance(value, BinaryText | SetArray):
        return value.typed()
    check_level(level + 1)
    if isinstance(value, list):
        return {"L": _list(value, level + 1, room)}
    return {"M": _attributes(value, level + 1, room)}


def _number(value: Decimal) -> AttributeValue:
    return {"N": checked_number(value)}


_SCALARS: Mapping[type, Callable[[Any], AttributeValue]] = {
    str: lambda value: {"S": value},
    Decimal: _number,
    bool: lambda value: {"BOOL": value},
    type(None): lambda _value: {"NULL": True},
}


def to_document(attributes: Attributes) -> dict[str, Any]:
    """Return the item as a plain JSON document that ``from_plain`` can convert back.

    Numbers are ``Decimal``; sets and binary keep their types.
    """
    return _document(attributes, BinaryText.of)


def plain_values(attributes: Attributes) -> dict[str, Any]:
    """Return the item as a document in which binary is an ordinary string.

    The validator of item schemas accepts no subclass of ``str``.
    """
    return _document(attributes, _text_of)


def _text_of(binary: AttributeValue) -> str:
    return base64_text(binary["B"])


def _document(attributes: Attributes, text_of: Callable[[AttributeValue], str]) -> dict[str, Any]:
    return {name: _member(value, text_of) for name, value in attributes.items()}


def _member(value: AttributeValue, text_of: Callable[[AttributeValue], str]) -> Any:
    ((type_, content),) = value.items()
    match type_:
        case "N":
            return parse_number(content)
        case "NULL":
            return None
        case "M":
            return _document(content, text_of)
        case "L":
            return [_member(member, text_of) for member in in_turns(content, VALUES_IN_A_ROW)]
        case "B":
            return text_of(value)
        case "SS":
            return SetArray(type_, content)
        case "NS":
            return SetArray(type_, map(parse_number, in_turns(content, VALUES_IN_A_ROW)))
        case "BS":
            return SetArray(
                type_, (text_of({"B": member}) for member in in_turns(content, VALUES_IN_A_ROW))
            )
        case _:
            return content


def to_plain(attributes: Attributes) -> dict[str, Any]:
    """Return the item as plain JSON values for ``orjson``: sets as arrays, binary as base64."""
    return {
        # Text and numbers are handled inline: they are most values, and a call costs more.
        name: value["S"]
        if "S" in value
        else (_plain_number(value["N"]) if "N" in value else _plain(value))
        for name, value in attributes.items()
    }


def _plain(value: AttributeValue) -> Any:
    if "S" in value:
        return value["S"]
    if "N" in value:
        return _plain_number(value["N"])
    if "M" in value:
        return to_plain(value["M"])
    ((type_, content),) = value.items()
    match type_:
        case "NULL":
            return None
        case "L":
            return [
                to_plain(member["M"]) if "M" in member else _plain(member) for member in content
            ]
        case "B":
            return base64_text(content)
        case "NS":
            return [_plain_number(member) for member in content]
        case "BS":
            return [base64_text(member) for member in content]
        case _:
            return content


def _plain_number(number: str) -> Any:
    if len(number) <= _INT64_DIGITS and number.isascii() and number.isdigit():
        return int(number)
    if _CANONICAL_NUMBER.fullmatch(number):  # as DynamoDB writes nearly all numbers
        return orjson.Fragment(number)
    try:
        return orjson.Fragment(canonical_number(parse_number(number)))
    except ValueError:
        # Beyond DynamoDB's limits, so not stored by DynamoDB: unchanged if it is valid JSON.
        return orjson.Fragment(number) if _JSON_NUMBER.fullmatch(number) else number
