"""JSON whose numbers keep their text: none of them becomes a float."""

import json
from typing import Any

import orjson


class Number(str):
    """The text of a JSON number."""

    __slots__ = ()


def parse(text: str | bytes) -> Any:
    """Return a JSON value, numbers as ``Number``.

    Raises:
        UnicodeDecodeError: the text is not UTF-8.
        json.JSONDecodeError: the text is not JSON.
        RecursionError: it nests too deeply.
    """
    if isinstance(text, bytes):
        text = text.decode()
    return json.loads(text, parse_int=Number, parse_float=Number)


def as_line(value: Any) -> bytes:
    """Return a value of ``parse`` as one line of JSON in UTF-8."""
    options = orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(value, default=_digits, option=options)


def _digits(number: Number) -> orjson.Fragment:
    return orjson.Fragment(str(number))
