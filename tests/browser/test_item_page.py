"""The page at /, in Chromium: read, edit and delete one item without losing data."""

import json
from contextlib import contextmanager
from urllib.parse import quote

import pytest
from dynamodb_items.access.api_keys import new_api_key
from dynamodb_items.config.settings import Settings
from dynamodb_items.local import launcher
from playwright.sync_api import expect

from tests.access.issuer import issuer, jwt_variables
from tests.browser.browsing import LONG_NUMBER, accept_dialogs, calls_of, dismiss_dialogs, held
from tests.browser.conftest import PAGES
from tests.engines import client_for
from tests.serving import gunicorn

TYPED = "application/vnd.dynamodb+json"


@pytest.fixture
def name(request) -> str:
    return f"a/b ü 100% {request.node.name}"


@pytest.fixture
def stored(service, name):
    """Read and write the item without the page."""
    call = calls_of(service, name)
    yield call
    call("DELETE")


@pytest.fixture
def item(page, service, name, stored):
    """The page with an item that has an e-mail address and a long number."""
    stored("PUT", f'{{"Email": "andrew@gmail.com", "Big": {LONG_NUMBER}}}')
    page.goto(f"{service.url}/")
    expect(page.locator("#outcome")).to_have_text("200 Read.")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Read").click()
    expect(page.locator("#etag")).not_to_have_text("none")
    return page


def body_of(page) -> str:
    return page.get_by_label("Item").input_value()


@contextmanager
def authenticated(endpoint, folder, auth):
    """Start a service with authentication; yield its URL, the field's label and a credential."""
    if auth == "jwt":
        with (
            issuer() as authority,
            gunicorn(endpoint, "-w", "1", **jwt_variables(authority), **PAGES) as server,
        ):
            yield server.url, "Bearer token", authority.token()
        return
    file = folder / "keys.toml"
    key, sha256 = new_api_key("page")
    file.write_text(f'[page]\nsha256 = "{sha256}"\nscopes = ["items:read"]\n')
    variables = {"ITEMS_AUTH": "api-key", "ITEMS_API_KEYS_FILE": str(file)}
    with gunicorn(endpoint, "-w", "1", **variables, **PAGES) as server:
        yield server.url, "API key", key


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


def test_the_text_of_one_form_cannot_be_saved_as_the_other(item):
    with held(item, "**/items/**"):
        item.get_by_label("typed").check()
        expect(item.get_by_role("button", name="Save")).to_be_disabled()
        assert body_of(item) == ""
    expect(item.locator("#etag")).to_contain_text("-typed")
    expect(item.get_by_role("button", name="Save")).to_be_enabled()


def test_it_saves_what_was_edited_and_every_digit_of_the_rest(seen, item, stored):
    before = item.locator("#etag").inner_text()
    item.get_by_label("Item").fill(body_of(item).replace("andrew@", "clarke@"))
    item.get_by_role("button", name="Save").click()
    expect(item.locator("#outcome")).to_have_text("200 Saved.")
    assert item.locator("#etag").inner_text() != before
    response = stored("GET").body.decode()
    assert '"Email":"clarke@gmail.com"' in response
    assert f'"Big":{LONG_NUMBER}' in response
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


@pytest.fixture
def conflict(item, stored):
    """The page after a 412: another client has stored an item since it was read."""
    stored("PUT", f'{{"Email": "faster@gmail.com", "Big": {LONG_NUMBER}}}')
    item.get_by_label("Item").fill(body_of(item).replace("andrew@", "slower@"))
    item.get_by_role("button", name="Save").click()
    expect(item.locator("#outcome")).to_contain_text("412")
    return item


def test_a_change_by_another_client_is_a_412_that_shows_what_is_stored(conflict, stored):
    expect(conflict.locator("#outcome")).to_contain_text("Your edits are kept.")
    expect(conflict.locator("#stored")).to_contain_text("faster@gmail.com")
    expect(conflict.locator("#stored")).to_contain_text(f'"Big": {LONG_NUMBER}')
    assert stored("GET").json["Email"] == "faster@gmail.com"
    assert "slower@" in body_of(conflict)


