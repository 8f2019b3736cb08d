"""Item keys: the partition and sort key of an item, and the key schema of its table."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from dynamodb_items.domain.errors import InvalidKey
from dynamodb_items.domain.items import Attributes, AttributeValue
from dynamodb_items.domain.numbers import canonical_number, parse_number

KeyType: TypeAlias = Literal["N", "S"]


@dataclass(frozen=True, slots=True)
class KeyAttribute:
    """A partition or sort key: the name of its attribute, its type, its longest value in bytes."""

    name: str
    type: KeyType
    max_bytes: int

    def value(self, text: str) -> AttributeValue:
        """Return the typed key value of a decoded URL segment, numbers in canonical form.

        Raises:
            InvalidKey: no item can have this value.
        """
        if self.type == "N":
            try:
                return {"N": canonical_number(parse_number(text))}
            except ValueError as error:
                raise InvalidKey(
                    f"{_shortened(text)} is not a value of the number key {self.name}: {error}."
                ) from None
        size_bytes = len(text.encode())
        if not 1 <= size_bytes <= self.max_bytes:
            raise InvalidKey(
                f"A value of {self.name} takes 1 to {self.max_bytes} bytes of UTF-8; "
                f"this one takes {size_bytes}."
            )
        return {"S": text}


@dataclass(frozen=True, slots=True)
class ItemKey:
    """The partition and sort key of one item, typed; the partition key is the first attribute."""

    attributes: Attributes

    @property
    def partition_name(self) -> str:
        """The name of the partition key's attribute."""
        return next(iter(self.attributes))

    @property
    def partition(self) -> AttributeValue:
        """The value of the partition key, numbers in canonical form."""
        return next(iter(self.attributes.values()))

    @property
    def values(self) -> tuple[str, str]:
        """The partition and sort key as text, numbers in canonical form."""
        partition, sort = (next(iter(value.values())) for value in self.attributes.values())
        return partition, sort


@dataclass(frozen=True, slots=True)
class KeySchema:
    """The two key attributes of the table."""

    partition: KeyAttribute
    sort: KeyAttribute

    @property
    def names(self) -> tuple[str, str]:
        """The names of the partition and the sort key attribute."""
        return self.partition.name, self.sort.name

    def key(self, partition: str, sort: str) -> ItemKey:
        """Return the item key of two decoded URL segments.

        Raises:
            InvalidKey: no item can have this key.
        """
        return ItemKey(
            {
                self.partition.name: self.partition.value(partition),
                self.sort.name: self.sort.value(sort),
            }
        )


def _shortened(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"
