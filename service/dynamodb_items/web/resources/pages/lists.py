"""The lists that the item page offers: those that the API has."""

from typing import Any

from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.keys import KeySchema
from dynamodb_items.domain.operations import Operation

KEY_TYPE_NAMES = {"N": "number", "S": "string", "B": "binary, base64url"}
"""The types of key attributes, as the page shows them."""


def page_lists(settings: Settings) -> list[dict[str, Any]]:
    """Return each list with its title, and the names and types of its keys; empty without lists.

    A list of the whole table has no keys, and only a list of an index has the name of one.
    """
    lists = []
    if Operation.QUERY in settings.operations:
        if settings.key_schema.sort is not None:
            lists.append({"title": "Partition", **_keys(settings.key_schema)})
        for index in settings.indexes:
            title = f"Index {index.name}{', part of each item' if index.is_partial else ''}"
            lists.append({"title": title, "index": index.name, **_keys(index.key_schema)})
    if Operation.SCAN in settings.operations:
        lists.append({"title": "Whole table"})
    return lists


def _keys(keys: KeySchema) -> dict[str, str]:
    names: dict[str, str] = {}
    for role, attribute in zip(("partition", "sort"), keys, strict=False):
        names |= {role: attribute.name, f"{role}_type": KEY_TYPE_NAMES[attribute.type]}
    return names
