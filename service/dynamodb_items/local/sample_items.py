"""The tutorial's items, under any key schema and with the keys of any index."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dynamodb_items.domain.indexes import Index
from dynamodb_items.domain.items import Attributes
from dynamodb_items.domain.keys import ItemKey, KeySchema, base64url

_TUTORIAL_ITEMS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("101", "Raj", {}),
    ("102", "Priya", {"Email": {"S": "priya@gmail.com"}}),
    ("104", "Andrew", {"Email": {"S": "andrew@gmail.com"}}),
)
_TUTORIAL_TYPES = {"Email": "S"}


def sample_items(key_schema: KeySchema, indexes: Sequence[Index]) -> Iterator[Attributes]:
    """Yield the sample items; each has the key attributes of the indexes.

    The exception is the tutorial's own attribute: an item without it is not in the index.
    """
    for number, name, attributes in _TUTORIAL_ITEMS:
        item = dict(attributes)
        for index in indexes:
            values = sample_key(index.key_schema, number, name).attributes
            item |= {
                attribute: value
                for attribute, value in values.items()
                if _TUTORIAL_TYPES.get(attribute) not in value
            }
        yield {**item, **sample_key(key_schema, number, name).attributes}


def sample_key(key_schema: KeySchema, number: str, name: str) -> ItemKey:
    """Return a sample item's key under any key schema: a number where a name is not possible."""
    texts = []
    for attribute, text in zip(key_schema, (number, name), strict=False):
        value = number if attribute.type == "N" else text
        texts.append(base64url(value.encode()) if attribute.type == "B" else value)
    return key_schema.key(*texts)
