"""The item schema in the OpenAPI document: translated to OpenAPI 3.0, or left out, never wrong."""

from decimal import Decimal

import pytest
from dynamodb_items.app import create_app, create_repository, openapi_document
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.operations import Operation
from dynamodb_items.item_schema.reading import item_schema
from dynamodb_items.web.openapi.schema_translation import Translation

from tests.customer_schema import CUSTOMER


def components_of(schema) -> dict:
    return Translation(schema, frozenset({"Problem"})).components


def translated(keywords):
    return components_of({"properties": {"a": keywords}})["Item"]["properties"]["a"]


def document_of(schema, **changes) -> dict:
    settings = Settings(item_schema=item_schema(schema), **changes)
    return openapi_document(create_app(settings, create_repository(settings)))


@pytest.mark.parametrize(
    ("keywords", "expected"),
    [
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        ({"type": ["string", "number"]}, {}),
        ({"const": "a"}, {"enum": ["a"], "type": "string"}),
        ({"const": ["a"]}, {}),
        ({"enum": ["a", None]}, {"enum": ["a", None], "type": "string", "nullable": True}),
        ({"enum": [1, "a"]}, {"enum": [1, "a"]}),
        ({"exclusiveMinimum": 3}, {"minimum": 3, "exclusiveMinimum": True}),
        ({"exclusiveMinimum": 3, "minimum": 5}, {"minimum": 5}),
        (
            {"exclusiveMaximum": 3, "maximum": 5},
            {"maximum": 3, "exclusiveMaximum": True},
        ),
        ({"multipleOf": Decimal("0.01")}, {"multipleOf": 0.01}),
        ({"maximum": Decimal("0.12345678901234567890123456789012345678")}, {}),
        ({"type": "array"}, {"type": "array", "items": {}}),
        ({"type": "array", "prefixItems": [{}], "items": False}, {"type": "array", "items": {}}),
        ({"type": "string", "x-dynamodb-type": "B"}, None),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, None),
        ({"oneOf": [{"type": "string"}, {"minimum": 3}]}, None),
        ({"oneOf": [{"not": {}}, {"minimum": 3}]}, {"anyOf": [{}, {"minimum": 3}]}),
        ({"title": "An age"}, {"description": "An age"}),
        ({"title": "An age", "description": "In years."}, {"description": "In years."}),
        ({"examples": ["a", "b"]}, {"example": "a"}),
        ({"readOnly": True, "writeOnly": False}, {"readOnly": True, "writeOnly": False}),
        ({"default": Decimal("1.5")}, {"default": 1.5}),
        ({"patternProperties": {"^a": {}}, "additionalProperties": False}, None),
        ({"if": {}, "then": {}, "not": {}, "contains": {}, "dependentRequired": {}}, {}),
    ],
)
def test_a_keyword_is_translated_or_left_out(keywords, expected):
    special = {
        "x-dynamodb-type": {"type": "string", "x-dynamodb-type": "B", "format": "byte"},
        "anyOf": {"type": "string", "nullable": True},
        "oneOf": {"oneOf": [{"type": "string"}, {"minimum": 3}]},
        "patternProperties": {"additionalProperties": True},
    }
    if expected is None:
        expected = next(value for name, value in special.items() if name in keywords)
    assert translated(keywords) == expected


def test_a_definition_is_a_component_with_a_patch_of_its_own():
    components = components_of(CUSTOMER)
    assert set(components) == {"Item", "ItemPatch", "Address", "AddressPatch"}
    assert components["Item"]["properties"]["address"] == {"$ref": "#/components/schemas/Address"}
    assert components["Address"]["required"] == ["city"]
    assert components["ItemPatch"]["properties"] == {
        "email": {"type": "string", "format": "email"},
        "age": {"type": "integer", "minimum": 0, "nullable": True},
        "tags": {
            "type": "array",
            "items": {"type": "string"},
            "x-dynamodb-type": "SS",
            "nullable": True,
        },
        "avatar": {
            "type": "string",
            "format": "byte",
            "x-dynamodb-type": "B",
            "nullable": True,
        },
        "address": {"allOf": [{"$ref": "#/components/schemas/AddressPatch"}], "nullable": True},
    }
    assert "required" not in components["ItemPatch"]
    assert components["AddressPatch"]["properties"]["city"] == {"type": "string"}
    assert components["AddressPatch"]["properties"]["street"]["nullable"] is True


