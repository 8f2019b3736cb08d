"""The rules for numbers that are judged apart from the validator: exact, and the same."""

from decimal import Decimal
from fractions import Fraction

import pytest
from dynamodb_items.item_schema import schema as judging
from dynamodb_items.item_schema.numbers import NumberRules, without_number_rules
from dynamodb_items.item_schema.reading import SchemaErrors, item_schema
from dynamodb_items.item_schema.sentences import violations_of
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

NUMBERS = st.builds(
    lambda sign, digits, exponent: Decimal((sign, tuple(map(int, str(digits))), exponent)),
    st.integers(0, 1),
    st.one_of(st.integers(0, 99), st.integers(0, 10**38 - 1)),
    st.one_of(st.integers(-4, 4), st.integers(-92, 87)),
)
"""DynamoDB's numbers: up to 38 digits, from 1E-130 to 9.99E+125."""
LIMITS = {
    "minimum": lambda number, limit: number >= limit,
    "maximum": lambda number, limit: number <= limit,
    "exclusiveMinimum": lambda number, limit: number > limit,
    "exclusiveMaximum": lambda number, limit: number < limit,
    "multipleOf": lambda number, limit: (number / limit).denominator == 1,
}


def rules_for(schema) -> NumberRules:
    return NumberRules.of({"properties": {"a": schema}})


def hold(schema, value) -> bool:
    return rules_for(schema).hold_for(({"a": value},))


@pytest.mark.parametrize("keyword", LIMITS)
@given(number=NUMBERS, limit=NUMBERS, is_multiple=st.booleans())
def test_numbers_are_judged_as_exact_fractions(keyword, number, limit, is_multiple):
    if keyword == "multipleOf":
        limit = abs(limit) or Decimal("0.01")
        if is_multiple:  # which a random number hardly ever is
            factor = number.to_integral_value() if number.adjusted() < 30 else Decimal(7)
            product = Fraction(factor) * Fraction(limit)
            number = Decimal(product.numerator) / Decimal(product.denominator)
    expected = LIMITS[keyword](Fraction(number), Fraction(limit))
    assert hold({keyword: limit}, number) == expected
    assert (
        item_schema({"properties": {"a": {keyword: limit}}}).whole.violations({"a": number}) == []
        or not expected
    )


@given(NUMBERS)
def test_a_whole_number_is_one_in_any_spelling(number):
    is_whole = Fraction(number).denominator == 1
    assert hold({"type": "integer"}, number) == is_whole
    assert hold({"type": "number"}, number)


@pytest.mark.parametrize(
    ("number", "is_multiple"),
    [
        ("9.9999999999999999999999999999999999999E+125", True),
        ("99999999999999999999999999999999999999", True),
        ("0.1", True),
        ("-0.30", True),
        ("0", True),
        ("-0", True),
        ("0.30000000000000000000000000000000000001", False),
        ("1E-130", False),
        ("12345678901234567890123456789012345678", True),
        ("1234567890123456789012345678901234567.8", True),
        ("123456789012345678901234567890123456.78", False),
    ],
)
def test_multiples_of_a_tenth(number, is_multiple):
    assert hold({"multipleOf": Decimal("0.1")}, Decimal(number)) == is_multiple


@pytest.mark.parametrize("value", ["1", None, True, False, [], {}, ["x"], {"b": "x"}])
def test_only_numbers_are_judged_and_a_boolean_is_not_one(value):
    assert hold({"minimum": 5, "multipleOf": 3}, value)
    assert not hold({"type": "number"}, value)
    assert not hold({"type": "integer", "minimum": 0}, value)


def test_a_number_may_be_an_int():
    assert hold({"type": "integer", "minimum": 3, "multipleOf": Decimal("0.5")}, 3)
    assert not hold({"minimum": Decimal("3.5")}, 3)


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"anyOf": [{"minimum": 1}, {"type": "string"}]},
        {"not": {"minimum": 1}},
        {"patternProperties": {"^a": {"minimum": 1}}},
        {"prefixItems": [{"minimum": 1}], "items": {"minimum": 1}},
        {"type": ["number", "null"]},
        {"multipleOf": Decimal("1E-131")},
        {"minimum": 10**126},
    ],
)
def test_other_rules_stay_with_the_validator(schema):
    assert rules_for(schema) is None
    document = {"properties": {"a": schema}}
    assert item_schema(document).whole.numbers is None


def test_a_reference_to_another_place_than_a_definition_stays_with_the_validator():
    document = {"properties": {"a": {"minimum": 1}, "b": {"$ref": "#/properties/a"}}}
    assert NumberRules.of(document) is None
    assert item_schema(document).whole.violations({"b": Decimal(0)})


