"""Every legal key has a URL, checked over a real socket and against a plain boto3 client."""

from decimal import Decimal
from urllib.parse import quote

import pytest

from tests.serving import gunicorn

TABLE = "my-dynamodb-table"
JSON = "application/json"

NAMES = {
    "a slash": "a/b",
    "a leading slash": "/a",
    "a trailing slash": "a/",
    "a double slash": "a//b",
    "only slashes": "//",
    "a percent sign": "100%",
    "an escape as text": "%2F",
    "a question mark": "a?b=c",
    "a hash": "a#b",
    "a space": "a b",
    "a plus": "a+b",
    "a letter beyond ASCII": "é",
    "the same letter, composed of two": "e\u0301",
    "an emoji": "\U0001f600",
    "a line break": "a\r\nb",
    "a null character": "a\x00b",
    "a backslash": "a\\b",
    "quotes": "\"'`",
    "sub-delimiters": "!$&()*,;=:@",
    "one dot": ".",
    "two dots": "..",
    "1024 bytes": "n" * 1024,
    "1024 bytes of two-byte letters": "é" * 512,
    "1024 bytes of emoji": "\U0001f600" * 256,
}


@pytest.mark.parametrize("name", NAMES.values(), ids=list(NAMES))
def test_a_name_is_written_over_http_and_read_with_boto3(server, dynamodb, name):
    target = f"/items/7/{quote(name, safe='')}"
    key = {"Id": {"N": "7"}, "Name": {"S": name}}
    created = server.request("PUT", target, "{}", Content_Type=JSON)
    assert created.status == 201, created.body
    assert dynamodb.get_item(TableName=TABLE, Key=key)["Item"]["Name"] == {"S": name}
    assert server.request("GET", created.headers["Location"]).json == {"Id": 7, "Name": name}
    assert server.request("DELETE", target).status == 204
    assert "Item" not in dynamodb.get_item(TableName=TABLE, Key=key)


@pytest.mark.parametrize("name", NAMES.values(), ids=list(NAMES))
def test_a_name_is_written_with_boto3_and_read_over_http(server, dynamodb, name):
    key = {"Id": {"N": "8"}, "Name": {"S": name}}
    dynamodb.put_item(TableName=TABLE, Item={**key, "by": {"S": "boto3"}})
    response = server.request("GET", f"/items/8/{quote(name, safe='')}")
    assert response.status == 200
    assert response.json == {"Id": 8, "Name": name, "by": "boto3"}


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("104", "104"),
        ("0104", "104"),
        ("1.04e2", "104"),
        ("%31%30%34", "104"),
        ("-0", "0"),
        ("+1", "1"),
        (".5", "0.5"),
        ("-1.50", "-1.5"),
        ("12345678901234567890123456789012345678", "12345678901234567890123456789012345678"),
        ("9.9999999999999999999999999999999999999E125", "9" * 38 + "0" * 88),
        ("1E-130", f"0.{'0' * 129}1"),
    ],
)
def test_a_number_key_has_one_canonical_item(server, dynamodb, name, sent, stored):
    assert server.request("PUT", f"/items/{sent}/{name}", "{}", Content_Type=JSON).status == 201
    item = dynamodb.get_item(TableName=TABLE, Key={"Id": {"N": stored}, "Name": {"S": name}})
    assert item["Item"]["Id"] == {"N": stored}
    assert server.request("GET", f"/items/{stored}/{name}").json["Id"] == Decimal(stored)


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/items/7/%FF", 400),
        ("/items/7/%FE", 400),
        ("/items/7/%C3", 400),
        ("/items/7/%ZZ", 400),
        ("/items/7/a%", 400),
        ("/items/7/a#b", 400),
        (f"/items/7/{'%C3%A9' * 513}", 400),
        ("/items/7/a/b", 404),
        ("/items/7//a", 404),
        ("//items/7/a", 404),
        ("/items/7", 404),
    ],
)
def test_an_invalid_key_is_rejected_without_a_read(engine, server, target, status):
    before = engine.wire.counts.get("PutItem", 0)
    response = server.request("PUT", target, "{}", Content_Type=JSON)
    assert response.status == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert engine.wire.counts.get("PutItem", 0) == before


def test_the_path_is_also_read_from_a_request_in_absolute_form(server, name):
    server.request("PUT", f"/items/7/{name}%2Fx", "{}", Content_Type=JSON)
    response = server.request("GET", f"{server.url}/items/7/{name}%2Fx")
    assert response.json["Name"] == f"{name}/x"


def test_string_keys_of_the_greatest_length_have_a_url(engine, name):
    """A table with two string keys of 2,048 and 1,024 bytes, each byte percent-encoded."""
    table = f"strings-{name}"
    engine.dynamodb.create_table(
        TableName=table,
        AttributeDefinitions=[
            {"AttributeName": "Owner", "AttributeType": "S"},
            {"AttributeName": "Path", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "Owner", "KeyType": "HASH"},
            {"AttributeName": "Path", "KeyType": "RANGE"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    owner, path = "é" * 1024, "/" * 1024
    target = f"/items/{quote(owner)}/{quote(path, safe='')}"
    variables = {
        "ITEMS_PARTITION_KEY": "Owner:S",
        "ITEMS_SORT_KEY": "Path:S",
        "ITEMS_OPERATIONS": "GetItem,PutItem,Query",
    }
    low, high = "." * 1024, "é" * 512
    listed = f"/items/{quote(owner)}?gt={low.replace('.', '%2E')}&lt={quote(high)}&order=desc"
    assert len(listed) > 12_288
    with gunicorn(engine.wire.url, ITEMS_TABLE=table, **variables) as server:
        assert server.request("PUT", target, "{}", Content_Type=JSON).status == 201
        assert server.request("GET", target).json == {"Owner": owner, "Path": path}
        assert [each["name"] for each in server.request("GET", listed).json["items"]] == [path]


def test_a_request_line_longer_than_every_key_is_rejected(server):
    assert server.request("GET", f"/items/7/{'x' * 20_000}").status == 414
