"""The lists of the page at /, in Chromium: partitions, indexes and the table, page by page."""

import json

import pytest
from dynamodb_items.config.settings import Settings
from dynamodb_items.local.sample_table import create_empty_table
from playwright.sync_api import expect

from tests.access.issuer import jwt_variables
from tests.browser.browsing import (
    LISTS,
    LONG_NUMBER,
    NAMES,
    body_of_item,
    button,
    choose_list,
    names,
    open_row,
    outcome,
    outcome_of_list,
    row,
    submit,
)
from tests.browser.conftest import PAGES, PREFIX, stripping_proxy
from tests.browser.sign_in_issuer import CLIENT, sign_in_issuer
from tests.browser.test_sign_in import sign_in
from tests.engines import client_for
from tests.serving import gunicorn


def test_a_partition_page_by_page_and_back(seen, pages_of_three):
    page = pages_of_three
    expect(names(page)).to_have_text(NAMES[:3])
    expect(button(page, "Previous page")).to_be_disabled()
    button(page, "Next page").click()
    expect(outcome_of_list(page)).to_have_text("3 items, page 2. More follow.")
    expect(names(page)).to_have_text(NAMES[3:6])
    button(page, "Next page").click()
    expect(outcome_of_list(page)).to_have_text("1 item, page 3. The list ends here.")
    expect(names(page)).to_have_text(NAMES[6:])
    expect(button(page, "Next page")).to_be_disabled()
    for number, expected in ((2, NAMES[3:6]), (1, NAMES[:3])):
        button(page, "Previous page").click()
        expect(outcome_of_list(page)).to_have_text(f"3 items, page {number}. More follow.")
        expect(names(page)).to_have_text(expected)
    assert seen.complaints == []


@pytest.mark.usefixtures("items")
def test_below_a_path_prefix(page, seen, lists, engine_endpoint):
    with (
        stripping_proxy(lists.url) as stripped,
        gunicorn(engine_endpoint, "-w", "1", SCRIPT_NAME=PREFIX, **PAGES, **LISTS) as prefixed,
    ):
        for url in (stripped, prefixed.url):
            page.goto(f"{url}/")
            expect(outcome_of_list(page)).to_have_text("7 items, page 1. The list ends here.")
            open_row(page, NAMES[0])
            choose_list(page, "Whole table")
            submit(page)
            expect(outcome_of_list(page)).to_have_text("8 items, page 1. The list ends here.")
            assert all(each.startswith(f"{url}/") for each in seen.requests)
            seen.requests.clear()


@pytest.mark.parametrize(
    ("condition", "values", "expected"),
    [
        ("begins with", ["a"], ["a1", "a2", "a3", "a4"]),
        ("begins with", [""], NAMES),
        ("at least", ["a4"], ["a4", "b1", "b2"]),
        ("greater than", ["a4"], ["b1", "b2"]),
        ("at most", ["a1"], ["/ü 100%", "a1"]),
        ("less than", ["a1"], ["/ü 100%"]),
        ("between", ["a2", "a4"], ["a2", "a3", "a4"]),
    ],
)
def test_a_condition_on_the_sort_key(browser_page, condition, values, expected):
    page = browser_page
    page.get_by_label("Name string").first.select_option(condition)
    for label, value in zip(("Value", "To"), values, strict=False):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_label("Order").select_option("descending")
    submit(page)
    expect(names(page)).to_have_text(expected[::-1])


def test_a_row_shows_the_attributes_and_every_digit(browser_page):
    preview = row(browser_page, "a1").locator("span").inner_text()
    assert f'"Big": {LONG_NUMBER}' in preview
    assert '"Id"' not in preview
    assert row(browser_page, "a1").locator("b").count() == 1


def test_an_index_lists_items_of_several_partitions(browser_page):
    page = browser_page
    choose_list(page, "Index by-team")
    expect(page.get_by_label("Rank number").locator("option:enabled")).to_have_text(
        ["any", "at least", "greater than", "at most", "less than", "between"]
    )
    page.get_by_label("Team string").fill("red")
    page.get_by_label("Rank number").select_option("less than")
    page.get_by_label("Value", exact=True).fill("4")
    submit(page)
    expect(outcome_of_list(page)).to_have_text("3 items, page 1. The list ends here.")
    assert page.locator("#rows b").all_inner_texts() == ["105", "Joseph", "104", "a1", "104", "a3"]
    open_row(page, "Joseph")
    assert json.loads(body_of_item(page))["Id"] == 105


