"""Items and their fingerprints: plain values, no HTTP, no AWS calls."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import orjson

from dynamodb_items.domain.numbers import decimal_of
from dynamodb_items.runtime.deadline import VALUES_IN_A_ROW, give_way_after, in_turns

AttributeValue: TypeAlias = Mapping[str, Any]
"""One value in DynamoDB's typed form, such as ``{"S": "Raj"}``; binary is ``bytes``.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

Attributes: TypeAlias = Mapping[str, AttributeValue]
"""Attribute values by attribute name."""

ItemOf: TypeAlias = Callable[[Attributes], "Item"]
"""Makes an item of stored attributes."""

FINGERPRINT_BYTES = 16
"""The length of the hash of an item."""


@dataclass(frozen=True)
class Item:
    """An item as it is stored, with its key attributes, typed."""

    attributes: Attributes
    secret: frozenset[str] = frozenset()
    """The attributes that no response shows."""

    @cached_property
    def fingerprint(self) -> str:
        """A strong hash of the whole item: equal exactly when the stored items are equal.

        It does not depend on secret attributes, which could be guessed from it. Where there are
        any, each write changes the version attribute.
        """
        return fingerprint_of(self.attributes, self.secret)


def fingerprint_of(attributes: Attributes, secret: frozenset[str]) -> str:
    """Return the fingerprint of an item with these attributes, without the secret ones."""
    if secret:
        attributes = {name: it for name, it in attributes.items() if name not in secret}
    canonical = _canonical_json(attributes)
    give_way_after(len(canonical))
    return hashlib.blake2b(canonical, digest_size=FINGERPRINT_BYTES).hexdigest()


class HiddenAttributes(NamedTuple):
    """The attributes that responses do not contain."""

    plain: tuple[str, ...] = ()
    """In the plain form."""
    typed: tuple[str, ...] = ()
    """In the typed form. No expression can mention these either."""
    secret: frozenset[str] = frozenset()
    """Those that clients write, and no response shows."""


def is_same(value: AttributeValue | None, other: AttributeValue | None) -> bool:
    """Return whether two values are equal for DynamoDB, None for an absent one.

    Numbers are compared by their value, sets in any order, also inside lists and maps.
    """
    if value == other:
        return True
    if value is None or other is None:
        return False
    ((type_, content),) = value.items()
    if type_ not in other:
        return False
    compared = other[type_]
    match type_:
        case "N":
            return decimal_of(content) == decimal_of(compared)
        case "SS" | "BS":
            return frozenset(content) == frozenset(compared)
        case "NS":
            return _decimals(content) == _decimals(compared)
        case "L":
            pairs = zip(in_turns(content, VALUES_IN_A_ROW), compared, strict=True)
            return len(content) == len(compared) and all(is_same(*pair) for pair in pairs)
        case "M":
            return content.keys() == compared.keys() and all(
                is_same(member, compared[name]) for name, member in content.items()
            )
        case _:
            return False


def _decimals(numbers: Iterable[str]) -> frozenset[Decimal]:
    return frozenset(map(decimal_of, in_turns(numbers, VALUES_IN_A_ROW)))


_SET = b'S":['  # In the JSON of typed values only SS, NS and BS end like this.


def _canonical_json(attributes: Attributes) -> bytes:
    """Return the one JSON form of an item: names and sets sorted, binary as base64.

    Numbers need no work: DynamoDB stores each in one form.
    """
    try:
        dumped = _dumped(attributes)
        return _dumped(_sorted_sets(attributes)) if _SET in dumped else dumped
    except orjson.JSONEncodeError:
        # A lone surrogate: DynamoDB never stores one, but other engines may.
        text = json.dumps(_sorted_sets(attributes), sort_keys=True, default=base64_text)
        return text.encode()


def _dumped(attributes: Attributes) -> bytes:
    return orjson.dumps(attributes, option=orjson.OPT_SORT_KEYS, default=base64_text)


def base64_text(binary: bytes) -> str:
    """Return binary as JSON shows it."""
    return base64.b64encode(binary).decode()


def _sorted_sets(attributes: Attributes) -> dict[str, AttributeValue]:
    return {name: _with_sorted_sets(value) for name, value in attributes.items()}


def _with_sorted_sets(value: AttributeValue) -> AttributeValue:
    ((type_, content),) = value.items()
    match type_:
        case "SS" | "NS":
            return {type_: sorted(content)}
        case "BS":
            return {type_: sorted(map(base64_text, content))}
        case "L":
            return {type_: [_with_sorted_sets(member) for member in content]}
        case "M":
            return {type_: _sorted_sets(content)}
        case _:
            return value
