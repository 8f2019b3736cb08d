"""Translation of an item schema (JSON Schema 2020-12) to OpenAPI 3.0.

What OpenAPI 3.0 cannot express is left out: the result may allow more than the schema, never less.
``docs/item-schema.md`` has the table.

https://spec.openapis.org/oas/v3.0.3#schema-object
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from dynamodb_items.item_schema.positions import TYPE_KEYWORD, Schema, referenced

REFERENCE = "#/components/schemas/"

_UNCHANGED = (
    *("description", "default", "deprecated", "readOnly", "writeOnly", "format"),
    *("multipleOf", "minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems"),
    *("minProperties", "maxProperties", "minimum", "maximum"),
)
_LEFT_OUT = {
    *("patternProperties", "propertyNames", "dependentRequired", "dependentSchemas"),
    *("if", "then", "else", "not", "contains", "minContains", "maxContains", "prefixItems"),
    *("unevaluatedItems", "unevaluatedProperties"),
}


class Translation:
    """The components that a schema becomes: those for items, and those for patches of items."""

    def __init__(self, root: Schema, taken: frozenset[str]) -> None:
        self._root = root
        self._taken = taken
        self._waiting: list[tuple[str, str, bool]] = []
        self._names: dict[tuple[str, bool], str] = {("#", False): "Item", ("#", True): "ItemPatch"}
        self.components: dict[str, dict[str, Any]] = {
            "Item": self._schema(root, is_patch=False),
            "ItemPatch": self._schema(root, is_patch=True),
        }
        while self._waiting:
            name, reference, is_patch = self._waiting.pop()
            self.components[name] = self._schema(referenced(root, reference), is_patch=is_patch)

    def _schema(self, schema: Any, *, is_patch: bool) -> dict[str, Any]:
        if not isinstance(schema, dict):
            return {}
        translated = _unchanged(schema)
        _add_type(translated, schema)
        _add_bounds(translated, schema)
        _add_values(translated, schema)
        if translated.get("type") == "array":
            inner = {} if "prefixItems" in schema else schema.get("items", {})
            translated["items"] = self._schema(inner, is_patch=False)
        self._add_members(translated, schema, is_patch=is_patch)
        self._add_branches(translated, schema, is_patch=is_patch)
        return translated

    def _add_members(self, translated: dict[str, Any], schema: Schema, *, is_patch: bool) -> None:
        if "properties" in schema:
            required = schema.get("required", ())
            translated["properties"] = {
                name: self._member(inner, is_patch=is_patch, is_removable=name not in required)
                for name, inner in schema["properties"].items()
                if inner is not False
            }
        if "required" in schema and schema["required"] and not is_patch:
            translated["required"] = list(schema["required"])
        if is_patch:
            translated.pop("minProperties", None)
        others = schema.get("additionalProperties", True)
        if "properties" not in schema and "additionalProperties" not in schema:
            return
        if "patternProperties" in schema:
            others = True
        translated["additionalProperties"] = (
            others
            if isinstance(others, bool)
            else self._member(others, is_patch=is_patch, is_removable=True)
        )

    def _member(self, schema: Any, *, is_patch: bool, is_removable: bool) -> dict[str, Any]:
        translated = self._schema(schema, is_patch=is_patch)
        if not is_patch or not is_removable:
            return translated
        translated.pop("default", None)
        return _nullable(translated)

    def _add_branches(self, translated: dict[str, Any], schema: Schema, *, is_patch: bool) -> None:
        every = [self._schema(each, is_patch=is_patch) for each in schema.get("allOf", ())]
        if "$ref" in schema:
            every.insert(0, {"$ref": REFERENCE + self._name(schema["$ref"], is_patch=is_patch)})
        for keyword in ("anyOf", "oneOf"):
            branches = [each for each in schema.get(keyword, ()) if each != {"type": "null"}]
            if branches:
                kept = [self._schema(each, is_patch=is_patch) for each in branches]
                # A branch that allows more than before could overlap with the others.
                is_exact = keyword == "anyOf" or not any(map(self._loses, branches))
                if len(kept) == 1:
                    every += kept
                else:
                    translated[keyword if is_exact else "anyOf"] = kept
            if len(branches) < len(schema.get(keyword, ())):
                translated["nullable"] = True
        is_reference = any("$ref" in each for each in every)
        if (
            len(every) == 1
            and not translated.keys() & every[0].keys()
            and (not is_reference or not translated)
        ):
            translated.update(every[0])
        elif every:
            translated["allOf"] = every

    def _loses(self, schema: Any) -> bool:
        """Return whether the translation of a schema may allow more than the schema."""
        if not isinstance(schema, dict):
            return False
        several = isinstance(schema.get("type"), list)
        if several or _LEFT_OUT.intersection(schema) or "$ref" in schema:
            return True
        inside = [*schema.get("properties", {}).values(), schema.get("items")]
        inside += [each for name in ("allOf", "anyOf", "oneOf") for each in schema.get(name, ())]
        return any(map(self._loses, inside))

    def _name(self, reference: str, *, is_patch: bool) -> str:
        """Return the name of the component of a ``$ref``."""
        target = referenced(self._root, reference)
        is_object = isinstance(target, dict) and "properties" in target
        is_patch = is_patch and is_object
        known = self._names.get((reference, is_patch))
        if known is not None:
            return known
        words = re.findall("[A-Za-z0-9]+", reference.rpartition("/")[2]) or ["Value"]
        base = "".join(word[:1].upper() + word[1:] for word in words)
        name = base = f"{base}Patch" if is_patch else base
        number = 1
        while name in self._taken or name in self._names.values():
            number += 1
            name = f"{base}{number}"
        self._names[reference, is_patch] = name
        self._waiting.append((name, reference, is_patch))
        return name


def _unchanged(schema: Schema) -> dict[str, Any]:
    kept = {name: schema[name] for name in _UNCHANGED if name in schema}
    translated = {name: it for name, value in kept.items() if (it := _exact(value)) is not None}
    # Some generators name a class by its title, so an item and its patch would have one name.
    if "title" in schema:
        translated.setdefault("description", schema["title"])
    if TYPE_KEYWORD in schema:
        translated[TYPE_KEYWORD] = schema[TYPE_KEYWORD]
    if schema.get("examples"):
        translated["example"] = _json(schema["examples"][0])
    return translated


def _add_type(translated: dict[str, Any], schema: Schema) -> None:
    declared = schema.get("type", ())
    types = [declared] if isinstance(declared, str) else list(declared)
    known = [type_ for type_ in types if type_ != "null"]
    if len(known) == 1:
        translated["type"] = known[0]
        if "null" in types:
            translated["nullable"] = True
    elif not types and "properties" in schema:
        translated["type"] = "object"
    if schema.get(TYPE_KEYWORD) == "B" and translated.get("type") == "string":
        translated["format"] = "byte"


def _add_bounds(translated: dict[str, Any], schema: Schema) -> None:
    for keyword, plain, tighter in (
        ("exclusiveMinimum", "minimum", max),
        ("exclusiveMaximum", "maximum", min),
    ):
        if keyword not in schema:
            continue
        bound = schema[keyword]
        if tighter(bound, schema.get(plain, bound)) == bound:
            exact = _exact(bound)
            if exact is not None:
                translated[plain], translated[keyword] = exact, True


def _add_values(translated: dict[str, Any], schema: Schema) -> None:
    values = [schema["const"]] if "const" in schema else schema.get("enum", ())
    plain = [_json(value) for value in values]
    if not plain or any(isinstance(value, list | dict) for value in plain):
        return
    translated["enum"] = plain
    if None in plain:
        translated["nullable"] = True
    kinds = {_kind(value) for value in plain if value is not None}
    if "type" not in translated and len(kinds) == 1:
        translated["type"] = kinds.pop()


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "string" if isinstance(value, str) else "number"


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    if list(schema) == ["$ref"]:
        return {"allOf": [schema], "nullable": True}
    if "enum" in schema and None not in schema["enum"]:
        schema = {**schema, "enum": [*schema["enum"], None]}
    return {**schema, "nullable": True} if schema else schema


def _exact(value: Any) -> Any:
    """Return a keyword's value in JSON; None for a number that most readers would round."""
    if isinstance(value, Decimal) and Decimal(repr(float(value))) != value:
        return None
    return _json(value)


def _json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {name: _json(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_json(member) for member in value]
    return value
