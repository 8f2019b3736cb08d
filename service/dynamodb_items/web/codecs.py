"""Encoding of items as response bodies, and projections."""

import json
import re
from collections.abc import Sequence
from typing import Any

import orjson

from dynamodb_items.domain.items import (
    Attributes,
    AttributeValue,
    HiddenAttributes,
    Item,
    base64_text,
)
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.formats.limits import MAX_LEVELS
from dynamodb_items.formats.plain_json import to_plain
from dynamodb_items.runtime.deadline import give_way_after
from dynamodb_items.web.media_types import Representation

# A part of an attribute path; a character after a backslash is part of the name.
_PATH_PART = re.compile(r"(?:\\.|[^.\\])+")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)

_MAX_INDEX_DIGITS = 9

Projection = dict[str | int, "Projection"]
"""The attributes, map members and list elements to keep; an empty projection keeps all."""


def encode_item(
    item: Item,
    representation: Representation,
    hidden: HiddenAttributes,
    projection: Projection | None = None,
) -> bytes:
    """Return the item as a body, trimmed to the projection, without the hidden attributes."""
    attributes = item.attributes if projection is None else project(item.attributes, projection)
    if representation is Representation.TYPED:
        if hidden.typed:
            attributes = {name: it for name, it in attributes.items() if name not in hidden.typed}
        body = _dump(attributes)
    else:
        members = to_plain(attributes)
        for name in hidden.plain:
            members.pop(name, None)
        body = _dump(members)
    give_way_after(len(body))
    return body


def _dump(value: Any) -> bytes:
    try:
        return orjson.dumps(value, default=base64_text)
    except orjson.JSONEncodeError:
        # A lone surrogate: DynamoDB never stores one, but emulators of it do.
        return orjson.dumps(_escaped(value))


def _escaped(value: Any) -> Any:
    match value:
        case str():
            return orjson.Fragment(json.dumps(value))
        case dict():
            return {
                name.encode("utf-8", "replace").decode(): _escaped(member)
                for name, member in value.items()
            }
        case list():
            return [_escaped(member) for member in value]
        case bytes():
            return base64_text(value)
        case _:
            return value


def parse_projection(paths: list[str], key: tuple[str, ...]) -> Projection:
    """Return the projection of ``fields`` paths such as ``Address.City`` or ``Tags[0]``.

    The key attributes are always part of it.

    Raises:
        ValueError: no path is given, or a path is empty or has an empty name.
    """
    if not paths:
        raise ValueError("names no attribute")
    projection: Projection = {name: {} for name in key}
    for path in paths:
        parts = _path_parts(path)
        parent = projection
        for depth, name in enumerate(parts, 1):
            known = parent.get(name)
            if known == {}:
                break  # an earlier path keeps all of it
            if known is None:
                known = parent[name] = {}
            elif depth == len(parts):
                known.clear()
            parent = known
    return projection


def _path_parts(path: str) -> list[str | int]:
    names = _PATH_PART.findall(path)
    if not names or ".".join(names) != path:
        raise ValueError(
            f"{path[:60]!r} is not an attribute path, such as Email, Address.City or Tags[0]"
        )
    if len(names) > MAX_LEVELS:
        return []  # no item has so many levels: the path selects nothing
    parts: list[str | int] = []
    for name in names:
        end, indexes = _indexes_at_end(name)
        parts += [_ESCAPED.sub(r"\1", name[:end]), *indexes]
    return parts


def _indexes_at_end(name: str) -> tuple[int, list[int]]:
    """Return where the list indexes of a path's part begin, and the indexes.

    Any other bracket, and a bracket after a backslash, is part of the name.
    """
    end = len(name)
    indexes: list[int] = []
    while name.endswith("]", 0, end):
        start = name.rfind("[", 0, end)
        digits = name[start + 1 : end - 1]
        is_index = digits.isascii() and digits.isdecimal() and len(digits) <= _MAX_INDEX_DIGITS
        if start < 1 or not is_index or _is_escaped(name, start):
            break
        indexes.insert(0, int(digits))
        end = start
    return end, indexes


def _is_escaped(name: str, position: int) -> bool:
    before = position
    while before and name[before - 1] == "\\":
        before -= 1
    return (position - before) % 2 == 1


def project(attributes: Attributes, projection: Projection) -> Attributes:
    """Return the attributes that a projection keeps, each trimmed as DynamoDB does.

    A path without a value keeps nothing, and a list keeps the chosen elements in their order.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ProjectionExpressions.html
    """
    return {
        str(name): kept
        for name, inner in projection.items()
        if (kept := _trimmed(attributes.get(str(name)), inner)) is not None
    }


def _trimmed(value: AttributeValue | None, projection: Projection) -> AttributeValue | None:
    if value is None or not projection:
        return value
    if "M" in value:
        names: Projection = {
            name: inner for name, inner in projection.items() if isinstance(name, str)
        }
        members = project(value["M"], names)
        return {"M": members} if members else None
    if "L" in value:
        elements = _elements(value["L"], projection)
        return {"L": elements} if elements else None
    return None


def _elements(values: Sequence[AttributeValue], projection: Projection) -> list[AttributeValue]:
    chosen = sorted(
        (index, inner)
        for index, inner in projection.items()
        if isinstance(index, int) and index < len(values)
    )
    kept = (_trimmed(values[index], inner) for index, inner in chosen)
    return [value for value in kept if value is not None]


KEY_MEMBERS = ("id", "name")
"""The members of a JSON body that are an item key; without a sort key, only the first."""


def key_members(key: ItemKey) -> dict[str, str]:
    """Return an item key as members of a JSON body."""
    return dict(zip(KEY_MEMBERS, key.values, strict=False))
