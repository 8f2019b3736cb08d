"""The item page behind a sign-in, in Chromium: code flow with PKCE, nothing stored."""

import uuid

import pytest
from playwright.sync_api import expect

from tests.access.issuer import jwt_variables
from tests.browser.browsing import accept_dialogs, outcome
from tests.browser.conftest import PAGES
from tests.browser.sign_in_issuer import CLIENT, sign_in_issuer
from tests.serving import gunicorn

SCOPE = "openid items:read items:write"


@pytest.fixture(scope="module")
def authority():
    with sign_in_issuer() as authority:
        yield authority


@pytest.fixture(autouse=True)
def _reset(authority):
    authority.claims_of_user, authority.error, authority.changes = {"tenant": "104"}, None, {}
    authority.authorization_requests.clear()
    authority.token_requests.clear()


@pytest.fixture(scope="module")
def guarded(engine_endpoint, authority):
    variables = jwt_variables(
        authority,
        ITEMS_TENANT_CLAIM="tenant",
        ITEMS_PAGE_OIDC_CLIENT=CLIENT,
        ITEMS_PAGE_OIDC_PARAMETERS="audience=https://items.example/api",
    )
    with gunicorn(engine_endpoint, "-w", "1", **variables, **PAGES) as server:
        yield server


def sign_in(page):
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Sign in").click()
    window = opened.value
    with window.expect_event("close"):
        window.get_by_role("button", name="Log in as Alice").click()


def create(page, name, text="{}"):
    page.get_by_label("Name").fill(name)
    page.get_by_label("Item").fill(text)
    page.get_by_role("button", name="Create").click()
    expect(outcome(page)).to_have_text("201 Created.")


def test_a_user_signs_in_and_edits_an_item(page, seen, guarded, authority):
    page.goto(f"{guarded.url}/")
    sign_in(page)
    expect(outcome(page)).to_have_text("Signed in.")
    name = f"signed-in-{uuid.uuid4().hex}"
    create(page, name, '{"Email": "a@example.com"}')
    page.get_by_label("Item").fill('{"Email": "b@example.com"}')
    page.get_by_role("button", name="Save").click()
    expect(outcome(page)).to_have_text("200 Saved.")
    accept_dialogs(page)
    page.get_by_role("button", name="Delete").click()
    expect(outcome(page)).to_contain_text("Deleted.")
    assert seen.complaints == []
    (request,) = authority.authorization_requests
    assert request["response_type"] == "code"
    assert request["scope"] == SCOPE
    assert request["audience"] == "https://items.example/api"
    assert request["redirect_uri"] == f"{guarded.url}/pages/signed-in.html"
    assert len(authority.token_requests) == 1


def test_nothing_is_stored(page, guarded):
    page.goto(f"{guarded.url}/")
    sign_in(page)
    expect(outcome(page)).to_have_text("Signed in.")
    assert page.evaluate("JSON.stringify([localStorage, sessionStorage])") == "[{},{}]"
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate("indexedDB.databases().then((all) => all.length)") == 0
    assert page.get_by_label("Bearer token").input_value() != ""
    page.reload()
    assert page.get_by_label("Bearer token").input_value() == ""


def test_edits_survive_a_sign_in(page, guarded):
    page.goto(f"{guarded.url}/")
    page.get_by_label("Item").fill('{"Draft": true}')
    sign_in(page)
    expect(outcome(page)).to_have_text("Signed in.")
    assert page.get_by_label("Item").input_value() == '{"Draft": true}'


@pytest.mark.parametrize(("tenant", "shown"), [("105", "105"), (106, "106")])
def test_a_tenant_sees_its_partition_only(page, guarded, authority, tenant, shown):
    authority.claims_of_user = {"tenant": tenant}
    page.goto(f"{guarded.url}/")
    partition = page.get_by_label("Id number")
    assert partition.is_editable()
    sign_in(page)
    expect(partition).to_have_value(shown)
    assert not partition.is_editable()
    create(page, f"tenant-{uuid.uuid4().hex}")
    assert f"/items/{shown}/" in page.locator("#url").inner_text()


def test_a_pasted_token_shows_its_tenant_too(page, guarded, authority):
    page.goto(f"{guarded.url}/")
    page.get_by_label("Bearer token").fill(authority.token(tenant="107"))
    expect(page.get_by_label("Id number")).to_have_value("107")
    page.get_by_label("Bearer token").fill("not a token")
    assert page.get_by_label("Id number").is_editable()


def test_a_response_of_another_sign_in_is_ignored(page, guarded, authority):
    """Neither another state nor another issuer gets a code exchanged."""
    page.goto(f"{guarded.url}/")
    authority.changes = {"state": "another"}
    sign_in(page)
    authority.changes = {"iss": "https://issuer.example"}
    sign_in(page)
    expect(outcome(page)).to_have_text("Not signed in: The response is of another issuer.")
    assert authority.token_requests == []
    assert page.get_by_label("Bearer token").input_value() == ""


def test_a_rejected_sign_in_is_reported(page, guarded, authority):
    authority.error = "access_denied"
    page.goto(f"{guarded.url}/")
    sign_in(page)
    expect(outcome(page)).to_have_text("Not signed in: access_denied")
    authority.error = None
    authority.changes = {"code": "forged"}
    sign_in(page)
    expect(outcome(page)).to_have_text("Not signed in: The code is not valid.")


def test_a_user_with_the_write_scope_alone_keeps_the_text(page, guarded, authority):
    authority.claims_of_user = {"tenant": "104", "scope": "items:write"}
    page.goto(f"{guarded.url}/")
    sign_in(page)
    expect(outcome(page)).to_have_text("Signed in.")
    create(page, f"write-only-{uuid.uuid4().hex}", '{"A": 1}')
    assert page.get_by_label("Item").input_value() == '{"A": 1}'
    expect(page.get_by_role("button", name="Save")).to_be_disabled()


def test_the_policy_allows_the_token_endpoint_and_nothing_else(guarded, authority):
    policy = guarded.request("GET", "/").headers["Content-Security-Policy"]
    assert f"connect-src 'self' {authority.url};" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    own = guarded.request("GET", "/pages/signed-in.html").headers["Content-Security-Policy"]
    assert "connect-src 'self';" in own


def test_while_the_issuer_is_unavailable_the_page_has_a_field_for_a_token(
    page, engine_endpoint, authority
):
    variables = jwt_variables(authority, ITEMS_PAGE_OIDC_CLIENT=CLIENT)
    authority.reachable = False
    try:
        with gunicorn(engine_endpoint, "-w", "1", **variables, **PAGES) as server:
            page.goto(f"{server.url}/")
            assert page.get_by_role("button", name="Sign in").count() == 0
            assert page.get_by_label("Bearer token").is_visible()
            assert "login endpoints unavailable" in [line["event"] for line in server.log]
    finally:
        authority.reachable = True
