"""The JSON of DynamoDB's requests and responses.

Binary is base64 text there and ``bytes`` here; numbers are DynamoDB's own text in both.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from dynamodb_items.domain.items import base64_text
from dynamodb_items.domain.numbers import are_numbers
from dynamodb_items.runtime.deadline import give_way, give_way_after

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")
_BINARY_TYPE = re.compile(rb'"BS?"')
"""Found in every body with binary, and in one with a text that looks like it."""
_UNCHECKED_BYTES = 16 * 1024
"""The size from which the values of a verified body are not checked: it would take too long."""
_LONG_BYTES = 512 * 1024
"""The most that is parsed at once where a response may hold several items."""
_MAX_LEVELS = 64
"""Twice the levels that DynamoDB stores. Functions on values may recurse this deep."""


def request_body(parameters: Mapping[str, Any]) -> bytes:
    """Return the parameters of a call as DynamoDB's JSON.

    Raises:
        TypeError: a value has no JSON form, such as a lone surrogate.
    """
    return orjson.dumps(parameters, default=base64_text)


def response_content(body: bytes, *, is_verified: bool = False) -> dict[str, Any]:
    """Return the content of a response as boto3 does, with its attribute values checked.

    The values of a large body that DynamoDB's own checksum has verified are only decoded. Other
    requests are served while a long response, such as that of a transaction, is parsed.

    Raises:
        ValueError: the body is not a response of DynamoDB.
    """
    try:
        content = _parsed(body)
        give_way_after(len(body))
        if not is_verified or len(body) < _UNCHECKED_BYTES or _BINARY_TYPE.search(body):
            _decode_content(content)
            give_way_after(len(body))
    except (TypeError, AttributeError, KeyError, RecursionError) as error:
        raise ValueError("not a response of DynamoDB") from error
    return content


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        content = parsed_in_turns(body) if len(body) > _LONG_BYTES else orjson.loads(body)
    except (ValueError, IndexError):
        # DynamoDB never stores a lone surrogate, which orjson rejects; other engines may.
        content = json.loads(body)
    if not isinstance(content, dict):
        raise TypeError("the response is not a JSON object")
    return content


def parsed_in_turns(body: bytes) -> Any:
    """Parse a JSON object with long arrays; other requests are served between array members.

    Raises:
        ValueError: the body is not a JSON object.
    """
    text = body.decode()
    content: dict[str, Any] = {}
    position, end = _after(text, 0, "{")
    while not end:
        name, position = _DECODER.raw_decode(text, position)
        position, _ = _after(text, position, ":")
        if text[position] == "[":
            content[name], position = _array_in_turns(text, position)
        else:
            content[name], position = _DECODER.raw_decode(text, position)
        position, end = _after(text, position, ",", "}")
    if _SPACE.fullmatch(text, position) is None:
        raise ValueError("more than one value")
    return content


def _array_in_turns(text: str, position: int) -> tuple[list[Any], int]:
    members: list[Any] = []
    position, _ = _after(text, position, "[")
    if text[position] == "]":
        return members, position + 1
    end = False
    while not end:
        member, position = _DECODER.raw_decode(text, position)
        members.append(member)
        position, end = _after(text, position, ",", "]")
        give_way()
    return members, position


def _after(text: str, position: int, expected: str, last: str = "") -> tuple[int, bool]:
    """Return the position after a sign and white space, and whether the sign is ``last``."""
    position = _end_of_space(text, position)
    found = text[position : position + 1]
    if found == "" or found not in (expected, last):
        raise ValueError(f"{expected} is missing")
    return _end_of_space(text, position + 1), found == last


def _end_of_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _decode_content(content: dict[str, Any]) -> None:
    """Decode the attributes of all items in a response."""
    _decode_members(content)
    for name in ("Responses", "CancellationReasons"):
        for member in content.get(name) or ():
            _decode_members(member)
            give_way()
    for attributes in content.get("Items") or ():
        _decode_attributes(attributes)
        give_way()
    consumed = content.get("ConsumedCapacity") or {}
    capacities = consumed if isinstance(consumed, list) else [consumed]
    if not all(isinstance(capacity, dict) for capacity in capacities):
        raise TypeError("a capacity is not a JSON object")


def _decode_members(content: dict[str, Any]) -> None:
    """Decode the attributes that a response, or one of its members, may hold."""
    for name in ("Item", "Attributes", "LastEvaluatedKey"):
        attributes = content.get(name)
        if attributes is not None:
            _decode_attributes(attributes)


def _decode_attributes(attributes: dict[str, Any]) -> None:
    numbers: list[str] = []
    _decode_values(attributes.values(), 1, numbers)
    if not are_numbers(numbers):
        raise ValueError("an attribute value of type N or NS is not valid")


def _decode_values(values: Iterable[dict[str, Any]], level: int, numbers: list[str]) -> None:
    """Check attribute values, replace base64 text by bytes, and collect numbers to be checked."""
    if level > _MAX_LEVELS:
        raise ValueError("the attribute values nest too deep")
    for value in values:
        (type_,) = value
        content = value[type_]
        if type_ == "S":
            is_valid = type(content) is str
        elif type_ == "N":
            numbers.append(content)
            continue
        elif type_ == "M":
            is_valid = type(content) is dict
            _decode_values(content.values(), level + 1, numbers)
        elif type_ == "L":
            is_valid = type(content) is list
            _decode_values(content, level + 1, numbers)
        elif type_ in ("BOOL", "NULL"):
            is_valid = type(content) is bool
        else:
            is_valid = _decode_set_or_binary(value, type_, content, numbers)
        if not is_valid:
            raise ValueError(f"an attribute value of type {type_[:4]} is not valid")


def _decode_set_or_binary(
    value: dict[str, Any], type_: str, content: Any, numbers: list[str]
) -> bool:
    """Decode a value of the other types; return whether it is valid."""
    if type_ == "B":
        value[type_] = base64.b64decode(content, validate=True)
        return type(content) is str
    if type(content) is not list:
        return False
    if type_ == "BS":
        value[type_] = [base64.b64decode(member, validate=True) for member in content]
    elif type_ == "NS":
        numbers += content
    return type_ in ("BS", "NS") or (type_ == "SS" and {str}.issuperset(map(type, content)))
