"""Pages of lists: every item once, in order, and an end that is one."""

from decimal import Decimal

import pytest
from dynamodb_items.domain.errors import (
    InvalidRequest,
    KeySchemaMismatch,
    StorageMisconfigured,
    StorageTimeout,
    UnacceptableItem,
)
from dynamodb_items.domain.indexes import Index
from dynamodb_items.domain.keys import KeyAttribute, KeySchema
from dynamodb_items.domain.sort_ranges import Bound, SortRange
from dynamodb_items.domain.time_to_live import TimeToLive
from dynamodb_items.dynamodb.failures import InvalidCall
from dynamodb_items.expressions.parts import Name
from dynamodb_items.storage.item_lists import ItemList, Segment
from dynamodb_items.storage.queries import ItemQueries
from dynamodb_items.web.request.cursors import decode_cursor, encode_cursor
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.unit.fakes import SCHEMA, ScriptedClient, calls_of, failure
from tests.unit.list_engine import ListEngine

ID = {"N": "7"}
BY_STATUS = Index(
    "by-status", KeySchema(KeyAttribute("Status", "S", 2048), KeyAttribute("At", "N", 1024))
)
SORT_TYPES = {
    "S": st.text(st.characters(codec="utf-8"), min_size=1, max_size=3),
    "N": st.decimals(-1000, 1000, places=2).map(lambda number: str(number.normalize() + 0)),
    "B": st.binary(min_size=1, max_size=3),
}


def schema(type_):
    return KeySchema(KeyAttribute("Id", "N", 2048), KeyAttribute("Sort", type_, 1024))


def canonical(type_, value):
    if type_ != "N":
        return {type_: value}
    return {"N": format(Decimal(value), "f")}


@st.composite
def lists(draw):
    """Draw items, a list of them, a page size, and where DynamoDB stops early."""
    type_ = draw(st.sampled_from("SNB"))
    values = SORT_TYPES[type_].map(lambda value: canonical(type_, value))
    keys = draw(st.lists(values, max_size=12, unique_by=repr))
    items = [{"Id": ID, "Sort": key} for key in keys] + [{"Id": {"N": "8"}, "Sort": {type_: "z"}}][
        : type_ == "S"
    ]
    for item in items:
        if draw(st.booleans()):
            item["Red"] = {"BOOL": True}
    if draw(st.booleans()) and type_ != "N":
        sort_range = SortRange(prefix=draw(values))
    else:
        bounds = st.none() | st.builds(Bound, values, st.booleans())
        sort_range = SortRange(low=draw(bounds), high=draw(bounds))
    listed = ItemList(
        schema(type_),
        partition=ID,
        sort_range=sort_range,
        is_descending=draw(st.booleans()),
        filter=("attribute_exists(", Name("Red"), ")") if draw(st.booleans()) else None,
    )
    return items, listed, draw(st.integers(1, 5)), draw(st.integers(2, 6))


@pytest.mark.parametrize(("operators", "fits"), [(300, True), (301, False)])
def test_a_filter_has_at_most_300_operators(operators, fits):
    engine = ListEngine(SCHEMA, [])
    listed = ItemList(SCHEMA, partition=ID, filter=("NOT " * operators, Name("Red")))
    queries = ItemQueries(calls_of(engine), "t")
    if fits:
        queries.page(listed, 10, None, consistent=False)
    else:
        with pytest.raises(UnacceptableItem) as rejected:
            queries.page(listed, 10, None, consistent=False)
        assert [error.pointer for error in rejected.value.errors] == ["/FilterExpression"]
    assert len(engine.calls) == fits


def pages_of(engine, listed, limit):
    queries = ItemQueries(calls_of(engine), "t")
    start, pages = None, []
    while True:
        page = queries.page(listed, limit, start, consistent=False)
        pages.append(page)
        assert len(pages) < 100, "the list has an end"
        if page.next_start is None:
            return pages
        start = decode_cursor(encode_cursor(page.next_start, listed), listed)


