"""What a merge patch changes in an item: the cases of RFC 7396, and the types that stay."""

import json

import pytest
from dynamodb_items.domain.changes import Changes
from dynamodb_items.domain.errors import ItemTooLarge, UnacceptableItem
from dynamodb_items.domain.items import Item
from dynamodb_items.formats import limits
from dynamodb_items.formats.merge_patch import flat_changes, is_flat, merge_changes
from dynamodb_items.formats.plain_json import attributes_from_plain, to_plain
from dynamodb_items.formats.strict_json import parse_json

from tests import rfc7396


def parsed(value):
    return parse_json(json.dumps(value).encode())


def edited(stored, patch):
    return merge_changes(Item(stored), parsed(patch))


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        *rfc7396.CASES,
        # A map replaces what is not one.
        ({"a": "b"}, {"a": {"c": 1}}, {"a": {"c": 1}}),
        ({"a": {"b": {"c": 1, "d": 2}}}, {"a": {"b": {"c": None}}}, {"a": {"b": {"d": 2}}}),
        ({"a": 1}, {}, {"a": 1}),
    ],
)
def test_the_cases_of_the_rfc(target, patch, result):
    stored = attributes_from_plain(parsed(target))
    after = edited(stored, patch).changes.applied_to(stored)
    assert json.loads(json.dumps(to_plain(after))) == result


@pytest.mark.parametrize(
    ("patch", "changes"),
    [
        ({"a": None, "b": "x"}, Changes({"b": {"S": "x"}}, ("a",))),
        ({"absent": None}, Changes()),
        ({"a": "1"}, Changes()),
        ({"m": {"y": None}}, Changes()),
        ({"m": {"y": "2"}}, Changes({"m": {"M": {"x": {"S": "1"}, "y": {"S": "2"}}}})),
    ],
)
def test_only_what_differs_is_a_change(patch, changes):
    stored = {"a": {"S": "1"}, "m": {"M": {"x": {"S": "1"}}}}
    assert edited(stored, patch).changes == changes


def test_the_result_rests_on_what_the_patch_names():
    assert edited({"a": {"S": "1"}, "b": {"S": "1"}}, {"a": "1", "c": None}).depends_on == {
        "a",
        "c",
    }


@pytest.mark.parametrize(
    ("stored", "patch", "result"),
    [
        ({"SS": ["x", "y"]}, ["y", "x"], {"SS": ["x", "y"]}),
        ({"SS": ["x"]}, ["x", "z"], {"SS": ["x", "z"]}),
        ({"B": b"hi"}, "aGk=", {"B": b"hi"}),
        ({"B": b"hi"}, "other", {"S": "other"}),
        ({"M": {"t": {"SS": ["x"]}, "n": {"N": "1"}}}, {"n": 2},
         {"M": {"t": {"SS": ["x"]}, "n": {"N": "2"}}}),
        ({"M": {"t": {"SS": ["x"]}}}, {"t": ["x", "y"]}, {"M": {"t": {"SS": ["x", "y"]}}}),
    ],
)  # fmt: skip
def test_stored_types_stay_while_they_can(stored, patch, result):
    before = {"a": stored}
    assert edited(before, {"a": patch}).changes.applied_to(before) == {"a": result}


def test_the_stored_item_stays_as_it_is():
    stored = {"m": {"M": {"x": {"S": "1"}}}}
    edited(stored, {"m": {"x": None, "y": 1}})
    assert stored == {"m": {"M": {"x": {"S": "1"}}}}


@pytest.mark.parametrize(
    ("patch", "flat"),
    [
        ({"a": 1}, True),
        ({"a": None, "b": [{"c": 1}]}, True),
        ({"a": {}}, False),
        ({"a": 1, "b": {"c": None}}, False),
        ({}, False),
    ],
)
def test_a_flat_patch_merges_no_map(patch, flat):
    assert is_flat(parsed(patch)) is flat


def test_a_flat_patch_needs_no_stored_item():
    patch = parsed({"a": 1, "b": None, "c": ["x"]})
    assert flat_changes(patch) == Changes({"a": {"N": "1"}, "c": {"L": [{"S": "x"}]}}, ("b",))


def nested(levels):
    value = "x"
    for _ in range(levels):
        value = {"a": value}
    return value


def test_a_patch_nests_as_deep_as_an_item():
    edited({}, nested(32))
    with pytest.raises(UnacceptableItem):
        edited({}, nested(33))


@pytest.mark.parametrize("change", [flat_changes, lambda patch: edited({}, patch)])
def test_a_patch_has_no_empty_names(change):
    with pytest.raises(UnacceptableItem):
        change({"": None})


@pytest.mark.parametrize("members", [[""] * 60_000, [{}] * 15_000], ids=["texts", "maps"])
def test_a_patch_that_no_item_has_room_for_is_rejected(monkeypatch, members):
    monkeypatch.setattr(limits, "MAX_ITEM_BYTES", 40_000)
    with pytest.raises(ItemTooLarge):
        merge_changes(Item({}), {"a": {"b": members}})
