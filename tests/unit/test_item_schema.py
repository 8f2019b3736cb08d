"""The item schema: read and checked at start, and exact when it judges."""

import json
import re
import time
from decimal import Decimal
from pathlib import Path

import pytest
from dynamodb_items.config.settings import Settings, SettingsError
from dynamodb_items.domain.keys import KeyAttribute, KeySchema
from dynamodb_items.item_schema.reading import SchemaErrors, item_schema, read_schema

KEYS = KeySchema(KeyAttribute("Id", "N", 2048), KeyAttribute("Name", "S", 1024))
OWN = ("_version", "_version_log")


def errors_of(document) -> list[str]:
    with pytest.raises(SchemaErrors) as raised:
        item_schema(document)
    return list(raised.value.args)


def attribute(**keywords):
    return item_schema({"properties": {"a": keywords}})


def sentences(schema, item) -> dict[str, str]:
    return {violation.pointer: violation.sentence for violation in schema.violations(item)}


# At start


def test_every_error_of_a_schema_is_reported_with_its_position():
    assert errors_of({"minLength": -1, "properties": {"a/b": {"minimum": "x"}}}) == [
        "/properties/a~1b/minimum: must be a number",
        "/minLength: must be at least 0",
    ]


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ([], "the schema must be a JSON object"),
        ({"propertes": {}}, "/propertes: unknown keyword; did you mean properties?"),
        (
            {"properties": {"a": {"nullable": True}}},
            "/properties/a/nullable: unknown keyword; a keyword of your own begins with x-",
        ),
        (
            {"$schema": "http://json-schema.org/draft-07/schema#"},
            "/$schema: must be https://json-schema.org/draft/2020-12/schema",
        ),
        (
            {"properties": {"a": {"$ref": "https://example.com/a.json"}}},
            "/properties/a/$ref: must refer to the same file, such as #/$defs/address",
        ),
        (
            {"properties": {"a": {"$ref": "other.json"}}},
            "/properties/a/$ref: must refer to the same file, such as #/$defs/address",
        ),
        ({"$ref": "#/$defs/a"}, "/$ref: #/$defs/a is not a schema in this file"),
        ({"x-a": {}, "$ref": "#/x-a"}, "/$ref: #/x-a is not a schema in this file"),
        (
            {"properties": {"a": {}}, "not": {"$ref": "#/properties"}},
            "/not/$ref: #/properties is not a schema in this file",
        ),
        ({"required": ["a"], "properties": {"a": False}}, "no item can match the schema"),
        ({"type": "string"}, "no item can match the schema"),
        ({"minProperties": 3, "maxProperties": 2}, "no item can match the schema"),
        (
            {"properties": {"a": {"type": "integer", "default": "x"}}},
            "/properties/a/default: must be a whole number",
        ),
        (
            {"properties": {"a": {"pattern": "^[a-z]+$", "default": "1"}}},
            "/properties/a/default: must match the pattern ^[a-z]+$",
        ),
        (
            {"properties": {"a": {"readOnly": True, "writeOnly": True}}},
            "/properties/a: an attribute cannot be both readOnly and writeOnly",
        ),
        (
            {"properties": {"a": {"properties": {"b": {"writeOnly": True}}}}},
            "/properties/a/properties/b/writeOnly: is supported for the attributes of an item only",
        ),
        (
            {"properties": {"a": {"items": {"readOnly": True}}}},
            "/properties/a/items/readOnly: is supported for the attributes of an item only",
        ),
        ({"$anchor": "a"}, "/$anchor: unknown keyword; a keyword of your own begins with x-"),
    ],
)
def test_a_schema_that_cannot_be_used_is_reported(document, error):
    assert errors_of(document) == [error]


