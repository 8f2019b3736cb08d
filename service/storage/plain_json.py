"""Plain JSON values <-> typed attribute values, exact for every type that plain JSON has."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Self

import orjson

from service.items import Attributes, AttributeValue
from service.numbers import canonical_number, parse_number
from service.storage.attributes import (
    base64_text,
    check_level,
    checked_name,
    checked_number,
    object_members,
    pointer_to,
    refuse,
)
from service.storage.stored_types import set_of

_INT64_DIGITS = 18
_CANONICAL_NUMBER = re.compile(r"0|-?(?:[1-9][0-9]*(?:\.[0-9]*[1-9])?|0\.[0-9]*[1-9])", re.ASCII)
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)


class BinaryText(str):
    """Binary as plain JSON shows it; turned back, it is binary still."""

    __slots__ = ("stored",)

    stored: AttributeValue

    @classmethod
    def of(cls, stored: AttributeValue) -> Self:
        """The base64 text of a binary value."""
        text = cls(base64_text(stored["B"]))
        text.stored = stored
        return text

    def typed(self, _pointer: str) -> AttributeValue:
        """The value that it shows."""
        return self.stored


class SetArray(list[Any]):
    """A set as plain JSON shows it; turned back, it is a set still, whatever was done to it."""

    def __init__(self, type_: str, members: Iterable[Any]) -> None:
        super().__init__(members)
        self.type = type_

    def typed(self, pointer: str) -> AttributeValue:
        """The set of its members.

        Raises:
            UnacceptableItem: they make no set of its type.
        """
        typed = [
            from_plain(member, pointer_to(pointer, index)) for index, member in enumerate(self)
        ]
        try:
            return set_of(self.type, typed)
        except ValueError as error:
            refuse(pointer, str(error))


def from_plain(value: Any, pointer: str = "", level: int = 1) -> AttributeValue:
    """The typed value of parsed plain JSON, whose numbers are ``Decimal``.

    Raises:
        UnacceptableItem: a number, a name or a depth that DynamoDB does not take.
    """
    if type(value) is str:
        return {"S": value}
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, Decimal):
        return {"N": checked_number(value, pointer)}
    if isinstance(value, BinaryText | SetArray):
        return value.typed(pointer)
    check_level(level + 1, pointer)
    if isinstance(value, list):
        return {
            "L": [
                from_plain(member, pointer_to(pointer, index), level + 1)
                for index, member in enumerate(value)
            ]
        }
    return {"M": attributes_from_plain(value, pointer, level + 1)}


def attributes_from_plain(value: Any, pointer: str = "", level: int = 1) -> Attributes:
    """The typed attributes of a parsed plain JSON object.

    Raises:
        UnacceptableItem: it is no object, or holds what DynamoDB does not take.
    """
    members = object_members(value, pointer)
    return {
        name: from_plain(member, checked_name(pointer, name), level)
        for name, member in members.items()
    }


def to_document(attributes: Attributes) -> dict[str, Any]:
    """The item as a plain JSON document that can be changed and turned back by ``from_plain``:
    numbers are ``Decimal``, and sets and binary remember what they are.
    """
    return {name: _member(value) for name, value in attributes.items()}


def _member(value: AttributeValue) -> Any:
    ((type_, content),) = value.items()
    match type_:
        case "N":
            return _document_number(content)
        case "NULL":
            return None
        case "M":
            return to_document(content)
        case "L":
            return [_member(member) for member in content]
        case "B":
            return BinaryText.of(value)
        case "SS":
            return SetArray(type_, content)
        case "NS":
            return SetArray(type_, map(_document_number, content))
        case "BS":
            return SetArray(type_, (BinaryText.of({"B": member}) for member in content))
        case _:
            return content


def _document_number(number: str) -> Any:
    try:
        return parse_number(number)
    except ValueError:  # no number of DynamoDB's; an engine in its place let it in
        return number


def to_plain(attributes: Attributes) -> dict[str, Any]:
    """The item as plain JSON values that ``orjson`` writes: sets as arrays, binary as base64."""
    return {
        # Most values are text or numbers, and most time is spent here.
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
    if _CANONICAL_NUMBER.fullmatch(number):  # as DynamoDB itself writes nearly all of them
        return orjson.Fragment(number)
    try:
        return orjson.Fragment(canonical_number(parse_number(number)))
    except ValueError:
        # No number of DynamoDB's, so another engine let it in: as it stands if JSON has it.
        return orjson.Fragment(number) if _JSON_NUMBER.fullmatch(number) else number
