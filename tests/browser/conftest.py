"""A headless Chromium, and the pages at the root and below two kinds of path prefix."""

import http.client
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

import pytest
from dynamodb_items.config.settings import Settings
from dynamodb_items.local import launcher
from dynamodb_items.local.sample_table import create_empty_table
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.browsing import (
    LISTS,
    LONG_NUMBER,
    NAMES,
    TABLE,
    outcome,
    outcome_of_list,
    store,
    submit,
)
from tests.engines import client_for, moto
from tests.loopback import loopback
from tests.serving import gunicorn

PATIENCE_MILLISECONDS = 30_000
PAGES = {"ITEMS_DOCS_UI": "true", "ITEMS_ITEM_PAGE": "true"}
PREFIX = "/tables/people"


@contextmanager
def stripping_proxy(upstream: str) -> Iterator[str]:
    """A proxy that removes the prefix without reporting it to the service."""

    class Handler(BaseHTTPRequestHandler):
        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            connection = http.client.HTTPConnection(urlsplit(upstream).netloc, timeout=60)
            path = self.path.removeprefix(PREFIX) if self.path.startswith(f"{PREFIX}/") else "/none"
            connection.request(self.command, path, body or None, dict(self.headers))
            response = connection.getresponse()
            content = response.read()
            self.send_response(response.status)
            for name, value in response.getheaders():
                if name.lower() not in ("connection", "transfer-encoding"):
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
            connection.close()

        do_GET = do_PUT = do_DELETE = do_POST = forward  # noqa: N815 - named by http.server

    with loopback(Handler) as url:
        yield f"{url}{PREFIX}"


@pytest.fixture(scope="session")
def engine_endpoint() -> Iterator[str]:
    with moto() as endpoint:
        launcher.create_table(client_for(endpoint), Settings())
        yield endpoint


@pytest.fixture(scope="session")
def service(engine_endpoint):
    with gunicorn(engine_endpoint, "-w", "2", **PAGES) as server:
        yield server


@pytest.fixture(scope="session")
def mounts(service, engine_endpoint) -> Iterator[dict[str, str]]:
    """The URLs of the service by kind of prefix, without a slash at the end."""
    with (
        stripping_proxy(service.url) as stripped,
        gunicorn(engine_endpoint, "-w", "1", SCRIPT_NAME=PREFIX, **PAGES) as prefixed,
    ):
        yield {"root": service.url, "stripped": stripped, "prefixed": prefixed.url}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    assert program, "the tests of the pages need Chromium; on Debian: apt-get install chromium"
    with sync_playwright() as playwright:
        # No other machine is reachable.
        resolver = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
        browser = playwright.chromium.launch(executable_path=program, args=[resolver])
        yield browser
        browser.close()


class Seen:
    """The requests and the complaints of a page."""

    def __init__(self, page: Page) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                message.type in ("error", "warning") and self.complaints.append(message.text)
            ),
        )


@pytest.fixture
def page(chromium) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 960, "height": 760})
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    page = context.new_page()
    yield page
    context.close()


@pytest.fixture
def seen(page) -> Seen:
    return Seen(page)


@pytest.fixture(scope="session")
def table(engine_endpoint):
    """A table with two indexes; ``by-tag`` contains nothing but keys."""
    client = client_for(engine_endpoint)
    create_empty_table(client, Settings.from_environment(LISTS))
    yield client
    client.delete_table(TableName=TABLE)


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


@pytest.fixture(scope="session")
def lists(engine_endpoint, table):  # noqa: ARG001 - the table that it serves
    with gunicorn(engine_endpoint, "-w", "1", **PAGES, **LISTS) as server:
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
