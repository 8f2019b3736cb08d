"""The table of ``make run``: its keys and indexes from the settings, with sample items."""

from typing import Any

from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.indexes import Index
from dynamodb_items.domain.keys import KeySchema
from dynamodb_items.local.sample_items import sample_items


def create_table(client: Any, settings: Settings) -> None:
    """Create the table of the settings, with its indexes and the tutorial's items."""
    create_empty_table(client, settings)
    for item in sample_items(settings.key_schema, settings.indexes):
        client.put_item(TableName=settings.table, Item=item)


def create_empty_table(client: Any, settings: Settings) -> None:
    """Create the table of the settings, with its indexes.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
    """
    indexes = settings.indexes
    types = {
        attribute.name: attribute.type
        for keys in (settings.key_schema, *(index.key_schema for index in indexes))
        for attribute in keys
    }
    # DynamoDB rejects an empty list of indexes.
    more = {"GlobalSecondaryIndexes": [_global_index(index) for index in indexes]}
    client.create_table(
        TableName=settings.table_name,
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": type_} for name, type_ in types.items()
        ],
        KeySchema=_key_elements(settings.key_schema),
        BillingMode="PAY_PER_REQUEST",
        **(more if indexes else {}),
    )
    client.get_waiter("table_exists").wait(TableName=settings.table_name, WaiterConfig={"Delay": 1})


def _global_index(index: Index) -> dict[str, Any]:
    return {
        "IndexName": index.name,
        "KeySchema": _key_elements(index.key_schema),
        "Projection": {"ProjectionType": "KEYS_ONLY" if index.is_partial else "ALL"},
    }


def _key_elements(keys: KeySchema) -> list[dict[str, str]]:
    return [
        {"AttributeName": key.name, "KeyType": kind}
        for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
    ]