@pytest.mark.parametrize("pattern", ["(?=a)a", r"(a)\1", "(", "(a{1,1000}){1,1000}", "a{99999999}"])
def test_a_pattern_that_cannot_be_matched_in_linear_time_is_reported(pattern):
    for document in (
        {"properties": {"a": {"pattern": pattern}}},
        {"patternProperties": {pattern: {}}},
    ):
        (error,) = errors_of(document)
        assert "is not a regular expression that is matched in linear time" in error


def test_a_format_that_is_not_checked_is_reported():
    (error,) = errors_of({"properties": {"a": {"format": "int32"}}})
    assert error.startswith("/properties/a/format: int32 is not one of date, date-time, ")


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ({"properties": {"a": {"x-dynamodb-type": "L"}}}, "must be one of SS, NS, BS, B"),
        ({"properties": {"a": {"anyOf": [{"x-dynamodb-type": "B"}]}}}, "always applies"),
        ({"properties": {"a": {"x-dynamodb-type": "SS", "const": ["a"]}}}, "a set has no order"),
        ({"patternProperties": {"a": {"x-dynamodb-type": "B"}}}, "always applies"),
        (
            {
                "properties": {"a": {"oneOf": [{"$ref": "#/$defs/tags"}]}},
                "$defs": {"tags": {"x-dynamodb-type": "SS"}},
            },
            "always applies",
        ),
        (
            {"properties": {"a": {"allOf": [{"x-dynamodb-type": "B"}, {"x-dynamodb-type": "SS"}]}}},
            "must be one type, not B and SS",
        ),
    ],
)
def test_a_declared_type_that_could_not_be_kept_is_reported(document, error):
    (reported,) = errors_of(document)
    assert error in reported


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"properties": {"Id": {"type": "string"}}}, "the key attribute Id, a number"),
        ({"properties": {"Name": {"maxLength": 0}}}, "the key attribute Name, a string"),
        ({"additionalProperties": False, "properties": {"Name": {}}}, "the key attribute Id"),
        ({"properties": {"Name": {"x-dynamodb-type": "SS"}}}, "Name has type S, not SS"),
        ({"properties": {"Name": {"x-dynamodb-type": "B"}}}, "Name has type S, not B"),
        ({"maxProperties": 1}, "the key attributes Id and Name"),
        ({"required": ["_version"]}, "it names the attribute _version"),
        ({"allOf": [{"properties": {"_version_log": {}}}]}, "the attribute _version_log"),
    ],
)
def test_a_schema_that_contradicts_the_table_is_reported(document, reason):
    (reported,) = item_schema(document).contradictions(KEYS, OWN)
    assert reason in reported


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"properties": {"Id": {"type": "integer"}, "Name": {"type": "string"}}},
        {"properties": {"address": {"properties": {"_version": {}}}}},
        {"additionalProperties": False, "properties": {"Id": {}, "Name": {}}},
    ],
)
def test_a_schema_that_fits_the_table_has_no_contradiction(document):
    assert item_schema(document).contradictions(KEYS, OWN) == []


def test_the_settings_report_all_errors_of_the_file_together(tmp_path):
    path = tmp_path / "item.json"
    path.write_text(json.dumps({"tpye": "object", "properties": {"a": {"format": "int32"}}}))
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment({"ITEMS_SCHEMA": str(path), "ITEMS_TABLE": ""})
    table, keyword, format_ = raised.value.errors
    assert table.startswith("ITEMS_TABLE=")
    start = f"ITEMS_SCHEMA={str(path)!r}: "
    assert keyword == f"{start}/tpye: unknown keyword; did you mean type?."
    assert format_.startswith(f"{start}/properties/a/format: int32 is not one of ")


def test_the_settings_report_a_schema_of_another_table(tmp_path):
    path = tmp_path / "item.json"
    path.write_text('{"properties": {"Id": {"type": "string"}}}')
    with pytest.raises(SettingsError, match="ITEMS_SCHEMA contradicts the table: it allows no"):
        Settings.from_environment({"ITEMS_SCHEMA": str(path)})
    changed = {"ITEMS_SCHEMA": str(path), "ITEMS_PARTITION_KEY": "Id:S"}
    assert Settings.from_environment(changed).item_schema is not None


