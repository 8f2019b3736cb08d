"""The native update form from its JSON body: what refers to what, and what may be changed."""

import pytest
from dynamodb_items.domain.errors import UnacceptableItem
from dynamodb_items.expressions.native_update import check_fits, native_expressions
from dynamodb_items.expressions.parts import Name, Placeholders, Value

KEY = {"Id": {"N": "7"}, "Name": {"S": "x"}}
OWN = ("_version", "_version_log")
UPDATE, CONDITION = "UpdateExpression", "ConditionExpression"
NAMES, VALUES = "ExpressionAttributeNames", "ExpressionAttributeValues"
ONE = {"N": "1"}
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDE"


def native(body, pointer=""):
    return native_expressions(body, KEY, OWN, pointer)


def rejected_at(body, pointer=""):
    with pytest.raises(UnacceptableItem) as raised:
        native(body, pointer)
    return raised.value.errors[0].pointer


@pytest.mark.parametrize("mark", ["#", ":"])
@pytest.mark.parametrize(
    ("rest", "is_legal"),
    [
        ("a", True),
        ("A_1", True),
        ("1", True),
        ("_", True),
        ("__", True),
        ("a" * 254, True),
        ("a" * 255, False),
        ("", False),
        ("a-b", False),
        ("a.b", False),
        ("a b", False),
        (" a", False),
        ("a\n", False),
        ("#a", False),
        (":a", False),
        ("é", False),
        ("a²", False),
        ("\u0661", False),
    ],
)
def test_the_characters_of_a_placeholder(mark, rest, is_legal):
    placeholder = mark + rest
    if mark == "#":
        body = {UPDATE: f"REMOVE {placeholder}", NAMES: {placeholder: "a"}}
    else:
        body = {UPDATE: f"SET a = {placeholder}", VALUES: {placeholder: ONE}}
    if is_legal:
        native(body)
    else:
        assert rejected_at(body).startswith(f"/{NAMES if mark == '#' else VALUES}")


@pytest.mark.parametrize("key", ["a", "", "a#", "$a"])
def test_a_placeholder_has_its_mark(key):
    assert rejected_at({UPDATE: "REMOVE a", NAMES: {key: "a"}}) == f"/{NAMES}/{key}"
    assert rejected_at({UPDATE: "REMOVE a", VALUES: {key: ONE}}) == f"/{VALUES}/{key}"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({UPDATE: "REMOVE #a"}, f"/{UPDATE}"),
        ({UPDATE: "SET a = :a"}, f"/{UPDATE}"),
        ({CONDITION: "#a = :a", VALUES: {":a": ONE}}, f"/{CONDITION}"),
        ({CONDITION: "#a = :a", NAMES: {"#a": "a"}}, f"/{CONDITION}"),
        ({UPDATE: "REMOVE #A", NAMES: {"#a": "a"}}, f"/{UPDATE}"),
        ({UPDATE: "REMOVE a", NAMES: {"#a": "a"}}, f"/{NAMES}/#a"),
        ({UPDATE: "REMOVE a", VALUES: {":a": ONE}}, f"/{VALUES}/:a"),
        ({NAMES: {"#a": "a"}}, f"/{NAMES}/#a"),
        ({VALUES: {":a": ONE}}, f"/{VALUES}/:a"),
        ({UPDATE: ""}, f"/{UPDATE}"),
        ({CONDITION: ""}, f"/{CONDITION}"),
        ({UPDATE: None}, f"/{UPDATE}"),
        ({CONDITION: None}, f"/{CONDITION}"),
        ({UPDATE: ["REMOVE a"]}, f"/{UPDATE}"),
        ({NAMES: []}, f"/{NAMES}"),
        ({VALUES: []}, f"/{VALUES}"),
        ({UPDATE: "REMOVE #a", NAMES: {"#a": ""}}, f"/{NAMES}/#a"),
        ({UPDATE: "REMOVE #a", NAMES: {"#a": 1}}, f"/{NAMES}/#a"),
        ({UPDATE: "REMOVE #a", NAMES: {"#a": "a" * 65_536}}, f"/{NAMES}/#a"),
        ({UPDATE: "SET a = :a", VALUES: {":a": {"SS": []}}}, f"/{VALUES}/:a/SS"),
        ({UPDATE: "REMOVE a", "Key": KEY}, "/Key"),
    ],
)
def test_what_is_rejected_and_where(body, pointer):
    assert rejected_at(body) == pointer
    assert rejected_at(body, "/operations/3/update") == f"/operations/3/update{pointer}"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({UPDATE: "SET Id = :a", VALUES: {":a": ONE}}, f"/{UPDATE}"),
        ({UPDATE: "REMOVE #a", NAMES: {"#a": "Name"}}, f"/{UPDATE}"),
        ({UPDATE: "REMOVE Name.x"}, f"/{UPDATE}"),
        ({UPDATE: "SET a = Id[0]"}, f"/{UPDATE}"),
        ({UPDATE: "SET a = if_not_exists(Id.b, Id)"}, f"/{UPDATE}"),
        ({UPDATE: "REMOVE a", CONDITION: "attribute_exists(#a.b)", NAMES: {"#a": "Id"}},
         f"/{CONDITION}"),
        ({CONDITION: "(Name).x = a"}, f"/{CONDITION}"),
        ({UPDATE: "ADD _version :a", VALUES: {":a": ONE}}, f"/{UPDATE}"),
        ({UPDATE: "REMOVE #a[0]", NAMES: {"#a": "_version_log"}}, f"/{UPDATE}"),
    ],
)  # fmt: skip
def test_key_and_own_attributes_stay(body, pointer):
    assert rejected_at(body) == pointer


