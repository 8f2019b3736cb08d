"""Whether items of a table can match a schema: every item has the table's key attributes."""

from collections.abc import Mapping
from typing import Any

from jsonschema_rs import canonical, canonicalize

from dynamodb_items.domain.keys import KeyAttribute, KeySchema
from dynamodb_items.item_schema.positions import TYPE_KEYWORD, Schema, all_schemas

_KEY_TYPES = {"N": "number", "S": "string", "B": "string"}


def key_errors(root: Schema, key_schema: KeySchema, own: tuple[str, ...]) -> list[str]:
    """Return why no item of a table can match the schema, a sentence each.

    ``own`` are the service's own attributes, which the plain form of an item does not contain.
    """
    named = _root_names(root)
    errors = [
        f"it names the attribute {name}, which the service keeps for itself"
        for name in own
        if name in named
    ]
    errors += [error for key in key_schema if (error := _key_error(root, key))]
    if not errors and _is_impossible(root, *key_schema):
        errors.append(f"it allows no item with the key attributes {' and '.join(key_schema.names)}")
    return errors


def _key_error(root: Schema, key: KeyAttribute) -> str | None:
    declared = root.get("properties", {}).get(key.name)
    declared_type = declared.get(TYPE_KEYWORD) if isinstance(declared, dict) else None
    if declared_type not in (None, "B") or (declared_type == "B") > (key.type == "B"):
        return f"the key attribute {key.name} has type {key.type}, not {declared_type}"
    if _is_impossible(root, key):
        return (
            f"it allows no item with the key attribute {key.name}, a {_KEY_TYPES[key.type]}: list "
            "it under properties, or allow other attributes"
        )
    return None


def _is_impossible(root: Schema, *keys: KeyAttribute) -> bool:
    """Return whether certainly no item with these key attributes matches the schema."""
    item: dict[str, Any] = {
        "type": "object",
        "required": [key.name for key in keys],
        "properties": {key.name: _key_value(key) for key in keys},
    }
    narrowed: Mapping[str, Any] = {**root, "allOf": [*root.get("allOf", ()), item]}
    return is_impossible(narrowed)


def _key_value(key: KeyAttribute) -> Mapping[str, Any]:
    if key.type == "N":
        return {"type": "number"}
    return {"type": "string", "minLength": 1, "maxLength": key.max_bytes}


def is_impossible(root: Schema) -> bool:
    """Return whether certainly no value matches a schema."""
    # With an $id, a $ref to "#" would name another document.
    plain = {name: value for name, value in root.items() if name not in ("$id", "$schema")}
    canonicalized = canonicalize(plain, offline=True, draft=20)
    return canonicalized.satisfiability() == canonical.Satisfiability.NO


def _root_names(root: Schema) -> set[str]:
    """Return the attributes that the schema names where it describes an item itself."""
    return {
        str(name)
        for path, schema in all_schemas(root)
        if not {"properties", "items", "$defs"}.intersection(path)
        for keyword in ("properties", "required", "dependentRequired")
        for name in schema.get(keyword, ())
    }
