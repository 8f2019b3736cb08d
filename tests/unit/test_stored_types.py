"""What was read in plain JSON and is written back keeps its stored types."""

import orjson
import pytest
from dynamodb_items.formats.plain_json import attributes_from_plain, to_plain
from dynamodb_items.formats.stored_types import MAX_MOVED, set_of, with_stored_types
from dynamodb_items.formats.strict_json import parse_json
from hypothesis import given
from hypothesis import strategies as st

numbers = st.integers(-(10**6), 10**6).map(str)
scalars = st.one_of(
    st.text(max_size=4).map(lambda text: {"S": text}),
    numbers.map(lambda number: {"N": number}),
    st.booleans().map(lambda value: {"BOOL": value}),
    st.just({"NULL": True}),
    st.binary(max_size=4).map(lambda binary: {"B": binary}),
    st.sets(st.text(max_size=3), min_size=1, max_size=3).map(lambda each: {"SS": list(each)}),
    st.sets(numbers, min_size=1, max_size=3).map(lambda each: {"NS": list(each)}),
    st.sets(st.binary(max_size=3), min_size=1, max_size=3).map(lambda each: {"BS": list(each)}),
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda members: {"L": members})
        | st.dictionaries(st.text(max_size=2), inner, max_size=3).map(lambda each: {"M": each})
    ),
    max_leaves=12,
)
names = st.text("abcd", min_size=1, max_size=2)
items = st.dictionaries(names, values, max_size=4)


def read_back(item):
    """The typed attributes of an item's plain form, as a client sends it back."""
    return attributes_from_plain(parse_json(orjson.dumps(to_plain(item))))


def without_empty_names(value):
    ((type_, content),) = value.items()
    match type_:
        case "M":
            return all(content) and all(map(without_empty_names, content.values()))
        case "L":
            return all(map(without_empty_names, content))
        case _:
            return True


@given(items)
def test_an_item_that_is_written_back_as_it_was_read_is_the_same(item):
    item = {name: value for name, value in item.items() if without_empty_names(value)}
    assert with_stored_types(read_back(item), item) == item


@given(items, items)
def test_nothing_but_types_changes_whatever_was_stored(item, stored):
    item, stored = (
        {name: value for name, value in each.items() if without_empty_names(value)}
        for each in (item, stored)
    )
    new = read_back(item)
    plain = orjson.loads(orjson.dumps(to_plain(with_stored_types(new, stored))))
    assert in_any_order(plain) == in_any_order(orjson.loads(orjson.dumps(to_plain(new))))


def in_any_order(value):
    """The order of a set's members means nothing."""
    match value:
        case dict():
            return {name: in_any_order(member) for name, member in value.items()}
        case list():
            return sorted(orjson.dumps(in_any_order(member)).decode() for member in value)
        case _:
            return value


def texts(*members):
    return {"L": [{"S": member} for member in members]}


