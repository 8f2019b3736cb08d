"""Which attributes a schema judges together: the others are judged one by one.

A patch that sets whole attributes needs the stored item only for those.
"""

from typing import Any

from dynamodb_items.item_schema.positions import Schema, referenced

_EACH_ALONE = ("properties", "patternProperties", "additionalProperties", "propertyNames")
"""The keywords of an object that judge each member by itself."""
_IN_BRANCHES = ("if", "then", "else", "not", "anyOf", "oneOf", "allOf")
_ALL_MEMBERS = (
    *("patternProperties", "additionalProperties", "propertyNames", "unevaluatedProperties"),
    *("minProperties", "maxProperties", "const", "enum"),
)
"""The keywords that can concern members of any name."""


def attributes_judged_together(root: Schema) -> frozenset[str] | None:
    """Return the attributes whose presence or value matters for others; None for all of them."""
    return _together(root, root, frozenset())


def only_attributes(root: Schema) -> Schema:
    """Return the part of a schema that judges each attribute by itself."""
    return {name: root[name] for name in ("$defs", *_EACH_ALONE) if name in root}


def _together(root: Schema, schema: Any, seen: frozenset[int]) -> frozenset[str] | None:
    if not isinstance(schema, dict) or id(schema) in seen:
        return frozenset()
    seen |= {id(schema)}
    found: list[frozenset[str] | None] = []
    for keyword, value in schema.items():
        match keyword:
            case "required" | "dependentRequired" | "dependentSchemas":
                found.append(_mentioned(root, {keyword: value}, frozenset()))
            case "allOf":
                found += (_together(root, each, seen) for each in value)
            case "$ref":
                found.append(_together(root, referenced(root, value), seen))
            case "if" | "then" | "else" | "not" | "anyOf" | "oneOf":
                found.append(_mentioned(root, {keyword: value}, frozenset()))
            case "minProperties" | "maxProperties" | "unevaluatedProperties" | "const" | "enum":
                found.append(None)
    return _joined(found)


def _mentioned(root: Schema, schema: Any, seen: frozenset[int]) -> frozenset[str] | None:
    """Return the attributes that a schema mentions; None where it concerns all."""
    if not isinstance(schema, dict) or id(schema) in seen:
        return frozenset()
    if any(keyword in schema for keyword in _ALL_MEMBERS):
        return None
    seen |= {id(schema)}
    found: list[frozenset[str] | None] = [
        frozenset(schema.get("properties", ())),
        frozenset(schema.get("required", ())),
    ]
    for name, others in schema.get("dependentRequired", {}).items():
        found.append(frozenset((name, *others)))
    for name, inner in schema.get("dependentSchemas", {}).items():
        found += (frozenset((name,)), _mentioned(root, inner, seen))
    if "$ref" in schema:
        found.append(_mentioned(root, referenced(root, schema["$ref"]), seen))
    for keyword in _IN_BRANCHES:
        inside = schema.get(keyword, ())
        branches = inside if isinstance(inside, list | tuple) else (inside,)
        found += (_mentioned(root, branch, seen) for branch in branches)
    return _joined(found)


def _joined(found: list[frozenset[str] | None]) -> frozenset[str] | None:
    names: frozenset[str] = frozenset()
    for each in found:
        if each is None:
            return None
        names |= each
    return names
