"""What is wrong with an item: plain values."""

from typing import NamedTuple

from dynamodb_items.item_schema.positions import Path, pointer_of


class Violation(NamedTuple):
    """One value that breaks the schema: its path in the item, and a sentence."""

    path: Path
    sentence: str

    @property
    def pointer(self) -> str:
        """The path as a JSON Pointer."""
        return pointer_of(self.path)