@given(lists())
def test_every_item_of_the_range_is_listed_once_in_order(drawn):
    items, listed, limit, stops_after = drawn
    engine = ListEngine(listed.table_keys, items, stops_after=stops_after)
    pages = pages_of(engine, listed, limit)
    found = [item.attributes for page in pages for item in page.items]
    everything = ListEngine(listed.table_keys, items)
    expected = [
        item
        for item in sorted(items, key=lambda item: everything.order(listed.keys, item))
        if item["Id"] == ID
        and listed.sort_range.contains(item["Sort"])
        and (listed.filter is None or "Red" in item)
    ]
    if listed.is_descending:
        expected.reverse()
    assert found == expected
    assert all(len(page.items) <= limit for page in pages)
    if listed.filter is None:
        assert all(page.items for page in pages) or pages[0].items == expected == []
        assert [page.evaluated for page in pages] == [len(page.items) for page in pages]
    assert len(engine.calls) in (0, len(pages)), "a page is one call"


@given(lists())
def test_a_change_between_two_pages_moves_no_other_item(drawn):
    """Items that exist throughout are listed once, whatever is written or deleted meanwhile."""
    items, listed, limit, stops_after = drawn
    engine = ListEngine(listed.table_keys, list(items), stops_after=stops_after)
    queries = ItemQueries(calls_of(engine), "t")
    start, found, removed = None, [], []
    while True:
        page = queries.page(listed, limit, start, consistent=False)
        found += [item.attributes for item in page.items]
        if page.next_start is None:
            break
        if engine.items and len(found) % 2:
            removed.append(engine.items.pop(len(found) % len(engine.items)))
        start = page.next_start
    remaining = [item for item in found if item not in removed]
    expected = [
        item
        for item in engine.items
        if item["Id"] == ID
        and listed.sort_range.contains(item["Sort"])
        and (listed.filter is None or "Red" in item)
    ]
    assert sorted(map(repr, remaining)) == sorted(map(repr, expected))


def test_a_table_is_scanned_in_segments():
    client = ScriptedClient({"Items": [], "ScannedCount": 0})
    listed = ItemList(SCHEMA, segment=Segment(1, 4))
    ItemQueries(calls_of(client), "t").page(listed, 10, None, consistent=True)
    ((operation, parameters),) = client.calls
    assert operation == "Scan"
    assert {name: parameters[name] for name in ("Segment", "TotalSegments", "Limit")} == {
        "Segment": 1,
        "TotalSegments": 4,
        "Limit": 11,
    }
    assert parameters["ConsistentRead"] is True
    assert "KeyConditionExpression" not in parameters


@pytest.mark.parametrize("is_partial", [False, True])
def test_whole_items_are_requested_of_an_index_that_has_them(is_partial):
    index = Index("by-status", BY_STATUS.key_schema, is_partial)
    client = ScriptedClient({"Items": []})
    listed = ItemList(SCHEMA, partition={"S": "new"}, index=index)
    ItemQueries(calls_of(client), "t").page(listed, 10, None, consistent=False)
    ((_, parameters),) = client.calls
    assert parameters["IndexName"] == "by-status"
    expected = "ALL_PROJECTED_ATTRIBUTES" if is_partial else "ALL_ATTRIBUTES"
    assert parameters["Select"] == expected


