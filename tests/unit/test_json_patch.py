"""JSON Patch on an item: the cases of RFC 6902, the attributes that stay, and the bounds."""

import json

import pytest
from dynamodb_items.domain.errors import (
    InvalidBody,
    ItemTooLarge,
    PatchTestFailed,
    UnacceptableItem,
)
from dynamodb_items.domain.items import Item
from dynamodb_items.formats.json_patch import item_patch
from dynamodb_items.formats.plain_json import attributes_from_plain, to_plain
from dynamodb_items.formats.strict_json import parse_json

KEY = {"Id": {"N": "7"}, "Name": {"S": "x"}}
OWN = ("_version", "_version_log")


def parsed(value):
    return parse_json(value.encode() if isinstance(value, str) else json.dumps(value).encode())


def patch_of(*operations, pointer=""):
    return item_patch(parsed(list(operations)), KEY, OWN, pointer)


def edited(attributes, *operations):
    return patch_of(*operations).changes_of(Item({**KEY, **attributes}))


def patched(document, *operations):
    """The plain form of an item after a patch."""
    stored = attributes_from_plain(parsed(document))
    after = edited(stored, *operations).changes.applied_to(stored)
    return json.loads(json.dumps(to_plain(after)))


def op(name, path, value=None, **members):
    members = {"value": value, **members} if name in ("add", "replace", "test") else members
    return {"op": name, "path": path, **members}


# https://www.rfc-editor.org/rfc/rfc6902#appendix-A
APPENDIX_A = {
    "A.1 adding an object member": (
        {"foo": "bar"}, [op("add", "/baz", "qux")], {"foo": "bar", "baz": "qux"}),
    "A.2 adding an array element": (
        {"foo": ["bar", "baz"]}, [op("add", "/foo/1", "qux")], {"foo": ["bar", "qux", "baz"]}),
    "A.3 removing an object member": (
        {"baz": "qux", "foo": "bar"}, [op("remove", "/baz")], {"foo": "bar"}),
    "A.4 removing an array element": (
        {"foo": ["bar", "qux", "baz"]}, [op("remove", "/foo/1")], {"foo": ["bar", "baz"]}),
    "A.5 replacing a value": (
        {"baz": "qux", "foo": "bar"}, [op("replace", "/baz", "boo")],
        {"baz": "boo", "foo": "bar"}),
    "A.6 moving a value": (
        {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
        [{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}],
        {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}}),
    "A.7 moving an array element": (
        {"foo": ["all", "grass", "cows", "eat"]},
        [{"op": "move", "from": "/foo/1", "path": "/foo/3"}],
        {"foo": ["all", "cows", "eat", "grass"]}),
    "A.8 testing a value: success": (
        {"baz": "qux", "foo": ["a", 2, "c"]},
        [op("test", "/baz", "qux"), op("test", "/foo/1", 2)],
        {"baz": "qux", "foo": ["a", 2, "c"]}),
    "A.10 adding a nested member object": (
        {"foo": "bar"}, [op("add", "/child", {"grandchild": {}})],
        {"foo": "bar", "child": {"grandchild": {}}}),
    "A.11 ignoring unrecognized elements": (
        {"foo": "bar"}, [op("add", "/baz", "qux", xyz=123)], {"foo": "bar", "baz": "qux"}),
    "A.14 escape ordering": (
        {"/": 9, "~1": 10}, [op("test", "/~01", 10)], {"/": 9, "~1": 10}),
    "A.16 adding an array value": (
        {"foo": ["bar"]}, [op("add", "/foo/-", ["abc", "def"])],
        {"foo": ["bar", ["abc", "def"]]}),
}  # fmt: skip


@pytest.mark.parametrize("case", APPENDIX_A)
def test_the_cases_of_the_rfc(case):
    document, operations, result = APPENDIX_A[case]
    assert patched(document, *operations) == result


# A.9 and A.15, and more of what section 4.6 calls equal.
@pytest.mark.parametrize(
    ("value", "tested"),
    [
        ("qux", "bar"),
        (10, "10"),
        (1, True),
        (0, False),
        (None, 0),
        (["a", "b"], ["b", "a"]),
        ({"a": 1}, {"a": 1, "b": 2}),
        ([1], [True]),
    ],
)
def test_a_test_of_another_value_fails(value, tested):
    with pytest.raises(PatchTestFailed) as raised:
        patched({"baz": value}, op("add", "/n", 1), op("test", "/baz", tested))
    assert [error.pointer for error in raised.value.errors] == ["/1"]


@pytest.mark.parametrize("path", ["/absent", "/list/1", "/list/x", "/list/-", "/foo/x"])
def test_a_test_of_an_absent_value_fails(path):
    with pytest.raises(PatchTestFailed):
        patched({"foo": "bar", "list": [0]}, op("test", path, None))


