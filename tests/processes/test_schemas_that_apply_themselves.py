"""A schema that applies itself to the same value is an error, and never the end of the process.

The schemas are read in a process of their own, because the validator's stack may overflow.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
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


@pytest.mark.parametrize("levels", [300, 450])
def test_a_schema_that_nests_too_deeply_for_the_validator_is_an_error(reader, levels):
    schema = {}
    for _ in range(levels):
        schema = {"items": schema}
    (error,) = reader.errors_of(schema)
    assert error.startswith(("the schema nests too deeply", "the schema cannot be used: "))