def test_items_with_the_same_key_of_an_index_are_all_listed():
    items = [
        {"Id": ID, "Name": {"S": name}, "Status": {"S": "new"}, "At": {"N": "5"}}
        for name in "abcde"
    ]
    engine = ListEngine(SCHEMA, items, indexes={"by-status": BY_STATUS.key_schema})
    for low, high, count in ((5, 5, 5), (4, 5, 5), (5, 6, 5)):
        sort_range = SortRange(
            low=Bound({"N": str(low)}, is_inclusive=True),
            high=Bound({"N": str(high)}, is_inclusive=True),
        )
        for is_descending in (False, True):
            listed = ItemList(SCHEMA, {"S": "new"}, BY_STATUS, sort_range, is_descending)
            pages = pages_of(engine, listed, 2)
            assert sum(len(page.items) for page in pages) == count
    exclusive = SortRange(
        low=Bound({"N": "5"}, is_inclusive=False), high=Bound({"N": "9"}, is_inclusive=True)
    )
    assert pages_of(engine, ItemList(SCHEMA, {"S": "new"}, BY_STATUS, exclusive), 2)[0].items == []


# Tenants: the items of one partition, found in an index of all partitions.

TENANT = {"N": "7"}


def of_tenants(owners):
    return [
        {
            "Id": {"N": owner},
            "Name": {"S": f"n{number:02}"},
            "Status": {"S": "new"},
            "At": {"N": str(number)},
        }
        for number, owner in enumerate(owners)
    ]


@given(st.lists(st.sampled_from("78"), max_size=14), st.integers(1, 4), st.integers(2, 5))
def test_a_tenant_finds_its_own_items_in_an_index_and_no_others_position(owners, limit, stops):
    items = of_tenants(owners)
    engine = ListEngine(
        SCHEMA, items, indexes={"by-status": BY_STATUS.key_schema}, stops_after=stops
    )
    listed = ItemList(SCHEMA, {"S": "new"}, BY_STATUS, only_partition=TENANT)
    pages = pages_of(engine, listed, limit)
    found = [item.attributes for page in pages for item in page.items]
    own = [item for item in items if item["Id"] == TENANT]
    assert found == own
    for page in pages:
        assert page.evaluated == len(page.items)
        assert page.next_start is None or page.next_start["Id"] == TENANT
    assert all(page.items for page in pages) or not own


def test_when_the_time_is_up_a_tenant_gets_what_was_found():
    first = {"Items": of_tenants("7"), "LastEvaluatedKey": of_tenants("88")[1]}
    client = ScriptedClient(first, StorageTimeout("late"))
    listed = ItemList(SCHEMA, {"S": "new"}, BY_STATUS, only_partition=TENANT)
    page = ItemQueries(calls_of(client), "t").page(listed, 5, None, consistent=False)
    assert [item.attributes for item in page.items] == of_tenants("7")
    assert page.next_start["Id"] == TENANT


def test_when_the_time_is_up_before_an_own_item_the_request_fails():
    first = {"Items": of_tenants("8"), "LastEvaluatedKey": of_tenants("8")[0]}
    client = ScriptedClient(first, StorageTimeout("late"))
    listed = ItemList(SCHEMA, {"S": "new"}, BY_STATUS, only_partition=TENANT)
    with pytest.raises(StorageTimeout):
        ItemQueries(calls_of(client), "t").page(listed, 5, None, consistent=False)


UP_TO_5 = SortRange(
    low=Bound({"N": "0"}, is_inclusive=False), high=Bound({"N": "5"}, is_inclusive=True)
)
DOWN_TO_5 = SortRange(
    low=Bound({"N": "5"}, is_inclusive=True), high=Bound({"N": "10"}, is_inclusive=False)
)


@pytest.mark.parametrize(
    ("sort_range", "is_descending"), [(UP_TO_5, False), (DOWN_TO_5, True)], ids=["up", "down"]
)
@pytest.mark.parametrize("condition", [None, ("attribute_exists(", Name("Red"), ")")])
def test_a_tenant_reads_nothing_beyond_the_end_of_a_range(sort_range, is_descending, condition):
    engine = ListEngine(
        SCHEMA,
        of_tenants("8" * 5 + "7" + "8" * 5),  # the item in the middle is at 5
        indexes={"by-status": BY_STATUS.key_schema},
        stops_after=3,
    )
    listed = ItemList(
        SCHEMA,
        {"S": "new"},
        BY_STATUS,
        sort_range,
        is_descending,
        filter=condition,
        only_partition=TENANT,
    )
    (page,) = pages_of(engine, listed, 9)
    assert len(page.items) == (condition is None)
    assert len(engine.calls) == 2


