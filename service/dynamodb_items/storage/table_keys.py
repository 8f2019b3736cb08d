"""The table's key attributes, where the settings name others.

DynamoDB rejects every key of such a table without naming the difference, and the service may not
describe the table. Reading a reserved key under other key schemas shows the difference.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace

from dynamodb_items.domain.keys import KEY_TYPES, ItemKey, KeyAttribute, KeySchema

# Any legal key will do; an item with this key does no harm.
_RESERVED_KEY = {"N": "0", "S": "_ready", "B": "X3JlYWR5"}


def reserved_key(key_schema: KeySchema) -> ItemKey:
    """Return the key that probes read."""
    return key_schema.key(*(_RESERVED_KEY[attribute.type] for attribute in key_schema))


def key_settings_advice(key_schema: KeySchema, accepts: Callable[[ItemKey], bool]) -> str:
    """Return which settings to change, for a table that rejects the keys of ``key_schema``.

    ``accepts`` reads a key and returns whether it has the table's key schema. It is called at most
    eleven times: with every type, and without the sort key. Another name cannot be found so.
    """
    for candidate in _candidates(key_schema):
        if accepts(reserved_key(candidate)):
            return "Set " + " and ".join(_differences(key_schema, candidate)) + "."
    settings = f"ITEMS_PARTITION_KEY is {_setting(key_schema.partition)}"
    if key_schema.sort is None:
        return (
            f"{settings} and ITEMS_SORT_KEY is empty. Set ITEMS_SORT_KEY if the table has a sort "
            "key; otherwise the name of the partition key is wrong."
        )
    return (
        f"{settings} and ITEMS_SORT_KEY is {_setting(key_schema.sort)}. The table has a key "
        "attribute with another name; names are case-sensitive."
    )


def _candidates(key_schema: KeySchema) -> Iterator[KeySchema]:
    """Yield the other key schemas that a table with the same names may have, likely ones first."""
    partitions = _of_every_type(key_schema.partition)
    if key_schema.sort is not None:
        pairs = itertools.product(partitions, _of_every_type(key_schema.sort))
        yield from itertools.islice((KeySchema(*pair) for pair in pairs), 1, None)
        yield KeySchema(key_schema.partition)
    yield from (KeySchema(partition) for partition in partitions[1:])


def _of_every_type(attribute: KeyAttribute) -> list[KeyAttribute]:
    """Return the attribute with each type, its own first."""
    others = [type_ for type_ in KEY_TYPES if type_ != attribute.type]
    return [attribute, *(replace(attribute, type=type_) for type_ in others)]


def _differences(configured: KeySchema, actual: KeySchema) -> Iterator[str]:
    if actual.partition != configured.partition:
        yield f"ITEMS_PARTITION_KEY={_setting(actual.partition)}"
    if actual.sort is None and configured.sort is not None:
        yield "ITEMS_SORT_KEY to an empty text"
    elif actual.sort is not None and actual.sort != configured.sort:
        yield f"ITEMS_SORT_KEY={_setting(actual.sort)}"


def _setting(attribute: KeyAttribute) -> str:
    return f"{attribute.name}:{attribute.type}"
