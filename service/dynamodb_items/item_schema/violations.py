"""What is wrong with an item: plain values."""

from typing import NamedTuple

from dynamodb_items.item_schema.positions import Path, pointer_of


class Violation(NamedTuple):
    """One value that breaks the schema: its path in the item, and a sentence."""

    path: Path
    sentence: str
    named: Path = ()
    """The path of the value inside it that the sentence is about, if it is about another one."""

    @property
    def clause(self) -> str:
        """The sentence as it follows other words: its first letter is small."""
        return self.sentence[:1].lower() + self.sentence[1:]

    @property
    def pointer(self) -> str:
        """The path as a JSON Pointer."""
        return pointer_of(self.path)
