"""The endpoints for the sign-in of the item page, and their settings."""

import pytest
from dynamodb_items.access import sign_in
from dynamodb_items.access.sign_in import RETRY_SECONDS, sign_in_endpoints
from dynamodb_items.config.settings import Settings, SettingsError

ISSUER = "https://issuer.example"
DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://login.example/authorize?tenant=shop",
    "token_endpoint": "https://login.example:8443/token",
}


@pytest.fixture
def fetches(monkeypatch):
    """What the issuer returns for each fetch in turn; an exception is raised."""
    fetches = []

    def discovery_document(issuer):
        assert issuer == ISSUER
        fetched = fetches.pop(0)
        if isinstance(fetched, Exception):
            raise fetched
        return fetched

    monkeypatch.setattr(sign_in, "discovery_document", discovery_document)
    return fetches


def test_the_endpoints_are_fetched_once_in_an_interval(fetches, clock):
    fetches += [DOCUMENT, {**DOCUMENT, "token_endpoint": "https://other.example/token"}]
    source = sign_in_endpoints(ISSUER, 300)
    endpoints = source.current()
    assert endpoints.authorization == DOCUMENT["authorization_endpoint"]
    assert endpoints.token_origin == "https://login.example:8443"
    clock.now += 299
    assert source.current() is endpoints
    clock.now += 1
    assert source.current().token_origin == "https://other.example"


def test_after_a_failure_the_known_endpoints_stay_in_use(fetches, clock):
    fetches += [OSError("unreachable"), DOCUMENT, OSError("unreachable"), OSError("unreachable")]
    source = sign_in_endpoints(ISSUER, 300)
    assert source.current() is None
    clock.now += RETRY_SECONDS - 0.1
    assert source.current() is None
    clock.now += 0.1
    endpoints = source.current()
    clock.now += 300
    assert source.current() is endpoints
    clock.now += RETRY_SECONDS
    assert source.current() is endpoints
    assert fetches == []


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint"])
@pytest.mark.parametrize(
    "url",
    [
        None,
        7,
        "",
        "/token",
        "http://login.example/token",
        "javascript:alert(1)",
        "https://login.example; script-src *",
        "https://user@login.example/token",
        "https://login.example'self'/",
    ],
)
def test_an_endpoint_is_an_https_url_that_a_policy_can_contain(fetches, clock, name, url):
    fetches.append({**DOCUMENT, name: url})
    assert sign_in_endpoints(ISSUER, 300).current() is None
    assert clock.now == 1000.0


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"ITEMS_PAGE_OIDC_CLIENT": "page"}, "requires ITEMS_AUTH=jwt and ITEMS_ITEM_PAGE=true"),
        ({"ITEMS_PAGE_OIDC_PARAMETERS": "audience"}, "must be parameters such as audience="),
        ({"ITEMS_PAGE_OIDC_SCOPE": 'openid "x"'}, "is not a scope"),
    ],
)
def test_an_invalid_setting_is_reported(variables, message):
    with pytest.raises(SettingsError, match=message):
        Settings.from_environment(variables)


def test_the_settings_of_the_page_are_read():
    settings = Settings.from_environment(
        {
            "ITEMS_PAGE_OIDC_SCOPE": " openid  api://items/Items.Read ",
            "ITEMS_PAGE_OIDC_PARAMETERS": "audience=https://items.example/api&a=b%20c",
        }
    )
    assert settings.page_oidc_scope == "openid api://items/Items.Read"
    assert settings.page_oidc_parameters == "audience=https%3A%2F%2Fitems.example%2Fapi&a=b+c"