@pytest.mark.parametrize("tested", ["1", "1.0", "10E-1"])
def test_numbers_are_compared_by_value(tested):
    body = f'[{{"op": "test", "path": "/n", "value": {tested}}}]'
    item_patch(parsed(body), KEY, OWN).changes_of(Item({**KEY, "n": {"N": "1"}}))


# A.12, and other paths that lead nowhere.
@pytest.mark.parametrize(
    "operation",
    [
        op("add", "/baz/bat", "qux"),
        op("add", "/list/9", 1),
        op("add", "/list/x", 1),
        op("add", "/list/01", 1),
        op("add", "/list/-1", 1),
        op("remove", "/absent"),
        op("remove", "/list/9"),
        op("remove", "/list/-"),
        op("replace", "/absent", 1),
        op("replace", "/foo/x", 1),
        {"op": "move", "from": "/absent", "path": "/a"},
        {"op": "copy", "from": "/absent", "path": "/a"},
        {"op": "copy", "from": "/list/-", "path": "/a"},
        {"op": "move", "from": "/list/-", "path": "/a"},
        {"op": "copy", "from": "/list/-/x", "path": "/a"},
        op("replace", "/list/-", 1),
        {"op": "move", "from": "/map", "path": "/map/inside"},
    ],
)
def test_a_path_that_leads_nowhere_is_rejected_where_it_is(operation):
    with pytest.raises(UnacceptableItem) as raised:
        patched({"foo": "bar", "list": [0], "map": {"inside": 1}}, op("add", "/n", 1), operation)
    assert [error.pointer for error in raised.value.errors] == ["/1"]


def test_a_13_a_member_that_comes_twice_is_rejected():
    with pytest.raises(InvalidBody):
        parsed('[{"op": "add", "path": "/baz", "value": "qux", "op": "remove"}]')


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ("x", ""),
        (["x"], "/0"),
        ([{}], "/0"),
        ([{"op": "spam", "path": "/a"}], "/0"),
        ([{"op": ["add"], "path": "/a"}], "/0"),
        ([{"op": "add", "path": "/a"}], "/0"),
        ([{"op": "test", "path": "/a"}], "/0"),
        ([{"op": "remove"}], "/0/path"),
        ([{"op": "remove", "path": 1}], "/0/path"),
        ([{"op": "remove", "path": "a"}], "/0/path"),
        ([{"op": "remove", "path": "/~2"}], "/0/path"),
        ([{"op": "remove", "path": ""}], "/0/path"),
        ([{"op": "move", "from": "", "path": "/a"}], "/0/from"),
        ([{"op": "copy", "path": "/a"}], "/0/from"),
        ([{"op": "remove", "path": "/a/b"}, {"op": "add", "path": "/a" * 33, "value": 1}],
         "/1/path"),
    ],
)  # fmt: skip
def test_what_is_not_a_patch_is_rejected_where_it_is(body, pointer):
    with pytest.raises(UnacceptableItem) as raised:
        item_patch(body, KEY, OWN, "/patch")
    assert raised.value.errors[0].pointer == f"/patch{pointer}"


def test_a_patch_has_up_to_1000_operations():
    operation = op("test", "/Name", "x")
    patch_of(*[operation] * 1000).changes_of(Item(KEY))
    with pytest.raises(UnacceptableItem):
        patch_of(*[operation] * 1001)


# The key and the service's own attributes


@pytest.mark.parametrize("attribute", ["Id", "Name", "_version", "_version_log"])
@pytest.mark.parametrize(
    "operation",
    [
        lambda path: op("add", path, 1),
        lambda path: op("replace", path, 1),
        lambda path: op("remove", path),
        lambda path: {"op": "move", "from": path, "path": "/a"},
        lambda path: {"op": "move", "from": "/a", "path": path},
        lambda path: {"op": "copy", "from": "/a", "path": path},
    ],
    ids=["add", "replace", "remove", "move from", "move to", "copy to"],
)
def test_key_and_own_attributes_cannot_be_changed(attribute, operation):
    with pytest.raises(UnacceptableItem):
        patch_of(operation(f"/{attribute}"))


def test_key_attributes_can_be_tested_and_copied():
    assert patched(
        {},
        op("test", "/Id", 7),
        op("test", "/Name", "x"),
        {"op": "copy", "from": "/Name", "path": "/a"},
    ) == {"a": "x"}


@pytest.mark.parametrize("name", OWN)
def test_own_attributes_cannot_be_seen(name):
    with pytest.raises(UnacceptableItem):
        patch_of(op("test", f"/{name}", 1))
    with pytest.raises(UnacceptableItem):
        patch_of({"op": "copy", "from": f"/{name}", "path": "/a"})


