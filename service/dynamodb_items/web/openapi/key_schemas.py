"""The OpenAPI document for tables with other keys than the tutorial's.

The descriptions of operations use the tutorial's table: its key attributes in the examples, and
``id`` and ``name`` wherever a body or a link has an item key. Here all of them get the key schema
of the table that is served.
"""

from collections.abc import Mapping
from typing import Any

from dynamodb_items.domain.items import base64_text
from dynamodb_items.domain.keys import KeyAttribute, KeySchema, base64url
from dynamodb_items.domain.numbers import canonical_number, parse_number

_TUTORIAL_PATH = "/items/{id}/{name}"
_EXAMPLE_NUMBERS = {"Raj": "1", "Andrew": "2", "Joseph": "3"}
# The names of a sort key: in bodies, in links, and in the examples of items.
_MEMBERS = (("id", "name"), ("path.id", "path.name"))
_ATTRIBUTES = ("Id", "Name")


def with_key_schema(part: Any, key_schema: KeySchema) -> Any:
    """Return a part of the document with the keys of the served table."""
    if isinstance(part, str):
        return _text(part, key_schema)
    if isinstance(part, list):
        without = "name" if "id" in part and key_schema.sort is None else None
        return [with_key_schema(each, key_schema) for each in part if each != without]
    if not isinstance(part, Mapping):
        return part
    if all(name in part for name in _ATTRIBUTES):
        return _example_item(part, key_schema)
    members = dict(part)
    for partition, sort in _MEMBERS:
        if partition in members and sort in members:
            _fit_key(members, partition, sort, key_schema)
    return {
        with_key_schema(name, key_schema): with_key_schema(member, key_schema)
        for name, member in members.items()
    }


def example_text(text: str, attribute: KeyAttribute) -> str:
    """Return the text of a URL segment that an example has for one of the tutorial's values."""
    match attribute.type:
        case "N":
            return _EXAMPLE_NUMBERS.get(text, text)
        case "B":
            return base64url(text.encode())
        case _:
            return text


def _fit_key(members: dict[str, Any], partition: str, sort: str, key_schema: KeySchema) -> None:
    is_example = isinstance(members[partition], str) and not members[partition].startswith("$")
    if is_example:
        members[partition] = example_text(members[partition], key_schema.partition)
    if key_schema.sort is None:
        del members[sort]
    elif is_example:
        members[sort] = example_text(members[sort], key_schema.sort)


def _example_item(item: Mapping[str, Any], key_schema: KeySchema) -> dict[str, Any]:
    """Return an item in plain or typed form, with the table's key attributes for the tutorial's."""
    keys: dict[str, Any] = {}
    for tutorial, attribute in zip(_ATTRIBUTES, key_schema, strict=False):
        value = item[tutorial]
        is_typed = isinstance(value, Mapping)
        text = next(iter(value.values())) if is_typed else str(value)
        keys[attribute.name] = _example_value(text, attribute, is_typed=is_typed)
    others = {name: value for name, value in item.items() if name not in (*_ATTRIBUTES, *keys)}
    return keys | others


def _example_value(text: str, attribute: KeyAttribute, *, is_typed: bool) -> Any:
    if attribute.type == "N":
        number = canonical_number(parse_number(example_text(text, attribute)))
        return {"N": number} if is_typed else int(number)
    if attribute.type == "B":
        text = base64_text(text.encode())
    return {attribute.type: text} if is_typed else text


def _text(text: str, key_schema: KeySchema) -> str:
    if key_schema.sort is None:
        text = text.replace(_TUTORIAL_PATH, "/items/{id}")
    if text.startswith("/items/101/Raj"):
        segments = [
            example_text(each, attribute)
            for each, attribute in zip(("101", "Raj"), key_schema, strict=False)
        ]
        return "/".join(("/items", *segments))
    return text