def test_when_the_time_is_up_a_tenant_gets_nothing_beyond_the_end_of_a_range():
    """An own item beyond the range ends the list, so no further call is made."""
    items = of_tenants("7" * 8)[1:]  # from 1 to 7
    first = {"Items": items, "LastEvaluatedKey": items[-1]}
    client = ScriptedClient(first, StorageTimeout("late"))
    listed = ItemList(SCHEMA, {"S": "new"}, BY_STATUS, UP_TO_5, only_partition=TENANT)
    page = ItemQueries(calls_of(client), "t").page(listed, 99, None, consistent=False)
    assert [item.attributes for item in page.items] == items[:5]
    assert page.next_start is None


def test_a_small_page_of_a_tenant_is_found_among_many_items_of_others():
    engine = ListEngine(
        SCHEMA, of_tenants("8" * 1500 + "7"), indexes={"by-status": BY_STATUS.key_schema}
    )
    listed = ItemList(SCHEMA, {"S": "new"}, BY_STATUS, only_partition=TENANT)
    (page,) = pages_of(engine, listed, 1)
    assert len(page.items) == 1
    assert [parameters["Limit"] for _, parameters in engine.calls] == [2, 1000, 1000]


# Items that have expired

TIME_TO_LIVE = TimeToLive("expires", lambda: 1000.5)


def expiring(*seconds):
    return [
        {"Id": ID, "Name": {"S": f"n{number}"}, "expires": {"N": str(second)}}
        for number, second in enumerate(seconds)
    ]


def test_expired_items_are_left_out_and_counted():
    engine = ListEngine(SCHEMA, expiring(999, 1001, 1000, 998, 2000))
    queries = ItemQueries(calls_of(engine), "t", TIME_TO_LIVE)
    listed = ItemList(SCHEMA, ID)
    start, found, evaluated = None, [], []
    while True:
        page = queries.page(listed, 2, start, consistent=False)
        found += [item.attributes["Name"]["S"] for item in page.items]
        evaluated.append(page.evaluated)
        if page.next_start is None:
            break
        start = page.next_start
    assert (found, evaluated) == (["n1", "n4"], [2, 2, 1])


def test_a_tenant_does_not_find_its_expired_items():
    items = [
        {**item, "expires": {"N": str(999 + number)}}
        for number, item in enumerate(of_tenants("7787"))
    ]
    engine = ListEngine(SCHEMA, items, indexes={"by-status": BY_STATUS.key_schema})
    queries = ItemQueries(calls_of(engine), "t", TIME_TO_LIVE)
    listed = ItemList(SCHEMA, {"S": "new"}, BY_STATUS, only_partition=TENANT)
    page = queries.page(listed, 5, None, consistent=False)
    assert [item.attributes["Name"]["S"] for item in page.items] == ["n03"]


# What DynamoDB rejects

INVALID = failure("ValidationException", "The provided starting key is invalid")


def test_a_rejected_position_is_the_clients_error():
    queries = ItemQueries(calls_of(ScriptedClient(INVALID)), "t")
    with pytest.raises(InvalidRequest, match="cursor"):
        queries.page(ItemList(SCHEMA), 5, {"Id": ID, "Name": {"S": "x"}}, consistent=False)


def test_a_rejected_consistent_read_of_an_index_is_the_clients_error():
    queries = ItemQueries(calls_of(ScriptedClient(INVALID)), "t")
    listed = ItemList(SCHEMA, {"S": "new"}, BY_STATUS)
    with pytest.raises(InvalidRequest, match="consistent_read"):
        queries.page(listed, 5, None, consistent=True)


