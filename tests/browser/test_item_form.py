"""The form of the page at /, in Chromium: the fields of an item schema and the text behind them."""

import json

import pytest
from dynamodb_items.config.settings import Settings
from dynamodb_items.local.sample_table import create_empty_table
from playwright.sync_api import expect

from tests.access.issuer import issuer, jwt_variables
from tests.browser.browsing import accept_dialogs, calls_of, dismiss_dialogs, outcome
from tests.browser.conftest import PAGES
from tests.engines import client_for
from tests.serving import gunicorn

TABLE = "customers"
TYPED = "application/vnd.dynamodb+json"
BALANCE = "12345678901234567890123456789012345.67"
SCHEMA = {
    "type": "object",
    "required": ["email"],
    "properties": {
        "Id": {"type": "integer"},
        "Name": {"type": "string"},
        "email": {"type": "string", "format": "email", "description": "Where invoices go."},
        "notes": {"type": "string", "title": "Notes"},
        "age": {"type": "integer", "minimum": 0},
        "balance": {"type": "number", "multipleOf": 0.01},
        "active": {"type": "boolean", "default": True},
        "tier": {"enum": ["free", "gold", 3]},
        "born": {"type": "string", "format": "date"},
        "seen": {"type": "string", "format": "date-time"},
        "tags": {"type": "array", "items": {"type": "string"}, "x-dynamodb-type": "SS"},
        "scores": {"type": "array", "items": {"type": "number"}, "x-dynamodb-type": "NS"},
        "avatar": {"type": "string", "x-dynamodb-type": "B"},
        "address": {
            "type": "object",
            "required": ["city"],
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        },
        "history": {"type": "array", "items": {"type": "object"}},
        "createdBy": {"type": "string", "readOnly": True},
        "pin": {"type": "string", "writeOnly": True},
    },
}
ITEM = f"""{{
    "email": "andrew@gmail.com", "age": 41, "balance": {BALANCE}, "active": false, "tier": "gold",
    "born": "1985-02-28", "tags": ["a", "b"], "avatar": "AP8=",
    "address": {{"city": "Berlin", "zip": 10115}}, "extra": [{BALANCE}]
}}"""
EDIT_AS_JSON = "Change it as JSON."


@pytest.fixture(scope="session")
def schema_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("schema") / "customer.json"
    file.write_text(json.dumps(SCHEMA))
    return str(file)


@pytest.fixture(scope="session")
def customers(engine_endpoint, schema_file):
    """The settings of a table without items, and its client."""
    client = client_for(engine_endpoint)
    create_empty_table(client, Settings(table=TABLE))
    yield {"ITEMS_TABLE": TABLE, "ITEMS_SCHEMA": schema_file, **PAGES}, client
    client.delete_table(TableName=TABLE)


@pytest.fixture(scope="session")
def typed_service(engine_endpoint, customers):
    with gunicorn(engine_endpoint, "-w", "1", **customers[0]) as server:
        yield server


@pytest.fixture
def name(request) -> str:
    return f"form {request.node.name}"


@pytest.fixture
def stored(typed_service, name):
    """Read and write the item without the page."""
    call = calls_of(typed_service, name)
    yield call
    call("DELETE")


@pytest.fixture
def new(page, seen, typed_service, name, stored):  # noqa: ARG001 - it deletes the item
    """The page with the key of an item that does not exist."""
    page.goto(f"{typed_service.url}/")
    expect(outcome(page)).to_contain_text("404")
    page.get_by_label("Name string").fill(name)
    seen.complaints.clear()
    return page


@pytest.fixture
def item(new, stored):
    """The page with an item in the form."""
    assert stored("PUT", ITEM).status == 201
    read(new)
    return new


def read(page):
    page.get_by_role("button", name="Read").click()
    expect(outcome(page)).to_have_text("200 Read.")


def save(page, expected="200 Saved."):
    page.get_by_role("button", name="Save").click()
    expect(outcome(page)).to_contain_text(expected)


def field(page, label):
    return page.locator("#fields").get_by_label(label)


def text_of(page) -> str:
    return page.locator("#body").input_value()


def error_of(page, label):
    return page.locator(f"#{field(page, label).get_attribute('id')}-error")


