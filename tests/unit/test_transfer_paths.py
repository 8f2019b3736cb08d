"""The URL of the item on a line."""

import base64

import httpx
import pytest
from dynamodb_items.transfer.client.exact_json import as_line, parse
from dynamodb_items.transfer.client.urls import is_protected, path_of, service_url
from dynamodb_items.transfer.errors import ExitStatus, TransferStopped
from dynamodb_items.transfer.importing.item_paths import (
    InvalidLine,
    ItemPaths,
    key_attributes,
    parsed_key_attributes,
)

from tests.unit.transfer_service import URL

TUTORIAL = parsed_key_attributes("Id:N", "Name:S")
BINARY = parsed_key_attributes("Digest:B")
DIGITS = "12345678901234567890123456789012345678"


def plain(line, keys=TUTORIAL):
    return ItemPaths(keys, typed=False).path_of(line.encode())


def typed(line, keys=TUTORIAL):
    return ItemPaths(keys, typed=True).path_of(line.encode())


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ('{"Id": 104, "Name": "Andrew"}', "/items/104/Andrew"),
        ('{"Name": "a/b", "Id": 0.5, "Id2": 1}', "/items/0.5/a%2Fb"),
        ('{"Id": 1.04e2, "Name": "é"}', "/items/104/%C3%A9"),
        ('{"Id": -0, "Name": ".."}', "/items/0/%2E%2E"),
        ('{"Id": 1, "Name": "."}', "/items/1/%2E"),
        ('{"Id": 1, "Name": "..."}', "/items/1/..."),
        (f'{{"Id": {DIGITS}, "Name": "%2F+ ?#"}}', f"/items/{DIGITS}/%252F%2B%20%3F%23"),
        ('{"Id": 1, "Name": "\\u0000\\ud83d\\ude00"}', "/items/1/%00%F0%9F%98%80"),
    ],
)
def test_a_plain_line(line, path):
    assert plain(line) == path


def test_a_typed_line():
    assert typed('{"Id": {"N": "0104"}, "Name": {"S": "a b"}}') == "/items/104/a%20b"


def test_a_binary_key_and_no_sort_key():
    binary = bytes([0xFB, 0xFF, 0xBF])
    text = base64.b64encode(binary).decode()
    assert text == "+/+/"
    assert plain(f'{{"Digest": "{text}"}}', BINARY) == "/items/-_-_"
    assert typed(f'{{"Digest": {{"B": "{text}"}}}}', BINARY) == "/items/-_-_"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON: Expecting property name enclosed in double quotes at column 2"),
        ('{"Id": 1, "Name": "a"} {}', "not JSON: Extra data at column 24"),
        ("[]", "not a JSON object"),
        ("1", "not a JSON object"),
        ("[" * 100_000, "nests deeper"),
        ('{"Id": 1}', "Name is missing"),
        ('{"Id": "1", "Name": "a"}', "Id must be a number"),
        ('{"Id": true, "Name": "a"}', "Id must be a number"),
        ('{"Id": null, "Name": "a"}', "Id must be a number"),
        ('{"Id": NaN, "Name": "a"}', "Id must be a number"),
        ('{"Id": 1, "Name": 1}', "Name must be a string"),
        ('{"Id": 1, "Name": ["a"]}', "Name must be a string"),
        ('{"Id": 1, "Name": ""}', "takes 1 to 1024 bytes"),
        (f'{{"Id": 1, "Name": "{"n" * 1025}"}}', "takes 1 to 1024 bytes"),
        (f'{{"Id": {DIGITS}1, "Name": "a"}}', "over 38 significant digits"),
        ('{"Id": 1e999999999999999999999, "Name": "a"}', "range"),
        ('{"Id": 1, "Name": "\\ud800"}', "half of a surrogate pair"),
        ('{"Id": {"N": "1"}, "Name": {"S": "a"}}', "Then add --typed"),
    ],
)
def test_a_plain_line_without_a_valid_key(line, reason):
    with pytest.raises(InvalidLine, match=reason):
        plain(line)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"Id": 1, "Name": "a"}', 'Id must be {"N": "…"}'),
        ('{"Id": {"N": 1}, "Name": {"S": "a"}}', "Id must be"),
        ('{"Id": {"N": "1", "S": "1"}, "Name": {"S": "a"}}', "Id must be"),
        ('{"Id": {"N": "1"}, "Name": {"N": "1"}}', 'Name must be {"S": "…"}'),
        ('{"Id": {"N": "one"}, "Name": {"S": "a"}}', "not a number"),
    ],
)
def test_a_typed_line_without_a_valid_key(line, reason):
    with pytest.raises(InvalidLine, match=reason):
        typed(line)


@pytest.mark.parametrize("text", ["a", "====", "a-_b", "é"])
def test_a_binary_key_that_is_not_base64(text):
    with pytest.raises(InvalidLine, match="is not base64 text"):
        plain(f'{{"Digest": "{text}"}}', BINARY)


def test_a_line_that_is_not_utf8():
    with pytest.raises(InvalidLine, match="byte 9 is invalid"):
        ItemPaths(TUTORIAL, typed=False).path_of(b'{"Name":\xff')


@pytest.mark.parametrize(
    "name", ["..", ".", "%2F", "a/b", "é", "\x00", "n" * 1024, "!$&'()*,;=:@~"]
)
def test_the_http_client_sends_the_path_unchanged(name):
    path = path_of(["items", "1", name])
    client = httpx.Client(base_url=f"{URL}/prefix")
    assert client.build_request("PUT", path).url.raw_path == f"/prefix{path}".encode()


def test_numbers_keep_their_digits():
    line = f'{{"a":{DIGITS},"b":[1.10,-0,1E+3],"c":"1","d":{{"e":0.1}}}}\n'.encode()
    assert as_line(parse(line)) == line


@pytest.mark.parametrize(
    "document",
    [
        {"paths": {}},
        {"paths": {"/items/{id}": {"get": {"operationId": "getItem"}}}},
        {"paths": {"/x": {"get": {"operationId": "getItem"}, "parameters": [{"name": "id"}]}}},
        {"paths": {"/x": 1}},
    ],
)
def test_a_document_that_does_not_name_the_keys(document):
    with pytest.raises(TransferStopped, match="--partition-key Id:N") as stopped:
        key_attributes(document)
    assert stopped.value.status is ExitStatus.NOT_ACCEPTED


@pytest.mark.parametrize(
    ("url", "is_safe"),
    [
        ("https://items.example.com/prefix/", True),
        ("http://127.0.0.1:8000", True),
        ("http://localhost", True),
        ("http://[::1]:8000", True),
        ("http://items.example.com", False),
    ],
)
def test_a_url(url, is_safe):
    assert service_url(url) == url.rstrip("/")
    assert is_protected(url) is is_safe


@pytest.mark.parametrize(
    "url", ["items", "ftp://x", "http://", "http://a:b@x", "http://x/?a=b", "http://x#y"]
)
def test_an_invalid_url(url):
    with pytest.raises(ValueError, match="must"):
        service_url(url)
