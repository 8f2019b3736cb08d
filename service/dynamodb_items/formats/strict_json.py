"""Strict parsing of JSON bodies: exact numbers, no duplicate keys, bounded depth.

https://www.rfc-editor.org/rfc/rfc8259
"""

import codecs
import itertools
import json
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

import jiter
import orjson

from dynamodb_items.domain.errors import InvalidBody, UnacceptableItem
from dynamodb_items.domain.numbers import decimal_of
from dynamodb_items.runtime.deadline import give_way_after

# More than the JSON levels of an item's 32 levels in the typed form, which are two each. This limit
# bounds the recursion of ``json``; the exact limit is checked with the values. Jiter has its own
# limit, 200.
MAX_JSON_DEPTH = 80

_MOST_FOR_JITER_BYTES = 256 * 1024
"""A quarter of a megabyte of short fractions takes it 50 milliseconds, longer than ``json``."""

# A string, closed or not: an unclosed one must end the body, so that the search stays linear.
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
# An opening bracket becomes 1, a closing one -1; every other byte is removed.
_STEPS = bytes.maketrans(b"[{]}", bytes([1, 1, 255, 255]))
_NO_BRACKETS = bytes({*range(256)} - {*b"[]{}"})
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


def parse_json(body: bytes) -> Any:
    """Return the value of a body, with exact numbers: ``int`` or ``Decimal``.

    Raises:
        InvalidBody: not JSON in UTF-8, a duplicate key, a lone surrogate, NaN or Infinity.
        UnacceptableItem: the body nests deeper than any item.
    """
    if len(body) > _MOST_FOR_JITER_BYTES:
        return _explained(body)
    try:
        value = jiter.from_json(
            body, catch_duplicate_keys=True, float_mode="decimal", allow_inf_nan=False
        )
    except (ValueError, ArithmeticError):
        return _explained(body)
    give_way_after(len(body))
    return value


def _explained(body: bytes) -> Any:
    """Parse a body that is large, or that jiter rejects; the error has reason and position.

    A few valid bodies get here, too: a number may have more digits, or an exponent of more digits,
    than jiter converts.
    """
    if not body.strip(b" \t\r\n"):
        raise InvalidBody("The body is empty. Send a JSON value.")
    if body.startswith(codecs.BOM_UTF8):
        raise InvalidBody(
            "The body begins with a byte order mark, which JSON must not have (RFC 8259 "
            "section 8.1). Send UTF-8 without it."
        )
    _check_depth(body)
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise InvalidBody(f"The body is not UTF-8: byte {error.start} is invalid.") from None
    try:
        value = _decoded(text)
    except json.JSONDecodeError as error:
        raise InvalidBody(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    if _SURROGATE_ESCAPE.search(text):
        _reject_lone_surrogates(value)
    give_way_after(len(body))
    return value


def _decoded(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except InvalidOperation:  # a number beyond the exponents of Decimal
        return _CAREFUL_DECODER.decode(text)


def _check_depth(body: bytes) -> None:
    if body.count(b"{") + body.count(b"[") <= MAX_JSON_DEPTH:
        return
    steps = _STRING.sub(b"", body).translate(_STEPS, _NO_BRACKETS)
    depths = itertools.accumulate(memoryview(steps).cast("b"))
    if max(depths, default=0) > MAX_JSON_DEPTH:
        raise UnacceptableItem("The body nests deeper than DynamoDB's 32 levels.")


def _unique_members(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(value) < len(members):
        seen = set()
        for name, _ in members:
            if name in seen:
                raise InvalidBody(f"The body contains the key {name[:60]!r} twice in one object.")
            seen.add(name)
    return value


def _reject_constant(name: str) -> NoReturn:
    raise InvalidBody(f"The body is not JSON: {name} is not a JSON value.")


def _reject_lone_surrogates(value: Any) -> None:
    try:
        orjson.dumps(value, default=str)  # encodes every string and rejects lone surrogates
    except orjson.JSONEncodeError:
        raise InvalidBody(
            "The body contains a lone surrogate (half of a \\u pair), which is not a character."
        ) from None


def _decoder(parse_number: Callable[[str], Decimal]) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=_unique_members,
        parse_int=parse_number,
        parse_float=parse_number,
        parse_constant=_reject_constant,
    )


_DECODER = _decoder(Decimal)
_CAREFUL_DECODER = _decoder(decimal_of)