def test_the_whole_item_can_be_tested_without_the_services_own_attributes():
    stored = {"a": {"N": "1"}, "_version": {"S": "v"}}
    whole = {"Id": 7, "Name": "x", "a": 1}
    assert not edited(stored, op("test", "", whole)).changes
    with pytest.raises(PatchTestFailed):
        edited(stored, op("test", "", {**whole, "_version": "v"}))


@pytest.mark.parametrize("name", ["replace", "add"])
def test_the_whole_item_can_be_replaced(name):
    assert patched({"a": 1}, op(name, "", {"b": 2})) == {"b": 2}
    assert patched({"a": 1}, op(name, "", {"Id": 7, "b": 2})) == {"b": 2}


@pytest.mark.parametrize(
    "value", [{"Id": 8}, {"Id": "7"}, {"_version": "v"}, {"_version_log": []}, [], "x", None]
)
def test_the_whole_item_is_replaced_by_an_item_with_its_key(value):
    with pytest.raises(UnacceptableItem) as raised:
        patched({"a": 1}, op("replace", "", value))
    assert raised.value.errors[0].pointer == ""


# Types


@pytest.mark.parametrize(
    ("stored", "operations", "result"),
    [
        ({"SS": ["a", "b"]}, [op("add", "/other", 1)], {"SS": ["a", "b"]}),
        ({"SS": ["a", "b"]}, [op("add", "/a/-", "c")], {"SS": ["a", "b", "c"]}),
        ({"SS": ["a", "b"]}, [op("remove", "/a/0")], {"SS": ["b"]}),
        ({"NS": ["1"]}, [op("add", "/a/-", 2)], {"NS": ["1", "2"]}),
        ({"B": b"hi"}, [op("test", "/a", "aGk=")], {"B": b"hi"}),
        ({"M": {"s": {"SS": ["a"]}}}, [op("add", "/a/n", 1)],
         {"M": {"s": {"SS": ["a"]}, "n": {"N": "1"}}}),
        ({"L": [{"B": b"hi"}]}, [op("add", "/a/-", 1)], {"L": [{"B": b"hi"}, {"N": "1"}]}),
    ],
)  # fmt: skip
def test_what_a_patch_does_not_replace_keeps_its_type(stored, operations, result):
    before = {"a": stored}
    assert edited(before, *operations).changes.applied_to(before)["a"] == result


@pytest.mark.parametrize("value", [{"SS": ["a"]}, {"B": b"hi"}, {"M": {"s": {"NS": ["1"]}}}])
@pytest.mark.parametrize("name", ["copy", "move"])
def test_what_is_moved_or_copied_keeps_its_type(name, value):
    changes = edited({"a": value}, {"op": name, "from": "/a", "path": "/b"}).changes
    assert changes.set == {"b": value}
    assert changes.remove == (("a",) if name == "move" else ())


def test_a_copy_is_another_value():
    assert patched(
        {"a": {"x": [1]}},
        {"op": "copy", "from": "/a", "path": "/b"},
        op("add", "/a/x/-", 2),
        op("add", "/b/y", 3),
    ) == {"a": {"x": [1, 2]}, "b": {"x": [1], "y": 3}}


def test_a_value_used_twice_is_two_values():
    value = {"x": [1]}
    assert patched({}, op("add", "/a", value), op("add", "/b", value), op("add", "/a/x/-", 2)) == {
        "a": {"x": [1, 2]},
        "b": {"x": [1]},
    }


# What the result rests on


@pytest.mark.parametrize(
    ("operations", "depends_on"),
    [
        ([op("add", "/a/b", 1)], {"a"}),
        ([op("test", "/a", 1), op("add", "/b", 1)], {"a", "b"}),
        ([{"op": "copy", "from": "/a/x", "path": "/b"}], {"a", "b"}),
        ([op("test", "", {"Id": 7, "Name": "x", "a": {"x": 1}})], None),
    ],
)
def test_the_result_rests_on_the_attributes_of_its_paths(operations, depends_on):
    stored = (
        {"a": {"N": "1"}}
        if operations[0] == op("test", "/a", 1)
        else {"a": {"M": {"x": {"N": "1"}}}}
    )
    assert edited(stored, *operations).depends_on == depends_on


# Bounds


def test_copies_that_outgrow_any_item_are_rejected():
    document = {"a": ["x" * 100_000]}
    copies = [{"op": "copy", "from": "/a", "path": "/a/-"} for _ in range(20)]
    with pytest.raises(ItemTooLarge):
        patched(document, *copies)


def test_the_result_is_an_item():
    deep = "x"
    for _ in range(20):
        deep = {"a": deep}
    with pytest.raises(UnacceptableItem):
        patched({"a": deep}, {"op": "copy", "from": "/a", "path": "/a/a/a/a/a/a/a/a/a/a/a/a/a/a"})
    with pytest.raises(UnacceptableItem):
        patched({}, op("add", "/", 1))
