"""Compressed responses and request bodies."""

import gzip
import time
import zlib

import orjson
import pytest
import zstandard
from dynamodb_items.app import create_app
from dynamodb_items.config.settings import Settings
from dynamodb_items.dynamodb.retries import Attempts
from dynamodb_items.runtime import deadline
from dynamodb_items.storage.repository import ItemRepository
from dynamodb_items.web.gzip_bodies import DecodedTooLarge, InvalidCoding, decoded_gzip
from dynamodb_items.web.response import content_codings
from dynamodb_items.web.response.content_codings import ContentCoding, accepted_coding, encoded

TEXT = "compressible " * 200
MEBIBYTE = 1024 * 1024


class OneItem:
    """A DynamoDB client with one item of a given text."""

    def __init__(self, text=TEXT) -> None:
        self.item = {"Id": {"N": "7"}, "Name": {"S": "x"}, "Text": {"S": text}}
        self.stored = None

    def call(self, operation, parameters, _deadline):
        if operation == "GetItem":
            return {"Item": self.item}
        self.stored = parameters.get("Item")
        return {"Attributes": self.item}

    def renew_credentials(self, _timeout_seconds):
        raise AssertionError("the credentials are valid")


def client_of(table, **settings):
    chosen = Settings(auth="none", **{"compression": True, **settings})
    attempts = Attempts(table, chosen)
    repository = ItemRepository(attempts, chosen.table, chosen.version_attribute)
    return create_app(chosen, repository).test_client()


@pytest.fixture(scope="module")
def client():
    return client_of(OneItem())


def get(client, accept_encoding=None, path="/items/7/x", method="GET", **headers):
    if accept_encoding is not None:
        headers["Accept-Encoding"] = accept_encoding
    return client.open(path, method=method, headers=headers)


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("", None),
        ("gzip", ContentCoding.GZIP),
        ("x-gzip", ContentCoding.GZIP),
        ("GZip", ContentCoding.GZIP),
        ("zstd", ContentCoding.ZSTD),
        ("gzip, deflate, br, zstd", ContentCoding.ZSTD),
        ("gzip;q=1.0, zstd;q=0.9", ContentCoding.GZIP),
        ("zstd;q=0.9, gzip;q=0.9", ContentCoding.ZSTD),
        ("gzip;q=0.001", ContentCoding.GZIP),
        ("gzip;q=0", None),
        ("*", ContentCoding.ZSTD),
        ("*;q=0", None),
        ("zstd;q=0, *", ContentCoding.GZIP),
        ("gzip;q=0, zstd;q=0, *", None),
        ("identity", None),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip", ContentCoding.GZIP),
        ("identity;q=0", None),
        ("br, deflate", None),
        ("gzip;q=nothing", None),
        ("gzipped", None),
        (",,gzip,", ContentCoding.GZIP),
    ],
)
def test_the_preferred_coding_is_chosen(header, coding):
    assert accepted_coding(header) is coding


@pytest.mark.parametrize("header", ["gzip," * 6500, '"' * 32000, "a;" * 16000, 'a="' * 10000])
def test_a_long_accept_encoding_costs_little(header):
    began = time.process_time()
    accepted_coding(header)
    assert time.process_time() - began < 1


