"""Update expressions that the service evaluates itself, because it has to judge their result."""

import time

import pytest
from dynamodb_items.domain.errors import ItemTooLarge, UnacceptableItem
from dynamodb_items.domain.items import Item
from dynamodb_items.expressions.native_update import native_expressions, updated

from tests.unit.fakes import KEY, item, typed

STORED = item(
    Age=41,
    City="Oslo",
    Tags={"SS": ["a", "b"]},
    Codes={"NS": ["1", "2"]},
    Keys={"BS": [b"x"]},
    List=[1, 2, 3, 4],
    Rows=[[1, 2], [3, 4], [5, 6]],
    Map={"M": {"n": {"N": "1"}, "inner": {"M": {"l": {"L": []}}}}},
)


def result_of(expression: str, *values, stored=STORED):
    body = {"UpdateExpression": expression}
    if values:
        numbered = {f":v{n}": json_of(typed(value)) for n, value in enumerate(values)}
        body["ExpressionAttributeValues"] = numbered
    expressions = native_expressions(body, KEY.attributes, ())
    changes = updated(expressions, Item(stored), "/UpdateExpression")
    return changes, changes.changes.applied_to(stored)


def json_of(value):
    """The typed value as the JSON of a request."""
    ((type_, content),) = value.items()
    if type_ == "BS":
        return {"BS": ["eQ=="]}
    return {type_: [json_of(each) for each in content] if type_ == "L" else content}


@pytest.mark.parametrize(
    ("expression", "values", "attribute", "expected"),
    [
        ("SET Age = :v0", [1], "Age", {"N": "1"}),
        ("SET Age = Age + :v0", [1], "Age", {"N": "42"}),
        ("SET Age = :v0 - Age", [1], "Age", {"N": "-40"}),
        ("SET Copy = City", [], "Copy", {"S": "Oslo"}),
        ("SET Visits = if_not_exists(Visits, :v0) + :v0", [1], "Visits", {"N": "2"}),
        ("SET Age = if_not_exists(None, if_not_exists(Age, :v0))", [1], "Age", {"N": "41"}),
        ("SET #l = list_append(#l, :v0)", [[5]], "List", typed([1, 2, 3, 4, 5])),
        ("SET #l[1] = :v0", [9], "List", typed([1, 9, 3, 4])),
        ("SET #l[100] = :v0", [9], "List", typed([1, 2, 3, 4, 9])),
        ("REMOVE #l[0], #l[2]", [], "List", typed([2, 4])),
        ("SET #l[9] = :v0, #l[7] = :v1", [9, 7], "List", typed([1, 2, 3, 4, 7, 9])),
        ("SET #l[3] = :v0 REMOVE #l[0]", [9], "List", typed([2, 3, 9])),
        ("REMOVE Rows[0], Rows[1][0]", [], "Rows", typed([[4], [5, 6]])),
        ("REMOVE Rows[1], Rows[2][0]", [], "Rows", typed([[1, 2], [6]])),
        ("REMOVE City", [], "City", None),
        ("REMOVE #m.none", [], "Map", STORED["Map"]),
        ("ADD Age :v0", [1], "Age", {"N": "42"}),
        ("ADD Visits :v0", [1], "Visits", {"N": "1"}),
        ("ADD #m.n :v0", [1], "Map", {"M": {**STORED["Map"]["M"], "n": {"N": "2"}}}),
        ("ADD Tags :v0", [{"SS": ["b", "c"]}], "Tags", {"SS": ["a", "b", "c"]}),
        ("ADD Keys :v0", [{"BS": [b"y"]}], "Keys", {"BS": [b"x", b"y"]}),
        ("DELETE Tags :v0", [{"SS": ["b", "c"]}], "Tags", {"SS": ["a"]}),
        ("DELETE Codes :v0", [{"NS": ["1", "2.0"]}], "Codes", None),
        ("DELETE None :v0", [{"SS": ["a"]}], "None", None),
        ("SET #m.inner.l[0] = :v0, Age = #m.n", [1], "Age", {"N": "1"}),
        ("SET Age = :v0, City = Age", [1], "City", {"N": "41"}),
    ],
)
def test_the_result_is_dynamodbs(expression, values, attribute, expected):
    text = expression.replace("#l", "List").replace("#m", "Map")
    before = repr(STORED)
    _, result = result_of(text, *values)
    assert result.get(attribute) == expected
    assert repr(STORED) == before, "the stored item is not changed"


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("SET Age = None", []),
        ("SET Age = Age + City", []),
        ("SET Age = list_append(Age, :v0)", [[1]]),
        ("SET None.a = :v0", [1]),
        ("SET City.a = :v0", [1]),
        ("SET Map[0] = :v0", [1]),
        ("REMOVE None.a", []),
        ("ADD City :v0", [1]),
        ("ADD Codes :v0", [{"SS": ["a"]}]),
        ("DELETE Age :v0", [{"SS": ["a"]}]),
        ("SET Age = Age + :v0", [{"N": "0.0000000000000000000000000000000000000001"}]),
        ("SET Age = :v0 + :v1", [{"N": "9E+125"}, {"N": "9E+125"}]),
    ],
)
def test_an_update_that_is_invalid_for_the_item_is_rejected(expression, values):
    with pytest.raises(UnacceptableItem) as raised:
        result_of(expression, *values)
    (error,) = raised.value.errors
    assert error.pointer == "/UpdateExpression"


def test_members_are_deleted_from_a_large_set_in_linear_time():
    members = [f"{number:05}" for number in range(50_000)]
    others = {"SS": [f"x{member}" for member in members[:20_000]]}
    began = time.process_time()
    changes, _ = result_of("DELETE Tags :v0", others, stored=item(Tags={"SS": members}))
    assert time.process_time() - began < 2  # comparing each with each takes a minute
    assert not changes.changes


def test_copies_of_stored_values_are_bounded_by_the_size_of_an_item():
    stored = item(List=[1] * 100_000)
    copies = ", ".join(f"Copy{number} = List" for number in range(150))
    began = time.process_time()
    with pytest.raises(ItemTooLarge):
        result_of(f"SET {copies}", stored=stored)
    assert time.process_time() - began < 2  # judging all copies takes a minute


def test_the_result_depends_on_every_attribute_that_is_read_or_changed():
    changes, _ = result_of(
        "SET A = if_not_exists(B, :v0) + C, D = list_append(E, F) REMOVE G ADD H :v0",
        1,
        stored=item(C=1, E=[1], F=[2]),
    )
    assert changes.depends_on == set("ABCDEFGH")
