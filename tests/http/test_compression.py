"""Compressed bodies in both directions, on real sockets, with and without the fast path."""

import gzip
import http.client
import json
import uuid
import zlib

import pytest
import zstandard

from tests.serving import gunicorn

TEXT = "compressible " * 200
ENCODED = {"Content_Type": "application/json", "Content_Encoding": "gzip"}


@pytest.fixture(scope="module", params=["true", "false"], ids=["fast", "standard"])
def server(engine, request):
    variables = {"ITEMS_COMPRESSION": "true", "ITEMS_FAST_PATH": request.param}
    with gunicorn(engine.endpoint, "-w", "1", **variables) as server:
        yield server


@pytest.fixture
def path(server):
    path = f"/items/104/compression-{uuid.uuid4().hex}"
    body = gzip.compress(json.dumps({"Text": TEXT}).encode())
    created = server.request("PUT", path, body, **ENCODED)
    assert created.status == 201, created.body
    assert created.json["Text"] == TEXT
    return path


@pytest.mark.parametrize(
    ("coding", "decode"), [("gzip", gzip.decompress), ("zstd", zstandard.decompress)]
)
def test_a_read_is_compressed(server, path, coding, decode):
    plain = server.request("GET", path)
    response = server.request("GET", path, Accept_Encoding=coding)
    assert response.headers["Content-Encoding"] == coding
    assert response.headers["Content-Length"] == str(len(response.body))
    assert decode(response.body) == plain.body
    assert response.headers["ETag"] == plain.headers["ETag"]
    head = server.request("HEAD", path, Accept_Encoding=coding)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Encoding"] == coding
    assert "Transfer-Encoding" not in head.headers
    unchanged = server.request(
        "GET", path, Accept_Encoding=coding, If_None_Match=f"W/{plain.headers['ETag']}"
    )
    assert (unchanged.status, unchanged.body) == (304, b"")


def test_the_connection_stays_in_step(server, path):
    """After a HEAD without a length and a compressed response the next response is complete."""
    connection = http.client.HTTPConnection(*server.address, timeout=60)
    try:
        for method in ("GET", "HEAD", "GET", "HEAD", "HEAD", "GET"):
            connection.request(method, path, headers={"Accept-Encoding": "gzip"})
            response = connection.getresponse()
            body = response.read()
            assert response.status == 200
            if method == "HEAD":
                assert body == b""
            else:
                assert json.loads(gzip.decompress(body))["Text"] == TEXT
    finally:
        connection.close()


def test_a_chunked_gzip_body_is_decoded(server):
    path = f"/items/104/compression-{uuid.uuid4().hex}"
    body = gzip.compress(json.dumps({"Text": TEXT}).encode())
    connection = http.client.HTTPConnection(*server.address, timeout=60)
    try:
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        pieces = [body[:10], body[10:]]
        connection.request("PUT", path, iter(pieces), headers, encode_chunked=True)
        response = connection.getresponse()
        assert response.status == 201, response.read()
        assert json.loads(response.read())["Text"] == TEXT
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("body", "coding", "status"),
    [
        (zlib.compress(b"{}"), "gzip", 400),
        (gzip.compress(b"{}")[:-1], "gzip", 400),
        (gzip.compress(bytes(1024 * 1024 + 1)), "gzip", 413),
        (gzip.compress(bytes(100 * 1024 * 1024)), "gzip", 413),
        (bytes(1024 * 1024 + 1), "gzip", 413),
        (b"{}", "br", 415),
    ],
    ids=["zlib", "truncated", "too large", "a bomb", "too large before", "br"],
)
def test_a_body_that_cannot_be_decoded_is_rejected(server, body, coding, status):
    headers = {**ENCODED, "Content_Encoding": coding}
    response = server.request("PUT", "/items/104/compression", body, **headers)
    assert response.status == status, response.body
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers.get("Accept-Encoding") == ("gzip" if status == 415 else None)
