"""What describes the API: its document, its errors, its methods; and messages about a request."""

import pytest
from dynamodb_items.app import create_app, create_repository
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.errors import InvalidBody
from dynamodb_items.formats.strict_json import parse_json
from dynamodb_items.web.media_types import PATCH_FORMS
from dynamodb_items.web.request.body_schemas import MAX_PATH_CHARACTERS
from dynamodb_items.web.request.query_schemas import MAX_PATHS

from tests.conftest import aws_variables, environment

DESCRIPTIONS = ["/openapi.json", "/docs/errors"]


@pytest.fixture(scope="module")
def client():
    with environment(**aws_variables("http://127.0.0.1:9")):
        settings = Settings(auth="none", docs_ui=True)
        repository = create_repository(settings)
    return create_app(settings, repository).test_client()


@pytest.mark.parametrize("path", DESCRIPTIONS)
@pytest.mark.parametrize("root", ["", "/v1"])
def test_a_description_is_sent_once_and_then_revalidated(client, path, root):
    options = {"environ_overrides": {"SCRIPT_NAME": root}}
    first = client.get(path, **options)
    etag = first.headers["ETag"]
    assert first.status_code == 200
    assert etag.startswith('"'), "it is strong"
    assert first.headers["Cache-Control"] == "no-cache"
    for condition in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = client.get(path, headers={"If-None-Match": condition}, **options)
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == etag
    assert client.get(path, headers={"If-None-Match": '"other"'}, **options).data == first.data
    head = client.head(path, headers={"If-None-Match": etag}, **options)
    assert head.status_code == 304


def test_the_document_below_a_prefix_has_an_etag_of_its_own(client):
    below = client.get("/openapi.json", environ_overrides={"SCRIPT_NAME": "/v1"})
    assert below.headers["ETag"] != client.get("/openapi.json").headers["ETag"]


@pytest.mark.parametrize("path", [*DESCRIPTIONS, "/docs", "/pages/docs.js"])
def test_a_description_leaves_the_date_to_the_server(client, path):
    assert "Date" not in client.get(path).headers


@pytest.mark.parametrize("path", [*DESCRIPTIONS, "/live", "/nothing"])
@pytest.mark.parametrize("accept", ["text/html", "image/gif;q=.2", "*/*;q=0", "*"])
def test_what_has_one_form_is_sent_in_it_whatever_is_accepted(client, path, accept):
    expected = client.get(path)
    response = client.get(path, headers={"Accept": accept})
    assert response.status_code == expected.status_code
    assert response.content_type == expected.content_type


def test_options_of_an_item_name_the_media_types_of_patches(client):
    response = client.options("/items/7/x")
    assert response.status_code == 200
    assert response.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"
    assert response.headers["Accept-Patch"] == ", ".join(PATCH_FORMS)
    assert (response.data, "Content-Type" in response.headers) == (b"", False)


@pytest.mark.parametrize(
    ("path", "methods"), [("/items:batch", "OPTIONS, POST"), ("/live", "GET, HEAD, OPTIONS")]
)
def test_options_of_what_cannot_be_patched_name_none(client, path, methods):
    response = client.options(path)
    assert response.headers["Allow"] == methods
    assert "Accept-Patch" not in response.headers


@pytest.mark.parametrize(
    ("method", "path", "header"),
    [
        ("PUT", "/items/7/x", "Accept"),
        ("PATCH", "/items/7/x", "Accept-Patch"),
        ("POST", "/items:batch", "Accept"),
        ("POST", "/items:batchGet", "Accept"),
    ],
)
def test_415_names_what_is_accepted(client, method, path, header):
    response = client.open(path, method=method, data="x", content_type="text/plain")
    assert (response.status_code, header in response.headers) == (415, True)
    compressed = {"Content-Encoding": "br", "Content-Type": "application/json"}
    response = client.open(path, method=method, data="x", headers=compressed)
    assert (response.status_code, response.headers["Accept-Encoding"]) == (415, "gzip")
    assert header not in response.headers


def fields_of(document, path, method):
    parameters = document["paths"][path][method]["parameters"]
    return next(each for each in parameters if each.get("name") == "fields")["schema"]


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete"])
def test_the_bounds_of_fields_are_documented(client, method):
    schema = fields_of(client.get("/openapi.json").json, "/items/{id}/{name}", method)
    assert schema["maxItems"] == MAX_PATHS
    assert schema["items"]["maxLength"] == MAX_PATH_CHARACTERS


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        (",".join(["a"] * (MAX_PATHS + 1)), "has more than 1000 paths"),
        ("a," + "b" * (MAX_PATH_CHARACTERS + 1), "has a path with more than 2048 characters"),
    ],
)
def test_the_bounds_of_fields_are_enforced(client, fields, detail):
    response = client.get("/items/7/x", query_string={"fields": fields})
    assert response.status_code == 400
    assert response.json["errors"] == [{"pointer": "?fields", "detail": detail}]


@pytest.mark.parametrize("body", [b"\xef\xbb\xbf{}", b"\xef\xbb\xbf"])
def test_a_byte_order_mark_is_named(body):
    with pytest.raises(InvalidBody, match="begins with a byte order mark"):
        parse_json(body)
