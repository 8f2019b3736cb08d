"""The tutorial's items, under any key schema."""

from collections.abc import Mapping
from typing import Any

from dynamodb_items.domain.keys import ItemKey, KeySchema, base64url

SAMPLE_ITEMS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("101", "Raj", {}),
    ("102", "Priya", {"Email": {"S": "priya@gmail.com"}}),
    ("104", "Andrew", {"Email": {"S": "andrew@gmail.com"}}),
)


def sample_key(key_schema: KeySchema, number: str, name: str) -> ItemKey:
    """Return a sample item's key under any key schema: a number where a name is not possible."""
    texts = []
    for attribute, text in zip(key_schema, (number, name), strict=False):
        value = number if attribute.type == "N" else text
        texts.append(base64url(value.encode()) if attribute.type == "B" else value)
    return key_schema.key(*texts)
