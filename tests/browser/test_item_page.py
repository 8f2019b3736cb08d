"""The page at /, in Chromium: reading, editing and deleting one item without losing anything."""

import json
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

LONG_NUMBER = "123456789012345678901234567890.5"
TYPED = "application/vnd.dynamodb+json"


@pytest.fixture
def name(request) -> str:
    return f"a/b ü 100% {request.node.name}"


@pytest.fixture
def stored(service, name):
    """Reads and writes the item behind the page's back."""

    def call(method: str, body: str | None = None, media_type: str = "application/json"):
        headers = {"Content_Type": media_type, "Accept": media_type}
        target = f"/items/104/{quote(name, safe='')}"
        return service.request(method, target, body, **headers)

    yield call
    call("DELETE")


@pytest.fixture
def item(page, service, name, stored):
    """The page, on an item with an e-mail address and a long number."""
    stored("PUT", f'{{"Email": "andrew@gmail.com", "Big": {LONG_NUMBER}}}')
    page.goto(f"{service.url}/")
    expect(page.locator("#outcome")).to_have_text("200 Read.")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Read").click()
    expect(page.locator("#etag")).not_to_have_text("none")
    return page


def body_of(page) -> str:
    return page.get_by_label("Item").input_value()


def test_it_opens_on_andrew(page, seen, mounts):
    for url in mounts.values():
        page.goto(f"{url}/")
        expect(page.locator("#outcome")).to_have_text("200 Read.")
        assert json.loads(body_of(page))["Email"] == "andrew@gmail.com"
        assert seen.requests[-1] == f"{url}/items/104/Andrew"
    assert seen.complaints == []


def test_it_shows_the_item_and_its_etag(seen, item, stored):
    assert item.locator("#etag").inner_text() == stored("GET").headers["ETag"]
    assert f'"Big": {LONG_NUMBER}' in body_of(item)
    assert seen.complaints == []


def test_it_shows_the_typed_form(item, stored):
    item.get_by_label("typed").check()
    expect(item.locator("#etag")).to_contain_text("-typed")
    assert json.loads(body_of(item)) == stored("GET", media_type=TYPED).json


def test_it_saves_what_was_edited_and_every_digit_of_the_rest(seen, item, stored):
    before = item.locator("#etag").inner_text()
    item.get_by_label("Item").fill(body_of(item).replace("andrew@", "clarke@"))
    item.get_by_role("button", name="Save").click()
    expect(item.locator("#outcome")).to_have_text("200 Saved.")
    assert item.locator("#etag").inner_text() != before
    answer = stored("GET").body.decode()
    assert '"Email":"clarke@gmail.com"' in answer
    assert f'"Big":{LONG_NUMBER}' in answer
    assert seen.complaints == []


def test_it_saves_the_plain_form_of_sets_and_binary_as_sets_and_binary(item, stored):
    rich = {
        "Email": {"S": "andrew@gmail.com"},
        "Tags": {"SS": ["a", "b"]},
        "Photo": {"B": "AP8="},
        "Friends": {"L": [{"M": {"Name": {"S": "Raj"}, "Tags": {"NS": ["1"]}}}]},
    }
    etag = stored("PUT", json.dumps(rich), TYPED).headers["ETag"].replace("-typed", "-json")
    item.get_by_role("button", name="Read").click()
    expect(item.locator("#etag")).to_have_text(etag)
    item.get_by_label("Item").fill(body_of(item).replace("andrew@", "clarke@"))
    item.get_by_role("button", name="Save").click()
    expect(item.locator("#outcome")).to_have_text("200 Saved.")
    item.get_by_label("typed").check()
    expect(item.locator("#etag")).to_contain_text("-typed")
    shown = json.loads(body_of(item))
    assert shown["Email"] == {"S": "clarke@gmail.com"}
    assert sorted(shown["Tags"]["SS"]) == ["a", "b"]
    assert shown["Photo"] == rich["Photo"]
    assert shown["Friends"] == rich["Friends"]


def test_it_saves_the_typed_form(item, stored):
    item.get_by_label("typed").check()
    expect(item.locator("#etag")).to_contain_text("-typed")
    item.get_by_label("Item").fill(
        body_of(item).replace('"Email": {', '"Tags": {"SS": ["a"]}, "Email": {')
    )
    item.get_by_role("button", name="Save").click()
    expect(item.locator("#outcome")).to_have_text("200 Saved.")
    assert stored("GET", media_type=TYPED).json["Tags"] == {"SS": ["a"]}


def test_someone_who_was_faster_is_a_412_and_is_not_overwritten(item, stored):
    stored("PUT", '{"Email": "faster@gmail.com"}')
    item.get_by_label("Item").fill(body_of(item).replace("andrew@", "slower@"))
    item.get_by_role("button", name="Save").click()
    expect(item.locator("#outcome")).to_contain_text("412")
    expect(item.locator("#outcome")).to_contain_text("Someone else was faster")
    assert stored("GET").json["Email"] == "faster@gmail.com"
    assert "slower@" in body_of(item), "what was typed is still there"
    item.get_by_role("button", name="Read").click()
    expect(item.locator("#outcome")).to_have_text("200 Read.")
    assert "faster@" in body_of(item)


def test_edits_are_not_lost_to_the_other_form(item):
    item.get_by_label("Item").fill('{"Email": "edited@gmail.com"}')
    item.get_by_label("typed").click()
    expect(item.locator("#outcome")).to_contain_text("save your changes first")
    assert "edited@" in body_of(item)
    expect(item.get_by_label("plain")).to_be_checked()


def test_it_deletes_and_creates_again_once(item, stored):
    item.get_by_role("button", name="Delete").click()
    expect(item.locator("#outcome")).to_contain_text("204 Deleted.")
    assert stored("GET").status == 404
    expect(item.get_by_role("button", name="Save")).to_be_disabled()
    item.get_by_role("button", name="Create").click()
    expect(item.locator("#outcome")).to_have_text("201 Created.")
    assert stored("GET").status == 200
    item.get_by_role("button", name="Create").click()
    expect(item.locator("#outcome")).to_contain_text("412")


def test_a_refused_item_says_where_the_fault_is(item):
    item.get_by_label("Item").fill('{"Id": 105}')
    item.get_by_role("button", name="Save").click()
    expect(item.locator("#outcome")).to_contain_text("/Id must equal the item key")


def test_an_absent_item_cannot_be_saved(item, stored):
    stored("DELETE")
    item.get_by_role("button", name="Read").click()
    expect(item.locator("#outcome")).to_contain_text("404 Item not found")
    expect(item.get_by_role("button", name="Save")).to_be_disabled()
