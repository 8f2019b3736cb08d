"""The items of three sizes that the benchmark reads and writes.

The sort key selects the backend's response: ``small``, ``medium`` or ``large``, and with ``-10ms``
after it the response is sent after a delay that is typical of DynamoDB.
"""

import enum
import json
from decimal import Decimal
from typing import Any

PARTITION = 104
LISTED_PARTITIONS = {"small": 201, "medium": 202}
"""The partitions whose items are listed, all of one size."""
PAGE_ITEMS = 100
DELAY_MILLISECONDS = 10


class Size(enum.StrEnum):
    """The sizes of items: about 0.3 KB, 4 KB and 100 KB of plain JSON."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"

    @property
    def label(self) -> str:
        """The size of the item as plain JSON."""
        return {"small": "0.3 KB", "medium": "4 KB", "large": "100 KB"}[self]


_ORDERS = {Size.SMALL: 1, Size.MEDIUM: 35, Size.LARGE: 950}


def attributes(size: Size) -> dict[str, Any]:
    """Return the attributes without the key: text, numbers, a map, and a list of maps."""
    return {
        "Email": "andrew@example.com",
        "Age": 41,
        "Active": True,
        "Address": {"Street": "4 Example Street", "City": "Columbus", "Zip": "43004"},
        "Orders": [
            {
                "Sku": f"SKU-{number:06d}",
                "Title": "Notebook, ruled, blue, No. " + str(number),
                "Quantity": number % 7 + 1,
                "Price": round(3.5 + number % 90 * 0.25, 2),
            }
            for number in range(_ORDERS[size])
        ],
    }


PATCH = {"Age": 42, "Email": "andrew.42@example.com"}
"""A flat merge patch, as in most updates."""


def typed(value: Any) -> dict[str, Any]:
    """Return a plain value in DynamoDB's typed form."""
    match value:
        case bool():
            return {"BOOL": value}
        case int() | float():
            return {"N": f"{Decimal(str(value)).normalize():f}"}  # as DynamoDB writes numbers
        case str():
            return {"S": value}
        case list():
            return {"L": [typed(member) for member in value]}
        case _:
            return {"M": {name: typed(member) for name, member in value.items()}}


def stored(size: Size, *, delayed: bool) -> bytes:
    """Return the item in DynamoDB's typed form, as the service would have stored it."""
    return compact_json(_stored_item(size, PARTITION, item_name(size, delayed=delayed)))


def _stored_item(size: Size, partition: int, name: str) -> dict[str, Any]:
    return {
        "Id": {"N": str(partition)},
        "Name": {"S": name},
        **typed(attributes(size))["M"],
        "_version": {"S": "0123456789abcdef0123456789abcdef"},
    }


def stored_page(size: Size, count: int) -> bytes:
    """Return DynamoDB's response to a query that more items follow."""
    partition = LISTED_PARTITIONS[size]
    items = [_stored_item(size, partition, _numbered_name(number)) for number in range(count)]
    last = {name: items[-1][name] for name in ("Id", "Name")}
    page = {"Count": count, "ScannedCount": count, "Items": items, "LastEvaluatedKey": last}
    return compact_json(page)


def compact_json(value: Any) -> bytes:
    """Return a value as JSON without spaces."""
    return json.dumps(value, separators=(",", ":")).encode()


def item_name(size: Size, *, delayed: bool) -> str:
    """Return the sort key, which selects the backend's response."""
    return f"{size}-{DELAY_MILLISECONDS}ms" if delayed else str(size)


PATH = f"/items/{PARTITION}"
"""The path of the items; the name of an item follows."""
BATCH_PATH, BATCH_GET_PATH = "/items:batch", "/items:batchGet"
PATH_WITHOUT_PARTITION = "/items"
"""The same where the name alone is the key."""


def batch_keys() -> list[dict[str, str]]:
    """Return the keys of the items that a batch reads or writes."""
    return [{"id": str(PARTITION), "name": _numbered_name(number)} for number in range(PAGE_ITEMS)]


def _numbered_name(number: int) -> str:
    return f"item-{number:04}"


def stored_batch(size: Size) -> bytes:
    """Return DynamoDB's response to a transaction that reads the items of a batch."""
    found = [{"Item": _stored_item(size, PARTITION, key["name"])} for key in batch_keys()]
    return compact_json({"Responses": found})


def page_path(size: Size) -> str:
    """Return the path at which the contenders with lists serve a page of items."""
    return f"/items/{LISTED_PARTITIONS[size]}?limit={PAGE_ITEMS}"
