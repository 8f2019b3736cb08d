"""A schema that applies itself to the same value, or too many others, is an error at start.

It is never the end of the process, and is found at once.

The schemas are read in a process of their own, because the validator's stack may overflow.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from dynamodb_items.item_schema.reading import MAX_APPLIED, MAX_SCHEMA_LEVELS
from hypothesis import given
from hypothesis import strategies as st

READER = Path(__file__).with_name("schema_reader.py")
CIRCLE = "refers to a schema that applies this one to the same value"
TO_SAME_VALUE = {
    "$ref": lambda inner: inner,
    "allOf": lambda inner: {"allOf": [{}, inner]},
    "anyOf": lambda inner: {"anyOf": [{"type": "object"}, inner]},
    "oneOf": lambda inner: {"oneOf": [inner, {"type": "string"}]},
    "not": lambda inner: {"not": inner},
    "if": lambda inner: {"if": inner, "unevaluatedProperties": {}},
    "then": lambda inner: {"if": {"required": ["a"]}, "then": inner},
    "else": lambda inner: {"if": {"required": ["a"]}, "else": inner},
    "dependentSchemas": lambda inner: {"dependentSchemas": {"a": inner}},
}
TO_VALUES_INSIDE = {
    "properties": lambda inner: {"properties": {"a": inner}},
    "patternProperties": lambda inner: {"patternProperties": {"^a": inner}},
    "additionalProperties": lambda inner: {"additionalProperties": inner},
    "unevaluatedProperties": lambda inner: {"unevaluatedProperties": inner},
    "propertyNames": lambda inner: {"propertyNames": inner},
    "items": lambda inner: {"items": inner},
    "prefixItems": lambda inner: {"prefixItems": [inner]},
    "contains": lambda inner: {"contains": inner},
}
SIDE_BY_SIDE = st.sampled_from(
    [{}, {"type": "object"}, {"required": ["a"]}, {"unevaluatedProperties": {}}]
)


class Reader:
    """A process that reads schemas; a new one follows one that has crashed."""

    def __init__(self):
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, READER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def errors_of(self, document):
        print(json.dumps(document), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            status = self.process.wait()
            self.start()
            raise AssertionError(f"the process ended with status {status}")
        return json.loads(line)


@pytest.fixture(scope="module")
def reader():
    made = Reader()
    yield made
    made.process.communicate()


def circle_of(keywords, others, *, is_root):
    """Return a schema in which each definition applies the next one, and the last the first."""
    every = TO_SAME_VALUE | TO_VALUES_INSIDE
    at = ["#" if is_root and not index else f"#/$defs/s{index}" for index in range(len(keywords))]
    schemas = [
        {**every[keyword]({"$ref": target}), **(other if keyword != "if" else {})}
        for keyword, other, target in zip(keywords, others, [*at[1:], at[0]], strict=True)
    ]
    definitions = {f"s{index}": schema for index, schema in enumerate(schemas)}
    root = definitions.pop("s0") if is_root else {"properties": {"b": {"$ref": at[0]}}}
    return {**root, "$defs": definitions}


def several(keywords):
    return st.lists(st.sampled_from(sorted(keywords)), min_size=1, max_size=4)


@pytest.mark.parametrize("keyword", TO_SAME_VALUE)
@pytest.mark.parametrize("is_root", [True, False])
def test_each_keyword_for_the_same_value_closes_a_circle(reader, keyword, is_root):
    (error,) = reader.errors_of(circle_of([keyword], [{}], is_root=is_root))
    path, sentence = error.split(": ")
    assert (path.endswith("/$ref"), sentence) == (True, CIRCLE)


@pytest.mark.parametrize("keyword", TO_VALUES_INSIDE)
@pytest.mark.parametrize("is_root", [True, False])
def test_a_schema_may_apply_itself_to_the_values_inside_its_own(reader, keyword, is_root):
    assert reader.errors_of(circle_of([keyword], [{}], is_root=is_root)) == []


@given(several(TO_SAME_VALUE), st.data(), st.booleans())
def test_a_circle_is_reported_at_each_of_its_references(reader, keywords, data, is_root):
    others = [data.draw(SIDE_BY_SIDE) for _ in keywords]
    errors = reader.errors_of(circle_of(keywords, others, is_root=is_root))
    assert [error.split(": ")[1] for error in errors] == [CIRCLE] * len(keywords)


@given(several(TO_SAME_VALUE), several(TO_VALUES_INSIDE), st.data(), st.booleans())
def test_a_circle_through_a_value_inside_is_valid(reader, same, inside, data, is_root):
    keywords = data.draw(st.permutations([*same, *inside]))
    others = [data.draw(SIDE_BY_SIDE) for _ in keywords]
    errors = reader.errors_of(circle_of(keywords, others, is_root=is_root))
    assert not any(CIRCLE in error for error in errors)


def test_the_reference_is_named_that_closes_the_circle(reader):
    schema = {"if": {"$ref": "#", "unevaluatedProperties": {}, "dependentSchemas": {"a": {}}}}
    assert reader.errors_of(schema) == [f"/if/$ref: {CIRCLE}"]


DEEP = f"nests deeper than {MAX_SCHEMA_LEVELS} levels, references followed"
MANY = f"applies over {MAX_APPLIED:,} schemas to one value, references followed"
EVERY = TO_SAME_VALUE | TO_VALUES_INSIDE
DOUBLED = {
    "allOf": lambda inner: {"allOf": [inner, inner]},
    "anyOf": lambda inner: {"anyOf": [inner, inner]},
    "oneOf": lambda inner: {"oneOf": [inner, inner]},
    "if": lambda inner: {"if": inner, "then": inner},
    "dependentSchemas": lambda inner: {"dependentSchemas": {"a": inner, "b": inner}},
    # The validator evaluates the others again for this keyword.
    "unevaluatedProperties": lambda inner: {"allOf": [inner], "unevaluatedProperties": True},
    "unevaluatedItems": lambda inner: {"if": inner, "unevaluatedItems": True},
}


def chain_of(schema_with, length, *, is_root):
    """Return a schema with definitions that apply one another in turn."""
    definitions = {
        f"s{number}": schema_with({"$ref": f"#/$defs/s{number + 1}"}) for number in range(length)
    }
    definitions[f"s{length}"] = {"minProperties": 1}
    root = {"$ref": "#/$defs/s0"}
    return {**(root if is_root else {"properties": {"b": root}}), "$defs": definitions}


@pytest.mark.parametrize("levels", [300, 450])
def test_a_schema_that_nests_too_deeply_for_the_validator_is_an_error(reader, levels):
    schema = {}
    for _ in range(levels):
        schema = {"items": schema}
    (error,) = reader.errors_of(schema)
    assert error == f"{'/items' * (levels - MAX_SCHEMA_LEVELS)}: {DEEP}"


@pytest.mark.parametrize("is_root", [True, False])
@pytest.mark.parametrize("length", [90, 250, 1_000, 10_000])
@pytest.mark.parametrize("keyword", sorted(EVERY.keys() - {"if"}))  # which has unevaluated ones
def test_a_chain_of_references_is_as_deep_as_it_is_long(reader, keyword, length, is_root):
    errors = reader.errors_of(chain_of(EVERY[keyword], length, is_root=is_root))
    assert {error.split(": ")[1] for error in errors} <= {DEEP, MANY}
    assert bool(errors) == (length > 90)


@pytest.mark.parametrize("is_root", [True, False])
@pytest.mark.parametrize("levels", [9, 20, 60, 5_000])
@pytest.mark.parametrize("keyword", DOUBLED)
def test_schemas_for_one_value_are_counted_where_they_apply(reader, keyword, levels, is_root):
    """Each level has two references: three schemas, and twice those of the next level."""
    errors = reader.errors_of(chain_of(DOUBLED[keyword], levels, is_root=is_root))
    # 3 * 2**9 + 2**9 - 3 = 2,045 schemas
    assert errors == [f"/$defs/s{levels - 9}: {MANY}"]


@pytest.mark.parametrize("is_root", [True, False])
@pytest.mark.parametrize("keyword", sorted(DOUBLED.keys() - {"oneOf"}))
def test_schemas_that_are_not_too_many_for_one_value_can_be_used(reader, keyword, is_root):
    assert reader.errors_of(chain_of(DOUBLED[keyword], 8, is_root=is_root)) == []


def test_a_schema_may_be_used_for_any_number_of_values(reader):
    used = {f"a{number}": {"$ref": "#/$defs/one"} for number in range(5_000)}
    one = {"anyOf": [{"type": "string"}] * 500}
    assert reader.errors_of({"properties": used, "$defs": {"one": one}}) == []


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_definitions_does_not_change_their_depth(reader, order):
    """A definition that was reached on a short way is as deep as on the longest one."""
    schema = chain_of(EVERY["properties"], 150, is_root=True)
    names = list(schema["$defs"])[::order]
    used = {name: {"$ref": f"#/$defs/{name}"} for name in names}
    (error,) = reader.errors_of({"properties": used, "$defs": schema["$defs"]})
    assert error.endswith(DEEP)


def test_a_schema_that_refers_to_itself_is_not_deep(reader):
    inner = {"properties": {f"a{number}": {"$ref": "#"} for number in range(300)}}
    assert reader.errors_of(inner) == []
