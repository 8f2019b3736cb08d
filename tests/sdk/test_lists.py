"""Every generated client lists items, page by page."""

import uuid

import pytest

from tests.sdk.conftest import ODD_NAME

PAGE_SIZE = 2


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
