"""The JSON of DynamoDB's requests and responses, parsed and written once.

Binary is base64 text there and ``bytes`` here; numbers are DynamoDB's own text in both.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from dynamodb_items.domain.numbers import is_number
from dynamodb_items.runtime.deadline import give_way, give_way_after

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")
_LONG_BYTES = 256 * 1024
"""Longer responses hold several items, or one that is parsed as fast in either way."""
_MAX_LEVELS = 64
"""Twice the levels that DynamoDB stores; a parser of values may recurse that far."""


def request_body(parameters: Mapping[str, Any]) -> bytes:
    """The parameters of a call as DynamoDB takes them.

    Raises:
        TypeError: they hold what is not JSON, such as a lone surrogate.
    """
    return orjson.dumps(parameters, default=_base64_text)


def response_content(body: bytes, *, in_turns: bool = False) -> dict[str, Any]:
    """Return what boto3 makes of a response: its content, the attribute values checked.

    A long one may be parsed ``in_turns`` with other requests: a transaction returns many items.

    Raises:
        ValueError: the body is not a response of DynamoDB.
    """
    try:
        content = _parsed(body, in_turns=in_turns and len(body) > _LONG_BYTES)
        give_way_after(len(body))
        _decode_content(content)
        give_way_after(len(body))
    except (TypeError, AttributeError, KeyError, RecursionError) as error:
        raise ValueError("not a response of DynamoDB") from error
    return content


def _parsed(body: bytes, *, in_turns: bool) -> dict[str, Any]:
    try:
        content = parsed_in_turns(body) if in_turns else orjson.loads(body)
    except (ValueError, IndexError):
        # A lone surrogate, which DynamoDB never stores but an engine in its place may.
        content = json.loads(body)
    if not isinstance(content, dict):
        raise TypeError("the response is not a JSON object")
    return content


def parsed_in_turns(body: bytes) -> Any:
    """Return what is in a JSON object whose arrays may be long, as those of transactions are.

    Other requests are served between two members of such an array.

    Raises:
        ValueError: it is not a JSON object.
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
    """The position after a sign and the white space around it; whether it was the last sign."""
    position = _end_of_space(text, position)
    found = text[position : position + 1]
    if found == "" or found not in (expected, last):
        raise ValueError(f"{expected} is missing")
    return _end_of_space(text, position + 1), found == last


def _end_of_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _base64_text(value: Any) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"DynamoDB has no {type(value).__name__}")


def _decode_content(content: dict[str, Any]) -> None:
    """Decode all attributes in a response, of one item or of several."""
    _decode_members(content)
    for name in ("Responses", "CancellationReasons"):
        for member in content.get(name) or ():
            _decode_members(member)
            give_way()
    consumed = content.get("ConsumedCapacity") or {}
    capacities = consumed if isinstance(consumed, list) else [consumed]
    if not all(isinstance(capacity, dict) for capacity in capacities):
        raise TypeError("a capacity is not a JSON object")


def _decode_members(content: dict[str, Any]) -> None:
    """Decode the attributes that a response, or one of its members, may hold."""
    for name in ("Item", "Attributes"):
        attributes = content.get(name)
        if attributes is not None:
            _decode_values(attributes.values(), 1)


def _decode_values(  # noqa: C901, PLR0912 - a case for each type
    values: Iterable[dict[str, Any]], level: int
) -> None:
    """Check attribute values, and replace base64 text in them by the bytes."""
    if level > _MAX_LEVELS:
        raise ValueError("the attribute values nest too deep")
    for value in values:
        ((type_, content),) = value.items()
        if type_ == "S":
            is_valid = isinstance(content, str)
        elif type_ == "N":
            is_valid = is_number(content)
        elif type_ == "M":
            is_valid = isinstance(content, dict)
            _decode_values(content.values(), level + 1)
        elif type_ == "L":
            is_valid = isinstance(content, list)
            _decode_values(content, level + 1)
        elif type_ in ("BOOL", "NULL"):
            is_valid = isinstance(content, bool)
        elif type_ == "SS":
            is_valid = isinstance(content, list) and {str} >= set(map(type, content))
        elif type_ == "NS":
            is_valid = isinstance(content, list) and all(map(is_number, content))
        elif type_ == "B":
            is_valid = isinstance(content, str)
            value[type_] = base64.b64decode(content, validate=True)
        elif type_ == "BS":
            is_valid = isinstance(content, list)
            value[type_] = [base64.b64decode(member, validate=True) for member in content]
        else:
            is_valid = False
        if not is_valid:
            raise ValueError(f"an attribute value of type {type_[:4]} is not valid")
