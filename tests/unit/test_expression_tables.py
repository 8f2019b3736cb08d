"""Each expression of the tables against DynamoDB's verdict on it."""

import contextlib
import time

import pytest
from dynamodb_items.expressions.condition_grammar import parse_condition
from dynamodb_items.expressions.parts import Bindings, ExpressionError
from dynamodb_items.expressions.update_grammar import parse_update
from dynamodb_items.formats.typed_json import values_from_typed

from tests.expressions.bindings import NAMES, VALUES
from tests.expressions.illegal_conditions import ILLEGAL_CONDITIONS
from tests.expressions.illegal_updates import ILLEGAL_UPDATES
from tests.expressions.legal_conditions import FALSE_CONDITIONS, TRUE_CONDITIONS
from tests.expressions.legal_updates import LEGAL_UPDATES

TYPED_VALUES = values_from_typed(VALUES, "")
LEGAL_CONDITIONS = TRUE_CONDITIONS + FALSE_CONDITIONS


def bindings() -> Bindings:
    return Bindings(NAMES, TYPED_VALUES)


def shortened(text: str) -> str:
    return text if len(text) < 60 else f"{text[:40]}…{len(text)}"


@pytest.mark.parametrize("text", LEGAL_UPDATES, ids=shortened)
def test_a_legal_update_is_accepted(text):
    clauses = parse_update(text, bindings())
    assert all(clauses.values())


@pytest.mark.parametrize("text", ILLEGAL_UPDATES, ids=shortened)
def test_an_illegal_update_is_rejected(text):
    with pytest.raises(ExpressionError):
        parse_update(text, bindings())


@pytest.mark.parametrize("text", LEGAL_CONDITIONS, ids=shortened)
def test_a_legal_condition_is_accepted(text):
    assert parse_condition(text, bindings())


@pytest.mark.parametrize("text", ILLEGAL_CONDITIONS, ids=shortened)
def test_an_illegal_condition_is_rejected(text):
    with pytest.raises(ExpressionError):
        parse_condition(text, bindings())


def test_the_tables_are_as_large_as_they_are_meant_to_be():
    updates, conditions = set(LEGAL_UPDATES), set(LEGAL_CONDITIONS)
    assert len(updates) + len(conditions) >= 150
    assert len(set(ILLEGAL_UPDATES)) + len(set(ILLEGAL_CONDITIONS)) >= 150
    assert not updates & set(ILLEGAL_UPDATES)
    assert not conditions & set(ILLEGAL_CONDITIONS)


@pytest.mark.parametrize("depth", [1, 149, 150])
def test_parentheses_within_the_operators_are_accepted(depth):
    parse_condition("(NOT " * depth + "n = :n" + ")" * depth, bindings())


def test_as_many_nested_comparisons_as_operators_allow_are_accepted():
    parse_condition("n<m " + "or (n<m " * 149 + ")" * 149, bindings())


@pytest.mark.no_cover  # it measures time
@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_condition, "(" * 4096),
        (parse_condition, "NOT " * 1000),
        (parse_condition, "n IN (" + "n," * 2000),
        (parse_condition, "n" + ".n" * 2040 + " = :n"),
        (parse_condition, "n" + "[0]" * 1360 + " = :n"),
        (parse_update, "REMOVE " + ",".join(f"n{index}" for index in range(700))),
        (parse_update, "REMOVE n" + ".n" * 2040),
        (parse_update, "REMOVE " + ",".join(f"n[{index}]" for index in range(520))),
        (parse_update, "SET n = " + "if_not_exists(n," * 255),
    ],
)
def test_the_longest_expressions_take_little_time(parse, text):
    started = time.process_time()
    with contextlib.suppress(ExpressionError):
        parse(text, bindings())
    assert time.process_time() - started < 1
