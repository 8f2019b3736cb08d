"""Secondary indexes of the table, as the settings name them."""

from dataclasses import dataclass

from dynamodb_items.domain.keys import KeySchema

PARTIAL = "/partial"
"""Follows the keys of an index that does not contain whole items, in ``ITEMS_INDEXES``."""


@dataclass(frozen=True, slots=True)
class Index:
    """A secondary index: its name and its key schema.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/SecondaryIndexes.html
    """

    name: str
    key_schema: KeySchema
    is_partial: bool = False
    """Whether it contains only some attributes of the items: its projection type is not ALL."""

    def __str__(self) -> str:
        """Return the index as ``ITEMS_INDEXES`` names it."""
        keys = "+".join(f"{each.name}:{each.type}" for each in self.key_schema)
        return f"{self.name}={keys}{PARTIAL if self.is_partial else ''}"
