"""Keys, entity tags and addresses come through each proxy as the client sent them."""

import gzip
import json
from dataclasses import replace
from urllib.parse import quote

import pytest
import zstandard

from tests.engines import client_for
from tests.proxies.conftest import nginx

TABLE = "my-dynamodb-table"
JSON = {"Content_Type": "application/json"}
NAMES = {
    "a slash": "a/b",
    "a double slash": "a//b",
    "one dot": ".",
    "two dots": "..",
    "dots between slashes": "a/../b",
    "the path of another item": "../../items/104/x",
    "an escape as text": "%2F",
    "a plus": "a+b",
    "a line break": "a\r\nb",
    "an emoji": "\U0001f600",
    "1024 bytes": "n" * 1024,
    "1024 bytes of emoji": "\U0001f600" * 256,
}
BODY = json.dumps({"text": "compressible " * 200})


@pytest.fixture(scope="module")
def dynamodb(endpoint):
    return client_for(endpoint)


def stored(dynamodb, name):
    key = {"Id": {"N": "105"}, "Name": {"S": name}}
    return dynamodb.get_item(TableName=TABLE, Key=key).get("Item")


def target(name):
    # As clients that do not normalize paths send it: every byte but unreserved ones encoded.
    return f"/items/105/{quote(name, safe='')}"


@pytest.mark.parametrize("name", NAMES.values(), ids=list(NAMES))
def test_a_key_names_the_same_item_through_the_proxy(proxied, dynamodb, name):
    created = proxied.request("PUT", target(name), '{"a": 1}', **JSON)
    assert created.status == 201, created.body
    assert stored(dynamodb, name)["Name"] == {"S": name}
    assert proxied.request("GET", target(name)).json["Name"] == name
    assert proxied.request("DELETE", target(name)).status == 204
    assert stored(dynamodb, name) is None


def test_nginx_alone_rejects_an_encoded_null_character(proxied, direct):
    """A legal key of the service, so the page names it."""
    name = "a\x00b"
    direct.request("PUT", target(name), '{"a": 1}', **JSON)
    response = proxied.request("GET", target(name))
    assert response.status == (400 if response.headers.get("Server") == "nginx" else 200)
    assert direct.request("DELETE", target(name)).status == 204


def test_a_delete_reaches_no_other_item(proxied, direct):
    direct.request("PUT", "/items/104/x", "{}", **JSON)
    deleted = proxied.request("DELETE", "/items/105/..%2F..%2Fitems%2F104%2Fx")
    assert deleted.status == 204
    assert direct.request("GET", "/items/104/x?consistent_read=true").status == 200
    direct.request("DELETE", "/items/104/x")


def test_a_path_behind_the_upstream_s_name_is_what_makes_nginx_normalise(direct, tmp_path):
    """The reason for the shipped form; if nginx changes this, the page has to change."""
    direct.request("PUT", "/items/104/y", "{}", **JSON)
    wrong = ("proxy_pass http://dynamodb_items;", "proxy_pass http://dynamodb_items/;")
    with nginx(direct.url.removeprefix("http://"), tmp_path, wrong) as url:
        replace(direct, url=url).request("DELETE", "/items/105/..%2F..%2Fitems%2F104%2Fy")
    assert direct.request("GET", "/items/104/y?consistent_read=true").status == 404


def test_the_longest_legal_key_fits_with_a_long_token(proxied):
    name = quote("\U0001f600" * 256, safe="")
    response = proxied.request("GET", f"/items/105/{name}", Authorization=f"Bearer {'t' * 8000}")
    assert response.status == 404
    assert response.headers["Content-Type"] == "application/problem+json"


def test_an_etag_from_a_compressed_response_guards_a_write(proxied):
    path = target("compressed")
    proxied.request("PUT", path, BODY, **JSON)
    response = proxied.request("GET", path, Accept_Encoding="gzip")
    assert response.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(response.body))["Name"] == "compressed"
    etag = response.headers["ETag"]
    assert etag.startswith("W/"), "this proxy weakens the tag of what it compresses"
    assert proxied.request("GET", path, If_None_Match=etag).status == 304
    assert proxied.request("PUT", path, '{"a": 2}', If_Match=etag, **JSON).status == 200
    assert proxied.request("PUT", path, '{"a": 3}', If_Match=etag, **JSON).status == 412
    assert proxied.request("DELETE", path, If_Match=etag).status == 412
    assert proxied.request("DELETE", path).status == 204


def test_what_the_service_has_compressed_comes_through_as_it_is(proxied_and_compressed):
    service = proxied_and_compressed
    path = target("compressed by the service")
    gzipped = {**JSON, "Content_Encoding": "gzip"}
    created = service.request("PUT", path, gzip.compress(BODY.encode()), **gzipped)
    assert created.status == 201, created.body
    plain = service.request("GET", path)
    for coding, decode in (("gzip", gzip.decompress), ("zstd", zstandard.decompress)):
        response = service.request("GET", path, Accept_Encoding=coding)
        assert response.headers["Content-Encoding"] == coding
        assert decode(response.body) == plain.body
        assert response.headers["ETag"] == created.headers["ETag"]
        assert "Accept-Encoding" in response.headers["Vary"]
        head = service.request("HEAD", path, Accept_Encoding=coding)
        assert (head.status, head.headers["Content-Encoding"]) == (200, coding)
    etag = created.headers["ETag"]
    for sent in (etag, f"W/{etag}", f'"{etag[1:-1]}-gzip"', f'"{etag[1:-1]};gzip"'):
        unchanged = service.request("GET", path, Accept_Encoding="gzip", If_None_Match=sent)
        assert (unchanged.status, unchanged.body) == (304, b"")
    assert service.request("DELETE", path, If_Match=f"W/{etag}").status == 204


def test_the_client_s_address_is_the_one_that_the_proxy_saw(proxied, direct):
    clients = []
    for forged in ({}, {"X_Forwarded_For": "203.0.113.7"}):
        response = proxied.request("GET", target("address"), **forged)
        request_id = json.loads(response.body)["request_id"]
        (line,) = [line for line in direct.log if line.get("request_id") == request_id]
        clients.append(line["client"])
    assert clients[0] == clients[1]
    # Envoy replaces a loopback address by its machine's own.
    assert response.headers.get("Server") == "envoy" or clients[0] == "127.0.0.1"


def test_a_body_over_the_limit_is_rejected_by_the_service(proxied):
    response = proxied.request("PUT", target("large"), b" " * (1024 * 1024 + 1), **JSON)
    assert response.status == 413
    assert response.headers["Content-Type"] == "application/problem+json"