def test_with_full_access_no_attribute_is_read_only_or_write_only(tmp_path):
    path = tmp_path / "item.json"
    attributes = '{"a": {"readOnly": true, "minimum": 0}, "b": true, "c": {"writeOnly": true}}'
    path.write_text(f'{{"properties": {attributes}}}')
    environment = {"ITEMS_SCHEMA": str(path)}
    settings = Settings.from_environment(environment)
    assert (settings.item_schema.read_only, settings.item_schema.write_only) == ({"a"}, {"c"})
    own = ("_version", "_version_log")
    assert settings.hidden_attributes == ((*own, "c"), (*own, "c"), {"c"})
    assert settings.hidden_attributes is settings.hidden_attributes  # every response needs them
    environment["ITEMS_SCHEMA_FULL_ACCESS"] = "true"
    settings = Settings.from_environment(environment)
    schema = settings.item_schema
    assert settings.hidden_attributes == (own, (), frozenset())
    assert schema.read_only == schema.write_only == frozenset()
    assert schema.document == {"properties": {"a": {"minimum": 0}, "b": True, "c": {}}}
    assert sentences(schema, {"a": -1}) == {"/a": "Must be at least 0."}


@pytest.mark.parametrize(
    ("environment", "attribute"),
    [
        ({}, "Name"),
        ({"ITEMS_TTL_ATTRIBUTE": "a"}, "a"),
        ({"ITEMS_OPERATIONS": "GetItem,PutItem,Query", "ITEMS_INDEXES": "by-a=a:S"}, "a"),
    ],
)
def test_an_attribute_on_which_responses_depend_cannot_be_write_only(
    tmp_path, environment, attribute
):
    path = tmp_path / "item.json"
    path.write_text(f'{{"properties": {{"{attribute}": {{"writeOnly": true}}}}}}')
    with pytest.raises(SettingsError, match=f"{attribute} is writeOnly, but responses depend"):
        Settings.from_environment({"ITEMS_SCHEMA": str(path), **environment})


def test_a_write_only_attribute_requires_versions(tmp_path):
    path = tmp_path / "item.json"
    path.write_text('{"properties": {"a": {"writeOnly": true}}}')
    environment = {"ITEMS_SCHEMA": str(path), "ITEMS_VERSION_ATTRIBUTE": ""}
    with pytest.raises(SettingsError, match="requires ITEMS_VERSION_ATTRIBUTE"):
        Settings.from_environment(environment)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"{", "the file is not JSON in UTF-8"),
        (b"\xff", "the file is not JSON in UTF-8"),
        (b'{"minimum": NaN}', "NaN is not a JSON value"),
        (b'{"type": "object", "type": "object"}', '"type" appears twice'),
        (b"[" * 100_000, "the file is not JSON in UTF-8"),
        (b" " * 1_048_577, "the file is over 1,048,576 bytes"),
    ],
)
def test_a_file_that_is_not_json_is_reported(tmp_path, content, error):
    path = tmp_path / "item.json"
    path.write_bytes(content)
    with pytest.raises(SchemaErrors, match=error):
        read_schema(str(path))


def test_a_file_that_does_not_exist_is_reported():
    with pytest.raises(SchemaErrors, match="cannot be read: No such file"):
        read_schema("/does/not/exist.json")


