"""The OpenAPI document of tables with other keys than the tutorial's."""

import json
import re

import pytest
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.errors import InvalidKey
from dynamodb_items.web.openapi.key_schemas import with_key_schema
from dynamodb_items.web.openapi.operations.items import key_parameters
from hypothesis import example, given
from hypothesis import strategies as st

TUTORIAL = Settings().key_schema
KEY = {"id": "104", "name": "Andrew"}
PART = {
    "description": "`/items/{id}/{name}` is one item.",
    "properties": {"id": {"type": "string"}, "name": {"type": "string"}, "etag": {}},
    "required": ["id", "name", "etag"],
    "parameters": {"path.id": "$request.path.id", "path.name": "$request.path.name"},
    "example": {**KEY, "item": {"Id": 104, "Name": "Andrew", "Email": "a"}},
    "typed": {"Id": {"N": "104"}, "Name": {"S": "Andrew"}, "Email": {"S": "a"}},
    "Location": "/items/101/Raj",
}
EXPECTED = {
    ("Email:S", ""): {
        "description": "`/items/{id}` is one item.",
        "properties": {"id": {"type": "string"}, "etag": {}},
        "required": ["id", "etag"],
        "parameters": {"path.id": "$request.path.id"},
        "example": {"id": "104", "item": {"Email": "104"}},
        "typed": {"Email": {"S": "104"}},
        "Location": "/items/101",
    },
    ("Digest:B", "Seq:N"): {
        **PART,
        "example": {"id": "MTA0", "name": "2", "item": {"Digest": "MTA0", "Seq": 2, "Email": "a"}},
        "typed": {"Digest": {"B": "MTA0"}, "Seq": {"N": "2"}, "Email": {"S": "a"}},
        "Location": "/items/MTAx/1",
    },
}


def test_the_tutorials_table_needs_no_change():
    assert with_key_schema(PART, TUTORIAL) == PART
    assert json.dumps(with_key_schema(PART, TUTORIAL)) == json.dumps(PART), "in the same order"


@pytest.mark.parametrize("keys", EXPECTED)
def test_every_part_has_the_keys_of_the_table(keys):
    partition, sort = keys
    settings = Settings.from_environment({"ITEMS_PARTITION_KEY": partition, "ITEMS_SORT_KEY": sort})
    assert with_key_schema(PART, settings.key_schema) == EXPECTED[keys]


BINARY = Settings.from_environment({"ITEMS_PARTITION_KEY": "Digest:B", "ITEMS_SORT_KEY": ""})


@given(st.text("AQgwBCZaz019-_+/=", max_size=9))
@example("A" * 2731)
@example("A" * 2732)
def test_the_schema_of_a_binary_key_allows_exactly_the_keys(text):
    (parameter,) = key_parameters(BINARY.key_schema)
    schema = parameter["schema"]
    is_allowed = (
        schema["minLength"] <= len(text) <= schema["maxLength"]
        and re.search(schema["pattern"], text) is not None
    )
    try:
        BINARY.key_schema.key(text)
    except InvalidKey:
        assert not is_allowed
    else:
        assert is_allowed
