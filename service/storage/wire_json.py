"""The JSON of DynamoDB's requests and responses, parsed and written once.

Binary is base64 text there and ``bytes`` here; numbers are DynamoDB's own text in both.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from service.numbers import is_number

_MAX_LEVELS = 64
"""Twice the levels that DynamoDB stores; a parser of values may recurse that far."""


def request_body(parameters: Mapping[str, Any]) -> bytes:
    """The parameters of a call as DynamoDB takes them.

    Raises:
        TypeError: they hold what is not JSON, such as a lone surrogate.
    """
    return orjson.dumps(parameters, default=_base64_text)


def response_content(body: bytes) -> dict[str, Any]:
    """Return what boto3 makes of a response: its content, the attribute values checked.

    Raises:
        ValueError: the body is not a response of DynamoDB.
    """
    try:
        content = _parsed(body)
        _decode_content(content)
    except (TypeError, AttributeError, KeyError, RecursionError) as error:
        raise ValueError("not a response of DynamoDB") from error
    return content


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        # A lone surrogate, which DynamoDB never stores but an engine in its place may.
        content = json.loads(body)
    if not isinstance(content, dict):
        raise TypeError("the response is not a JSON object")
    return content


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
        match type_:
            case "S":
                is_valid = isinstance(content, str)
            case "N":
                is_valid = is_number(content)
            case "M":
                is_valid = isinstance(content, dict)
                _decode_values(content.values(), level + 1)
            case "L":
                is_valid = isinstance(content, list)
                _decode_values(content, level + 1)
            case "BOOL" | "NULL":
                is_valid = isinstance(content, bool)
            case "SS":
                is_valid = isinstance(content, list) and {str} >= set(map(type, content))
            case "NS":
                is_valid = isinstance(content, list) and all(map(is_number, content))
            case "B":
                is_valid = isinstance(content, str)
                value[type_] = base64.b64decode(content, validate=True)
            case "BS":
                is_valid = isinstance(content, list)
                value[type_] = [base64.b64decode(member, validate=True) for member in content]
            case _:
                is_valid = False
        if not is_valid:
            raise ValueError(f"an attribute value of type {type_[:4]} is not valid")