def test_each_attribute_has_a_field_with_its_label_and_help(item, seen):
    expect(field(item, "email")).to_have_value("andrew@gmail.com")
    expect(field(item, "email")).to_have_attribute("inputmode", "email")
    expect(field(item, "email")).to_have_attribute("aria-required", "true")
    expect(field(item, "email")).to_have_accessible_description("Where invoices go.")
    expect(field(item, "balance")).to_have_value(BALANCE)
    expect(field(item, "balance")).to_have_attribute("inputmode", "decimal")
    expect(field(item, "active")).to_have_value("false")
    expect(field(item, "tier")).to_have_value('"gold"')
    expect(field(item, "born")).to_have_value("1985-02-28")
    expect(field(item, "tags")).to_have_value("a\nb")
    expect(field(item, "avatar")).to_have_value("AP8=")
    expect(item.get_by_role("group", name="address").get_by_label("city")).to_have_value("Berlin")
    assert json.loads(field(item, "Other members").input_value()) == {"zip": 10115}
    assert BALANCE in field(item, "Other attributes").input_value()
    expect(item.get_by_label("Item")).to_be_hidden()
    assert seen.complaints == []


def test_what_the_fields_do_not_change_is_saved_to_the_last_digit(item, stored, seen):
    before = json.loads(stored("GET", media_type=TYPED).body)
    field(item, "email").fill("clarke@gmail.com")
    save(item)
    after = json.loads(stored("GET", media_type=TYPED).body)
    assert after["email"] == {"S": "clarke@gmail.com"}
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"email"}
    assert seen.complaints == []


def test_every_kind_of_field_is_saved(new, stored):
    field(new, "email").fill("a@example.com")
    field(new, "Notes").fill('two\nlines "quoted"')
    field(new, "age").fill("41")
    field(new, "balance").fill(f"-{BALANCE}")
    field(new, "active").select_option("true")
    field(new, "tier").select_option("3")
    field(new, "born").fill("2001-02-03")
    field(new, "seen").fill("2026-11-27T09:30:00.123456+02:00")
    field(new, "tags").fill("b\n\na b\n")
    field(new, "scores").fill(f"1.50\n{BALANCE}")
    field(new, "avatar").fill("AP8=")
    field(new, "street").fill("Unter den Linden 1")
    field(new, "city").fill("Berlin")
    field(new, "history").fill(f'[{{"at": {BALANCE}}}]')
    field(new, "Other attributes").fill('{"extra": null}')
    new.get_by_role("button", name="Create").click()
    expect(outcome(new)).to_have_text("201 Created.")
    typed = stored("GET", media_type=TYPED).json
    del typed["Id"], typed["Name"]
    assert sorted(typed.pop("tags")["SS"]) == ["a b", "b"]
    assert sorted(typed.pop("scores")["NS"]) == ["1.5", BALANCE]
    assert typed == {
        "email": {"S": "a@example.com"},
        "notes": {"S": 'two\nlines "quoted"'},
        "age": {"N": "41"},
        "balance": {"N": f"-{BALANCE}"},
        "active": {"BOOL": True},
        "tier": {"N": "3"},
        "born": {"S": "2001-02-03"},
        "seen": {"S": "2026-11-27T09:30:00.123456+02:00"},
        "avatar": {"B": "AP8="},
        "address": {"M": {"street": {"S": "Unter den Linden 1"}, "city": {"S": "Berlin"}}},
        "history": {"L": [{"M": {"at": {"N": BALANCE}}}]},
        "extra": {"NULL": True},
    }


def test_an_empty_field_removes_its_attribute(item, stored):
    for label in ("age", "tags", "born"):
        field(item, label).fill("")
    field(item, "active").select_option("")
    field(item, "city").fill("")
    field(item, "Other members").fill("")
    save(item)
    assert stored("GET").json.keys() == {
        *("Id", "Name", "email", "balance", "tier", "avatar", "extra")
    }


def test_errors_are_shown_next_to_their_fields(item, stored):
    field(item, "email").fill("nobody")
    field(item, "age").fill("-1.5")
    field(item, "balance").fill("1,50")
    field(item, "scores").fill("1\nx")
    field(item, "city").fill("")
    item.get_by_role("button", name="Save").click()
    expect(error_of(item, "email")).to_have_text("Must be an email address.")
    expect(error_of(item, "balance")).to_have_text("Must be a number.")
    expect(error_of(item, "scores")).to_have_text("1: Must be a number.")
    expect(error_of(item, "city")).to_have_text("Is required.")
    expect(error_of(item, "age")).to_have_text("Must be a whole number.\nMust be at least 0.")
    expect(field(item, "email")).to_be_focused()
    expect(field(item, "email")).to_have_accessible_description(
        "Where invoices go. Must be an email address."
    )
    expect(field(item, "email")).to_have_attribute("aria-invalid", "true")
    assert stored("GET").json["email"] == "andrew@gmail.com"
    field(item, "email").fill("a@example.com")
    expect(error_of(item, "email")).to_be_empty()
    for label, text in (("age", "1"), ("balance", "1.50"), ("scores", "1"), ("city", "Rome")):
        field(item, label).fill(text)
    save(item)
    expect(error_of(item, "city")).to_be_empty()


