"""Every generated client goes through the same story with the running service.

One module has all of it: test processes that run different modules would generate each client in
the same folder.
"""

import re
import uuid

import pytest

from tests.sdk.conftest import ODD_NAME
from tests.sdk.generators import ALL_GENERATORS, ROOT

LONG_NUMBER = 123456789012345678901234567890
UNREADABLE = 0  # what an adapter reports for a response that its client cannot read
PAGE_SIZE = 2
STALE = '"00000000000000000000000000000000-json"'


def test_it_type_checks(checked):
    assert checked.folder.exists()


def test_it_creates_an_item_once(client, name):
    created = client("put", name, {"Email": "andrew@gmail.com"}, if_none_match="*")
    assert created["status"] == 201
    assert created["item"] == {"Id": 104, "Name": name, "Email": "andrew@gmail.com"}
    assert created["etag"].endswith('-json"')
    again = client("put", name, {"Email": "other@gmail.com"}, if_none_match="*")
    assert again["status"] == 412
    read = client("get", name)
    assert (read["status"], read["item"]) == (200, created["item"])


def test_it_gets_304_for_the_item_that_it_has(client, name):
    etag = client("put", name, {"Age": 41})["etag"]
    unchanged = client("get", name, if_none_match=etag)
    assert (unchanged["status"], unchanged["item"], unchanged["problem"]) == (304, None, None)


def test_it_replaces_only_the_item_that_it_saw(client, name):
    etag = client("put", name, {"Age": 41})["etag"]
    replaced = client("put", name, {"Age": 42}, if_match=etag)
    assert replaced["status"] == 200
    assert replaced["item"]["Age"] == 42
    assert replaced["etag"] != etag


def test_a_lost_race_is_a_typed_412(client, name):
    client("put", name, {"Age": 41})
    for rejected in (
        client("put", name, {"Age": 42}, if_match=STALE),
        client("patch", name, {"Age": 42}, if_match=STALE),
        client("delete", name, if_match=STALE),
    ):
        assert (rejected["status"], rejected["item"]) == (412, None)
        problem = rejected["problem"]
        assert problem["type"] == "/docs/errors#precondition-failed"
        assert problem["status"] == 412
        assert problem["title"]
        assert problem["detail"]
        assert problem["request_id"]
    assert client("get", name)["item"]["Age"] == 41


def test_a_missing_item_is_a_typed_404(client, name):
    missing = client("get", name)
    assert (missing["status"], missing["item"]) == (404, None)
    assert missing["problem"]["type"] == "/docs/errors#item-not-found"
    assert client("patch", name, {"Age": 42})["problem"]["type"] == "/docs/errors#item-not-found"


def test_it_merges_a_patch_and_removes_with_null(client, name):
    client("put", name, {"Email": "andrew@gmail.com", "Address": {"City": "Oslo", "Zip": "0150"}})
    patched = client("patch", name, {"Email": None, "Address": {"City": "Bergen"}, "Age": 41})
    assert patched["status"] == 200
    assert patched["item"] == {
        "Id": 104,
        "Name": name,
        "Address": {"City": "Bergen", "Zip": "0150"},
        "Age": 41,
    }


