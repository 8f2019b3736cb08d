"""Which attributes a schema judges together: the others are judged one by one.

A patch that sets whole attributes needs the stored item only for those.
"""

from typing import Any

from dynamodb_items.item_schema.positions import Schema, applied_in_place, referenced

_EACH_ALONE = ("properties", "patternProperties", "additionalProperties", "propertyNames")
"""The keywords of an object that judge each member by itself."""
_NAMING = ("properties", "required", "dependentRequired", "dependentSchemas")
_ALL_MEMBERS = (
    *("patternProperties", "additionalProperties", "propertyNames", "unevaluatedProperties"),
    *("minProperties", "maxProperties", "const", "enum"),
)
"""The keywords that can concern members of any name."""


def attributes_judged_together(root: Schema) -> frozenset[str] | None:
    """Return the attributes whose presence or value matters for others; None for all of them."""
    return _together(root, root)


def only_attributes(root: Schema) -> Schema:
    """Return the part of a schema that judges each attribute by itself."""
    return {name: root[name] for name in ("$defs", *_EACH_ALONE) if name in root}


def _together(root: Schema, schema: Any) -> frozenset[str] | None:
    if not isinstance(schema, dict):
        return frozenset()
    found: list[frozenset[str] | None] = []
    for keyword, value in schema.items():
        match keyword:
            case "required" | "dependentRequired" | "dependentSchemas":
                found.append(_mentioned(root, {keyword: value}))
            case "allOf":
                found += (_together(root, each) for each in value)
            case "$ref":
                found.append(_together(root, referenced(root, value)))
            case "if" | "then" | "else" | "not" | "anyOf" | "oneOf":
                found.append(_mentioned(root, {keyword: value}))
            case "minProperties" | "maxProperties" | "unevaluatedProperties" | "const" | "enum":
                found.append(None)
    return _joined(found)


def _mentioned(root: Schema, schema: Any) -> frozenset[str] | None:
    """Return the attributes that a schema mentions; None where it concerns all."""
    if not isinstance(schema, dict):
        return frozenset()
    if any(keyword in schema for keyword in _ALL_MEMBERS):
        return None
    names = {name for keyword in _NAMING for name in schema.get(keyword, ())}
    names.update(*schema.get("dependentRequired", {}).values())
    inside = (_mentioned(root, each) for each in applied_in_place(root, schema))
    return _joined([frozenset(names), *inside])


def _joined(found: list[frozenset[str] | None]) -> frozenset[str] | None:
    names: frozenset[str] = frozenset()
    for each in found:
        if each is None:
            return None
        names |= each
    return names
