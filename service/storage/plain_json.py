"""Plain JSON values <-> typed attribute values, exact for every type that plain JSON has."""

import re
from decimal import Decimal
from typing import Any

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
)

_INT64_DIGITS = 18
_CANONICAL_NUMBER = re.compile(r"0|-?(?:[1-9][0-9]*(?:\.[0-9]*[1-9])?|0\.[0-9]*[1-9])", re.ASCII)
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)


def from_plain(value: Any, pointer: str = "", level: int = 1) -> AttributeValue:
    """The typed value of parsed plain JSON, whose numbers are ``Decimal``.

    Raises:
        UnacceptableItem: a number, a name or a depth that DynamoDB does not take.
    """
    if isinstance(value, str):
        return {"S": value}
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, Decimal):
        return {"N": checked_number(value, pointer)}
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


def to_plain(attributes: Attributes) -> dict[str, Any]:
    """The item as plain JSON values that ``orjson`` writes: sets as arrays, binary as base64."""
    return {
        # Most values are text, and most time is spent here.
        name: value["S"] if "S" in value else _plain(value)
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
            return [_plain(member) for member in content]
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
