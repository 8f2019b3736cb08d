"""The grammar of update and condition expressions, tried on what nobody would write by hand."""

import contextlib

import pytest
from dynamodb_items.expressions.condition_grammar import parse_condition
from dynamodb_items.expressions.parts import (
    Bindings,
    ExpressionError,
    Placeholders,
    is_in_parentheses,
)
from dynamodb_items.expressions.update_grammar import parse_update
from hypothesis import example, given
from hypothesis import strategies as st

NAMES = {"#n": "reserved", "#dotted": "a.b", "#0": "zero"}
VALUES = {
    ":n": {"N": "1"},
    ":m": {"N": "2"},
    ":s": {"S": "x"},
    ":l": {"L": []},
    ":t": {"S": "SS"},
    ":set": {"SS": ["x"]},
}

parts = st.sampled_from(["alpha", "size", "#n", "#dotted", "#0", "_x1", "Beta"])
paths = st.builds(
    lambda first, rest: first + "".join(rest),
    parts,
    st.lists(st.sampled_from([".m", ".#n", "[0]", "[12]"]), max_size=3),
)
operands = paths | st.sampled_from([":n", ":s", "(:n)"]) | st.builds("size({})".format, paths)
operands |= st.builds("({})".format, operands.filter(lambda text: text[0] != "("))

comparisons = st.one_of(
    st.builds(
        lambda left, sign, right: f"{left} {sign} {right}",
        paths,
        st.sampled_from(["=", "<>", "<", "<=", ">", ">="]),
        st.sampled_from([":n", ":s"]),
    ),
    st.builds("{} BETWEEN :n AND :m".format, operands),
    st.builds("{} in (:n, :s)".format, operands),
    st.builds("attribute_exists({})".format, paths),
    st.builds("attribute_not_exists ({})".format, paths),
    st.builds("attribute_type({}, :t)".format, paths),
    st.builds("begins_with({}, :s)".format, paths),
    st.builds("contains({}, :set)".format, paths),
)
conditions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds("(NOT {})".format, inner),
        st.builds("({} OR {})".format, inner, inner),
        st.builds("NOT {}".format, inner),
        st.builds("{} AND {}".format, inner, inner),
        st.builds("{} or {}".format, inner, inner),
    ),
    max_leaves=6,
)
set_operands = st.recursive(
    paths | st.just(":n"),
    lambda inner: st.one_of(
        st.builds("if_not_exists({}, {})".format, paths, inner),
        st.builds("if_not_exists(({}), ({}))".format, paths, inner),
    ),
    max_leaves=3,
)
assignments = st.one_of(
    st.builds("{} = {}".format, paths, set_operands),
    st.builds("{}={}+{}".format, paths, set_operands, set_operands),
    st.builds("{} = {} - :n".format, paths, paths),
    st.builds("{} = ({}-({}))".format, paths, set_operands, set_operands),
    st.builds("{} = list_append({}, :l)".format, paths, paths),
)


def written_out(template):
    """A template as a client could have written it, with placeholders of other names."""
    placeholders = Placeholders()
    text = placeholders.text(template)
    parameters = placeholders.parameters
    names = parameters.get("ExpressionAttributeNames", {})
    values = parameters.get("ExpressionAttributeValues", {})
    return text, Bindings(names, values)


@given(conditions)
@example("(NOT NOT (alpha = :n))")
@example("(NOT NOT (NOT NOT (alpha = :n) OR Beta = :n))")
def test_a_condition_written_out_again_means_the_same(text):
    template = parse_condition(text, Bindings(NAMES, VALUES))
    again, bindings = written_out(template)
    assert parse_condition(again, bindings) == template
    assert bindings.unused == []


@given(assignments)
def test_an_update_written_out_again_means_the_same(text):
    (action,) = parse_update(f"SET {text}", Bindings(NAMES, VALUES))["SET"]
    again, bindings = written_out(action.template)
    (same,) = parse_update(f"set {again}", bindings)["SET"]
    assert same.path == action.path
    assert same.template == action.template