def test_a_recursive_schema_and_a_taken_name_are_translated():
    schema = {
        "properties": {"parent": {"$ref": "#"}, "problem": {"$ref": "#/$defs/problem"}},
        "$defs": {"problem": {"type": "string"}},
    }
    components = components_of(schema)
    members = components["Item"]["properties"]
    assert members["parent"] == {"$ref": "#/components/schemas/Item"}
    assert members["problem"] == {"$ref": "#/components/schemas/Problem2"}
    assert components["Problem2"] == {"type": "string"}


@pytest.mark.parametrize(
    ("required", "expected"), [(["Id", "email", "Name"], ["email"]), (["Id", "Name"], None)]
)
def test_a_body_may_leave_the_key_attributes_out(required, expected):
    schemas = document_of({**CUSTOMER, "required": required})["components"]["schemas"]
    for name in ("Item", "TypedItem"):
        assert schemas[name].get("required") == expected


def test_a_response_may_leave_write_only_attributes_out():
    document = document_of(
        {"required": ["pin", "a"], "properties": {"pin": {"type": "string", "writeOnly": True}}}
    )
    schemas = document["components"]["schemas"]
    assert schemas["Item"]["properties"]["pin"] == {"type": "string", "writeOnly": True}
    assert schemas["Item"]["required"] == schemas["TypedItem"]["required"] == ["a"]


def test_every_body_with_items_is_typed():
    document = document_of(CUSTOMER, operations=frozenset(Operation))
    schemas = document["components"]["schemas"]
    assert schemas["TypedItem"]["required"] == ["email"]
    assert schemas["TypedItem"]["properties"]["tags"] == {
        "$ref": "#/components/schemas/AttributeValue"
    }
    for name in ("BatchOperation", "ConditionalPut", "BatchResult", "ListedItem"):
        plain, typed = schemas[name]["properties"], schemas[f"Typed{name}"]["properties"]
        assert plain["item"]["allOf"] == [{"$ref": "#/components/schemas/Item"}]
        assert typed["item"]["allOf"] == [{"$ref": "#/components/schemas/TypedItem"}]
    batch = document["paths"]["/items:batch"]["post"]
    contents = [batch["requestBody"]["content"], batch["responses"]["200"]["content"]]
    for content, name in zip(contents, ("Batch", "BatchResults"), strict=True):
        references = [each["schema"]["$ref"].rpartition("/")[2] for each in content.values()]
        assert references == [name, f"Typed{name}"]
    page = document["paths"]["/items"]["get"]["responses"]["200"]["content"]
    references = [each["schema"]["$ref"].rpartition("/")[2] for each in page.values()]
    assert references == ["Page", "TypedPage"]
    patch = schemas["BatchOperation"]["properties"]["patch"]
    assert patch["allOf"] == [{"$ref": "#/components/schemas/ItemPatch"}]


def test_the_key_attributes_have_the_types_of_the_table():
    item = document_of({"properties": {"Id": {"type": "integer"}}})["components"]["schemas"]["Item"]
    assert item["properties"]["Id"]["type"] == "integer"
    assert item["properties"]["Name"]["type"] == "string"
    assert item["additionalProperties"] is True


def test_without_a_schema_a_typed_item_has_attribute_values():
    settings = Settings()
    document = openapi_document(create_app(settings, create_repository(settings)))
    schemas = document["components"]["schemas"]
    assert schemas["TypedItem"]["additionalProperties"] == {
        "$ref": "#/components/schemas/AttributeValue"
    }
    assert list(schemas["AttributeValue"]["properties"]) == [
        *("S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M")
    ]
    assert not any(name.startswith("TypedBatch") for name in schemas)
