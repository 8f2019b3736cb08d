"""Which values are equal for DynamoDB: numbers by value, sets in any order, at every depth."""

from decimal import Decimal

import pytest
from dynamodb_items.domain.items import Item, is_same
from dynamodb_items.formats.strict_json import parse_json
from dynamodb_items.item_schema.reading import item_schema
from dynamodb_items.web.media_types import PatchForm, Representation
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fakes import KEY
from tests.unit.test_schema_rules import body, edited, errors_of

SAME = {
    "S": ({"S": "a"}, {"S": "a"}),
    "N": ({"N": "1.50"}, {"N": "15E-1"}),
    "B": ({"B": b"\x00"}, {"B": b"\x00"}),
    "BOOL": ({"BOOL": True}, {"BOOL": True}),
    "NULL": ({"NULL": True}, {"NULL": True}),
    "SS": ({"SS": ["a", "b"]}, {"SS": ["b", "a"]}),
    "NS": ({"NS": ["1", "20"]}, {"NS": ["2E+1", "1.0"]}),
    "BS": ({"BS": [b"a", b"b"]}, {"BS": [b"b", b"a"]}),
    "L": ({"L": [{"NS": ["1", "2"]}]}, {"L": [{"NS": ["2", "1"]}]}),
    "M": ({"M": {"a": {"SS": ["a", "b"]}}}, {"M": {"a": {"SS": ["b", "a"]}}}),
}
DIFFERENT = [
    ({"N": "1"}, {"S": "1"}),
    ({"N": "1"}, {"BOOL": True}),
    ({"N": "0.10"}, {"N": "0.01"}),
    ({"S": "a"}, {"S": "A"}),
    ({"B": b"a"}, {"S": "a"}),
    ({"BOOL": True}, {"BOOL": False}),
    ({"SS": ["a"]}, {"SS": ["a", "b"]}),
    ({"SS": ["a"]}, {"L": [{"S": "a"}]}),
    ({"NS": ["1"]}, {"NS": ["2"]}),
    ({"NS": ["1"]}, {"SS": ["1"]}),
    ({"BS": [b"a"]}, {"BS": [b"b"]}),
    ({"L": [{"S": "a"}, {"S": "b"}]}, {"L": [{"S": "b"}, {"S": "a"}]}),
    ({"L": [{"S": "a"}]}, {"L": [{"S": "a"}, {"S": "b"}]}),
    ({"L": []}, {"L": [{"S": "a"}]}),
    ({"L": []}, {"M": {}}),
    ({"M": {"a": {"N": "1"}}}, {"M": {"a": {"N": "1"}, "b": {"N": "1"}}}),
    ({"M": {"a": {"N": "1"}}}, {"M": {"b": {"N": "1"}}}),
]


@pytest.mark.parametrize("type_", SAME)
def test_values_that_are_equal_for_dynamodb(type_):
    first, second = SAME[type_]
    assert is_same(first, second)
    assert is_same(second, first)
    assert is_same({"L": [{"M": {"a": first}}]}, {"L": [{"M": {"a": second}}]})
    assert not is_same(first, None)
    assert not is_same(None, second)


def test_absent_values_are_equal():
    assert is_same(None, None)


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_values_that_differ_for_dynamodb(first, second):
    for one, other in ((first, second), (second, first)):
        assert not is_same(one, other)
        assert not is_same({"L": [{"M": {"a": one}}]}, {"L": [{"M": {"a": other}}]})


NUMBERS = st.integers(0, 30).flatmap(
    lambda number: st.sampled_from([f"{number}", f"{number}.0", f"{number}0E-1", f"0{number}"])
)
VALUES = st.recursive(
    st.one_of(
        st.sampled_from([{"S": "a"}, {"B": b"a"}, {"BOOL": True}, {"NULL": True}]),
        NUMBERS.map(lambda text: {"N": text}),
        st.lists(st.sampled_from("abc"), min_size=1, unique=True).map(lambda each: {"SS": each}),
        st.lists(NUMBERS, min_size=1, max_size=3, unique_by=Decimal).map(lambda each: {"NS": each}),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2).map(lambda members: {"L": members}),
        st.dictionaries(st.sampled_from("ab"), inner, max_size=2).map(lambda each: {"M": each}),
    ),
    max_leaves=4,
)


def normal(value):
    """A form that is equal exactly for values that are equal for DynamoDB."""
    ((type_, content),) = value.items()
    match type_:
        case "N":
            return type_, Decimal(content)
        case "SS":
            return type_, frozenset(content)
        case "NS":
            return type_, frozenset(map(Decimal, content))
        case "L":
            return type_, tuple(map(normal, content))
        case "M":
            return type_, frozenset((name, normal(member)) for name, member in content.items())
        case _:
            return type_, content


@given(VALUES, VALUES)
def test_equality_is_that_of_the_normal_forms(first, second):
    assert is_same(first, second) == (normal(first) == normal(second))


@pytest.mark.parametrize("type_", SAME)
def test_a_read_only_value_may_be_sent_back_as_dynamodb_compares_it(type_):
    schema = item_schema({"properties": {"kept": {"readOnly": True}}})
    first, second = SAME[type_]
    stored = Item({**KEY.attributes, "kept": {"M": {"a": first}}})
    sent = body("{}", schema).put(Representation.TYPED)
    assert sent.completed({"kept": {"M": {"a": second}}}, stored)["kept"] == {"M": {"a": first}}
    assert errors_of(lambda: sent.completed({"kept": {"M": {"b": second}}}, stored)) == {
        "/kept": "Is read-only."
    }


@pytest.mark.parametrize(
    ("representation", "text"),
    [
        (Representation.PLAIN, '{"kept": {"codes": [2.0, 1], "photo": "AP8="}}'),
        (
            Representation.TYPED,
            '{"kept": {"M": {"codes": {"NS": ["2.0", "1"]}, "photo": {"B": "AP8="}}}}',
        ),
    ],
)
def test_a_read_only_value_may_be_sent_back_in_either_form(representation, text):
    schema = item_schema({"properties": {"kept": {"readOnly": True}}})
    kept = {"M": {"codes": {"NS": ["1", "2"]}, "photo": {"B": b"\x00\xff"}}}
    write = body(text, schema).put(representation)
    stored = Item({**KEY.attributes, "kept": kept})
    assert write.completed(write.attributes, stored) == {"kept": kept}


def test_a_json_patch_may_set_a_read_only_value_to_itself():
    schema = item_schema({"properties": {"kept": {"readOnly": True}}})
    stored = {"kept": {"SS": ["a", "b"]}}
    for value, is_kept in (('["b", "a"]', True), ('["b"]', False)):
        text = f'[{{"op": "replace", "path": "/kept", "value": {value}}}]'
        patch = body(text, schema).patch(PatchForm.JSON_PATCH)
        if is_kept:
            assert not edited(patch, **stored).changes
        else:
            assert errors_of(lambda patch=patch: edited(patch, **stored)) == {
                "": "The result at /kept is read-only."
            }


def test_a_true_is_not_a_stored_one():
    schema = item_schema({"properties": {"kept": {"readOnly": True}}})
    write = body("{}", schema).put(Representation.PLAIN)
    sent = {name: {"BOOL": value} for name, value in parse_json(b'{"kept": true}').items()}
    stored = Item({**KEY.attributes, "kept": {"N": "1"}})
    assert errors_of(lambda: write.completed(sent, stored)) == {"/kept": "Is read-only."}