@pytest.mark.parametrize(
    "body",
    [
        {UPDATE: "SET a = Id, b = #n", NAMES: {"#n": "Name"}},
        {UPDATE: "REMOVE a.Id, b.Name, #dotted", NAMES: {"#dotted": "Id.x"}},
        {UPDATE: "REMOVE a", CONDITION: "Id = :a AND _version <> :a", VALUES: {":a": ONE}},
        {UPDATE: "SET a = _version"},
    ],
)
def test_key_and_own_attributes_may_be_read(body):
    native(body)


@pytest.mark.parametrize(
    ("update", "only_removes"),
    [
        ("REMOVE a", True),
        ("DELETE a :s", True),
        ("REMOVE a DELETE b :s", True),
        ("SET a = b", False),
        ("ADD a :s", False),
        ("REMOVE a SET b = c", False),
        ("DELETE a :s ADD b :s", False),
    ],
)
def test_an_update_that_only_removes_is_known(update, only_removes):
    values = {VALUES: {":s": {"SS": ["x"]}}} if ":s" in update else {}
    assert native({UPDATE: update, **values}).only_removes is only_removes


@pytest.mark.parametrize("body", [{}, {NAMES: {}, VALUES: {}}])
def test_without_an_update_expression_nothing_is_written(body):
    expressions = native(body)
    assert not expressions.only_removes
    assert expressions.update([]) == ()
    assert Placeholders().text(expressions.update([(Name("v"), "=", Value(ONE))])) == "SET #0=:0"
    assert expressions.condition is None


def test_a_condition_alone_is_enough():
    expressions = native({CONDITION: "a = :a OR b = :a", VALUES: {":a": ONE}})
    assert Placeholders().text(expressions.condition) == "(#0=:0 OR #1=:0)"


def test_a_value_used_often_is_sent_once():
    expressions = native(
        {
            UPDATE: "SET a = :a, b = :b",
            CONDITION: "c IN (:a, :a, :b)",
            VALUES: {":a": ONE, ":b": ONE},
        }
    )
    placeholders = Placeholders()
    assert placeholders.text(expressions.update([])) == "SET #0=:0,#1=:1"
    assert placeholders.text(expressions.condition) == "(#2 IN (:0,:0,:1))"
    assert placeholders.parameters[VALUES] == {":0": ONE, ":1": ONE}


@pytest.mark.parametrize(("sums", "fits"), [(298, True), (299, False), (300, False)])
def test_what_the_service_adds_counts_as_operators(sums, fits):
    expressions = native({UPDATE: "SET " + ",".join(f"a{n}=b+c" for n in range(sums))})
    added = [("#v=:v",), ("#log=list_append(:own,if_not_exists(#log,:none))",)]
    text = Placeholders().text(expressions.update(added))
    if fits:
        check_fits(UPDATE, text)
    else:
        with pytest.raises(UnacceptableItem, match="300 operators"):
            check_fits(UPDATE, text)


def test_what_the_service_adds_counts_as_bytes():
    expressions = native(
        {UPDATE: "REMOVE " + ",".join(f"{a}{b}" for a in LETTERS for b in LETTERS)}
    )
    with pytest.raises(UnacceptableItem, match="4,096 bytes"):
        check_fits(UPDATE, Placeholders().text(expressions.update([("#v=:v",)])))