def test_the_form_and_the_json_show_the_same_edits(item, stored):
    field(item, "email").fill("form@example.com")
    item.get_by_label("plain JSON").check()
    assert '"email": "form@example.com"' in text_of(item)
    item.get_by_label("Item").fill(text_of(item).replace('"Berlin"', '"Rome"'))
    item.get_by_label("form").check()
    expect(field(item, "city")).to_have_value("Rome")
    expect(field(item, "email")).to_have_value("form@example.com")
    save(item)
    saved = stored("GET").json
    assert (saved["email"], saved["address"]["city"]) == ("form@example.com", "Rome")


@pytest.mark.parametrize("text", ["[1]", '{"email": '])
def test_a_text_that_has_no_fields_stays_as_json(item, text):
    item.get_by_label("plain JSON").check()
    item.get_by_label("Item").fill(text)
    item.get_by_label("form").click()
    expect(item.get_by_label("plain JSON")).to_be_checked()
    expect(outcome(item)).to_have_text("The text is not a JSON object, so it has no fields.")
    assert text_of(item) == text


@pytest.mark.parametrize(
    ("label", "text", "error"),
    [
        ("history", '[{"a": ', "Enter a JSON value."),
        ("Other attributes", "1", "Enter a JSON object."),
        ("Other attributes", '{"age": 1}', "age has a field of its own."),
    ],
)
def test_incomplete_json_in_a_field_is_neither_saved_nor_lost(item, stored, label, text, error):
    before = stored("GET").body
    field(item, label).fill(text)
    expect(error_of(item, label)).to_have_text(error)
    item.get_by_role("button", name="Save").click()
    item.get_by_label("plain JSON").click()
    expect(item.get_by_label("form")).to_be_checked()
    expect(field(item, label)).to_have_value(text)
    assert stored("GET").body == before


def test_incomplete_json_is_discarded_only_if_the_user_agrees(item):
    field(item, "history").fill("[")
    questions = dismiss_dialogs(item)
    item.get_by_role("button", name="Read").click()
    item.get_by_label("typed JSON").click()
    assert questions == ["Discard your edits? They are not saved."] * 2
    expect(field(item, "history")).to_have_value("[")


def test_the_typed_form_has_no_fields(item):
    item.get_by_label("typed JSON").check()
    expect(item.locator("#etag")).to_contain_text("-typed")
    expect(item.locator("#fields")).to_be_hidden()
    assert json.loads(text_of(item))["age"] == {"N": "41"}
    item.get_by_label("form").check()
    expect(item.locator("#etag")).to_contain_text("-json")
    expect(field(item, "age")).to_have_value("41")


@pytest.fixture
def put_by_another_program(customers, name):
    """Store attributes that the schema does not allow a client to write."""

    def put(**attributes):
        key = {"Id": {"N": "104"}, "Name": {"S": name}}
        customers[1].put_item(TableName=TABLE, Item={**key, **attributes})

    return put


def test_read_only_attributes_are_shown_and_not_editable(new, stored, put_by_another_program):
    put_by_another_program(email={"S": "a@example.com"}, createdBy={"S": "billing"})
    read(new)
    expect(field(new, "createdBy")).to_have_value("billing")
    expect(field(new, "createdBy")).not_to_be_editable()
    field(new, "age").fill("3")
    save(new)
    assert stored("GET").json["createdBy"] == "billing"
    accept_dialogs(new)
    new.get_by_role("button", name="Delete").click()
    expect(outcome(new)).to_contain_text("Deleted.")
    new.get_by_role("button", name="Create").click()
    expect(outcome(new)).to_have_text("201 Created.")
    expect(field(new, "createdBy")).to_have_value("")


