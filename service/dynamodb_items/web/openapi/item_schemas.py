"""The item schema in the OpenAPI document: typed items, patches, batches and lists."""

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dynamodb_items.domain.keys import KeyAttribute, KeySchema
from dynamodb_items.item_schema.positions import Schema
from dynamodb_items.web.media_types import TYPED_JSON
from dynamodb_items.web.openapi.schema_translation import REFERENCE, Translation

_TYPED = "Typed"
_KEY_TYPES = {"N": "number", "S": "string", "B": "string"}


def add_item_schema(
    document: dict[str, Any],
    operations: Iterable[tuple[str, str, dict[str, Any]]],
    schema: Schema,
    key_schema: KeySchema,
) -> None:
    """Describe items by their schema wherever the document contains them."""
    schemas: dict[str, Any] = document["components"]["schemas"]
    translated = Translation(schema, frozenset(schemas)).components
    _complete(translated, schemas, key_schema)
    schemas |= translated
    schemas["TypedItem"] |= _typed_item(translated["Item"])
    schemas["TypedItem"].pop("example", None)
    twins = _with_typed_twins(schemas)
    for content in _contents(operations):
        for media_type, described in content.items():
            if _mentions_item(described["schema"], twins):
                described.pop("example", None)
            if media_type == TYPED_JSON:
                described["schema"] = _typed(described["schema"], twins)


def _complete(
    translated: dict[str, dict[str, Any]], schemas: Mapping[str, Any], key_schema: KeySchema
) -> None:
    """Add what the schema of an item does not say: its description and its key attributes."""
    for name in ("Item", "ItemPatch"):
        component = translated[name]
        component["type"] = "object"
        component.setdefault("description", schemas[name]["description"])
        component.setdefault("additionalProperties", True)
        members = component.setdefault("properties", {})
        for key in key_schema:
            members[key.name] = {**_key_member(key), **members.get(key.name, {})}
            members[key.name].pop("nullable", None)
        # A body may leave them out, though the schema is of an item that has them.
        required = [each for each in component.pop("required", ()) if each not in key_schema.names]
        if required:
            component["required"] = required


def _key_member(key: KeyAttribute) -> dict[str, Any]:
    member = {"type": _KEY_TYPES[key.type], "description": "A key attribute; it can be omitted."}
    return member | ({"format": "byte"} if key.type == "B" else {})


def _typed_item(item: Mapping[str, Any]) -> dict[str, Any]:
    value = {"$ref": f"{REFERENCE}AttributeValue"}
    typed: dict[str, Any] = {
        "properties": dict.fromkeys(item["properties"], value),
        "additionalProperties": value if item["additionalProperties"] else False,
    }
    return typed | ({"required": item["required"]} if "required" in item else {})


def _with_typed_twins(schemas: dict[str, Any]) -> frozenset[str]:
    """Describe items in bodies that contain them; return the names of these bodies.

    A body in the typed form gets a component of its own, with the prefix ``Typed``.
    """
    holders = [name for name, schema in schemas.items() if "item" in schema.get("properties", {})]
    for name in holders:
        members = schemas[name]["properties"]
        schemas[_TYPED + name] = copy.deepcopy(schemas[name])
        typed_members = schemas[_TYPED + name]["properties"]
        members["item"] = _item_member(members["item"], "Item")
        typed_members["item"] = _item_member(typed_members["item"], "TypedItem")
        for each in (members, typed_members):
            if "patch" in each:
                each["patch"] = _item_member(each["patch"], "ItemPatch")
    twins = frozenset(holders)
    for name in [each for each in schemas if not each.startswith(_TYPED)]:
        if name not in twins and _mentions_item(schemas[name], twins):
            schemas[_TYPED + name] = _typed(schemas[name], twins)
            twins |= {name}
    return twins


def _item_member(member: Mapping[str, Any], component: str) -> dict[str, Any]:
    kept = {name: member[name] for name in ("description", "nullable") if name in member}
    return {**kept, "allOf": [{"$ref": REFERENCE + component}]}


def _mentions_item(part: Any, twins: frozenset[str]) -> bool:
    names = {"Item", "TypedItem", "ItemPatch", *twins}
    return any(reference.removeprefix(REFERENCE) in names for reference in _references(part))


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, Mapping):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for member in part.values():
            yield from _references(member)
    elif isinstance(part, list):
        for member in part:
            yield from _references(member)


def _typed(part: Any, twins: frozenset[str]) -> Any:
    """Return a part of the document with references to the typed twins."""
    if isinstance(part, list):
        return [_typed(each, twins) for each in part]
    if not isinstance(part, Mapping):
        return part
    reference = part.get("$ref")
    if isinstance(reference, str) and reference.removeprefix(REFERENCE) in twins:
        return {"$ref": REFERENCE + _TYPED + reference.removeprefix(REFERENCE)}
    return {name: _typed(member, twins) for name, member in part.items()}


def _contents(operations: Iterable[tuple[str, str, dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    for *_, operation in operations:
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        yield from (body["content"] for body in bodies if "content" in body)
