"""Cursors: positions that survive a round trip, and nothing else that is accepted."""

import base64
from dataclasses import replace

import pytest
from dynamodb_items.domain.errors import InvalidRequest
from dynamodb_items.domain.indexes import Index
from dynamodb_items.domain.keys import KeyAttribute, KeySchema
from dynamodb_items.domain.numbers import canonical_number
from dynamodb_items.domain.sort_ranges import Bound, SortRange
from dynamodb_items.expressions.parts import Name, Value
from dynamodb_items.storage.item_lists import ItemList, Segment
from dynamodb_items.web.request.cursors import MAX_CHARACTERS, decode_cursor, encode_cursor
from hypothesis import given
from hypothesis import strategies as st

VALUES = {
    "S": st.text(st.characters(codec="utf-8"), min_size=1, max_size=20),
    "N": st.decimals(-(10**20), 10**20, places=5).map(canonical_number),
    "B": st.binary(min_size=1, max_size=20),
}
INDEX = Index("by-at", KeySchema(KeyAttribute("Status", "S", 2048), KeyAttribute("At", "N", 1024)))


@st.composite
def positions(draw):
    """Draw a list over any key schema, and a position in it."""
    types = [draw(st.sampled_from("SNB")) for _ in range(2)]
    keys = KeySchema(KeyAttribute("Id", types[0], 2048), KeyAttribute("Sort", types[1], 1024))
    partition = {types[0]: draw(VALUES[types[0]])}
    sort = {types[1]: draw(VALUES[types[1]])}
    status, at = {"S": draw(VALUES["S"])}, {"N": draw(VALUES["N"])}
    table_position = {"Id": partition, "Sort": sort}
    return draw(
        st.sampled_from(
            [
                (ItemList(keys), table_position),
                (ItemList(keys, segment=Segment(0, 2)), table_position),
                (ItemList(keys, partition, is_descending=True), table_position),
                (ItemList(keys, status, INDEX), {"Status": status, "At": at, **table_position}),
                (
                    ItemList(keys, status, INDEX, only_partition=partition),
                    {"Status": status, "At": at, **table_position},
                ),
            ]
        )
    )


@given(positions())
def test_a_position_survives_the_round_trip(drawn):
    listed, position = drawn
    cursor = encode_cursor(position, listed)
    assert decode_cursor(cursor, listed) == position
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


KEYS = KeySchema(KeyAttribute("Id", "N", 2048), KeyAttribute("Name", "S", 1024))
LISTED = ItemList(
    KEYS,
    {"N": "7"},
    sort_range=SortRange(low=Bound({"S": "b"}, is_inclusive=True)),
    filter=(Name("a"), "=", Value({"B": b"x"})),
)
CURSOR = encode_cursor({"Id": {"N": "7"}, "Name": {"S": "c"}}, LISTED)
OTHERS = {
    "another partition": replace(LISTED, partition={"N": "8"}),
    "another range": replace(
        LISTED, sort_range=SortRange(low=Bound({"S": "a"}, is_inclusive=True))
    ),
    "an exclusive range": replace(
        LISTED, sort_range=SortRange(low=Bound({"S": "b"}, is_inclusive=False))
    ),
    "a prefix": replace(LISTED, sort_range=SortRange(prefix={"S": "b"})),
    "another order": replace(LISTED, is_descending=True),
    "no filter": replace(LISTED, filter=None),
    "another filter": replace(LISTED, filter=(Name("a"), "=", Value({"S": "x"}))),
    "an index": replace(LISTED, index=INDEX),
    "a segment": replace(LISTED, segment=Segment(0, 2)),
    "a tenant": replace(LISTED, only_partition={"N": "7"}),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_a_cursor_belongs_to_one_list(other):
    assert decode_cursor(CURSOR, LISTED)["Name"] == {"S": "c"}
    with pytest.raises(InvalidRequest, match="belongs to another list"):
        decode_cursor(CURSOR, other)


@given(st.integers(0, 200), st.binary(max_size=4), st.integers(0, 4))
def test_a_forged_cursor_is_rejected_or_stays_in_its_list(position, inserted, removed):
    """The hash needs no secret: what a forged cursor can name, a condition can name as well."""
    binary = bytearray(base64.urlsafe_b64decode(CURSOR + "=" * (-len(CURSOR) % 4)))
    at = position % (len(binary) + 1)
    binary[at : at + removed] = inserted
    forged = base64.urlsafe_b64encode(bytes(binary)).decode().rstrip("=")
    try:
        start = decode_cursor(forged, LISTED)
    except InvalidRequest:
        return
    assert start["Id"] == {"N": "7"}
    assert LISTED.sort_range.contains(start["Name"])


def forged(content: bytes) -> str:
    binary = base64.urlsafe_b64decode(CURSOR + "=" * (-len(CURSOR) % 4))[:9] + content
    return base64.urlsafe_b64encode(binary).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        *(
            "",
            "A",
            "AA",
            "=",
            "Q0",
            "\u00fc",
            CURSOR + "=",
            CURSOR + "A",
            CURSOR[:-1],
            " " + CURSOR,
        ),
        "A" * (MAX_CHARACTERS + 1),
        forged(b""),
        forged(b"\0"),
        forged(b"\0\0"),
        forged(b"\0\2c"),
        forged(b"\0\1c\0"),
        forged(b"\0\1a"),
        forged(b"\0\2\xff\xff"),
        forged(b"\4\1" + b"c" * 1025),
    ],
)
def test_invalid_cursors(cursor):
    with pytest.raises(InvalidRequest, match="Invalid cursor"):
        decode_cursor(cursor, LISTED)


def test_a_number_has_one_spelling():
    keys = KeySchema(KeyAttribute("Id", "N", 2048), KeyAttribute("Seq", "N", 1024))
    listed = ItemList(keys, {"N": "7"})
    cursor = encode_cursor({"Id": {"N": "7"}, "Seq": {"N": "10"}}, listed)
    binary = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for spelled in (b"1e1", b"+10", b"010", b"x"):
        content = binary[:9] + bytes([0, len(spelled)]) + spelled
        with pytest.raises(InvalidRequest):
            decode_cursor(base64.urlsafe_b64encode(content).decode().rstrip("="), listed)


def test_cursors_are_small():
    longest = {"Id": {"N": "7"}, "Name": {"S": "x" * 1024}}
    assert len(encode_cursor(longest, ItemList(KEYS, {"N": "7"}))) < 1400
    keys = KeySchema(KeyAttribute("Id", "S", 2048), KeyAttribute("Name", "S", 1024))
    index = Index("by-x", KeySchema(KeyAttribute("X", "S", 2048), KeyAttribute("Y", "S", 1024)))
    everything = {
        "X": {"S": "x" * 2048},
        "Y": {"S": "y" * 1024},
        "Id": {"S": "i" * 2048},
        "Name": {"S": "n" * 1024},
    }
    listed = ItemList(keys, everything["X"], index)
    cursor = encode_cursor(everything, listed)
    assert len(cursor) < MAX_CHARACTERS
    assert decode_cursor(cursor, listed) == everything
