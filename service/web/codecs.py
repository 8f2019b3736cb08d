"""Items as bodies: the representations and the projection."""

import json
import re
from typing import Any

import orjson

from service.deadline import give_way_after
from service.items import Attributes, Item
from service.storage.plain_json import to_plain
from service.storage.typed_json import to_typed
from service.web.media_types import Representation

# A part of an attribute path: whatever a backslash stands before is part of the name.
_PATH_PART = re.compile(r"(?:\\.|[^.\\])+")

Projection = dict[str, "Projection"]
"""The attributes to keep; an empty projection keeps the attribute whole."""


def encode_item(
    item: Item,
    representation: Representation,
    own_attributes: tuple[str, ...],
    projection: Projection | None = None,
) -> bytes:
    """The item as a body, trimmed to the projection; plain JSON hides the service's own
    attributes.
    """
    attributes = item.attributes if projection is None else project(item.attributes, projection)
    if representation is Representation.TYPED:
        members = to_typed(attributes)
    else:
        members = to_plain(attributes)
        for name in own_attributes:
            members.pop(name, None)
    body = _dump(members)
    give_way_after(len(body))
    return body


def _dump(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        # A lone surrogate, which DynamoDB never stores but an engine in its place may.
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
        case _:
            return value


def parse_projection(paths: list[str], key: tuple[str, str]) -> Projection:
    """The projection of ``fields`` paths such as ``Address.City``; the key is always in it.

    Raises:
        ValueError: there is no path, or one is empty or has an empty name.
    """
    if not paths:
        raise ValueError("names no attribute")
    projection: Projection = {name: {} for name in key}
    for path in paths:
        names = _path_names(path)
        parent = projection
        for depth, name in enumerate(names, 1):
            known = parent.get(name)
            if known == {}:
                break  # kept whole already
            if known is None:
                known = parent[name] = {}
            elif depth == len(names):
                known.clear()
            parent = known
    return projection


def _path_names(path: str) -> list[str]:
    names = _PATH_PART.findall(path)
    if not names or ".".join(names) != path:
        raise ValueError(f"{path[:60]!r} is no attribute path, such as Email or Address.City")
    return [re.sub(r"\\(.)", r"\1", name) for name in names]


def project(attributes: Attributes, projection: Projection) -> Attributes:
    """The attributes that a projection keeps; a path into what is no map keeps nothing."""
    kept: dict[str, Any] = {}
    for name, inner in projection.items():
        value = attributes.get(name)
        if value is None:
            continue
        if not inner:
            kept[name] = value
        elif "M" in value:
            kept[name] = {"M": project(value["M"], inner)}
    return kept
