"""Lists of items, page by page: which items are listed, and what a page contains."""

from collections.abc import Mapping
from dataclasses import dataclass

from dynamodb_items.domain.indexes import Index
from dynamodb_items.domain.items import Attributes, AttributeValue, Item
from dynamodb_items.domain.keys import KeySchema
from dynamodb_items.domain.sort_ranges import ALL_SORT_KEYS, SortRange
from dynamodb_items.expressions.parts import Template


@dataclass(frozen=True, slots=True)
class Segment:
    """One of the equal parts of a table that parallel readers scan."""

    number: int
    """From 0."""
    total: int


@dataclass(frozen=True, slots=True)
class ItemList:
    """Which items are listed, in which order."""

    table_keys: KeySchema
    partition: AttributeValue | None = None
    """The partition key of the table or the index; None for all items of the table."""
    index: Index | None = None
    sort_range: SortRange = ALL_SORT_KEYS
    is_descending: bool = False
    filter: Template | None = None
    """A FilterExpression that is applied to the items that are read."""
    segment: Segment | None = None
    only_partition: AttributeValue | None = None
    """The only partition of the table whose items are listed from an index; None for all."""

    @property
    def keys(self) -> KeySchema:
        """The key schema of the table or of the index that is read."""
        return self.index.key_schema if self.index is not None else self.table_keys

    @property
    def position_types(self) -> Mapping[str, str]:
        """The attributes that give an item's position in the list, with their types."""
        return {key.name: key.type for key in (*self.keys, *self.table_keys)}

    @property
    def position_names(self) -> tuple[str, ...]:
        """The attributes that give an item's position in the list, each once."""
        return tuple(self.position_types)

    def position_of(self, item: Item) -> Attributes:
        """Return the position of an item: the attributes that a next page starts after."""
        return {name: item.attributes[name] for name in self.position_names}


@dataclass(frozen=True, slots=True)
class Page:
    """Some consecutive items of a list."""

    items: list[Item]
    next_start: Attributes | None
    """The position after which the next page starts; None at the end of the list."""
    evaluated: int
    """How many items were read for it, with those that a filter removed."""
