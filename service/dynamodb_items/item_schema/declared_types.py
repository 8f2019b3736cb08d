"""The DynamoDB types that a schema declares with ``x-dynamodb-type``."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Self

from dynamodb_items.item_schema.positions import (
    TYPE_KEYWORD,
    Path,
    Schema,
    all_schemas,
    always_applied,
    subschemas,
)

DECLARABLE = ("SS", "NS", "BS", "B")
_ALWAYS = ("properties", "items", "additionalProperties", "allOf")
"""The keywords whose subschemas always apply to the value that they are for."""
_ORDERED = ("prefixItems", "const", "enum")
"""Keywords that depend on the order of an array, which a set does not have."""


class DeclaredTypes:
    """The declared type of one value, and of the values inside it."""

    def __init__(self, root: Schema, schemas: tuple[Schema, ...]) -> None:
        self._root = root
        self._schemas = tuple(always_applied(root, schemas))

    @classmethod
    def of(cls, root: Schema) -> Self | None:
        """Return the types that a schema declares for an item; None if it declares none."""
        declares = any(TYPE_KEYWORD in schema for _, schema in all_schemas(root))
        return cls(root, (root,)) if declares else None

    @cached_property
    def type(self) -> str | None:
        """The type of the value itself."""
        declared = (schema.get(TYPE_KEYWORD) for schema in self._schemas)
        return next(filter(None, declared), None)

    @cached_property
    def members(self) -> "dict[str, DeclaredTypes | None]":
        """The types of the members of a map whose names the schema contains; None without any."""
        names = {name for schema in self._schemas for name in schema.get("properties", ())}
        return {name: self._inside(*self._of_name(name)) for name in sorted(names)}

    @cached_property
    def other_members(self) -> "DeclaredTypes | None":
        """The types of the other members of a map."""
        return self._inside(*(schema.get("additionalProperties") for schema in self._schemas))

    @cached_property
    def elements(self) -> "DeclaredTypes | None":
        """The types of the elements of a list."""
        return self._inside(*(schema.get("items") for schema in self._schemas))

    def _of_name(self, name: str) -> Iterator[Any]:
        for schema in self._schemas:
            properties = schema.get("properties", {})
            yield properties.get(name, schema.get("additionalProperties"))

    def _inside(self, *schemas: Any) -> "DeclaredTypes | None":
        known = tuple(schema for schema in schemas if isinstance(schema, dict))
        if not any(_declares(self._root, schema) for schema in known):
            return None
        return DeclaredTypes(self._root, known)


def _declares(root: Schema, schema: Any) -> bool:
    """Return whether the schema declares a type for its value or for a value inside it."""
    seen: set[int] = set()
    waiting: list[Any] = [schema]
    while waiting:
        for each in always_applied(root, (waiting.pop(),)):
            if id(each) in seen:
                continue
            seen.add(id(each))
            if TYPE_KEYWORD in each:
                return True
            waiting += (inner for step, inner in subschemas(each) if step[0] in _ALWAYS)
    return False


def type_errors(root: Schema) -> Iterator[tuple[Path, str]]:
    """Yield what is wrong with the declared types of a valid schema, each with its path."""
    for path, schema in all_schemas(root):
        together = {
            each[TYPE_KEYWORD] for each in always_applied(root, (schema,)) if TYPE_KEYWORD in each
        }
        if len(together) > 1:
            yield path, f"{TYPE_KEYWORD} must be one type, not {' and '.join(sorted(together))}"
        if schema.get(TYPE_KEYWORD) not in (None, *DECLARABLE):
            yield path, f"{TYPE_KEYWORD} must be one of {', '.join(DECLARABLE)}"
        if together - {"B"} and any(keyword in schema for keyword in _ORDERED):
            yield path, f"a set has no order: {', '.join(_ORDERED)} cannot apply to it"
        for step, inner in subschemas(schema):
            if _may_not_apply(schema, step[0]) and _declares(root, inner):
                yield (
                    (*path, *step),
                    f"{TYPE_KEYWORD} must be in a schema that always applies to its value: under "
                    f"{', '.join(_ALWAYS)}, without patternProperties or prefixItems next to it",
                )
    if TYPE_KEYWORD in root:
        yield (), f"an item is a map and cannot have {TYPE_KEYWORD}"


def _may_not_apply(schema: Schema, keyword: str | int) -> bool:
    if keyword == "additionalProperties":
        return "patternProperties" in schema
    if keyword == "items":
        return "prefixItems" in schema
    return keyword not in (*_ALWAYS, "$defs")
