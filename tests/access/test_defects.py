"""A defect in authentication rejects the request with the response of any other defect."""

import pytest
from dynamodb_items import app as app_module
from dynamodb_items.access.api_keys import ApiKeys
from dynamodb_items.app import create_app, create_repository
from dynamodb_items.config.settings import Settings
from dynamodb_items.web.middleware.authentication import authentication

from tests.conftest import environment


@pytest.fixture
def app(tmp_path):
    file = tmp_path / "keys.toml"
    file.write_text("")
    with environment():
        settings = Settings.from_environment(
            {"ITEMS_AUTH": "api-key", "ITEMS_API_KEYS_FILE": str(file)}
        )
        return create_app(settings, create_repository(settings))


def test_a_defect_while_the_caller_is_looked_for_is_500_with_a_request_id(app, monkeypatch):
    def fail(*_arguments):
        raise KeyError("a secret")

    monkeypatch.setattr(ApiKeys, "authenticate", fail)
    response = app.test_client().get("/items/104/Andrew", headers={"X-API-Key": "k"})
    assert (response.status_code, response.json["type"]) == (500, "/docs/errors#internal-error")
    assert response.json["request_id"] == response.headers["X-Request-Id"]
    assert response.headers["Cache-Control"] == "no-store"
    assert "a secret" not in response.text


def test_an_item_needs_a_caller_even_if_no_middleware_looks_for_one(monkeypatch):
    outermost_first = app_module.middlewares

    def without_authentication(observer):
        return [each for each in outermost_first(observer) if each is not authentication]

    monkeypatch.setattr(app_module, "middlewares", without_authentication)
    settings = Settings(auth="none")
    with environment():
        unguarded = create_app(settings, create_repository(settings))
    assert unguarded.test_client().get("/items/104/Andrew").status_code == 401
