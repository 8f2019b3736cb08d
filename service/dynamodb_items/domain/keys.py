"""Item keys: the partition key and the sort key of an item, and the key schema of its table."""

import base64
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, TypeAlias

from dynamodb_items.domain.errors import InvalidKey
from dynamodb_items.domain.items import Attributes, AttributeValue
from dynamodb_items.domain.numbers import canonical_number, parse_number

KeyType: TypeAlias = Literal["N", "S", "B"]

KEY_TYPES: tuple[KeyType, ...] = ("N", "S", "B")
"""The types that DynamoDB allows for key attributes."""


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
        match self.type:
            case "N":
                return {"N": self._number(text)}
            case "B":
                return {"B": self._binary(text)}
            case _:
                self._check_length(len(text.encode()), "bytes of UTF-8")
                return {"S": text}

    def _number(self, text: str) -> str:
        try:
            return canonical_number(parse_number(text))
        except ValueError as error:
            raise InvalidKey(
                f"{_shortened(text)} is not a value of the number key {self.name}: {error}."
            ) from None

    def _binary(self, text: str) -> bytes:
        self._check_length(len(text) * 3 // 4, "bytes")
        try:
            return parse_base64url(text)
        except ValueError as error:
            raise InvalidKey(
                f"{_shortened(text)} is not a value of the binary key {self.name}: it must be "
                f"{error}."
            ) from None

    def _check_length(self, size_bytes: int, unit: str) -> None:
        if not 1 <= size_bytes <= self.max_bytes:
            raise InvalidKey(
                f"A value of {self.name} takes 1 to {self.max_bytes} {unit}; "
                f"this one takes {size_bytes}."
            )


@dataclass(frozen=True, slots=True)
class ItemKey:
    """The key of one item, typed; the partition key is the first attribute."""

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
    def values(self) -> tuple[str, ...]:
        """The partition key and, if the table has one, the sort key as text.

        Numbers are in canonical form, binary is base64url without padding.
        """
        return tuple(map(key_text, self.attributes.values()))


@dataclass(frozen=True, slots=True)
class KeySchema:
    """The key attributes of the table."""

    partition: KeyAttribute
    sort: KeyAttribute | None = None
    """None for a table whose items have a partition key alone."""

    def __iter__(self) -> Iterator[KeyAttribute]:
        """Yield the partition key and, if the table has one, the sort key."""
        yield self.partition
        if self.sort is not None:
            yield self.sort

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the key attributes."""
        return tuple(attribute.name for attribute in self)

    def key(self, partition: str, sort: str | None = None) -> ItemKey:
        """Return the item key of decoded URL segments, ``sort`` if the table has a sort key.

        Raises:
            InvalidKey: no item can have this key.
        """
        attributes = {self.partition.name: self.partition.value(partition)}
        if self.sort is not None:
            attributes[self.sort.name] = self.sort.value("" if sort is None else sort)
        return ItemKey(attributes)


def key_text(value: AttributeValue) -> str:
    """Return a typed key value as the text of a URL segment, before percent-encoding."""
    ((type_, content),) = value.items()
    return base64url(content) if type_ == "B" else content


def parse_base64url(text: str) -> bytes:
    """Decode base64url without padding, https://www.rfc-editor.org/rfc/rfc4648#section-5.

    Several texts decode to the same bytes. Only the one of ``base64url`` is accepted, so that an
    item has one URL.

    Raises:
        ValueError: the text is another one; the message completes "It must be …".
    """
    padded = text + "=" * (-len(text) % 4)
    with suppress(ValueError):
        binary = base64.b64decode(padded, altchars=b"-_", validate=True)
        if base64url(binary) == text:
            return binary
    raise ValueError("base64url without padding")


def base64url(binary: bytes) -> str:
    """Return base64url without padding, https://www.rfc-editor.org/rfc/rfc4648#section-5."""
    return base64.urlsafe_b64encode(binary).rstrip(b"=").decode()


def _shortened(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"