def test_a_definition_keeps_its_rules_where_it_may_not_apply():
    document = {
        "$defs": {"price": {"type": "number", "minimum": 1}, "rest-0": {"type": "string"}},
        "properties": {
            "price": {"$ref": "#/$defs/price"},
            "either": {"anyOf": [{"$ref": "#/$defs/price"}, {"type": "string"}]},
            "name": {"$ref": "#/$defs/rest-0"},
        },
    }
    assert without_number_rules(document) == {
        "$defs": {**document["$defs"], "rest-1": {}, "rest-2": {"type": "string"}},
        "properties": {
            "price": {"$ref": "#/$defs/rest-1"},
            "either": document["properties"]["either"],
            "name": {"$ref": "#/$defs/rest-2"},
        },
    }


CHOICES = st.sampled_from(
    [0, 1, Decimal("1.0"), Decimal("0.5"), True, False, None, "x", "1", [], {}, [1], {"a": 1}]
)
NUMERIC = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["number", "integer", "string", ["number", "null"]]),
        "minimum": st.integers(-2, 2),
        "exclusiveMaximum": st.integers(-1, 4),
        "multipleOf": st.sampled_from([Decimal("0.5"), Decimal(2), Decimal("1E-131")]),
        "enum": st.lists(CHOICES, min_size=1, max_size=3),
        "const": CHOICES,
    },
)
TO_ONE, TO_TWO = {"$ref": "#/$defs/one"}, {"$ref": "#/$defs/two"}


def around(inner):
    names = st.sampled_from("abc")
    maps = st.dictionaries(names, inner, min_size=1, max_size=2)
    some = st.lists(inner, min_size=1, max_size=2)
    return st.fixed_dictionaries(
        {},
        optional={
            "properties": maps,
            "additionalProperties": st.one_of(st.just(True), inner),
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "c$"]), inner, max_size=1),
            "items": inner,
            "prefixItems": some,
            "allOf": some,
            "anyOf": some,
            "not": inner,
            "contains": inner,
            "unevaluatedProperties": inner,
            "minimum": st.integers(-2, 2),
        },
    )


def schemas_with(*references):
    # A schema that refers to itself for the same value means nothing.
    return st.recursive(
        st.one_of(NUMERIC, NUMERIC, *map(st.just, references)), around, max_leaves=6
    )


