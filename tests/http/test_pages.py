"""The pages for people are off unless a setting enables them."""

import pytest
from dynamodb_items.app import create_app, create_repository
from dynamodb_items.config.settings import Settings


def client_of(**chosen):
    settings = Settings(**chosen)
    return create_app(settings, create_repository(settings)).test_client()


@pytest.mark.parametrize("path", ["/", "/docs", "/docs/", "/pages/item.js"])
def test_without_a_setting_no_page_exists(path):
    response = client_of().get(path)
    assert response.status_code == 404
    assert response.json["type"] == "/docs/errors#not-found"


def test_each_setting_enables_its_own_page():
    docs, item = client_of(docs_ui=True), client_of(item_page=True)
    assert [docs.get(path).status_code for path in ("/docs", "/")] == [200, 404]
    assert [item.get(path).status_code for path in ("/docs", "/")] == [404, 200]


def test_the_page_names_the_table_and_its_keys():
    environment = {"ITEMS_TABLE": "people", "ITEMS_PARTITION_KEY": "<Owner>:S"}
    settings = Settings.from_environment({**environment, "ITEMS_ITEM_PAGE": "true"})
    page = create_app(settings, create_repository(settings)).test_client().get("/").text
    assert "<h1>people</h1>" in page
    assert "&lt;Owner&gt;" in page
    assert "Andrew" not in page


def test_the_page_shows_no_account():
    arn = "arn:aws:dynamodb:us-east-2:123456789012:table/people"
    page = client_of(table=arn, item_page=True).get("/").text
    assert "<h1>people</h1>" in page
    assert "123456789012" not in page


@pytest.mark.parametrize("path", ["/", "/docs", "/pages/item.js", "/pages/swagger-ui.css"])
def test_every_part_of_a_page_is_protected(path):
    headers = client_of(docs_ui=True, item_page=True).get(path).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_pages_hide_no_other_path():
    client = client_of(docs_ui=True, item_page=True)
    assert client.get("/docs/errors").content_type.startswith("text/markdown")
    assert client.get("/docs/nothing").json["type"] == "/docs/errors#not-found"