def test_any_other_rejected_call_is_not():
    queries = ItemQueries(calls_of(ScriptedClient(INVALID)), "t")
    with pytest.raises(InvalidCall):
        queries.page(ItemList(SCHEMA), 5, None, consistent=False)


@pytest.mark.parametrize(
    "message",
    [
        "The table does not have the specified index: by-status",
        "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported "
        "for global secondary index by-status because its projection type is not ALL",
        "Query condition missed key schema element: Status",
        "Query key condition not supported",
        "One or more parameter values were invalid: Condition parameter type does not match "
        "schema type",
    ],
)
@pytest.mark.parametrize("start", [None, {"Id": ID, "Name": {"S": "x"}}])
def test_an_index_unlike_the_settings_is_the_operators_error(message, start):
    client = ScriptedClient(failure("ValidationException", message))
    listed = ItemList(SCHEMA, {"S": "new"}, BY_STATUS)
    with pytest.raises(StorageMisconfigured):
        ItemQueries(calls_of(client), "t").page(listed, 5, start, consistent=False)


@pytest.mark.parametrize(
    "actual",
    [
        KeySchema(KeyAttribute("Status", "S", 2048)),
        KeySchema(KeyAttribute("Status", "S", 2048), KeyAttribute("Name", "S", 1024)),
        KeySchema(KeyAttribute("Status", "S", 2048), KeyAttribute("Day", "S", 1024)),
    ],
    ids=["no sort key", "another sort key of the table", "another attribute"],
)
def test_the_position_shows_that_an_index_has_other_keys(actual):
    items = [{**each, "Day": {"S": "x"}} for each in of_tenants("777")]
    engine = ListEngine(SCHEMA, items, indexes={"by-status": actual})
    with pytest.raises(StorageMisconfigured):
        pages_of(engine, ItemList(SCHEMA, {"S": "new"}, BY_STATUS), 2)


def test_the_position_shows_that_a_key_of_an_index_has_another_type():
    items = [{**each, "At": {"S": "x"}} for each in of_tenants("777")]
    engine = ListEngine(SCHEMA, items, indexes={"by-status": BY_STATUS.key_schema})
    with pytest.raises(StorageMisconfigured):
        pages_of(engine, ItemList(SCHEMA, {"S": "new"}, BY_STATUS), 1)


# Other keys than the settings name

NEW = {"Status": {"S": "new"}, "At": {"N": "1"}, "Id": ID, "Name": {"S": "x"}}
OF_STATUS = ItemList(SCHEMA, {"S": "new"}, BY_STATUS)
OTHER_KEYS = {
    "a scan of items without the sort key": (ItemList(SCHEMA), {"Items": [NEW, {"Id": ID}]}),
    "a scan of items with a key of another type": (
        ItemList(SCHEMA),
        {"Items": [{**NEW, "Id": {"S": "7"}}]},
    ),
    "an index without its sort key": (OF_STATUS, {"Items": [{**NEW, "At": {"S": "1"}}]}),
    "an index of a tenant": (
        ItemList(SCHEMA, {"S": "new"}, BY_STATUS, only_partition=ID),
        {"Items": [{**NEW, "At": {"S": "1"}}]},
    ),
}


@pytest.mark.parametrize("case", OTHER_KEYS)
def test_items_with_other_keys_than_the_settings_are_for_the_operator(case):
    listed, response = OTHER_KEYS[case]
    queries = ItemQueries(calls_of(ScriptedClient(response)), "t")
    with capture_logs() as lines, pytest.raises(KeySchemaMismatch):
        queries.page(listed, 5, None, consistent=False)
    (line,) = lines
    names = ", ".join(listed.position_names)
    assert line["event"] == "dynamodb call failed"
    assert line["failure"] == "key_mismatch"
    assert line["operation"] == ("Scan" if listed.partition is None else "Query")
    assert line["error"] == f"The items have other key attributes than {names}"