def test_the_schema_of_the_docs_can_be_used():
    page = (Path(__file__).parents[2] / "docs/item-schema.md").read_text()
    example = re.search(r"^```json\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    schema = item_schema(json.loads(example[1]))
    assert schema.contradictions(KEYS, OWN) == []
    assert sentences(schema, {"age": -1}) == {
        "/email": "Is required.",
        "/age": "Must be at least 0.",
    }


# Numbers


@pytest.mark.parametrize(
    ("keywords", "valid", "invalid"),
    [
        ('"multipleOf": 0.01', "4.35", "4.355"),
        ('"multipleOf": 0.01', "123456789012345678901234567890123456.78", None),
        ('"multipleOf": 0.01', "0.07", "1234567890123456789012345678901234.567"),
        ('"multipleOf": 7e-130', "7E+100", "8E-130"),
        (
            '"maximum": 12345678901234567890123456789012345678',
            "12345678901234567890123456789012345678",
            "12345678901234567890123456789012345679",
        ),
        (
            '"minimum": 0.12345678901234567890123456789012345678',
            "0.12345678901234567890123456789012345678",
            "0.12345678901234567890123456789012345677",
        ),
        ('"exclusiveMaximum": 9.99E+125', "9.98E+125", "9.99E+125"),
        ('"exclusiveMinimum": 1E-130', "1.1E-130", "1E-130"),
        ('"const": 0.1', "0.10", "0.10000000000000000000000000000000000001"),
        ('"enum": [0.1, 2]', "2.0", "0.1000000000000000055511151231257827"),
        ('"type": "integer"', "1E+125", "1.00000000000000000000000000000000001"),
    ],
)
def test_numbers_are_judged_exactly(tmp_path, keywords, valid, invalid):
    path = tmp_path / "item.json"
    path.write_text(f'{{"properties": {{"a": {{{keywords}}}}}}}')
    schema = read_schema(str(path))
    assert schema.violations({"a": Decimal(valid)}) == []
    if invalid:
        assert len(schema.violations({"a": Decimal(invalid)})) == 1


def test_elements_are_unique_by_their_exact_value():
    schema = attribute(uniqueItems=True)
    close = [Decimal("0.1"), Decimal("0.10000000000000000000000000000000000001")]
    assert schema.violations({"a": close}) == []
    assert schema.violations({"a": [Decimal(1), Decimal("1.0")]}) != []


# Sentences


@pytest.mark.parametrize(
    ("keywords", "value", "sentence"),
    [
        ({"type": "string"}, True, "Must be a string."),
        ({"type": ["string", "null"]}, True, "Must be a string or null."),
        ({"type": "integer"}, Decimal("1.5"), "Must be a whole number."),
        ({"minimum": 0}, Decimal(-1), "Must be at least 0."),
        ({"exclusiveMaximum": Decimal("0.5")}, Decimal(1), "Must be less than 0.5."),
        ({"multipleOf": Decimal("0.01")}, Decimal("0.001"), "Must be a multiple of 0.01."),
        ({"minLength": 1}, "", "Must have at least 1 character."),
        ({"maxItems": 2}, [None] * 3, "Must have at most 2 elements."),
        ({"enum": ["red", 3, None]}, "blue", 'Must be "red", 3 or null.'),
        ({"const": "red"}, "blue", 'Must be "red".'),
        ({"pattern": "^a"}, "b", "Must match the pattern ^a"),
        ({"uniqueItems": True}, ["a", "a"], "Must not contain an element twice."),
        ({"not": {"type": "string"}}, "a", "Has a form that is not allowed."),
        (
            {"contains": {"const": 1}},
            [],
            "Does not contain the required elements, or contains too many of them.",
        ),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, True, "Must be a string or null."),
        (
            {"oneOf": [{"type": "string"}, {"type": "number", "minimum": 5}]},
            Decimal(4),
            "Must match one of the allowed forms. In the closest one, it must be at least 5.",
        ),
        (
            {"oneOf": [{"minimum": 1}, {"minimum": 2}]},
            Decimal(4),
            "Must match exactly one of the allowed forms, and matches several.",
        ),
        (
            {"propertyNames": {"maxLength": 1}},
            {"ab": None},
            "Has an invalid name inside: must have at most 1 character.",
        ),
        ({"format": "email"}, "andrew", "Must be an email address."),
        ({"format": "date"}, "2026-02-30", "Must be a date such as 2026-11-27."),
        (
            {"format": "date-time"},
            "2026-11-27",
            "Must be a date and time with an offset, such as 2026-11-27T09:30:00Z.",
        ),
        ({"format": "uri"}, "/a", "Must be an absolute URI such as https://example.com/."),
        (
            {"format": "uuid"},
            "8e03978e",
            "Must be a UUID such as 8e03978e-40d5-43dd-bc93-6894a57f9324.",
        ),
    ],
)
def test_a_violation_is_a_sentence_for_its_field(keywords, value, sentence):
    assert sentences(attribute(**keywords), {"a": value}) == {"/a": sentence}


