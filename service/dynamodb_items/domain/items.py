"""Items and their fingerprints: plain values, no HTTP, no AWS calls."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import orjson

from dynamodb_items.runtime.deadline import give_way_after

AttributeValue: TypeAlias = Mapping[str, Any]
"""One value in DynamoDB's typed form, such as ``{"S": "Raj"}``; binary is ``bytes``.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

Attributes: TypeAlias = Mapping[str, AttributeValue]
"""Attribute values by attribute name."""

FINGERPRINT_BYTES = 16
"""The length of the hash of an item."""


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


_SET = b'S":['  # In the JSON of typed values only SS, NS and BS end like this.


def _canonical_json(attributes: Attributes) -> bytes:
    """Return the one JSON form of an item: names and sets sorted, binary as base64.

    Numbers need no work: DynamoDB stores each in one form.
    """
    try:
        spelled = orjson.dumps(attributes, option=orjson.OPT_SORT_KEYS, default=base64_text)
        if _SET in spelled:
            canonical = {name: _canonical(value) for name, value in attributes.items()}
            return orjson.dumps(canonical, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        # A lone surrogate: DynamoDB never stores one, but other engines may.
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
