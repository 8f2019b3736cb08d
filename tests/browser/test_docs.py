"""Swagger UI at /docs, in Chromium: complete, self-contained, below any prefix."""

import json

import pytest
from dynamodb_items.web.openapi.document import documented_operations
from playwright.sync_api import Page, expect

JOSEPH = "/items/105/Joseph"


@pytest.fixture(params=["root", "stripped", "prefixed"])
def url(request, mounts) -> str:
    return mounts[request.param]


def operation(page: Page, url: str, operation_id: str):
    """Return an expanded operation of the page."""
    page.goto(f"{url}/docs")
    block = page.locator(f"#operations-Items-{operation_id}")
    block.locator(".opblock-summary-control").click()
    return block


def test_it_shows_every_operation_and_requests_nothing_external(page, seen, url, service):
    page.goto(f"{url}/docs")
    document = service.request("GET", "/openapi.json").json
    operations = list(documented_operations(document))
    expect(page.locator(".opblock")).to_have_count(len(operations))
    assert seen.complaints == []
    assert seen.requests
    assert [sent for sent in seen.requests if not sent.startswith((f"{url}/", "data:"))] == []


def test_a_get_through_it_shows_andrew(page, seen, url):
    get = operation(page, url, "getItem")
    get.locator(".execute").click()
    response = get.locator(".live-responses-table")
    expect(response.locator(".response-col_status").nth(1)).to_contain_text("200")
    expect(response.locator(".highlight-code").first).to_contain_text("andrew@gmail.com")
    assert seen.requests[-1] == f"{url}/items/104/Andrew"
    assert seen.complaints == []


def test_a_put_through_it_stores_the_item(page, seen, url, service):
    put = operation(page, url, "putItem")
    put.get_by_placeholder("id", exact=True).fill("105")
    put.get_by_placeholder("name", exact=True).fill("Joseph")
    put.locator("textarea.body-param__text").fill('{"Email": "joseph@gmail.com"}')
    put.locator(".execute").click()
    expect(put.locator(".live-responses-table .highlight-code").first).to_contain_text("Joseph")
    stored = service.request("GET", f"{JOSEPH}?consistent_read=true").json
    assert stored["Email"] == "joseph@gmail.com"
    assert seen.complaints == []
    service.request("DELETE", JOSEPH)


def test_the_path_with_a_slash_leads_to_the_page(page, url):
    page.goto(f"{url}/docs/")
    assert page.url == f"{url}/docs"
    expect(page.locator(".opblock").first).to_be_visible()


def test_nothing_inline_and_nothing_from_elsewhere_may_run(service):
    response = service.request("GET", "/docs")
    directives = dict(
        directive.split(" ", 1)
        for directive in response.headers["Content-Security-Policy"].split("; ")
    )
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == "'self'"
    assert b"http" not in response.body.replace(b"http-equiv", b"")


def test_the_assets_are_requested_once(service):
    first = service.request("GET", "/pages/swagger-ui-bundle.js")
    again = service.request(
        "GET", "/pages/swagger-ui-bundle.js", If_None_Match=first.headers["ETag"]
    )
    assert (first.status, again.status, again.body) == (200, 304, b"")


def test_the_type_of_a_problem_still_leads_to_the_error_reference(service):
    problem = json.loads(service.request("GET", "/items/104/Nobody").body)
    page, _, slug = problem["type"].partition("#")
    assert f"## {slug}\n" in service.request("GET", page).body.decode()