@pytest.mark.parametrize("coding", [ContentCoding.ZSTD, ContentCoding.GZIP])
@pytest.mark.parametrize("size", [0, 1, 1025, 128 * 1024, 128 * 1024 + 1, 3_000_000])
def test_what_is_encoded_can_be_decoded(coding, size):
    content = (b"0123456789" * (size // 10 + 1))[:size]
    decode = gzip.decompress if coding is ContentCoding.GZIP else zstandard.decompress
    assert decode(encoded(content, coding)) == content


def test_others_have_turns_while_a_long_response_is_encoded(monkeypatch):
    turns = []
    monkeypatch.setattr(content_codings, "give_way", lambda: turns.append(1))
    encoded(bytes(10 * deadline.LONG_WORK_BYTES), ContentCoding.GZIP)
    assert len(turns) == 9


@pytest.mark.parametrize(
    ("coding", "decode"), [("gzip", gzip.decompress), ("zstd", zstandard.decompress)]
)
def test_a_response_is_compressed_on_request(client, coding, decode):
    plain, compressed = get(client), get(client, coding)
    assert "Content-Encoding" not in plain.headers
    assert compressed.headers["Content-Encoding"] == coding
    assert compressed.headers["Content-Length"] == str(len(compressed.data))
    assert len(compressed.data) < len(plain.data) / 5
    assert decode(compressed.data) == plain.data
    assert compressed.headers["ETag"] == plain.headers["ETag"]
    assert not plain.headers["ETag"].startswith("W/")
    assert plain.headers["Vary"] == compressed.headers["Vary"] == "Accept, Accept-Encoding"


def test_without_the_setting_nothing_changes():
    client = client_of(OneItem(), compression=False)
    response = get(client, "gzip, zstd")
    assert "Content-Encoding" not in response.headers
    assert response.headers["Vary"] == "Accept"


@pytest.mark.parametrize(("size", "is_compressed"), [(1024, False), (1025, True)])
def test_a_response_over_1_kib_is_compressed(size, is_compressed):
    table = OneItem("")
    rest = len(get(client_of(table)).data)
    table.item["Text"] = {"S": "x" * (size - rest)}
    client = client_of(table)
    assert len(get(client).data) == size
    assert ("Content-Encoding" in get(client, "gzip").headers) is is_compressed


def test_head_has_the_headers_of_get_without_the_length(client):
    response = get(client, "gzip", method="HEAD")
    assert response.data == b""
    assert response.headers["Content-Encoding"] == "gzip"
    assert "Content-Length" not in response.headers
    assert response.headers["ETag"] == get(client).headers["ETag"]
    assert response.headers["Vary"] == "Accept, Accept-Encoding"
    plain = get(client, method="HEAD")
    assert plain.headers["Content-Length"] == str(len(get(client).data))


@pytest.mark.parametrize("form", ["{}", "W/{}", "gzip", "zstd"])
def test_a_304_is_as_for_the_plain_response(client, form):
    etag = get(client, "gzip").headers["ETag"]
    sent = form.format(etag) if "{}" in form else f'"{etag.strip(chr(34))}-{form}"'
    response = get(client, "gzip", **{"If-None-Match": sent})
    assert (response.status_code, response.data) == (304, b"")
    assert response.headers["ETag"] == etag
    assert response.headers["Vary"] == "Accept, Accept-Encoding"
    assert "Content-Encoding" not in response.headers


def test_the_response_to_a_write_is_compressed_too(client):
    written = client.put("/items/7/x", json={"Text": TEXT}, headers={"Accept-Encoding": "gzip"})
    assert written.status_code == 200
    assert orjson.loads(gzip.decompress(written.data))["Text"] == TEXT
    minimal = client.put(
        "/items/7/x",
        json={"Text": TEXT},
        headers={"Accept-Encoding": "gzip", "Prefer": "return=minimal"},
    )
    assert (minimal.status_code, minimal.data) == (204, b"")
    assert "Content-Encoding" not in minimal.headers


@pytest.mark.parametrize(
    ("path", "is_compressed"),
    [
        ("/openapi.json", True),
        ("/docs/errors", True),
        ("/pages/item.js", True),
        ("/pages/swagger-ui.css", True),
        ("/pages/favicon-32x32.png", False),
        ("/live", False),
    ],
)
def test_text_is_compressed_and_nothing_else(path, is_compressed):
    client = client_of(OneItem(), item_page=True)
    response = get(client, "gzip", path)
    assert response.status_code == 200
    assert (response.headers.get("Content-Encoding") == "gzip") is is_compressed
    assert "Accept-Encoding" in response.headers["Vary"]
    if is_compressed:
        assert gzip.decompress(response.data) == get(client, path=path).data


def test_a_range_is_of_the_bytes_as_they_are():
    client = client_of(OneItem(), item_page=True)
    whole = get(client, path="/pages/item.js")
    part = get(client, "gzip", "/pages/item.js", Range="bytes=100-2999")
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert part.status_code == 206
    assert "Content-Encoding" not in part.headers
    assert part.data == whole.data[100:3000]
    # Such a range would not continue what was received of a compressed response.
    assert "Accept-Ranges" not in get(client, "gzip", "/pages/item.js").headers


def test_a_long_problem_is_compressed(client):
    members = {f"a{n}": {"b": "x"} for n in range(1, 60)}
    body = {"operations": [{"method": "PUT", "id": "x", "name": "", "item": members}] * 20}
    response = client.post("/items:batch", json=body, headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Content-Type"] == "application/problem+json"
    assert orjson.loads(gzip.decompress(response.data))["status"] == 422


# Request bodies


def put(client, body, coding="gzip"):
    headers = {"Content-Type": "application/json", "Content-Encoding": coding}
    return client.put("/items/7/x", data=body, headers=headers)


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip", "identity, gzip", " gzip ,"])
@pytest.mark.parametrize("compression", [True, False])
def test_a_gzip_body_is_decoded(coding, compression):
    table = OneItem()
    client = client_of(table, compression=compression)
    assert put(client, gzip.compress(b'{"Text": "abc"}'), coding).status_code == 200
    assert table.stored["Text"] == {"S": "abc"}


@pytest.mark.parametrize("coding", ["br", "zstd", "deflate", "gzip, gzip", "gzip, br", "aes128gcm"])
def test_another_coding_is_415_with_the_one_that_is_accepted(client, coding):
    response = put(client, gzip.compress(b"{}"), coding)
    assert (response.status_code, response.headers["Accept-Encoding"]) == (415, "gzip")


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        gzip.compress(b"{}")[:-1],
        gzip.compress(b"{}")[:-9],
        gzip.compress(b"{}") + b"x",
        gzip.compress(b"{}") * 2,
        gzip.compress(b"")[:5],
        zlib.compress(b"{}"),
        gzip.compress(b"{}")[:-8] + bytes(8),
    ],
    ids=range(8),
)
def test_a_body_that_is_not_one_gzip_member_is_400(client, body):
    response = put(client, body)
    assert response.status_code == 400
    assert "gzip" in response.json["detail"]


def test_an_empty_gzip_body_is_an_empty_body(client):
    assert put(client, gzip.compress(b"")).json["detail"] == put(client, b"", "").json["detail"]
    assert put(client, b"").status_code == 400


def test_the_limit_of_bodies_holds_after_decoding(client):
    rest = len(b'{"Text": ""}')
    largest = b'{"Text": "%s"}' % (b"x" * (MEBIBYTE - rest))
    assert len(largest) == MEBIBYTE
    response = put(client, gzip.compress(largest))
    assert response.status_code == 413
    assert "400 KB" in response.json["detail"] or "409,600" in response.json["detail"]
    too_large = put(client, gzip.compress(largest + b" "))
    assert too_large.status_code == 413
    assert "once decoded" in too_large.json["detail"]
    assert put(client, bytes(MEBIBYTE + 1)).status_code == 413


def test_a_bomb_is_decoded_no_further_than_the_limit():
    zeros = zlib.compressobj(9, wbits=31)
    # After a full flush, each block is independent of those before: the second one is repeated.
    first, other = (
        zeros.compress(bytes(MEBIBYTE)) + zeros.flush(zlib.Z_FULL_FLUSH) for _ in range(2)
    )
    assert zlib.decompressobj(wbits=31).decompress(first + 2 * other) == bytes(3 * MEBIBYTE)
    bomb = first + 900 * other
    assert len(bomb) < MEBIBYTE
    began = time.process_time()
    with pytest.raises(DecodedTooLarge):
        decoded_gzip(bomb, MEBIBYTE)
    assert time.process_time() - began < 1


def test_many_members_are_rejected_after_the_first():
    members = gzip.compress(b"") * 50_000
    began = time.process_time()
    with pytest.raises(InvalidCoding):
        decoded_gzip(members, MEBIBYTE)
    assert time.process_time() - began < 1
