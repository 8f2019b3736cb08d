"""What a table that rejects the configured keys shows of its own, in reads alone."""

import pytest
from dynamodb_items.config.settings import Settings
from dynamodb_items.storage.table_keys import key_settings_advice, reserved_key

NAMES = "The table has a key attribute with another name; names are case-sensitive."
PARTITION_ALONE = (
    "ITEMS_PARTITION_KEY is Id:S and ITEMS_SORT_KEY is empty. Set ITEMS_SORT_KEY if the table has "
    "a sort key; otherwise the name of the partition key is wrong."
)


def schema(partition, sort=""):
    environment = {"ITEMS_PARTITION_KEY": partition, "ITEMS_SORT_KEY": sort}
    return Settings.from_environment(environment).key_schema


def advice(configured, actual):
    """The advice for a table with the actual key schema, and the number of reads."""
    table = {key.name: key.type for key in actual}
    reads = []

    def accepts(key):
        reads.append(key)
        return {name: next(iter(value)) for name, value in key.attributes.items()} == table

    return key_settings_advice(configured, accepts), len(reads)


@pytest.mark.parametrize(
    ("configured", "actual", "expected"),
    [
        (("Id:N", "Name:S"), ("Id:S", "Name:S"), "Set ITEMS_PARTITION_KEY=Id:S."),
        (("Id:N", "Name:S"), ("Id:N", "Name:B"), "Set ITEMS_SORT_KEY=Name:B."),
        (
            ("Id:N", "Name:S"),
            ("Id:B", "Name:N"),
            "Set ITEMS_PARTITION_KEY=Id:B and ITEMS_SORT_KEY=Name:N.",
        ),
        (("Id:N", "Name:S"), ("Id:N",), "Set ITEMS_SORT_KEY to an empty text."),
        (
            ("Id:N", "Name:S"),
            ("Id:S",),
            "Set ITEMS_PARTITION_KEY=Id:S and ITEMS_SORT_KEY to an empty text.",
        ),
        (("Id:S",), ("Id:B",), "Set ITEMS_PARTITION_KEY=Id:B."),
        (("Id:S",), ("Id:S", "Name:S"), PARTITION_ALONE),
        (("Id:S",), ("id:S",), PARTITION_ALONE),
        (
            ("Id:N", "Name:S"),
            ("Id:N", "Title:S"),
            f"ITEMS_PARTITION_KEY is Id:N and ITEMS_SORT_KEY is Name:S. {NAMES}",
        ),
    ],
)
def test_the_advice_names_the_setting_to_change(configured, actual, expected):
    found, reads = advice(schema(*configured), schema(*actual))
    assert found == expected
    assert reads <= 11


def test_every_type_has_a_reserved_key():
    assert reserved_key(schema("Digest:B", "Seq:N")).attributes == {
        "Digest": {"B": b"_ready"},
        "Seq": {"N": "0"},
    }
