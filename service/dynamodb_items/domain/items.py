"""Item keys, items, entity tags and preconditions: plain values, no HTTP, no AWS calls."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self, TypeAlias

import orjson

from dynamodb_items.domain.errors import InvalidKey
from dynamodb_items.domain.numbers import canonical_number, parse_number
from dynamodb_items.runtime.deadline import give_way_after

AttributeValue: TypeAlias = Mapping[str, Any]
"""One value in DynamoDB's typed form, such as ``{"S": "Raj"}``; binary is ``bytes``.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

Attributes: TypeAlias = Mapping[str, AttributeValue]
"""Attribute values by attribute name."""

KeyType: TypeAlias = Literal["N", "S"]

FINGERPRINT_BYTES = 16
"""The length of the hash of an item."""


@dataclass(frozen=True, slots=True)
class KeyAttribute:
    """A partition or sort key: its attribute's name, its type, its longest value in bytes."""

    name: str
    type: KeyType
    max_bytes: int

    def value(self, text: str) -> AttributeValue:
        """The typed key value that a decoded URL segment stands for, numbers in canonical form.

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
    """The partition and sort key of one item, typed."""

    attributes: Attributes

    @property
    def partition(self) -> AttributeValue:
        """The partition key's value, numbers canonical."""
        return next(iter(self.attributes.values()))

    @property
    def values(self) -> tuple[str, str]:
        """The partition and sort key as text, numbers canonical."""
        partition, sort = (next(iter(value.values())) for value in self.attributes.values())
        return partition, sort


@dataclass(frozen=True, slots=True)
class KeySchema:
    """The table's two key attributes."""

    partition: KeyAttribute
    sort: KeyAttribute

    @property
    def names(self) -> tuple[str, str]:
        """The names of the partition and the sort key attribute."""
        return self.partition.name, self.sort.name

    def key(self, partition: str, sort: str) -> ItemKey:
        """The item key that two decoded URL segments stand for.

        Raises:
            InvalidKey: no item can have this key.
        """
        return ItemKey(
            {
                self.partition.name: self.partition.value(partition),
                self.sort.name: self.sort.value(sort),
            }
        )


@dataclass(frozen=True)
class Item:
    """An item as it is stored, with its key attributes, typed."""

    attributes: Attributes

    @cached_property
    def fingerprint(self) -> str:
        """A strong hash of the whole item: equal exactly when the stored items are equal."""
        canonical = _canonical_json(self.attributes)
        give_way_after(len(canonical))
        return hashlib.blake2b(canonical, digest_size=FINGERPRINT_BYTES).hexdigest()


class AnyItem:
    """The ``*`` of If-Match and If-None-Match: any stored item at all."""

    def __contains__(self, fingerprint: str) -> bool:
        """Every item is one of any."""
        return True


ANY_ITEM = AnyItem()

Fingerprints: TypeAlias = frozenset[str] | AnyItem


@dataclass(frozen=True, slots=True)
class Precondition:
    """What must be true of the stored item for a request to be carried out.

    https://www.rfc-editor.org/rfc/rfc9110#section-13
    """

    if_match: Fingerprints | None = None
    if_none_match: Fingerprints | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to check."""
        return self.if_match is not None or self.if_none_match is not None

    @property
    def has_match_tags(self) -> bool:
        """Whether If-Match has entity tags, and so the client has read the item; with ``*`` it
        need not have.
        """
        return isinstance(self.if_match, frozenset)

    def holds_for(self, item: Item | None) -> bool:
        """Whether it is true of this stored item; None is an absent one."""
        if self.if_match is not None and (item is None or item.fingerprint not in self.if_match):
            return False
        return not (
            self.if_none_match is not None
            and item is not None
            and item.fingerprint in self.if_none_match
        )

    @classmethod
    def must_exist(cls) -> Self:
        """``If-Match: *``."""
        return cls(if_match=ANY_ITEM)

    @classmethod
    def must_be_absent(cls) -> Self:
        """``If-None-Match: *``."""
        return cls(if_none_match=ANY_ITEM)


NO_PRECONDITION = Precondition()


_SET = b'S":['  # of the JSON of typed values only a set's has this, behind SS, NS or BS


def _canonical_json(attributes: Attributes) -> bytes:
    """One spelling of an item: names sorted, sets sorted, binary as base64, numbers as the table
    spells them, which is one way for each number.
    """
    try:
        spelled = orjson.dumps(attributes, option=orjson.OPT_SORT_KEYS, default=base64_text)
        if _SET in spelled:
            canonical = {name: _canonical(value) for name, value in attributes.items()}
            return orjson.dumps(canonical, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        # A lone surrogate, which DynamoDB never stores but an engine in its place may.
        canonical = {name: _canonical(value) for name, value in attributes.items()}
        return json.dumps(canonical, sort_keys=True).encode()
    return spelled


def base64_text(binary: bytes) -> str:
    """Return binary as JSON shows it."""
    return base64.b64encode(binary).decode()


def _canonical(value: AttributeValue) -> Any:
    ((type_, content),) = value.items()
    match type_:
        case "B":
            return {type_: base64_text(content)}
        case "SS" | "NS":
            return {type_: sorted(content)}
        case "BS":
            return {type_: sorted(map(base64_text, content))}
        case "L":
            return {type_: [_canonical(member) for member in content]}
        case "M":
            return {type_: {name: _canonical(member) for name, member in content.items()}}
        case _:
            return value


def _shortened(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"