def test_the_stored_item_is_used_once_the_user_agrees_to_discard_the_edits(conflict, stored):
    accept_dialogs(conflict)
    conflict.get_by_role("button", name="Use the stored item").click()
    expect(conflict.locator("#conflict")).to_be_hidden()
    assert "faster@" in body_of(conflict)
    assert conflict.locator("#etag").inner_text() == stored("GET").headers["ETag"]
    conflict.get_by_label("Item").fill(body_of(conflict).replace("faster@", "both@"))
    conflict.get_by_role("button", name="Save").click()
    expect(conflict.locator("#outcome")).to_have_text("200 Saved.")
    assert stored("GET").json["Email"] == "both@gmail.com"


def test_the_edits_are_kept_while_the_user_does_not_agree(conflict):
    questions = dismiss_dialogs(conflict)
    conflict.get_by_role("button", name="Use the stored item").click()
    assert questions == ["Discard your edits? They are not saved."]
    assert "slower@" in body_of(conflict)
    expect(conflict.locator("#conflict")).to_be_visible()


def test_the_stored_item_is_overwritten(conflict, stored):
    conflict.get_by_role("button", name="Overwrite it").click()
    expect(conflict.locator("#outcome")).to_have_text("200 Saved.")
    expect(conflict.locator("#conflict")).to_be_hidden()
    assert stored("GET").json["Email"] == "slower@gmail.com"


def test_an_overwrite_does_not_hit_a_third_state(conflict, stored):
    stored("PUT", '{"Email": "fastest@gmail.com"}')
    conflict.get_by_role("button", name="Overwrite it").click()
    expect(conflict.locator("#stored")).to_contain_text("fastest@gmail.com")
    assert stored("GET").json["Email"] == "fastest@gmail.com"


def test_what_is_stored_is_shown_in_the_form_of_the_page(item, stored):
    item.get_by_label("typed").check()
    expect(item.locator("#etag")).to_contain_text("-typed")
    stored("PUT", '{"Email": "faster@gmail.com"}')
    item.get_by_role("button", name="Save").click()
    expect(item.locator("#stored")).to_contain_text('"S": "faster@gmail.com"')
    item.get_by_role("button", name="Use the stored item").click()
    assert json.loads(body_of(item)) == stored("GET", media_type=TYPED).json


def test_a_deletion_shows_what_another_client_has_stored(item, stored):
    stored("PUT", '{"Email": "faster@gmail.com"}')
    accept_dialogs(item)
    item.get_by_role("button", name="Delete").click()
    expect(item.locator("#stored")).to_contain_text("faster@gmail.com")
    assert stored("GET").status == 200


def test_a_412_for_an_item_that_is_gone_shows_none(item, stored):
    stored("DELETE")
    item.get_by_role("button", name="Save").click()
    expect(item.locator("#outcome")).to_contain_text("The stored item is not the one shown here")
    expect(item.locator("#conflict")).to_be_hidden()


def test_edits_are_kept_unless_the_user_agrees_to_discard_them(item):
    item.get_by_label("Item").fill('{"Email": "edited@gmail.com"}')
    questions = dismiss_dialogs(item)
    item.get_by_label("typed").click()
    expect(item.get_by_label("plain")).to_be_checked()
    item.get_by_role("button", name="Read").click()
    assert questions == ["Discard your edits? They are not saved."] * 2
    assert "edited@" in body_of(item)


def test_edits_are_discarded_when_the_user_agrees(item):
    item.get_by_label("Item").fill('{"Email": "edited@gmail.com"}')
    accept_dialogs(item)
    item.get_by_label("typed").click()
    expect(item.locator("#etag")).to_contain_text("-typed")
    assert "edited@" not in body_of(item)


def test_an_item_is_not_deleted_unless_the_user_agrees(item, stored, name):
    questions = dismiss_dialogs(item)
    item.get_by_role("button", name="Delete").click()
    assert questions == [f"Delete the item /items/104/{quote(name, safe='')}?"]
    assert stored("GET").status == 200


