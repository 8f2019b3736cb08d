"""The JSON that DynamoDB is sent and answers with, parsed and written once.

Binary is base64 text there and ``bytes`` here; numbers are DynamoDB's own text in both.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

import orjson

from service.deadline import give_way, give_way_after

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")
_BINARY_TYPE = re.compile(rb'"BS?"')  # or a text that looks like it; twice as fast as two searches


def request_body(parameters: Mapping[str, Any]) -> bytes:
    """The parameters of a call as DynamoDB takes them.

    Raises:
        TypeError: they hold what is not JSON, such as a lone surrogate.
    """
    return orjson.dumps(parameters, default=_base64_text)


def answer_content(body: bytes) -> dict[str, Any]:
    """What boto3 makes of an answer to a call.

    Raises:
        ValueError, TypeError, AttributeError: it is no answer of DynamoDB's.
    """
    content = _parsed(body)
    give_way_after(len(body))
    for name in ("Item", "Attributes"):
        attributes = content.get(name)
        if attributes is None:
            continue
        if not isinstance(attributes, dict):
            raise TypeError(f"{name} is no JSON object")
        if has_binary(body):
            content[name] = with_binary(attributes)
            give_way_after(len(body))
    return content


def has_binary(body: bytes) -> bool:
    """Whether a response may have binary in it."""
    return _BINARY_TYPE.search(body) is not None


def with_binary(attributes: dict[str, Any]) -> dict[str, Any]:
    """The attributes with ``bytes`` in place of base64 text."""
    return {name: _binary_value(value) for name, value in attributes.items()}


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        # A lone surrogate, which DynamoDB never stores but an engine in its place may.
        content = json.loads(body)
    if not isinstance(content, dict):
        raise TypeError("the answer is no JSON object")
    return content


def parsed_in_turns(body: bytes) -> Any:
    """What is in a JSON object whose arrays may be long, as those of transactions are: others have
    their turn between two members of such an array.

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


def _binary_value(value: Any) -> Any:
    ((type_, content),) = value.items()
    match type_:
        case "B":
            return {type_: base64.b64decode(content, validate=True)}
        case "BS":
            return {type_: [base64.b64decode(member, validate=True) for member in content]}
        case "L":
            return {type_: [_binary_value(member) for member in content]}
        case "M":
            return {type_: with_binary(content)}
        case _:
            return value
