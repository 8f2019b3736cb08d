"""Items in and out of bodies: the media types, the key, the projection."""

import json
import re
from typing import Any

import orjson

from service.errors import FieldError, UnacceptableItem
from service.items import Attributes, Item, ItemKey
from service.storage.attributes import pointer_to
from service.storage.plain_json import attributes_from_plain, to_plain
from service.storage.typed_json import attributes_from_typed, to_typed
from service.web.media_types import Representation
from service.web.strict_json import parse_json

# An attribute path of ?fields=: names joined by dots; a backslash makes a dot or comma literal.
_PATH_PART = re.compile(r"(?:\\.|[^.\\])+")

Projection = dict[str, "Projection"]
"""The attributes to keep; an empty projection keeps the attribute whole."""


def decode_item(
    body: bytes, representation: Representation, key: ItemKey, version_attribute: str
) -> Attributes:
    """The attributes that a PUT body asks to store, the key's own among them or not.

    Raises:
        InvalidBody: it is no JSON.
        UnacceptableItem: no item of this key can hold it.
    """
    value = parse_json(body)
    if representation is Representation.TYPED:
        attributes = dict(attributes_from_typed(value))
        # An item read in this form shows its version, and may be sent back as it was.
        attributes.pop(version_attribute, None)
    else:
        attributes = dict(attributes_from_plain(value))
        _refuse_version(attributes, version_attribute)
    check_key(attributes, key)
    return attributes


def decode_merge_patch(body: bytes, key: ItemKey, version_attribute: str) -> dict[str, Any]:
    """The members of a merge patch, without those that only repeat the key.

    Raises:
        InvalidBody: it is no JSON.
        UnacceptableItem: it is no object, or changes the key or the version.
    """
    patch = parse_json(body)
    if not isinstance(patch, dict):
        raise UnacceptableItem(
            "A merge patch of an item is a JSON object.",
            (FieldError("", "must be a JSON object"),),
        )
    _refuse_version(patch, version_attribute)
    repeated = {name: patch.pop(name) for name in key.attributes if name in patch}
    check_key(attributes_from_plain(repeated), key)
    return patch


def check_key(attributes: Attributes, key: ItemKey) -> None:
    """Refuse a body whose key attributes are not the URL's.

    Raises:
        UnacceptableItem: one differs.
    """
    errors = tuple(
        FieldError(pointer_to("", name), "must equal the URL's, or be left out")
        for name, value in key.attributes.items()
        if name in attributes and attributes[name] != value
    )
    if errors:
        raise UnacceptableItem("The body's key is not the URL's.", errors)


def _refuse_version(body: dict[str, Any] | Attributes, version_attribute: str) -> None:
    if version_attribute and version_attribute in body:
        pointer = pointer_to("", version_attribute)
        raise UnacceptableItem(
            f"The attribute {version_attribute} is the service's own.",
            (FieldError(pointer, "is the service's own; leave it out"),),
        )


def encode_item(
    item: Item,
    representation: Representation,
    version_attribute: str,
    projection: Projection | None = None,
) -> bytes:
    """The item as a body, trimmed to the projection; plain JSON hides the version attribute."""
    attributes = item.attributes if projection is None else project(item.attributes, projection)
    if representation is Representation.TYPED:
        return _dump(to_typed(attributes))
    plain = to_plain(attributes)
    plain.pop(version_attribute, None)
    return _dump(plain)


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
