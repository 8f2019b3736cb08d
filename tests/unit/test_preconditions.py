"""If-Match and If-None-Match: what a value requires of the stored item."""

import pytest
from dynamodb_items.domain.errors import InvalidRequest, PreconditionRequired
from dynamodb_items.domain.items import Item
from dynamodb_items.domain.preconditions import ANY_ITEM, NO_PRECONDITION, Precondition
from dynamodb_items.web.media_types import Representation
from dynamodb_items.web.request.preconditions import (
    entity_tag,
    parse_precondition,
    require_precondition,
)

ITEM, OTHER = Item({"a": {"S": "1"}}), Item({"a": {"S": "2"}})
TAG = ITEM.fingerprint
OTHER_TAG = OTHER.fingerprint


@pytest.mark.parametrize("representation", Representation)
def test_the_tag_of_either_representation_names_the_item(representation):
    tag = entity_tag(ITEM, representation)
    assert parse_precondition(tag, None) == Precondition(if_match=frozenset({TAG}))
    assert parse_precondition(None, tag) == Precondition(if_none_match=frozenset({TAG}))


def test_the_representations_have_tags_of_their_own():
    assert len({entity_tag(ITEM, each) for each in Representation}) == len(Representation)


def test_without_a_header_nothing_is_checked():
    assert parse_precondition(None, None) == NO_PRECONDITION
    assert not parse_precondition(None, None)


@pytest.mark.parametrize("value", ["*", " *", "*\t "])
def test_an_asterisk_is_any_item(value):
    assert parse_precondition(value, None) == Precondition.must_exist()
    assert parse_precondition(None, value) == Precondition.must_be_absent()


@pytest.mark.parametrize(
    ("value", "tags"),
    [
        (f'"{TAG}"', {TAG}),
        (f'"{TAG}-json"', {TAG}),
        (f'"{TAG}","{OTHER_TAG}"', {TAG, OTHER_TAG}),
        (f' "{TAG}" ,\t"{OTHER_TAG}" ', {TAG, OTHER_TAG}),
        (f',, "{TAG}",,"{OTHER_TAG}",', {TAG, OTHER_TAG}),
        (f'"a,b", "{TAG}"', {TAG}),
        # What proxies make of a tag.
        (f'W/"{TAG}"', {TAG}),
        (f'"{TAG}-gzip"', {TAG}),
        (f'"{TAG}-json-br"', {TAG}),
        (f'"{TAG}--gzip"', {TAG}),
        (f'W/"{TAG};zstd"', {TAG}),
        # Tags of another origin match nothing.
        ('"abc"', set()),
        ('""', set()),
        (f'"{TAG}-xml"', set()),
        (f'"{TAG.upper()}"', set()),
        (f'"{TAG[:-1]}"', set()),
        (f'"{TAG}0"', set()),
        ('"\xe9"', set()),
    ],
)
def test_a_list_names_the_items_of_its_tags(value, tags):
    assert parse_precondition(value, None) == Precondition(if_match=frozenset(tags))


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
@pytest.mark.parametrize(
    "value",
    [
        *("", " ", ",", "abc", '"abc', 'abc"', '"a" "b"', '"a"b', f'w/"{TAG}"', f'W / "{TAG}"'),
        *('*, "a"', '"a", *', "**", '"a b"', '"\x7f"', '"\n"', "'a'"),
    ],
)
def test_a_value_that_is_not_a_list_of_tags_is_rejected(header, value):
    values = (value, None) if header == "If-Match" else (None, value)
    with pytest.raises(InvalidRequest, match=header):
        parse_precondition(*values)


@pytest.mark.parametrize(
    ("precondition", "of_item", "of_other", "of_none"),
    [
        (NO_PRECONDITION, True, True, True),
        (Precondition.must_exist(), True, True, False),
        (Precondition.must_be_absent(), False, False, True),
        (Precondition(if_match=frozenset({TAG})), True, False, False),
        (Precondition(if_none_match=frozenset({TAG})), False, True, True),
        (Precondition(if_match=frozenset()), False, False, False),
        (Precondition(if_none_match=frozenset()), True, True, True),
        (Precondition(ANY_ITEM, frozenset({TAG})), False, True, False),
        (Precondition(frozenset({TAG}), ANY_ITEM), False, False, False),
    ],
)
def test_whether_a_precondition_holds(precondition, of_item, of_other, of_none):
    holds = [precondition.holds_for(each) for each in (ITEM, OTHER, None)]
    assert holds == [of_item, of_other, of_none]


def test_only_tags_show_that_the_item_has_been_read():
    assert Precondition(if_match=frozenset({TAG})).has_match_tags
    assert not Precondition.must_exist().has_match_tags
    assert not Precondition(if_none_match=frozenset({TAG})).has_match_tags


def test_a_deployment_can_require_a_precondition():
    with pytest.raises(PreconditionRequired):
        require_precondition(NO_PRECONDITION)
    require_precondition(Precondition.must_exist())
    require_precondition(Precondition(if_none_match=frozenset()))
