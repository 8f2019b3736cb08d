"""The pages for people are off unless a setting enables them."""

import re

import pytest
from dynamodb_items.app import create_app, create_repository
from dynamodb_items.config.settings import Settings
from dynamodb_items.web.resources.pages.lists import page_lists


def page_of(environment):
    settings = Settings.from_environment({"ITEMS_ITEM_PAGE": "true", **environment})
    return create_app(settings, create_repository(settings)).test_client().get("/").text


def client_of(**chosen):
    settings = Settings(**chosen)
    return create_app(settings, create_repository(settings)).test_client()


@pytest.mark.parametrize("path", ["/", "/docs", "/docs/", "/pages/item.js", "/pages/browse.js"])
def test_without_a_setting_no_page_exists(path):
    response = client_of().get(path)
    assert response.status_code == 404
    assert response.json["type"] == "/docs/errors#not-found"


def test_each_setting_enables_its_own_page():
    docs, item = client_of(docs_ui=True), client_of(item_page=True)
    assert [docs.get(path).status_code for path in ("/docs", "/")] == [200, 404]
    assert [item.get(path).status_code for path in ("/docs", "/")] == [404, 200]


def test_the_page_names_the_table_and_its_keys():
    page = page_of({"ITEMS_TABLE": "people", "ITEMS_PARTITION_KEY": "<Owner>:S"})
    assert "<h1>people</h1>" in page
    assert "&lt;Owner&gt;" in page
    assert "Andrew" not in page


def test_the_page_shows_no_account():
    arn = "arn:aws:dynamodb:us-east-2:123456789012:table/people"
    page = client_of(table=arn, item_page=True).get("/").text
    assert "<h1>people</h1>" in page
    assert "123456789012" not in page


@pytest.mark.parametrize("path", ["/", "/docs", "/pages/item.js", "/pages/swagger-ui.css"])
def test_every_part_of_a_page_is_protected(path):
    headers = client_of(docs_ui=True, item_page=True).get(path).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_pages_hide_no_other_path():
    client = client_of(docs_ui=True, item_page=True)
    assert client.get("/docs/errors").content_type.startswith("text/markdown")
    assert client.get("/docs/nothing").json["type"] == "/docs/errors#not-found"


QUERY_AND_SCAN = {"ITEMS_OPERATIONS": "GetItem,Query,Scan"}


@pytest.mark.parametrize("operations", [{}, {"ITEMS_OPERATIONS": "GetItem"}])
def test_without_lists_the_page_has_nothing_of_them(operations):
    page = page_of(operations)
    assert "list" not in page
    assert "browse" not in page


@pytest.mark.parametrize(
    ("environment", "titles"),
    [
        ({"ITEMS_OPERATIONS": "GetItem,Query"}, ["Partition"]),
        ({"ITEMS_OPERATIONS": "GetItem,Scan"}, ["Whole table"]),
        (
            {**QUERY_AND_SCAN, "ITEMS_INDEXES": "by-email=Email:S,by-tag=Tag:S/partial"},
            ["Partition", "Index by-email", "Index by-tag, part of each item", "Whole table"],
        ),
        (
            {**QUERY_AND_SCAN, "ITEMS_SORT_KEY": "", "ITEMS_INDEXES": "by-email=Email:S"},
            ["Index by-email", "Whole table"],
        ),
    ],
)
def test_the_page_offers_the_lists_that_the_api_has(environment, titles):
    page = page_of(environment)
    assert re.findall(r'data-sort-type="[^"]*">([^<]+)</option>', page) == titles


def test_a_list_has_the_names_and_types_of_its_keys():
    environment = {**QUERY_AND_SCAN, "ITEMS_INDEXES": "by-team=Team:S+Digest:B"}
    _, index, table = page_lists(Settings.from_environment(environment))
    assert index == {
        "title": "Index by-team",
        "index": "by-team",
        "partition": "Team",
        "partition_type": "string",
        "sort": "Digest",
        "sort_type": "binary, base64url",
    }
    assert table == {"title": "Whole table"}


@pytest.mark.parametrize(("maximum", "chosen"), [("10", "10"), ("500", "25")])
def test_the_page_size_is_within_the_maximum(maximum, chosen):
    page = page_of({"ITEMS_MAX_PAGE_SIZE": maximum, **QUERY_AND_SCAN})
    assert re.search(r'max="(\d+)"\s+value="(\d+)"', page).groups() == (maximum, chosen)