def test_a_value_of_another_form_is_shown_and_not_editable(new, put_by_another_program):
    put_by_another_program(
        email={"NULL": True},
        born={"S": "yesterday"},
        tags={"L": [{"S": "two\nlines"}]},
        address={"S": "Berlin"},
        tier={"S": "silver"},
    )
    read(new)
    for label, value in (("email", "null"), ("born", '"yesterday"'), ("tier", '"silver"')):
        expect(error_of(new, label)).to_have_text(
            f"{value} does not fit this field. {EDIT_AS_JSON}"
        )
        expect(field(new, label)).not_to_be_editable()
    expect(field(new, "tags")).not_to_be_editable()
    expect(field(new, "city")).to_be_disabled()


def test_a_write_only_attribute_is_saved_and_never_shown(item, customers):
    pin = field(item, "pin")
    expect(pin).to_have_attribute("type", "password")
    pin.fill("1234")
    save(item)
    expect(pin).to_have_value("")
    etag = item.locator("#etag").inner_text()
    field(item, "age").fill("42")
    save(item)
    expect(item.locator("#etag")).not_to_have_text(etag)
    (stored,) = customers[1].scan(TableName=TABLE)["Items"]
    assert (stored["pin"], stored["age"]) == ({"S": "1234"}, {"N": "42"})


def test_a_default_is_a_hint(new):
    expect(field(new, "active").locator("option").first).to_have_text("none (default: true)")


def test_a_conflict_keeps_the_edits_and_uses_the_stored_item(item, stored):
    stored("PUT", '{"email": "faster@example.com"}')
    field(item, "email").fill("slower@example.com")
    save(item, "412")
    expect(field(item, "email")).to_have_value("slower@example.com")
    accept_dialogs(item)
    item.get_by_role("button", name="Use the stored item").click()
    expect(field(item, "email")).to_have_value("faster@example.com")
    expect(field(item, "age")).to_have_value("")
    field(item, "email").fill("both@example.com")
    save(item)
    assert stored("GET").json["email"] == "both@example.com"


def test_the_form_works_with_the_keyboard(item, stored):
    field(item, "email").focus()
    for key in ("Control+A", "x", "@", "y", ".", "z", "Enter", "Tab"):
        item.keyboard.press(key)
    expect(field(item, "Notes")).to_be_focused()
    item.keyboard.type("typed")
    item.get_by_role("button", name="Save").focus()
    item.keyboard.press("Enter")
    expect(outcome(item)).to_have_text("200 Saved.")
    saved = stored("GET").json
    assert (saved["email"], saved["notes"]) == ("x@y.z", "typed")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_form_fits_a_phone(item, scheme):
    item.emulate_media(color_scheme=scheme)
    item.set_viewport_size({"width": 390, "height": 664})
    assert item.evaluate("document.documentElement.scrollWidth") <= 390
    sizes = item.evaluate(
        "[...document.querySelectorAll('#fields .control')].map(it => it.clientWidth)"
    )
    assert min(sizes) > 250
    field(item, "email").fill("nobody")
    item.get_by_role("button", name="Save").click()
    expect(error_of(item, "email")).to_be_in_viewport()


def test_the_form_works_with_authentication(page, seen, engine_endpoint, customers, stored, name):
    stored("PUT", ITEM)
    with (
        issuer() as authority,
        gunicorn(engine_endpoint, "-w", "1", **customers[0], **jwt_variables(authority)) as server,
    ):
        page.goto(f"{server.url}/")
        page.get_by_label("Bearer token").fill(authority.token())
        page.get_by_label("Name string").fill(name)
        read(page)
        field(page, "email").fill("signed@example.com")
        save(page)
    assert stored("GET").json["email"] == "signed@example.com"
    assert seen.complaints == []


def test_the_form_opens_items_of_a_list(page, seen, engine_endpoint, customers, stored, name):
    stored("PUT", ITEM)
    operations = {"ITEMS_OPERATIONS": "GetItem,PutItem,UpdateItem,DeleteItem,Query"}
    with gunicorn(engine_endpoint, "-w", "1", **customers[0], **operations) as server:
        page.goto(f"{server.url}/")
        expect(outcome(page)).to_contain_text("404")
        seen.complaints.clear()
        page.locator("#rows button").filter(has=page.locator(f"b:text-is('{name}')")).click()
        expect(field(page, "email")).to_have_value("andrew@gmail.com")
        questions = dismiss_dialogs(page)
        field(page, "email").fill("edited@example.com")
        page.locator("#rows button").first.click()
        expect(field(page, "email")).to_have_value("edited@example.com")
        assert questions == ["Discard your edits? They are not saved."]
    assert seen.complaints == []