def test_the_outcome_shows_without_scrolling_on_a_phone(item):
    item.set_viewport_size({"width": 390, "height": 664})
    assert item.evaluate("document.documentElement.scrollWidth") <= 390
    item.evaluate("scrollTo(0, 0)")
    item.get_by_label("Item").fill(body_of(item).replace("andrew@", "phone@"))
    item.get_by_role("button", name="Save").click()
    expect(item.locator("#outcome")).to_have_text("200 Saved.")
    expect(item.locator("#outcome")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("auth", ["api-key", "jwt"])
def test_it_reads_with_a_credential_that_only_the_page_remembers(
    page, engine_endpoint, tmp_path, auth
):
    with authenticated(engine_endpoint, tmp_path, auth) as (url, label, credential):
        page.goto(f"{url}/")
        page.get_by_label(label).fill("wrong")
        page.get_by_role("button", name="Read").click()
        expect(page.locator("#outcome")).to_contain_text("401")
        page.get_by_label(label).fill(credential)
        page.get_by_role("button", name="Read").click()
        expect(page.locator("#outcome")).to_have_text("200 Read.")
        assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [
            0,
            0,
            "",
        ]
        page.reload()
        assert page.get_by_label(label).input_value() == ""


def test_the_labels_are_the_names_and_types_of_the_keys(page, engine_endpoint):
    keys = {"ITEMS_PARTITION_KEY": "Owner:S", "ITEMS_SORT_KEY": "Year:N"}
    with gunicorn(engine_endpoint, "-w", "1", until="/live", **keys, **PAGES) as server:
        page.goto(server.url)
        expect(page.get_by_label("Owner string")).to_have_value("")
        expect(page.get_by_label("Year number")).to_have_attribute("inputmode", "decimal")


def test_it_deletes_and_creates_again_once(item, stored):
    accept_dialogs(item)
    item.get_by_role("button", name="Delete").click()
    expect(item.locator("#outcome")).to_contain_text("200 Deleted.")
    assert stored("GET").status == 404
    expect(item.get_by_role("button", name="Save")).to_be_disabled()
    item.get_by_role("button", name="Create").click()
    expect(item.locator("#outcome")).to_have_text("201 Created.")
    assert stored("GET").status == 200
    item.get_by_role("button", name="Create").click()
    expect(item.locator("#outcome")).to_contain_text("412")


def test_the_error_of_a_rejected_item_has_a_pointer(item):
    item.get_by_label("Item").fill('{"Id": 105}')
    item.get_by_role("button", name="Save").click()
    expect(item.locator("#outcome")).to_contain_text("/Id must equal the item key")


def test_an_absent_item_cannot_be_saved(item, stored):
    stored("DELETE")
    item.get_by_role("button", name="Read").click()
    expect(item.locator("#outcome")).to_contain_text("404 Item not found")
    expect(item.get_by_role("button", name="Save")).to_be_disabled()


OTHER_KEYS = {
    "one key": ({"ITEMS_PARTITION_KEY": "Email:S", "ITEMS_SORT_KEY": ""}, ["me+a/b@example.com"]),
    "one binary key": ({"ITEMS_PARTITION_KEY": "Digest:B", "ITEMS_SORT_KEY": ""}, ["-_8AAQ"]),
    "binary and number": (
        {"ITEMS_PARTITION_KEY": "Digest:B", "ITEMS_SORT_KEY": "Seq:N"},
        ["-_8AAQ", "2"],
    ),
}


@pytest.mark.parametrize("case", OTHER_KEYS)
def test_the_page_of_a_table_with_other_keys(page, engine_endpoint, case):
    variables, keys = OTHER_KEYS[case]
    variables = {**variables, "ITEMS_TABLE": case.replace(" ", "-")}
    settings = Settings.from_environment(variables)
    launcher.create_table(client_for(engine_endpoint), settings)
    with gunicorn(engine_endpoint, **PAGES, **variables) as server:
        page.goto(f"{server.url}/")
        inputs = page.locator("input[name=key]")
        expect(inputs).to_have_count(len(keys))
        for attribute, key in zip(settings.key_schema, keys, strict=True):
            page.get_by_label(attribute.name).fill(key)
        page.get_by_label("Item").fill('{"Age": 41}')
        page.get_by_role("button", name="Create").click()
        expect(page.locator("#outcome")).to_have_text("201 Created.")
        page.get_by_role("button", name="Read").click()
        expect(page.locator("#outcome")).to_have_text("200 Read.")
        assert json.loads(body_of(page)).keys() == {*settings.key_schema.names, "Age"}
        page.get_by_label("Item").fill(body_of(page).replace("41", "42"))
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#outcome")).to_have_text("200 Saved.")
        target = "/".join(("/items", *(quote(key, safe="") for key in keys)))
        assert server.request("GET", target).json["Age"] == 42
