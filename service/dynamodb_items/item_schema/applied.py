"""The schemas that always apply to a value of an item, and to the values inside it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any, Self

from dynamodb_items.item_schema.positions import Schema, referenced, subschemas

ALWAYS = ("properties", "items", "additionalProperties", "allOf")
"""The keywords whose subschemas always apply to the value that they are for."""


class Applied(ABC):
    """The schemas that always apply to one value, as far as they concern the subclass."""

    @staticmethod
    @abstractmethod
    def concerns(schema: Schema) -> bool:
        """Return whether a schema has what the subclass is about."""

    def __init__(self, root: Schema, schemas: tuple[Schema, ...]) -> None:
        self._root = root
        self._schemas = tuple(expanded(root, schemas))

    @cached_property
    def members(self) -> dict[str, Self | None]:
        """What applies to the members of a map whose names the schema contains."""
        names = {name for schema in self._schemas for name in schema.get("properties", ())}
        return {name: self._inside(*self._of_name(name)) for name in sorted(names)}

    @cached_property
    def other_members(self) -> Self | None:
        """What applies to the other members of a map."""
        return self._inside(*map(_of_others, self._schemas))

    @cached_property
    def elements(self) -> Self | None:
        """What applies to the elements of a list."""
        return self._inside(*map(_of_elements, self._schemas))

    def _of_name(self, name: str) -> Iterator[Any]:
        for schema in self._schemas:
            properties = schema.get("properties", {})
            yield properties[name] if name in properties else _of_others(schema)

    def _inside(self, *schemas: Any) -> Self | None:
        known = tuple(schema for schema in schemas if isinstance(schema, dict))
        if not any(contains(self._root, schema, self.concerns) for schema in known):
            return None
        return type(self)(self._root, known)


def may_not_apply(schema: Schema, keyword: str | int) -> bool:
    """Return whether the subschemas under a keyword apply to some values only."""
    if keyword == "additionalProperties":
        return "patternProperties" in schema
    if keyword == "items":
        return "prefixItems" in schema
    return keyword not in (*ALWAYS, "$defs")


def _of_others(schema: Schema) -> Any:
    is_exact = not may_not_apply(schema, "additionalProperties")
    return schema.get("additionalProperties") if is_exact else None


def _of_elements(schema: Schema) -> Any:
    return None if may_not_apply(schema, "items") else schema.get("items")


def expanded(root: Schema, schemas: Iterable[Schema]) -> Iterator[Schema]:
    """Yield the schemas with those that their ``allOf`` and ``$ref`` add to them."""
    seen: set[int] = set()
    waiting: list[Any] = list(schemas)
    while waiting:
        schema = waiting.pop(0)
        if not isinstance(schema, dict) or id(schema) in seen:
            continue
        seen.add(id(schema))
        yield schema
        waiting += schema.get("allOf", ())
        if "$ref" in schema:
            waiting.append(referenced(root, schema["$ref"]))


def contains(root: Schema, schema: Any, concerns: Callable[[Schema], bool]) -> bool:
    """Return whether what always applies to a value, or to a value inside it, is concerned."""
    seen: set[int] = set()
    waiting: list[Any] = [schema]
    while waiting:
        for each in expanded(root, (waiting.pop(),)):
            if id(each) in seen:
                continue
            seen.add(id(each))
            if concerns(each):
                return True
            waiting += (
                inner
                for step, inner in subschemas(each)
                if step[0] in ALWAYS and not may_not_apply(each, step[0])
            )
    return False