def test_a_missing_or_unknown_member_has_a_pointer_of_its_own():
    schema = item_schema(
        {
            "required": ["Email"],
            "properties": {
                "Email": {},
                "Address": {
                    "required": ["a/b"],
                    "properties": {"a/b": {}},
                    "additionalProperties": False,
                },
            },
            "additionalProperties": False,
            "dependentRequired": {"Address": ["Phone"]},
        }
    )
    assert sentences(schema, {"Address": {"City": "Oslo"}, "Age": None}) == {
        "/Email": "Is required.",
        "/Phone": "Is required.",
        "/Address/a~1b": "Is required.",
        "/Address/City": "Is not a known member.",
        "/Age": "Is not a known attribute.",
    }


def test_at_most_a_hundred_violations_are_reported():
    schema = attribute(items={"type": "string"})
    violations = schema.violations({"a": [None] * 200})
    assert [violation.pointer for violation in violations] == [f"/a/{n}" for n in range(100)]


# Time


def test_a_huge_invalid_item_has_one_violation_and_holds_nobody():
    schema = attribute(items={"type": "string"})
    item = {"a": [None] * 130_000}
    began = time.process_time()
    violations = schema.violations(item)
    assert time.process_time() - began < 1
    assert [violation.pointer for violation in violations] == ["/a/0"]


@pytest.mark.parametrize(
    "pattern", ["^(a+)+$", "(a|a)*b", "(x+x+)+y", ".*.*.*=.*", "(a?){50}a{50}b"]
)
def test_a_catastrophic_pattern_cannot_hang(pattern):
    schema = attribute(pattern=pattern)
    began = time.process_time()
    schema.violations({"a": "a" * 400_000 + "!"})
    assert time.process_time() - began < 1


# What is judged together


@pytest.mark.parametrize(
    ("document", "together"),
    [
        ({}, set()),
        ({"properties": {"a": {"required": ["b"]}}, "additionalProperties": False}, set()),
        ({"allOf": [{"properties": {"a": {"type": "string"}}}]}, set()),
        ({"required": ["a"]}, {"a"}),
        ({"dependentRequired": {"a": ["b"]}}, {"a", "b"}),
        ({"dependentSchemas": {"a": {"properties": {"b": {}}}}}, {"a", "b"}),
        ({"if": {"required": ["a"]}, "then": {"properties": {"b": {}}}}, {"a", "b"}),
        ({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"a", "b"}),
        ({"$ref": "#/$defs/x", "$defs": {"x": {"required": ["a"]}}}, {"a"}),
        ({"not": {"$ref": "#/$defs/x"}, "$defs": {"x": {"required": ["a"]}}}, {"a"}),
        ({"minProperties": 1}, None),
        ({"unevaluatedProperties": False}, None),
        ({"anyOf": [{"maxProperties": 3}, {"required": ["a"]}]}, None),
        ({"if": {"patternProperties": {"a": {"type": "string"}}}}, None),
    ],
)
def test_the_schema_says_which_attributes_are_judged_together(document, together):
    schema = item_schema(document)
    assert schema.together == together
    assert schema.needs_whole_item is (together != set())
