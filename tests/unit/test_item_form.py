"""The fields of the item page, from an item schema."""

from decimal import Decimal

import pytest
from dynamodb_items.web.resources.pages.form import MAX_FIELDS, Choice, form_fields

KEYS = ("Id", "Name")


def fields_of(schema):
    return {field.path: field for field in form_fields(schema, KEYS)}


def field_of(**keywords):
    return fields_of({"properties": {"a": keywords}})["a",]


@pytest.mark.parametrize(
    ("keywords", "kind", "control", "input_mode"),
    [
        ({"type": "string"}, "text", "textarea", ""),
        ({"type": ["string", "null"]}, "text", "textarea", ""),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text", "textarea", ""),
        ({"type": "string", "x-dynamodb-type": "B"}, "text", "textarea", ""),
        ({"type": "string", "format": "date"}, "text", "date", ""),
        ({"type": "string", "format": "date-time"}, "text", "text", ""),
        ({"type": "string", "format": "email"}, "text", "text", "email"),
        ({"type": "string", "format": "uri"}, "text", "text", "url"),
        ({"type": "number"}, "number", "text", "decimal"),
        ({"type": "integer"}, "number", "text", "numeric"),
        ({"type": "boolean"}, "choice", "select", ""),
        ({"enum": ["a", "b"]}, "choice", "select", ""),
        ({"const": 1}, "choice", "select", ""),
        ({"enum": [[1], [2]]}, "json", "textarea", ""),
        ({"enum": list(range(201))}, "json", "textarea", ""),
        ({"type": "array", "items": {"type": "string"}}, "lines", "textarea", ""),
        ({"type": "array", "items": {"type": "integer"}}, "number-lines", "textarea", ""),
        ({"type": "array", "x-dynamodb-type": "SS"}, "lines", "textarea", ""),
        ({"type": "array", "x-dynamodb-type": "BS"}, "lines", "textarea", ""),
        ({"type": "array", "x-dynamodb-type": "NS"}, "number-lines", "textarea", ""),
        ({"type": "array", "items": {"type": "object"}}, "json", "textarea", ""),
        (
            {"type": "array", "prefixItems": [{}], "items": {"type": "string"}},
            "json",
            "textarea",
            "",
        ),
        ({"type": "object"}, "json", "textarea", ""),
        ({"type": ["string", "number"]}, "json", "textarea", ""),
        ({"type": "object", "properties": {}}, "json", "textarea", ""),
        ({"type": "string", "writeOnly": True}, "text", "password", ""),
        ({"type": "integer", "writeOnly": True}, "number", "password", "numeric"),
        ({"type": "object", "properties": {"a": {}}, "writeOnly": True}, "json", "textarea", ""),
        ({}, "json", "textarea", ""),
    ],
)
def test_the_schema_of_an_attribute_decides_its_field(keywords, kind, control, input_mode):
    field = field_of(**keywords)
    assert (field.kind, field.control, field.input_mode) == (kind, control, input_mode)


def test_title_and_description_are_label_and_help():
    field = field_of(type="array", items={"type": "string"}, title="Tags", description="Any words.")
    assert (field.label, field.help) == ("Tags", "Any words. One per line.")
    assert field_of(type="string").label == "a"


def test_a_write_only_attribute_has_a_hint():
    field = field_of(type="string", writeOnly=True, description="Four digits.")
    assert field.help == "Four digits. It is never shown. Left empty, it stays as it is."


def test_the_values_of_a_choice_are_as_the_service_returns_them():
    field = field_of(enum=["ü", Decimal("1.50"), True, None], default=Decimal("1.50"))
    assert field.choices == (
        Choice('"ü"', "ü"),
        Choice("1.5", "1.5"),
        Choice("true", "true"),
        Choice("null", "null"),
    )
    assert field.default == "1.5"


def test_an_enum_value_that_no_item_can_have_does_not_stop_the_page():
    assert field_of(enum=[10**200]).choices == (Choice(str(10**200), str(10**200)),)


def test_marks_of_an_attribute():
    fields = fields_of(
        {"required": ["a"], "properties": {"a": {}, "b": {"readOnly": True, "type": "string"}}}
    )
    assert [
        (name, it.is_required, it.is_read_only) for (name,), it in list(fields.items())[:2]
    ] == [
        ("a", True, False),
        ("b", False, True),
    ]


def test_key_attributes_have_no_field():
    assert list(fields_of({"properties": {"Id": {}, "Name": {}, "a": {}}})) == [("a",), ()]


def test_references_and_all_of_are_followed():
    fields = fields_of(
        {
            "$defs": {"a": {"type": "integer", "title": "Age"}},
            "allOf": [{"properties": {"age": {"$ref": "#/$defs/a"}}, "required": ["age"]}],
            "properties": {"ages": {"type": "array", "items": {"$ref": "#/$defs/a"}}},
        }
    )
    assert fields["ages",].kind == "number-lines"
    age = fields["age",]
    assert (age.kind, age.label, age.is_required) == ("number", "Age", True)


def test_a_map_has_the_fields_of_its_members():
    nested = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    field = field_of(readOnly=True, **nested)
    city, rest = field.members
    assert (field.kind, city.path, city.is_required) == ("map", ("a", "city"), True)
    assert (city.is_read_only, rest.kind, rest.path) == (True, "rest", ("a",))


def test_a_schema_that_refers_to_itself_has_three_levels():
    tree = {"type": "object", "properties": {"a": {"$ref": "#"}}}
    (field, _) = form_fields(tree, KEYS)
    levels = []
    while field.kind == "map":
        levels.append(field.path)
        field = field.members[0]
    assert levels == [("a",), ("a", "a")]
    assert (field.path, field.kind) == (("a", "a", "a"), "json")


def test_a_wide_schema_has_a_bounded_number_of_fields():
    fields = form_fields({"properties": {f"a{index}": {} for index in range(1000)}}, KEYS)
    assert len(fields) == MAX_FIELDS + 1
    assert fields[-1].kind == "rest"


@pytest.mark.parametrize(
    ("schema", "is_optional"),
    [
        ({}, False),
        ({"additionalProperties": {"type": "string"}}, False),
        ({"additionalProperties": False}, True),
        ({"additionalProperties": False, "patternProperties": {"^a": {}}}, False),
    ],
)
def test_other_attributes_have_a_field_where_the_schema_allows_them(schema, is_optional):
    (rest,) = form_fields(schema, KEYS)
    assert (rest.label, rest.is_optional) == ("Other attributes", is_optional)