@given(
    st.lists(
        st.sampled_from(
            ["SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "IN", "BETWEEN", "(", ")", "[",
             "]", ",", ".", "=", "<", "+", "-", "a", "#n", "#no", ":n", ":no", "0", "size",
             "if_not_exists", "list_append", "contains", " ", "é", "\u0000"]
        ),
        max_size=25,
    ).map(" ".join)
    | st.text(max_size=60)
)  # fmt: skip
def test_anything_else_is_an_expression_error(text):
    for parse in (parse_update, parse_condition):
        with contextlib.suppress(ExpressionError):  # any other exception would be a defect
            parse(text, Bindings(NAMES, VALUES))


@given(st.lists(paths, min_size=1, max_size=4))
def test_no_two_actions_change_what_is_inside_the_other(targets):
    def parts_of(path):
        names = path.replace("[", ".[").split(".")
        return [NAMES.get(name, name) for name in names]

    split = [parts_of(path) for path in targets]
    overlaps = any(
        one == other[: len(one)]
        for i, one in enumerate(split)
        for j, other in enumerate(split)
        if i != j
    )
    try:
        parse_update(f"REMOVE {', '.join(targets)}", Bindings(NAMES, VALUES))
    except ExpressionError as error:
        mixed = "both a map and a list" in str(error)
        assert overlaps or mixed
    else:
        assert not overlaps


@pytest.mark.parametrize("pairs", [151, 200])
def test_nesting_is_bounded(pairs):
    text = "(NOT " * pairs + "a = :n" + ")" * pairs
    with pytest.raises(ExpressionError, match="nest"):
        parse_condition(text, Bindings(NAMES, VALUES))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("SET a = (c - :n)", "#0=#1-:0"),
        ("SET a = ((c) - (:n))", "#0=#1-:0"),
        ("SET a = (if_not_exists(b, :n) + :m)", "#0=if_not_exists(#1,:0)+:1"),
        ("SET a = list_append((b), if_not_exists((c), (:l)))",
         "#0=list_append(#1,if_not_exists(#2,:0))"),
        ("SET a[4294967294] = :n", "#0[4294967294]=:0"),
    ],
)  # fmt: skip
def test_an_update_is_written_without_parentheses(text, written):
    (action,) = parse_update(text, Bindings(NAMES, VALUES))["SET"]
    assert Placeholders().text(action.template) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("(size(a)) = :n", "size(#0)=:0"),
        ("(a) between (:n) and (:m)", "#0 BETWEEN :0 AND :1"),
        ("((a) = (:n))", "(#0=:0)"),
        ("(a.b).c IN ((:n), (:m))", "#0.#1.#2 IN (:0,:1)"),
        ("(a.b).c IN (:n, (:m))", "#0.#1.#2 IN (:0,:1)"),
        ("NOT NOT NOT a = :n", "NOT #0=:0"),
        ("NOT NOT (NOT a = :n)", "(NOT #0=:0)"),
        ("((a = :n) OR ((b) = :m AND (c = :n)))", "((#0=:0) OR (#1=:1 AND (#2=:0)))"),
    ],
)
def test_a_condition_is_written_without_parentheses_around_operands(text, written):
    template = parse_condition(text, Bindings(NAMES, VALUES))
    assert Placeholders().text(template) == written


@pytest.mark.parametrize(
    "text",
    [
        "(a = :n)",
        "(a = :n) AND (a < :m)",
        "((a = :n) AND (a < :m))",
        "(NOT (a = :n))",
        "(size(a) = :n)",
        "(contains(a, :s))",
        "(a IN (:n, :s))",
    ],
)
def test_parentheses_around_one_condition_are_rejected_as_by_dynamodb(text):
    parse_condition(text, Bindings(NAMES, VALUES))
    if is_in_parentheses(parse_condition(text, Bindings(NAMES, VALUES))):
        text = f"({text})"
        with pytest.raises(ExpressionError, match="redundant parentheses"):
            parse_condition(text, Bindings(NAMES, VALUES))
    else:
        assert text == "(a = :n) AND (a < :m)"


def test_operators_are_bounded():
    text = " OR ".join(["a=:n"] * 200)
    with pytest.raises(ExpressionError, match="operators"):
        parse_condition(text, Bindings(NAMES, VALUES))


def test_a_placeholder_in_the_condition_alone_is_in_use():
    bindings = Bindings({"#n": "a"}, {":n": {"N": "1"}})
    parse_update("REMOVE b", bindings)
    assert bindings.unused == ["#n", ":n"]
    parse_condition("#n = :n", bindings)
    assert bindings.unused == []
