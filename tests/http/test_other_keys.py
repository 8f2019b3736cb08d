"""Tables with one key and with binary keys, over a real socket and against a plain boto3 client."""

import base64
import json
from urllib.parse import quote, unquote

import pytest
from dynamodb_items.access.api_keys import new_api_key
from dynamodb_items.config.settings import Settings
from dynamodb_items.local import launcher

from tests.engines import client_for, moto
from tests.serving import gunicorn

JSON = "application/json"
SCOPES = '["items:read", "items:write"]'
ORIGIN = "https://shop.example"
ONE_KEY = {"ITEMS_TABLE": "one-key", "ITEMS_PARTITION_KEY": "Email:S", "ITEMS_SORT_KEY": ""}
BINARY = {
    "ITEMS_TABLE": "binary",
    "ITEMS_PARTITION_KEY": "Digest:B",
    "ITEMS_SORT_KEY": "Part:B",
}
ONE_BINARY = {"ITEMS_TABLE": "one-binary", "ITEMS_PARTITION_KEY": "Digest:B", "ITEMS_SORT_KEY": ""}


def base64url(binary: bytes) -> str:
    return base64.urlsafe_b64encode(binary).decode().rstrip("=")


@pytest.fixture(scope="module")
def dynamodb():
    with moto() as endpoint:
        client = client_for(endpoint)
        for keys in (ONE_KEY, BINARY, ONE_BINARY):
            launcher.create_table(client, Settings.from_environment(keys))
        yield client


@pytest.fixture(scope="module", params=["true", "false"], ids=["fast path", "botocore"])
def start(request, dynamodb):
    """Start the service on the table of some keys."""
    variables = {"ITEMS_FAST_PATH": request.param, "ITEMS_CORS_ORIGINS": ORIGIN}
    return lambda keys: gunicorn(dynamodb.meta.endpoint_url, **variables, **keys)


@pytest.fixture(scope="module")
def one_key(start):
    with start(ONE_KEY) as server:
        yield server


@pytest.fixture(scope="module")
def binary(start):
    with start(BINARY) as server:
        yield server