CASES = {
    "an unchanged set": ({"SS": ["a", "b"]}, texts("a", "b"), {"SS": ["a", "b"]}),
    "a set in another order": ({"SS": ["a", "b"]}, texts("b", "a"), {"SS": ["a", "b"]}),
    "a set with another member": ({"SS": ["a", "b"]}, texts("a", "c"), {"SS": ["a", "c"]}),
    "a set with a member twice": ({"SS": ["a"]}, texts("a", "a"), texts("a", "a")),
    "a set with a number": (
        {"SS": ["a"]},
        {"L": [{"S": "a"}, {"N": "1"}]},
        {"L": [{"S": "a"}, {"N": "1"}]},
    ),
    "an emptied set": ({"SS": ["a"]}, {"L": []}, {"L": []}),
    "a set that is not an array any more": ({"SS": ["a"]}, {"S": "a"}, {"S": "a"}),
    "a set of numbers": (
        {"NS": ["1"]},
        {"L": [{"N": "1"}, {"N": "2"}]},
        {"NS": ["1", "2"]},
    ),
    "numbers as text": ({"NS": ["1"]}, texts("1"), texts("1")),
    "unchanged binary": ({"B": b"hi"}, {"S": "aGk="}, {"B": b"hi"}),
    "changed binary": ({"B": b"hi"}, {"S": "aGo="}, {"S": "aGo="}),
    "empty binary": ({"B": b""}, {"S": ""}, {"B": b""}),
    "a binary set with another member": (
        {"BS": [b"hi", b"ho"]},
        texts("aGk=", "AAE="),
        {"BS": [b"hi", b"\x00\x01"]},
    ),
    "a binary set with a text": ({"BS": [b"hi"]}, texts("aGk=", "no!"), texts("aGk=", "no!")),
    "a binary set with base64 that is not canonical": (
        {"BS": [b"hi"]},
        texts("aGl="),
        texts("aGl="),
    ),
    "in a map": (
        {"M": {"tags": {"SS": ["a"]}, "photo": {"B": b"hi"}}},
        {"M": {"tags": texts("a", "b"), "photo": {"S": "aGk="}, "new": texts("x")}},
        {"M": {"tags": {"SS": ["a", "b"]}, "photo": {"B": b"hi"}, "new": texts("x")}},
    ),
    "a map where a list was": ({"L": [{"B": b"hi"}]}, {"M": {"0": {"S": "aGk="}}}, None),
    "a member of a list is removed": (
        {"L": [{"B": b"a"}, {"B": b"b"}, {"B": b"c"}]},
        texts("Yg==", "Yw=="),
        {"L": [{"B": b"b"}, {"B": b"c"}]},
    ),
    "a list is turned around": (
        {"L": [{"B": b"a"}, {"S": "x"}, {"B": b"b"}]},
        texts("Yg==", "x", "YQ=="),
        {"L": [{"B": b"b"}, {"S": "x"}, {"B": b"a"}]},
    ),
    "text and binary look the same": (
        {"L": [{"S": "aGk="}, {"B": b"hi"}]},
        texts("aGk="),
        texts("aGk="),
    ),
    "both exist": (
        {"L": [{"S": "aGk="}, {"B": b"hi"}]},
        texts("aGk=", "aGk="),
        {"L": [{"S": "aGk="}, {"B": b"hi"}]},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_value_keeps_its_type_while_it_can(case):
    stored, new, expected = CASES[case]
    assert with_stored_types({"a": new}, {"a": stored}) == {
        "a": new if expected is None else expected
    }


def person(name, tags=None, city="Oslo", **more):
    members = {"name": {"S": name}, "city": {"S": city}, **more}
    return {"M": members | ({"tags": tags} if tags else {})}


def people(*members):
    return {"a": {"L": list(members)}}


def test_an_edited_map_in_a_list_is_found_by_what_it_has_in_common():
    stored = people(
        person("Ann"),
        person("Bob", {"SS": ["x"]}, photo={"B": b"bob"}),
        person("Cem", {"SS": ["y"]}, photo={"B": b"cem"}),
    )
    # Ann is removed, Bob is edited, Dan is added in front.
    new = people(
        person("Dan", texts("z"), "Bergen"),
        person("Bob", texts("x"), "Bergen", photo={"S": "Ym9i"}),
        person("Cem", texts("y"), photo={"S": "Y2Vt"}),
    )
    assert with_stored_types(new, stored) == people(
        person("Dan", texts("z"), "Bergen"),
        person("Bob", {"SS": ["x"]}, "Bergen", photo={"B": b"bob"}),
        person("Cem", {"SS": ["y"]}, photo={"B": b"cem"}),
    )


def test_many_edited_maps_of_a_list_are_taken_in_their_order():
    stored = people(*(person(f"{n}", {"SS": ["x"]}) for n in range(50)))
    new = people(*(person(f"{n}", texts("y"), "Bergen") for n in range(50)))
    expected = people(*(person(f"{n}", {"SS": ["y"]}, "Bergen") for n in range(50)))
    assert with_stored_types(new, stored) == expected


def test_the_error_of_an_invalid_set_has_the_reason():
    for members, reason in (
        ([], "must not be empty"),
        ([{"S": "a"}, {"S": "a"}], "twice"),
        ([{"N": "1"}], "of type S"),
    ):
        with pytest.raises(ValueError, match=reason):
            set_of("SS", members)


def long_list(length):
    return [{"B": b"%d" % number} for number in range(length)]


# More members than are looked for when they are moved.
LONG = long_list(MAX_MOVED + 1000)


@pytest.mark.parametrize(
    ("stored", "kept"),
    [
        (LONG, LONG),
        (LONG, LONG[1:]),
        (LONG, [*LONG[:100], *LONG[101:]]),
        (LONG, [{"B": b"new"}, *LONG]),
        (LONG, LONG[:-1]),
    ],
    ids=["as it was", "the first removed", "one removed", "one in front", "the last removed"],
)
def test_a_long_list_keeps_its_types(stored, kept):
    new = read_back({"a": {"L": kept}})
    result = with_stored_types(new, {"a": {"L": stored}})["a"]["L"]
    assert [each for each in result if "B" in each] == [
        each for each in kept if each["B"] != b"new"
    ]


def test_the_longest_list_keeps_its_types():
    """As many members as an item of 400 KB can hold."""
    longest = long_list(70_000)
    test_a_long_list_keeps_its_types(longest, longest[1:])


def test_members_of_a_list_are_found_at_both_ends_of_a_long_change():
    members = [{"B": b"%d" % number} for number in range(5000)]
    kept = [*members[1:2500], {"S": "new"}, *members[2501:]]
    new = read_back({"a": {"L": kept}})
    assert with_stored_types(new, {"a": {"L": members}})["a"]["L"] == kept


def test_a_deep_item_keeps_its_types():
    def nested(value):
        for _ in range(29):
            value = {"L": [{"N": "1"}, value]}
        return value

    stored, changed = nested({"L": LONG}), nested({"L": [*LONG[:-1], {"S": "new"}]})
    new = read_back({"a": changed})
    assert with_stored_types(new, {"a": stored}) == {"a": changed}


def test_a_long_list_whose_members_all_moved_is_stored_whole():
    new = read_back({"a": {"L": LONG[::-1]}})
    result = with_stored_types(new, {"a": {"L": LONG}})
    assert len(result["a"]["L"]) == len(LONG)