SCHEMAS = schemas_with(TO_ONE, TO_TWO)
ITEMS = st.dictionaries(
    st.sampled_from("abcd"),
    st.recursive(
        st.one_of(
            st.integers(-6, 8).map(lambda halves: Decimal(halves) / 2),
            st.sampled_from(["x", None, True, 1]),
        ),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abcd"), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    max_size=3,
)


@given(
    st.fixed_dictionaries({"one": schemas_with(), "two": schemas_with(TO_ONE)}),
    st.dictionaries(st.sampled_from("abc"), SCHEMAS, min_size=1, max_size=3),
    st.one_of(st.just(True), SCHEMAS),
    st.lists(ITEMS, min_size=1, max_size=5),
)
def test_both_judges_together_find_what_the_validator_finds(definitions, names, others, items):
    document = {"$defs": definitions, "properties": names, "additionalProperties": others}
    try:
        validators = item_schema(document).whole
    except SchemaErrors:  # no item can match it
        return
    plain = Draft202012Validator(document)
    for item in items:
        is_valid = plain.is_valid(item)
        numbers_hold = validators.numbers is None or validators.numbers.hold_for((item,))
        assert (numbers_hold and validators.rest.is_valid(item)) == is_valid
        found = {each for error in plain.iter_errors(item) for each in violations_of(error)}
        assert {each.pointer for each in validators.violations(item)} == {
            each.pointer for each in found
        }


def test_a_schema_that_contains_itself_is_judged_at_every_depth():
    tree = {
        "properties": {
            "size": {"type": "integer", "minimum": 0},
            "kids": {"items": {"$ref": "#/$defs/tree"}},
        }
    }
    schema = item_schema(
        {"$defs": {"tree": tree}, "properties": {"root": {"$ref": "#/$defs/tree"}}}
    )
    assert schema.whole.numbers is not None
    leaf = {"size": Decimal("0.5")}
    for _ in range(10):
        leaf = {"kids": [{"size": Decimal(1)}, leaf]}
    (found,) = schema.violations({"root": leaf})
    assert found.pointer == f"/root{'/kids/1' * 10}/size"
    assert found.sentence == "Must be a whole number."


@pytest.mark.parametrize(
    ("rules", "value", "sentence"),
    [
        ({"minimum": 1}, Decimal("0.5"), "Must be at least 1."),
        ({"maximum": Decimal("0.25")}, Decimal("0.5"), "Must be at most 0.25."),
        ({"exclusiveMinimum": 1}, Decimal(1), "Must be greater than 1."),
        ({"exclusiveMaximum": 1}, Decimal(1), "Must be less than 1."),
        ({"multipleOf": Decimal("0.1")}, Decimal("0.25"), "Must be a multiple of 0.1."),
        ({"enum": [1, Decimal("0.5"), "x"]}, True, 'Must be 1, 0.5 or "x".'),
        ({"const": [1]}, [Decimal("1.5")], "Must be [1]."),
    ],
)
def test_the_sentences_are_those_of_the_validator(rules, value, sentence):
    document = {"properties": {"a": rules, "b": {"anyOf": [rules]}}}
    (error,) = Draft202012Validator(document).iter_errors({"a": value})
    assert [each.sentence for each in violations_of(error)] == [sentence]
    schema = item_schema(document)
    assert [each.sentence for each in schema.violations({"a": value})] == [sentence]
    (found,) = schema.violations({"b": value})
    assert found.sentence.endswith(f"it {sentence[0].lower()}{sentence[1:]}")
    assert schema.violations({"a": Decimal(1) if "const" not in rules else [Decimal("1.0")]}) == (
        []
        if "exclusive" not in str(rules) and "maximum" not in rules
        else schema.violations({"a": 1})
    )


LINES = item_schema(
    {
        "properties": {
            "lines": {
                "items": {
                    "properties": {"price": {"type": "number", "multipleOf": Decimal("0.01")}},
                    "additionalProperties": {"items": {"minimum": 0}},
                }
            },
            "name": {"type": "string"},
        }
    }
)


@pytest.mark.parametrize(
    ("line", "violation"),
    [
        ({"price": Decimal("0.001")}, ("/lines/8000/price", "Must be a multiple of 0.01.")),
        ({"price": "1"}, ("/lines/8000/price", "Must be a number.")),
        ({"price": [1]}, ("/lines/8000/price", "Must be a number.")),
        ({"others": [1, 2, -1]}, ("/lines/8000/others/2", "Must be at least 0.")),
    ],
)
def test_a_large_item_gets_the_first_violation_only(line, violation, monkeypatch):
    lines = [{"price": Decimal("0.01")}] * 8000
    found = LINES.violations({"lines": [*lines, line, line]})
    assert [(each.pointer, each.sentence) for each in found] == [violation]
    small = LINES.violations({"lines": [line]})
    assert [(each.pointer, each.sentence) for each in small] == [
        (violation[0].replace("8000", "0"), violation[1])
    ]
    assert LINES.violations({"lines": lines}) == []
    other = LINES.violations({"lines": lines, "name": Decimal(1)})
    assert [each.pointer for each in other] == ["/name"]
    monkeypatch.setattr(judging, "MAX_VALUES_WITH_ALL_ERRORS", 2)
    assert [each.pointer for each in LINES.violations({"lines": [{}, line]})] == [
        violation[0].replace("8000", "1")
    ]


@pytest.mark.parametrize("number", ["12345678901234567.5", "9.5", "-1E-130"])
def test_a_number_is_judged_exactly_in_a_large_item(number):
    # The validator itself divides by a whole number in floating point.
    schema = item_schema({"properties": {"a": {"multipleOf": 2}}})
    (found,) = schema.violations({"a": Decimal(number), "lines": [1] * 6000})
    assert (found.pointer, found.sentence) == ("/a", "Must be a multiple of 2.")


def test_an_item_that_must_be_a_number_is_rejected(monkeypatch):
    monkeypatch.setattr("dynamodb_items.item_schema.reading.is_impossible", lambda _: False)
    schema = item_schema({"type": "number"})
    for item in ({}, {"lines": [1] * 6000}):
        (found,) = schema.violations(item)
        assert (found.path, found.sentence) == ((), "Must be a number.")


def test_a_large_item_under_branches_gets_the_attribute():
    lines = {"anyOf": [{"type": "null"}, {"items": {"type": "string"}}]}
    schema = item_schema(
        {
            "properties": {"lines": lines, "name": {"anyOf": [{"type": "string"}]}},
            "anyOf": [{"required": ["name"]}, {"required": ["lines"]}],
        }
    )
    many = [Decimal(1)] * 6000
    found = schema.violations({"a": 1, "lines": many})
    assert [(each.pointer, each.sentence) for each in found] == [("/lines", "Is not valid.")]
    found = schema.violations({"a": many, "lines": [Decimal(1)]})
    assert [each.pointer for each in found] == ["/lines"]
    assert "In the closest one, /0 must be a string" in found[0].sentence
    found = schema.violations({"a": many})
    assert [(each.pointer, each.sentence) for each in found] == [("", "Is not valid.")]
    assert schema.violations({"lines": ["x"] * 6000}) == []


@pytest.mark.parametrize(
    ("keywords", "violation"),
    [
        ({"allOf": [{"properties": {"a": {"$ref": "#/$defs/n"}}}] * 2}, "Must be an object."),
        ({"anyOf": [{"properties": {"a": {"$ref": "#/$defs/n"}}}] * 2}, "Is not valid."),
    ],
)
def test_a_deep_item_gets_the_first_violation_only(keywords, violation):
    """Each level doubles the errors that the validator finds: at 30 levels it would not end."""
    schema = {
        "$defs": {"n": {"type": "object", **keywords}},
        "properties": {"a": {"$ref": "#/$defs/n"}},
    }
    value = "x"
    for _ in range(30):
        value = {"a": value}
    (found,) = item_schema(schema).violations(value)
    assert found.sentence == violation
