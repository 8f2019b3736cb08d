"""Errors of values: where they are is found out only for an error, and never much is converted."""

import json

import pytest
from dynamodb_items.domain.errors import ItemTooLarge, UnacceptableItem
from dynamodb_items.domain.items import Item
from dynamodb_items.expressions import native_update
from dynamodb_items.expressions.native_update import native_expressions
from dynamodb_items.formats import json_patch, limits
from dynamodb_items.formats.json_patch import item_patch
from dynamodb_items.formats.merge_patch import flat_changes, merge_changes
from dynamodb_items.formats.plain_json import attributes_from_plain, to_document
from dynamodb_items.formats.strict_json import parse_json
from dynamodb_items.formats.typed_json import attributes_from_typed

KEY = {"Id": {"N": "7"}, "Name": {"S": "x"}}
PLAIN = {f"a{n}": {"b/c": [n, {"d~": None}, "text", True]} for n in range(1000)}
TYPED = {f"a{n}": {"M": {"b/c": {"L": [{"N": "1"}, {"SS": ["x", "y"]}]}}} for n in range(1000)}


def parsed(value: object):
    return parse_json(json.dumps(value).encode())


VALID = {
    "plain": lambda: attributes_from_plain(parsed(PLAIN)),
    "typed": lambda: attributes_from_typed(TYPED),
    "flat patch": lambda: flat_changes(parsed({f"a{n}": [n] for n in range(1000)})),
    "nested patch": lambda: merge_changes(Item({}), parsed(PLAIN)),
    "values of an update": lambda: native_expressions(
        {"UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"M": TYPED}}},
        KEY,
        (),
    ),
    "JSON Patch": lambda: item_patch(
        parsed([{"op": "add", "path": "/a", "value": PLAIN}]), KEY, ()
    ),
}


@pytest.mark.parametrize("case", VALID)
def test_a_valid_body_has_no_pointer_built_for_each_value(monkeypatch, case):
    built = []
    of_member = limits.pointer_to
    for module in (limits, json_patch, native_update):
        monkeypatch.setattr(
            module, "pointer_to", lambda *where: built.append(where) or of_member(*where)
        )
    VALID[case]()
    assert len(built) <= 10


INVALID = {
    "a number in a list in a map": (
        lambda: attributes_from_plain(parsed({"a/": [0, {"~": 10**126}]}), "/item"),
        "/item/a~1/1/~0",
    ),
    "an empty name": (lambda: attributes_from_plain({"a": {"": "x"}}), "/a/"),
    "a typed value": (
        lambda: attributes_from_typed({"a": {"L": [{"S": ""}, {"M": {"b": {"N": 1}}}]}}),
        "/a/L/1/M/b/N",
    ),
    "a member of a set": (
        lambda: attributes_from_typed({"a": {"NS": ["1", "x"]}}, "/item"),
        "/item/a/NS/1",
    ),
    "an unknown type": (lambda: attributes_from_typed({"a": {"L": [{"X": 1}]}}), "/a/L/0"),
    "a map of a patch": (
        lambda: merge_changes(Item({}), {"a": {"b": {"c": [{"": "x"}]}}}, "/patch"),
        "/patch/a/b/c/0/",
    ),
    "a value of an update": (
        lambda: native_expressions(
            {"UpdateExpression": "SET a=:a", "ExpressionAttributeValues": {":a": {"L": [1]}}},
            KEY,
            (),
            "/update",
        ),
        "/update/ExpressionAttributeValues/:a/L/0",
    ),
    "a value of a JSON Patch": (
        lambda: item_patch([{"op": "add", "path": "/a", "value": [{"": "x"}]}], KEY, (), "/p"),
        "/p/0/value/0/",
    ),
    "a path of a JSON Patch that is too deep": (
        lambda: item_patch([{"op": "remove", "path": "/a" * 33}], KEY, (), ""),
        "/0/path",
    ),
}


@pytest.mark.parametrize("case", INVALID)
def test_an_error_has_its_pointer(case):
    convert, pointer = INVALID[case]
    with pytest.raises(UnacceptableItem) as raised:
        convert()
    assert [error.pointer for error in raised.value.errors] == [pointer]


def test_a_long_pointer_is_whole_in_the_error_and_short_in_its_sentence():
    name = "n" * 5000
    with pytest.raises(UnacceptableItem) as raised:
        attributes_from_plain({name: {"": "x"}})
    assert raised.value.errors[0].pointer == f"/{name}/"
    assert len(raised.value.detail) < 1200


@pytest.mark.parametrize(
    "value",
    [["0"] * 60_000, [None] * 30_000, [[]] * 15_000, [{"a": ""}] * 10_000],
    ids=["texts", "nulls", "lists", "maps"],
)
def test_a_body_that_no_item_has_room_for_is_not_converted(monkeypatch, value):
    monkeypatch.setattr(limits, "MAX_ITEM_BYTES", 40_000)
    with pytest.raises(ItemTooLarge):
        attributes_from_plain({"a": value, "invalid": {"": "never reached"}})


def test_an_item_of_exactly_400_kb_has_room():
    attributes_from_plain({"a": [None] * ((limits.MAX_ITEM_BYTES - 4) // 2)})
    attributes_from_plain({"a": [""] * (limits.MAX_ITEM_BYTES - 4)})


def test_a_list_of_empty_binary_has_room_as_dynamodb_counts_it():
    stored = {"a": {"L": [{"B": b""}] * (limits.MAX_ITEM_BYTES // 2)}}
    assert attributes_from_plain(to_document(stored)) == stored
