"""The lists of the page at /, in Chromium: page by page, and from a row to the item's edit."""

import json
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from tests.access.issuer import jwt_variables
from tests.browser.conftest import PAGES, PREFIX, stripping_proxy
from tests.browser.sign_in_issuer import CLIENT, sign_in_issuer
from tests.browser.test_item_page import LONG_NUMBER, accept_dialogs, dismiss_dialogs
from tests.browser.test_sign_in import sign_in
from tests.engines import client_for
from tests.serving import gunicorn

TABLE = "browsed"
LISTS = {
    **PAGES,
    "ITEMS_TABLE": TABLE,
    "ITEMS_OPERATIONS": "GetItem,PutItem,UpdateItem,DeleteItem,Query,Scan",
    "ITEMS_INDEXES": "by-team=Team:S+Rank:N,by-tag=Tag:S/partial",
}
NAMES = ["/ü 100%", "a1", "a2", "a3", "a4", "b1", "b2"]


def string_keys(*names):
    return [
        {"AttributeName": name, "KeyType": kind}
        for name, kind in zip(names, ("HASH", "RANGE"), strict=False)
    ]


@pytest.fixture(scope="module")
def table(engine_endpoint):
    """A table with two indexes; ``by-tag`` contains nothing but keys."""
    client = client_for(engine_endpoint)
    types = {"Id": "N", "Name": "S", "Team": "S", "Rank": "N", "Tag": "S"}
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": type_} for name, type_ in types.items()
        ],
        KeySchema=string_keys("Id", "Name"),
        GlobalSecondaryIndexes=[
            {
                "IndexName": name,
                "KeySchema": string_keys(*keys),
                "Projection": {"ProjectionType": projection},
            }
            for name, keys, projection in (
                ("by-team", ("Team", "Rank"), "ALL"),
                ("by-tag", ("Tag",), "KEYS_ONLY"),
            )
        ],
    )
    yield client
    client.delete_table(TableName=TABLE)


def store(table, number, name, **attributes):
    table.put_item(
        TableName=TABLE, Item={"Id": {"N": str(number)}, "Name": {"S": name}, **attributes}
    )


@pytest.fixture
def items(table):
    """Seven items in partition 104, one in 105; nothing else."""
    for rank, name in enumerate(NAMES):
        team = {"Team": {"S": "red"}, "Rank": {"N": str(rank)}} if rank % 2 else {}
        store(table, 104, name, Big={"N": LONG_NUMBER}, **team)
    store(table, 105, "Joseph", Tag={"S": "x"}, Team={"S": "red"}, Rank={"N": "-1"})
    yield table
    for item in table.scan(TableName=TABLE)["Items"]:
        table.delete_item(TableName=TABLE, Key={name: item[name] for name in ("Id", "Name")})


@pytest.fixture(scope="module")
def lists(engine_endpoint, table):  # noqa: ARG001 - the table that it serves
    with gunicorn(engine_endpoint, "-w", "1", **LISTS) as server:
        yield server


@pytest.fixture
def browser_page(page, seen, items, lists):  # noqa: ARG001 - the items that it lists
    page.goto(f"{lists.url}/")
    expect(outcome_of_list(page)).to_have_text("7 items, page 1. The list ends here.")
    expect(outcome(page)).to_contain_text("404")  # Andrew, on whom the page opens
    seen.complaints.clear()
    return page


@pytest.fixture
def pages_of_three(browser_page):
    """The page with the first of three pages of partition 104."""
    browser_page.get_by_label("Items per page").fill("3")
    submit(browser_page)
    expect(outcome_of_list(browser_page)).to_have_text("3 items, page 1. More follow.")
    return browser_page


def outcome_of_list(page):
    return page.locator("#list-outcome")


def outcome(page):
    return page.locator("#outcome")


def submit(page):
    page.get_by_role("button", name="List", exact=True).click()


def choose_list(page, title):
    page.get_by_role("combobox", name="List", exact=True).select_option(title)


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def names(page) -> list[str]:
    """Return the last key in each row."""
    return page.locator("#rows b:last-of-type").all_inner_texts()


def row(page, name):
    return page.locator("#rows button").filter(has=page.locator(f"b:text-is('{name}')"))


def open_row(page, name):
    row(page, name).click()
    expect(row(page, name)).to_have_attribute("aria-current", "true")
    expect(outcome(page)).to_have_text("200 Read.")


def stored(table, name, number=104):
    key = {"Id": {"N": str(number)}, "Name": {"S": name}}
    return table.get_item(TableName=TABLE, Key=key, ConsistentRead=True).get("Item")


def body_of_item(page) -> str:
    return page.locator("#body").input_value()


