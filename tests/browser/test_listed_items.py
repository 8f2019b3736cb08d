"""From a row of a list to the item's edit and back, in Chromium, without losing data."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.browsing import (
    LONG_NUMBER,
    NAMES,
    TABLE,
    accept_dialogs,
    body_of_item,
    button,
    choose_list,
    dismiss_dialogs,
    edit,
    held,
    names,
    open_row,
    outcome,
    outcome_of_list,
    press,
    row,
    store,
    stored,
    submit,
)


def test_a_row_opens_its_item_in_the_editor(browser_page):
    open_row(browser_page, NAMES[0])
    assert f'"Big": {LONG_NUMBER}' in body_of_item(browser_page)
    expect(browser_page.locator("#url")).to_have_text("/items/104/%2F%C3%BC%20100%25")
    expect(browser_page.locator("#request")).to_be_focused()
    expect(browser_page.locator("[aria-current]")).to_have_count(1)


def test_an_item_that_is_gone_leaves_the_editor_empty(browser_page, items):
    page = browser_page
    open_row(page, "a1")
    items.delete_item(TableName=TABLE, Key={"Id": {"N": "104"}, "Name": {"S": "a2"}})
    row(page, "a2").click()
    expect(outcome(page)).to_contain_text("404 Item not found")
    expect(page.locator("#request")).to_be_focused()
    expect(row(page, "a2")).to_have_attribute("aria-current", "true")
    assert body_of_item(page) == ""
    expect(button(page, "Save")).to_be_disabled()


def test_another_key_in_the_key_field_marks_its_row(browser_page):
    open_row(browser_page, "a1")
    browser_page.locator("input[name=key]").last.fill("a2")
    expect(row(browser_page, "a2")).to_have_attribute("aria-current", "true")
    expect(browser_page.locator("[aria-current]")).to_have_count(1)


def test_a_save_shows_in_the_list(pages_of_three, items):
    page = pages_of_three
    button(page, "Next page").click()
    expect(outcome_of_list(page)).to_contain_text("page 2")
    open_row(page, "a4")
    edit(page, body_of_item(page).replace('"Big"', '"Seen": true, "Big"'))
    with page.expect_request("**/items:query") as refresh:
        button(page, "Save").click()
    assert refresh.value.post_data_json["consistent_read"] is True
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
    expect(names(page)).to_have_text([name for name in NAMES if name != "a2"])
    assert stored(items, "a2") is None
    button(page, "Create").click()
    expect(outcome_of_list(page)).to_have_text("7 items, page 1. The list ends here.")
    expect(names(page)).to_have_text(NAMES)
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
    expect(names(page)).to_have_text(NAMES[3:6])


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
    with page.expect_request("**/items:query") as refresh:
        button(page, "Save").click()
    # DynamoDB has no consistent reads of a global index.
    assert "consistent_read" not in refresh.value.post_data_json
    expect(outcome(page)).to_have_text("200 Saved.")
    assert stored(items, "Joseph", 105)["Team"] == {"S": "blue"}


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