def test_the_whole_table_page_by_page(browser_page):
    page = browser_page
    choose_list(page, "Whole table")
    expect(page.locator("#partition")).to_be_hidden()
    page.get_by_label("Items per page").fill("5")
    submit(page)
    expect(outcome_of_list(page)).to_have_text("5 items, page 1. More follow.")
    found = names(page).all_inner_texts()
    button(page, "Next page").click()
    expect(outcome_of_list(page)).to_have_text("3 items, page 2. The list ends here.")
    assert sorted(found + names(page).all_inner_texts()) == sorted([*NAMES, "Joseph"])


def test_an_empty_partition(browser_page):
    browser_page.locator("#partition").fill("999")
    submit(browser_page)
    expect(outcome_of_list(browser_page)).to_have_text("No items, page 1. The list ends here.")
    expect(browser_page.locator("#rows li")).to_have_count(0)


def test_a_rejected_list_keeps_the_page_that_is_shown(browser_page):
    browser_page.locator("#partition").fill("not a number")
    submit(browser_page)
    expect(outcome_of_list(browser_page)).to_contain_text("422")
    expect(outcome_of_list(browser_page)).to_contain_text("/id not a number is not a value")
    expect(names(browser_page)).to_have_text(NAMES)


@pytest.fixture
def guarded_page(page, items, engine_endpoint):  # noqa: ARG001 - the items that it lists
    """The page of a service with tenants and a sign-in, and its issuer."""
    with sign_in_issuer() as authority:
        variables = jwt_variables(
            authority, ITEMS_TENANT_CLAIM="tenant", ITEMS_PAGE_OIDC_CLIENT=CLIENT
        )
        with gunicorn(engine_endpoint, "-w", "1", **PAGES, **LISTS, **variables) as server:
            page.goto(f"{server.url}/")
            yield page, authority


def test_a_list_requires_the_credential(guarded_page):
    page, authority = guarded_page
    submit(page)
    expect(page.locator("#credential:invalid")).to_be_focused()
    expect(outcome_of_list(page)).to_have_text("")
    page.get_by_label("Bearer token").fill("wrong")
    submit(page)
    expect(outcome_of_list(page)).to_contain_text("401")
    page.get_by_label("Bearer token").fill(authority.token(tenant=None))
    submit(page)
    expect(outcome_of_list(page)).to_contain_text("403")


def test_a_tenant_lists_its_own_items(guarded_page):
    page, authority = guarded_page
    choose_list(page, "Whole table")
    authority.claims_of_user = {"tenant": "105"}
    sign_in(page)
    expect(outcome(page)).to_have_text("Signed in.")
    # Its partition is the only one, and the whole table is not offered.
    expect(page.locator("#source option:enabled")).to_have_text(
        ["Partition", "Index by-team", "Index by-tag, part of each item"]
    )
    expect(page.locator("#partition")).to_have_value("105")
    expect(page.locator("#partition")).not_to_be_editable()
    submit(page)
    expect(outcome_of_list(page)).to_have_text("1 item, page 1. The list ends here.")
    choose_list(page, "Index by-team")
    page.locator("#partition").fill("red")
    submit(page)
    expect(row(page, "Joseph")).to_contain_text("105")
    expect(names(page)).to_have_text(["Joseph"])
    open_row(page, "Joseph")


def test_a_table_with_one_key_has_no_partition_to_list(page, engine_endpoint):
    variables = {
        **PAGES,
        **LISTS,
        "ITEMS_TABLE": "browsed-one-key",
        "ITEMS_OPERATIONS": "GetItem,PutItem,Scan",
        "ITEMS_PARTITION_KEY": "Email:S",
        "ITEMS_SORT_KEY": "",
        "ITEMS_INDEXES": "",
    }
    client = client_for(engine_endpoint)
    create_empty_table(client, Settings.from_environment(variables))
    for email in ("a@example.com", "b@example.com"):
        item = {"Email": {"S": email}, "Age": {"N": "41"}}
        client.put_item(TableName=variables["ITEMS_TABLE"], Item=item)
    with gunicorn(engine_endpoint, "-w", "1", **variables) as server:
        page.goto(f"{server.url}/")
        # The whole table is read on request only.
        expect(outcome_of_list(page)).to_have_text("")
        expect(page.locator("#source option")).to_have_text(["Whole table"])
        submit(page)
        expect(outcome_of_list(page)).to_have_text("2 items, page 1. The list ends here.")
        open_row(page, "b@example.com")
        assert json.loads(body_of_item(page)) == {"Email": "b@example.com", "Age": 41}