def edit(page, text):
    page.locator("#body").fill(text)


def test_a_partition_page_by_page_and_back(seen, pages_of_three):
    page = pages_of_three
    assert names(page) == NAMES[:3]
    expect(button(page, "Previous page")).to_be_disabled()
    button(page, "Next page").click()
    expect(outcome_of_list(page)).to_have_text("3 items, page 2. More follow.")
    assert names(page) == NAMES[3:6]
    button(page, "Next page").click()
    expect(outcome_of_list(page)).to_have_text("1 item, page 3. The list ends here.")
    assert names(page) == NAMES[6:]
    expect(button(page, "Next page")).to_be_disabled()
    for number, expected in ((2, NAMES[3:6]), (1, NAMES[:3])):
        button(page, "Previous page").click()
        expect(outcome_of_list(page)).to_have_text(f"3 items, page {number}. More follow.")
        assert names(page) == expected
    assert seen.complaints == []


@pytest.mark.usefixtures("items")
def test_below_a_path_prefix(page, seen, lists, engine_endpoint):
    with (
        stripping_proxy(lists.url) as stripped,
        gunicorn(engine_endpoint, "-w", "1", SCRIPT_NAME=PREFIX, **LISTS) as prefixed,
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
    expect(page.locator("#rows li")).to_have_count(len(expected))
    assert names(page) == expected[::-1]


def test_a_row_shows_the_attributes_and_every_digit(browser_page):
    preview = row(browser_page, "a1").locator("span").inner_text()
    assert f'"Big": {LONG_NUMBER}' in preview
    assert '"Id"' not in preview
    assert row(browser_page, "a1").locator("b").count() == 1


def test_a_row_opens_its_item_in_the_editor(browser_page):
    open_row(browser_page, NAMES[0])
    assert f'"Big": {LONG_NUMBER}' in body_of_item(browser_page)
    expect(browser_page.locator("#url")).to_have_text("/items/104/%2F%C3%BC%20100%25")
    expect(browser_page.locator("#request")).to_be_focused()
    expect(browser_page.locator("[aria-current]")).to_have_count(1)


def test_a_save_shows_in_the_list(pages_of_three, items):
    page = pages_of_three
    button(page, "Next page").click()
    expect(outcome_of_list(page)).to_contain_text("page 2")
    open_row(page, "a4")
    edit(page, body_of_item(page).replace('"Big"', '"Seen": true, "Big"'))
    button(page, "Save").click()
    expect(outcome(page)).to_have_text("200 Saved.")
    expect(row(page, "a4")).to_contain_text('"Seen": true')
    expect(outcome_of_list(page)).to_have_text("3 items, page 2. More follow.")
    expect(row(page, "a4")).to_have_attribute("aria-current", "true")
    assert stored(items, "a4")["Seen"] == {"BOOL": True}


def test_a_deletion_and_a_creation_show_in_the_list(browser_page, items):
    page = browser_page
    accept_dialogs(page)
    open_row(page, "a2")
    button(page, "Delete").click()
    expect(outcome_of_list(page)).to_have_text("6 items, page 1. The list ends here.")
    assert names(page) == [name for name in NAMES if name != "a2"]
    assert stored(items, "a2") is None
    button(page, "Create").click()
    expect(outcome_of_list(page)).to_have_text("7 items, page 1. The list ends here.")
    assert names(page) == NAMES
    expect(row(page, "a2")).to_have_attribute("aria-current", "true")


def test_after_the_last_item_of_a_page_is_deleted_the_page_before_shows(pages_of_three):
    page = pages_of_three
    accept_dialogs(page)
    for number in (2, 3):
        button(page, "Next page").click()
        expect(outcome_of_list(page)).to_contain_text(f"page {number}")
    open_row(page, "b2")
    button(page, "Delete").click()
    expect(outcome_of_list(page)).to_have_text("3 items, page 2. The list ends here.")
    assert names(page) == NAMES[3:6]


def test_edits_are_kept_unless_the_user_agrees_to_discard_them(browser_page):
    open_row(browser_page, "a1")
    edit(browser_page, '{"Edited": true}')
    questions = dismiss_dialogs(browser_page)
    row(browser_page, "a2").click()
    expect(browser_page.locator("#url")).to_have_text("/items/104/a1")
    assert questions == ["Discard your edits? They are not saved."]
    assert body_of_item(browser_page) == '{"Edited": true}'
    expect(row(browser_page, "a1")).to_have_attribute("aria-current", "true")


def test_edits_are_discarded_when_the_user_agrees(browser_page):
    open_row(browser_page, "a1")
    edit(browser_page, '{"Edited": true}')
    accept_dialogs(browser_page)
    open_row(browser_page, "a2")
    assert json.loads(body_of_item(browser_page))["Name"] == "a2"


def test_moving_between_pages_keeps_the_edits(pages_of_three):
    open_row(pages_of_three, "a1")
    edit(pages_of_three, '{"Edited": true}')
    button(pages_of_three, "Next page").click()
    expect(outcome_of_list(pages_of_three)).to_contain_text("page 2")
    assert body_of_item(pages_of_three) == '{"Edited": true}'
    expect(pages_of_three.locator("[aria-current]")).to_have_count(0)
    button(pages_of_three, "Previous page").click()
    expect(row(pages_of_three, "a1")).to_have_attribute("aria-current", "true")


def test_a_conflict_shows_what_is_stored_next_to_the_list(browser_page, items):
    open_row(browser_page, "a1")
    store(items, 104, "a1", Email={"S": "faster@gmail.com"})
    edit(browser_page, '{"Email": "slower@gmail.com"}')
    button(browser_page, "Save").click()
    expect(outcome(browser_page)).to_contain_text("412")
    expect(browser_page.locator("#stored")).to_contain_text("faster@gmail.com")
    button(browser_page, "Overwrite it").click()
    expect(row(browser_page, "a1")).to_contain_text("slower@gmail.com")


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


def test_an_item_of_a_partial_index_is_opened_whole(browser_page, items):
    page = browser_page
    choose_list(page, "Index by-tag, part of each item")
    expect(page.get_by_label("Order")).to_be_hidden()
    page.get_by_label("Tag string").fill("x")
    submit(page)
    expect(outcome_of_list(page)).to_have_text("1 item, page 1. The list ends here.")
    expect(row(page, "Joseph")).not_to_contain_text("Team")
    open_row(page, "Joseph")
    edit(page, body_of_item(page).replace('"red"', '"blue"'))
    button(page, "Save").click()
    expect(outcome(page)).to_have_text("200 Saved.")
    assert stored(items, "Joseph", 105)["Team"] == {"S": "blue"}


def test_the_whole_table_page_by_page(browser_page):
    page = browser_page
    choose_list(page, "Whole table")
    expect(page.locator("#partition")).to_be_hidden()
    page.get_by_label("Items per page").fill("5")
    submit(page)
    expect(outcome_of_list(page)).to_have_text("5 items, page 1. More follow.")
    found = names(page)
    button(page, "Next page").click()
    expect(outcome_of_list(page)).to_have_text("3 items, page 2. The list ends here.")
    assert sorted(found + names(page)) == sorted([*NAMES, "Joseph"])


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
    assert names(browser_page) == NAMES


def test_an_item_named_with_dots_is_not_requested(browser_page, items, seen):
    for name in (".", ".."):
        store(items, 104, name)
    submit(browser_page)
    expect(outcome_of_list(browser_page)).to_contain_text("9 items")
    seen.requests.clear()
    row(browser_page, "..").click()
    expect(outcome(browser_page)).to_contain_text("Use the batch operations for this item.")
    expect(button(browser_page, "Save")).to_be_disabled()
    assert seen.requests == []


@contextmanager
def held(page, pattern):
    """Hold back the requests that match; yield the list of them, and send them at the end."""
    routes = []
    page.route(pattern, lambda route: routes.append(route))  # noqa: PLW0108 - it is inspected
    yield routes
    for route in routes:
        route.continue_()
    page.unroute(pattern)


def test_the_item_that_was_opened_last_is_shown(browser_page):
    page = browser_page
    with held(page, "**/items/104/a1"):
        row(page, "a1").click()
        open_row(page, "a2")
    page.wait_for_timeout(300)
    assert json.loads(body_of_item(page))["Name"] == "a2"
    expect(outcome(page)).to_have_text("200 Read.")


def test_an_item_is_opened_after_the_save_in_progress(browser_page, items):
    page = browser_page
    open_row(page, "a1")
    edit(page, '{"Saved": true}')
    with held(page, "**/items/104/a1"):
        button(page, "Save").click()
        row(page, "a2").click()
        page.wait_for_timeout(300)
        expect(page.locator("#url")).to_have_text("/items/104/a1")
    expect(page.locator("#url")).to_have_text("/items/104/a2")
    expect(outcome(page)).to_have_text("200 Read.")
    assert json.loads(body_of_item(page))["Name"] == "a2"
    assert stored(items, "a1")["Saved"] == {"BOOL": True}


def test_what_is_typed_during_a_save_is_kept(browser_page):
    page = browser_page
    open_row(page, "a1")
    edit(page, '{"Saved": 1}')
    with held(page, "**/items/104/a1"):
        button(page, "Save").click()
        edit(page, '{"Saved": 2}')
    expect(outcome(page)).to_have_text("200 Saved.")
    assert body_of_item(page) == '{"Saved": 2}'
    button(page, "Save").click()
    expect(row(page, "a1")).to_contain_text('"Saved": 2')


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def test_the_keyboard_alone_is_enough(pages_of_three, items):
    page = pages_of_three
    button(page, "Next page").focus()
    press(page, "Enter")
    expect(outcome_of_list(page)).to_contain_text("page 2")
    expect(button(page, "Next page")).to_be_focused()
    press(page, "Enter")
    expect(outcome_of_list(page)).to_contain_text("page 3")
    # The button is disabled now; the focus is not lost.
    expect(button(page, "Previous page")).to_be_focused()
    press(page, "Enter")
    expect(outcome_of_list(page)).to_contain_text("page 2")
    press(page, "Tab", "Tab")
    expect(row(page, "a3")).to_be_focused()
    press(page, "End", "ArrowUp", "ArrowDown", "ArrowDown", "Home", "ArrowUp", "ArrowDown")
    expect(row(page, "a4")).to_be_focused()
    press(page, "Enter")
    expect(page.locator("#request")).to_be_focused()
    press(page, "Tab")
    expect(page.locator("#body")).to_be_focused()
    press(page, "Control+A")
    page.keyboard.type('{"Typed": true}')
    press(page, "Tab")
    expect(button(page, "Save")).to_be_focused()
    press(page, "Enter")
    expect(outcome(page)).to_have_text("200 Saved.")
    expect(row(page, "a4")).to_contain_text('"Typed": true')
    press(page, "Tab", "Tab", "Tab")
    expect(button(page, "To the list")).to_be_focused()
    press(page, "Enter")
    expect(row(page, "a4")).to_be_focused()
    # The list has one tab stop.
    press(page, "Tab")
    expect(page.locator("input[name=key]").first).to_be_focused()
    assert stored(items, "a4")["Typed"] == {"BOOL": True}


@pytest.mark.usefixtures("items")
def test_on_a_phone(chromium, lists):
    context = chromium.new_context(viewport={"width": 390, "height": 664}, has_touch=True)
    try:
        page = context.new_page()
        page.goto(f"{lists.url}/")
        expect(outcome_of_list(page)).to_have_text("7 items, page 1. The list ends here.")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert row(page, "a1").bounding_box()["height"] >= 44
        row(page, "a1").tap()
        expect(page.locator("#request")).to_be_focused()
        for part in ("#request", "#outcome", "#save"):
            expect(page.locator(part)).to_be_in_viewport(ratio=1)
        expect(page.locator("#body")).to_be_in_viewport()
        edit(page, '{"Phone": true}')
        button(page, "Save").tap()
        expect(outcome(page)).to_have_text("200 Saved.")
        expect(outcome(page)).to_be_in_viewport(ratio=1)
        button(page, "To the list").tap()
        expect(row(page, "a1")).to_be_in_viewport(ratio=1)
        expect(row(page, "a1")).to_contain_text('"Phone": true')
        choose_list(page, "Index by-team")
        page.get_by_label("Rank number").select_option("between")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    finally:
        context.close()


def test_the_outcomes_are_announced(browser_page):
    for part in (outcome_of_list(browser_page), outcome(browser_page)):
        expect(part).to_have_attribute("aria-live", "polite")
        expect(part).to_have_role("status")


@pytest.fixture
def guarded_page(page, items, engine_endpoint):  # noqa: ARG001 - the items that it lists
    """The page of a service with tenants and a sign-in, and its issuer."""
    with sign_in_issuer() as authority:
        variables = jwt_variables(
            authority, ITEMS_TENANT_CLAIM="tenant", ITEMS_PAGE_OIDC_CLIENT=CLIENT
        )
        with gunicorn(engine_endpoint, "-w", "1", **LISTS, **variables) as server:
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
    assert names(page) == ["Joseph"]
    open_row(page, "Joseph")


def test_a_table_with_one_key_has_no_partition_to_list(page, engine_endpoint):
    variables = {
        **LISTS,
        "ITEMS_TABLE": "browsed-one-key",
        "ITEMS_OPERATIONS": "GetItem,PutItem,Scan",
        "ITEMS_PARTITION_KEY": "Email:S",
        "ITEMS_SORT_KEY": "",
        "ITEMS_INDEXES": "",
    }
    client = client_for(engine_endpoint)
    client.create_table(
        TableName=variables["ITEMS_TABLE"],
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "Email", "AttributeType": "S"}],
        KeySchema=string_keys("Email"),
    )
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
