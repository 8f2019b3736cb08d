"""A table with lists, and what a user does and sees on the page that shows them."""

from contextlib import contextmanager
from urllib.parse import quote

from playwright.sync_api import expect

LONG_NUMBER = "123456789012345678901234567890.5"
TABLE = "browsed"
LISTS = {
    "ITEMS_TABLE": TABLE,
    "ITEMS_OPERATIONS": "GetItem,PutItem,UpdateItem,DeleteItem,Query,Scan",
    "ITEMS_INDEXES": "by-team=Team:S+Rank:N,by-tag=Tag:S/partial",
}
NAMES = ["/ü 100%", "a1", "a2", "a3", "a4", "b1", "b2"]


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


def names(page):
    """Return the last key in each row."""
    return page.locator("#rows b:last-of-type")


def row(page, name):
    return page.locator("#rows button").filter(has=page.locator(f"b:text-is('{name}')"))


def open_row(page, name):
    row(page, name).click()
    expect(row(page, name)).to_have_attribute("aria-current", "true")
    expect(outcome(page)).to_have_text("200 Read.")


def store(table, number, name, **attributes):
    table.put_item(
        TableName=TABLE, Item={"Id": {"N": str(number)}, "Name": {"S": name}, **attributes}
    )


def stored(table, name, number=104):
    key = {"Id": {"N": str(number)}, "Name": {"S": name}}
    return table.get_item(TableName=TABLE, Key=key, ConsistentRead=True).get("Item")


def calls_of(server, name):
    """Return a function that reads and writes an item of partition 104 without the page."""

    def call(method: str, body: str | None = None, media_type: str = "application/json"):
        headers = {"Content_Type": media_type, "Accept": media_type}
        return server.request(method, f"/items/104/{quote(name, safe='')}", body, **headers)

    return call


def body_of_item(page) -> str:
    return page.locator("#body").input_value()


def edit(page, text):
    page.locator("#body").fill(text)


@contextmanager
def held(page, pattern):
    """Hold back the requests that match; yield the list of them, and send them at the end."""
    routes = []
    page.route(pattern, lambda route: routes.append(route))  # noqa: PLW0108 - it is inspected
    yield routes
    for route in routes:
        route.continue_()
    page.unroute(pattern)


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def accept_dialogs(page) -> None:
    page.on("dialog", lambda dialog: dialog.accept())


def dismiss_dialogs(page) -> list[str]:
    """Dismiss each dialog of the page; return the list of their messages."""
    messages = []

    def dismiss(dialog):
        messages.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    return messages