TEXTS = {
    "an address": "me@example.com",
    "a slash": "a/b",
    "only slashes": "//",
    "an escape as text": "%2F",
    "two dots": "..",
    "a line break": "a\r\nb",
    "a null character": "\x00",
    "an emoji": "\U0001f600",
    "2048 bytes": "n" * 2048,
    "2048 bytes of emoji": "\U0001f600" * 512,
    "the name of a route": "items:batch",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_one_key_is_one_segment(one_key, dynamodb, text):
    target = f"/items/{quote(text, safe='')}"
    created = one_key.request("PUT", target, '{"n": 1}', Content_Type=JSON)
    assert created.status == 201, created.body
    assert created.headers["Location"] == target
    stored = dynamodb.get_item(TableName="one-key", Key={"Email": {"S": text}})["Item"]
    assert stored["n"] == {"N": "1"}
    assert one_key.request("GET", target).json == {"Email": text, "n": 1}
    assert one_key.request("DELETE", target).status == 204
    absent = one_key.request("GET", target)
    assert absent.status == 404
    assert absent.json["instance"] == target


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/items/", 404),
        ("/items", 404),
        ("/items/a/b", 404),
        ("/items/a/", 404),
        ("/items//a", 404),
        ("//items/a", 404),
        ("/items/%FF", 400),
        ("/items/%", 400),
        (f"/items/{'n' * 2049}", 400),
        (f"/items/{'%C3%A9' * 1025}", 400),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_other_paths_are_not_items_of_a_table_with_one_key(one_key, method, target, status):
    body = "{}" if method == "PUT" else None
    response = one_key.request(method, target, body, Content_Type=JSON)
    assert response.status == status
    assert response.headers["Content-Type"] == "application/problem+json"


def test_head_options_and_cors_of_one_key(one_key):
    one_key.request("PUT", "/items/head", "{}", Content_Type=JSON)
    read, head = (one_key.request(method, "/items/head") for method in ("GET", "HEAD"))
    assert (head.status, head.body) == (200, b"")
    assert head.headers["ETag"] == read.headers["ETag"]
    assert head.headers["Content-Length"] == str(len(read.body))
    options = one_key.request("OPTIONS", "/items/head")
    assert options.status == 200
    assert {"GET", "PUT", "PATCH", "DELETE"} <= set(options.headers["Allow"].split(", "))
    preflight = one_key.request(
        "OPTIONS", "/items/head", Origin=ORIGIN, Access_Control_Request_Method="PATCH"
    )
    assert preflight.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "PATCH" in preflight.headers["Access-Control-Allow-Methods"]
    assert one_key.request("POST", "/items/head", "{}", Content_Type=JSON).status == 405


def test_the_log_has_the_route_of_one_key(one_key):
    one_key.request("GET", "/items/logged", X_Request_Id="of-one-key")
    lines = [line for line in one_key.log if line.get("request_id") == "of-one-key"]
    assert [line["route"] for line in lines] == ["/items/{id}"]


def test_bodies_of_one_key_have_no_name(one_key):
    key = {"id": "batch"}
    operations = [{"method": "PUT", **key, "item": {"n": 1}}]
    body = json.dumps({"operations": operations})
    written = one_key.request("POST", "/items:batch", body, Content_Type=JSON)
    assert [set(result) for result in written.json["results"]] == [{"id", "etag"}]
    body = json.dumps({"keys": [key, {"id": "absent"}]})
    read = one_key.request("POST", "/items:batchGet", body, Content_Type=JSON)
    assert [(of["id"], of["item"]) for of in read.json["results"]] == [
        ("batch", {"Email": "batch", "n": 1}),
        ("absent", None),
    ]
    body = json.dumps({"keys": [{**key, "name": "x"}]})
    named = one_key.request("POST", "/items:batchGet", body, Content_Type=JSON)
    assert named.status == 422
    assert [error["pointer"] for error in named.json["errors"]] == ["/keys/0/name"]
    body = json.dumps({**key, "UpdateExpression": "SET n = n + n"})
    updated = one_key.request("POST", "/items:update", body, Content_Type=JSON)
    assert updated.json == {"Email": "batch", "n": 2}


BINARIES = {
    "one byte": b"\x00",
    "a slash and a plus in base64": b"\xfb\xff\xfe\xff",
    "two bytes": b"\xff\xfe",
    "text": b"../%2F",
    "1024 bytes": b"\xff" * 1024,
}


@pytest.mark.parametrize("content", BINARIES.values(), ids=list(BINARIES))
def test_binary_keys_are_base64url_in_urls_and_bytes_in_the_table(binary, dynamodb, content):
    segment = base64url(content)
    target = f"/items/{segment}/{segment}"
    created = binary.request("PUT", target, "{}", Content_Type=JSON)
    assert (created.status, created.headers["Location"]) == (201, target)
    key = {"Digest": {"B": content}, "Part": {"B": content}}
    stored = dynamodb.get_item(TableName="binary", Key=key)["Item"]
    assert {name: stored[name] for name in key} == key
    text = base64.b64encode(content).decode()
    read = binary.request("GET", target)
    assert read.json == {"Digest": text, "Part": text}
    back = binary.request("PUT", target, read.body, Content_Type=JSON)
    assert back.status == 200, "what was read can be written back"
    typed = binary.request("GET", target, Accept="application/vnd.dynamodb+json")
    assert typed.json["Digest"] == {"B": text}
    replace = json.dumps([{"op": "replace", "path": "", "value": {**read.json, "n": 1}}])
    patched = binary.request("PATCH", target, replace, Content_Type="application/json-patch+json")
    assert patched.json == {"Digest": text, "Part": text, "n": 1}
    merged = binary.request("PATCH", target, json.dumps({**read.json, "n": 2}), Content_Type=JSON)
    assert merged.json["n"] == 2
    assert binary.request("DELETE", target).status == 204


@pytest.mark.parametrize(
    "segment",
    [
        "AA%3D%3D",
        "AA==",
        "AB",
        "A",
        "A%2BAA",
        "A%2FAA",
        "A+AA",
        "A%20AA",
        "%00",
        "%FF",
        "AAA\u00e9",
    ],
)
def test_another_spelling_of_a_binary_key_is_400(binary, segment):
    response = binary.request("GET", f"/items/{quote(segment, safe='%=+')}/AA")
    assert response.status == 400
    assert response.json["type"].endswith("#invalid-key")


def test_a_binary_key_that_differs_in_the_body_is_422(binary):
    for body in ('{"Digest": "AAA="}', '{"Digest": "AA"}', '{"Digest": 0}'):
        response = binary.request("PUT", "/items/AA/AA", body, Content_Type=JSON)
        assert response.status == 422
        assert [error["pointer"] for error in response.json["errors"]] == ["/Digest"]


def test_the_longest_binary_key_alone(start):
    content = bytes(range(256)) * 8
    target = f"/items/{base64url(content)}"
    with start(ONE_BINARY) as server:
        assert server.request("PUT", target, "{}", Content_Type=JSON).status == 201
        assert server.request("GET", target).status == 200
        longer = server.request("GET", f"/items/{base64url(content + b'x')}")
        assert longer.status == 400
        assert server.request("DELETE", target).status == 204
        assert (
            longer.json["detail"] == "A value of Digest takes 1 to 2048 bytes; this one takes 2049."
        )


@pytest.mark.parametrize(
    ("keys", "tenant", "own", "other"),
    [
        (ONE_KEY, "me@example.com", "me%40example.com", "you%40example.com"),
        (ONE_BINARY, "-_8", "-_8", "AA"),
    ],
    ids=["one key", "one binary key"],
)
def test_a_tenant_of_a_table_with_one_key_has_one_item(
    dynamodb, tmp_path, keys, tenant, own, other
):
    key, digest = new_api_key("tenant")
    file = tmp_path / "keys.toml"
    file.write_text(f'[tenant]\nsha256 = "{digest}"\nscopes = {SCOPES}\ntenant = "{tenant}"\n')
    access = {"ITEMS_AUTH": "api-key", "ITEMS_API_KEYS_FILE": str(file)}
    with gunicorn(dynamodb.meta.endpoint_url, **keys, **access) as server:

        def status(method, target, body=None):
            headers = {"Content_Type": JSON, "X_API_Key": key}
            return server.request(method, target, body, **headers).status

        assert status("PUT", f"/items/{own}", "{}") == 201
        assert status("GET", f"/items/{own}") == 200
        for method in ("GET", "PUT", "DELETE"):
            assert status(method, f"/items/{other}", "{}" if method == "PUT" else None) == 403
        both = json.dumps({"keys": [{"id": unquote(own)}, {"id": unquote(other)}]})
        assert status("POST", "/items:batchGet", both) == 403
        assert status("DELETE", f"/items/{own}") == 204