def test_it_updates_with_expressions_in_a_typed_call(client, name):
    count = {
        "UpdateExpression": "ADD Visits :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    assert client("update", name, count)["item"] == {"Id": 104, "Name": name, "Visits": 1}
    counted = client("update", name, {**count, "ConditionExpression": "Visits = :one"})
    assert (counted["status"], counted["item"]["Visits"]) == (200, 2)
    rejected = client("update", name, {**count, "ConditionExpression": "Visits = :one"})
    assert (rejected["status"], rejected["item"]) == (412, None)
    assert rejected["problem"]["type"] == "/docs/errors#precondition-failed"
    stale = client("update", name, count, if_match=STALE)
    assert stale["problem"]["type"] == "/docs/errors#precondition-failed"
    assert client("get", name)["item"]["Visits"] == 2


def test_an_update_sent_with_patch_as_plain_json_changes_nothing(client, name, checked):
    client("put", name, {"Age": 41})
    sent = client("patch", name, {"UpdateExpression": "REMOVE Age"})
    if checked.patches_as_plain_json:
        assert sent["status"] == 422
        assert "/items:update" in sent["problem"]["detail"]
    else:
        assert sent["item"]["UpdateExpression"] == "REMOVE Age"
    assert client("get", name)["item"]["Age"] == 41


def test_it_writes_and_reads_the_typed_form(client, name):
    item = {"Tags": {"SS": ["a", "b"]}, "Photo": {"B": "AP8="}, "Big": {"N": str(LONG_NUMBER)}}
    written = client("put", name, item, typed=True)
    assert written["status"] == 201
    assert written["etag"].endswith('-typed"')
    read = client("get", name, typed=True)["item"]
    read.pop("_version")
    assert sorted(read["Tags"].pop("SS")) == ["a", "b"]
    assert read == {**item, "Tags": {}, "Id": {"N": "104"}, "Name": {"S": name}}


def test_an_item_that_it_read_edited_and_wrote_back_keeps_its_sets_and_its_binary(client, name):
    stored = {
        "Age": {"N": "41"},
        "Tags": {"SS": ["a", "b"]},
        "Photo": {"B": "AP8="},
        "Address": {"M": {"Codes": {"NS": ["1"]}, "Key": {"B": "AP8="}}},
    }
    client("put", name, stored, typed=True)
    read = client("get", name)
    edited = {**read["item"], "Age": 42}
    assert client("put", name, edited, if_match=read["etag"])["status"] == 200
    item = client("get", name, typed=True)["item"]
    assert sorted(item["Tags"].pop("SS")) == ["a", "b"]
    assert item["Age"] == {"N": "42"}
    assert {key: item[key] for key in ("Photo", "Address")} == {
        key: stored[key] for key in ("Photo", "Address")
    }


def test_a_long_number_of_plain_json_is_as_exact_as_in_the_table_of_generators(
    client, name, checked
):
    client("put", name, {"Big": {"N": str(LONG_NUMBER)}}, typed=True)
    is_exact = client("get", name)["item"]["Big"] == LONG_NUMBER
    assert is_exact is checked.exact_integers


def test_it_requests_some_attributes_alone(client, name):
    client("put", name, {"Email": "andrew@gmail.com", "Age": 41, "City": "Oslo"})
    read = client("get", name, fields=["Email", "Age"])
    assert read["status"] == 200
    assert read["item"] == {"Id": 104, "Name": name, "Email": "andrew@gmail.com", "Age": 41}


def test_it_can_request_a_response_without_the_item(client, name):
    client("put", name, {"Age": 41})
    replaced = client("put", name, {"Age": 42}, prefer="return=minimal")
    assert (replaced["status"], replaced["item"]) == (204, None)
    assert replaced["etag"] == client("get", name)["etag"]


def test_it_reads_an_empty_201_as_documented(client, name, checked):
    created = client("put", name, {"Age": 41}, prefer="return=minimal")
    assert created["status"] == (201 if checked.reads_empty_201 else UNREADABLE)
    assert not created["item"]
    assert client("get", name)["item"]["Age"] == 41


def test_it_deletes_and_deleting_again_succeeds(client, name):
    etag = client("put", name, {"Age": 41})["etag"]
    deleted = client("delete", name, if_match=etag)
    assert (deleted["status"], deleted["item"], deleted["problem"]) == (204, None, None)
    assert client("delete", name)["status"] == 204
    assert client("get", name)["status"] == 404


@pytest.fixture
def partition() -> str:
    """Return a partition that no other test uses."""
    return str(uuid.uuid4().int % 10**30)


@pytest.fixture
def names(client, partition) -> list[str]:
    """Return the names of the items of the partition, in their order."""
    names = [f"{ODD_NAME} {number}" for number in range(PAGE_SIZE * 2 + 1)]
    for age, name in enumerate(names):
        assert client("put", name, {"Age": age}, id=partition)["status"] == 201
    return names


def test_it_lists_a_partition_page_by_page(client, partition, names):
    parameters = {"id": partition, "prefix": "a/b", "order": "desc", "limit": PAGE_SIZE}
    pages, cursor = [], None
    while not pages or cursor is not None:
        read = client("list", "", cursor=cursor, **parameters)
        assert (read["status"], read["problem"]) == (200, None)
        assert read["etag"].endswith('-json"')
        pages.append(read["page"])
        cursor = read["page"]["next"]
    assert [len(page["items"]) for page in pages] == [PAGE_SIZE, PAGE_SIZE, 1]
    assert [page["evaluated"] for page in pages] == [PAGE_SIZE, PAGE_SIZE, 1]
    listed = [item for page in pages for item in page["items"]]
    assert [item["name"] for item in listed] == names[::-1]
    read = client("get", names[0], id=partition)
    assert listed[-1] == {
        "id": partition,
        "name": names[0],
        "etag": read["etag"],
        "item": read["item"],
    }


def test_it_queries_with_a_filter_page_by_page(client, partition, names):
    query = {
        "id": partition,
        "limit": PAGE_SIZE,
        "FilterExpression": "Age >= :age",
        "ExpressionAttributeValues": {":age": {"N": "1"}},
    }
    listed, cursor = [], {}
    while cursor is not None:
        read = client("query", "", {**query, **cursor})
        assert read["status"] == 200
        listed += [item["name"] for item in read["page"]["items"]]
        cursor = {"cursor": read["page"]["next"]} if read["page"]["next"] else None
    assert listed == names[1:]


@pytest.mark.usefixtures("names")
def test_a_cursor_of_another_list_is_a_typed_400(client, partition):
    page = client("list", "", id=partition, limit=1)["page"]
    rejected = client("list", "", id="104", cursor=page["next"])
    assert (rejected["status"], rejected.get("page")) == (400, None)
    assert rejected["problem"]["type"] == "/docs/errors#invalid-request"


def test_the_table_of_the_docs_lists_how_exact_each_client_is():
    page = (ROOT / "docs/clients.md").read_text()
    rows = re.findall(r"^\| (?!generator|-)(.*) \|$", page, re.MULTILINE)
    listed = [row.split(" | ")[3] for row in rows]
    assert listed == ["exact" if one.exact_integers else "loses digits" for one in ALL_GENERATORS]
