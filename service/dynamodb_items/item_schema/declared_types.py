"""The DynamoDB types that a schema declares with ``x-dynamodb-type``."""

from collections.abc import Iterator
from functools import cached_property
from typing import Self

from dynamodb_items.item_schema.applied import ALWAYS, Applied, contains, expanded, may_not_apply
from dynamodb_items.item_schema.positions import TYPE_KEYWORD, Path, Schema, all_schemas, subschemas

DECLARABLE = ("SS", "NS", "BS", "B")
_ORDERED = ("prefixItems", "const", "enum")
"""Keywords that depend on the order of an array, which a set does not have."""


class DeclaredTypes(Applied):
    """The declared type of one value, and of the values inside it."""

    @staticmethod
    def concerns(schema: Schema) -> bool:
        """Return whether a schema declares the type of its value."""
        return TYPE_KEYWORD in schema

    @classmethod
    def of(cls, root: Schema) -> Self | None:
        """Return the types that a schema declares for an item; None if it declares none."""
        declares = any(cls.concerns(schema) for _, schema in all_schemas(root))
        return cls(root, (root,)) if declares else None

    @cached_property
    def type(self) -> str | None:
        """The type of the value itself."""
        declared = (schema.get(TYPE_KEYWORD) for schema in self._schemas)
        return next(filter(None, declared), None)


def type_errors(root: Schema) -> Iterator[tuple[Path, str]]:
    """Yield what is wrong with the declared types of a valid schema, each with its path."""
    for path, schema in all_schemas(root):
        together = {
            each[TYPE_KEYWORD] for each in expanded(root, (schema,)) if TYPE_KEYWORD in each
        }
        if len(together) > 1:
            yield path, f"{TYPE_KEYWORD} must be one type, not {' and '.join(sorted(together))}"
        if schema.get(TYPE_KEYWORD) not in (None, *DECLARABLE):
            yield path, f"{TYPE_KEYWORD} must be one of {', '.join(DECLARABLE)}"
        if together - {"B"} and any(keyword in schema for keyword in _ORDERED):
            yield path, f"a set has no order: {', '.join(_ORDERED)} cannot apply to it"
        for step, inner in subschemas(schema):
            if may_not_apply(schema, step[0]) and contains(root, inner, DeclaredTypes.concerns):
                yield (
                    (*path, *step),
                    f"{TYPE_KEYWORD} must be in a schema that always applies to its value: under "
                    f"{', '.join(ALWAYS)}, without patternProperties or prefixItems next to it",
                )
    if TYPE_KEYWORD in root:
        yield (), f"an item is a map and cannot have {TYPE_KEYWORD}"
