"""The log: one line for each request, what it contains, and what no line contains."""

import json
import os
import pty
import socket
import subprocess
import sys
import uuid

import pytest
from dynamodb_items.access.api_keys import new_api_key
from dynamodb_items.web.middleware.telemetry import FIELDS

from tests.access.issuer import bearer, jwt_variables
from tests.engines import ROOT
from tests.faults.conftest import eventually
from tests.serving import gunicorn
from tests.wire import delay, reject, respond

ITEM = "/items/104/Andrew"
JSON = {"Content-Type": "application/json"}
ALWAYS = {*FIELDS, "event", "level", "timestamp"}


@pytest.fixture(scope="module")
def server(wire, authority):
    variables = jwt_variables(authority, ITEMS_MAX_IN_FLIGHT="2", ITEMS_MAX_ATTEMPTS="1")
    with gunicorn(wire.url, "-w", "1", **variables) as server:
        yield server


@pytest.fixture(scope="module")
def token(authority):
    return bearer(authority.token())


def lines_of(server, request_id) -> list[dict]:
    """The lines of one request, as soon as its last line is written."""

    def found():
        lines = [line for line in server.log if line.get("request_id") == request_id]
        return lines if any(line["event"] == "request" for line in lines) else None

    return eventually(found)


def call(server, method, target, body=None, **headers):
    """Return a response, and the line of its request: exactly one."""
    request_id = uuid.uuid4().hex
    got = server.request(method, target, body, **{"X-Request-Id": request_id, **headers})
    assert got.headers["X-Request-Id"] == request_id
    (line,) = [line for line in lines_of(server, request_id) if line["event"] == "request"]
    assert set(line) == ALWAYS
    assert line["status"] == got.status
    return got, line


@pytest.mark.parametrize(
    ("request_line", "status", "route"),
    [
        (("GET", ITEM), 200, "/items/{id}/{name}"),
        (("HEAD", ITEM), 200, "/items/{id}/{name}"),
        (("GET", "/items/104/nobody"), 404, "/items/{id}/{name}"),
        (("DELETE", "/items/104/nobody"), 204, "/items/{id}/{name}"),
        (("OPTIONS", ITEM), 200, "/items/{id}/{name}"),
        (("PUT", ITEM), 415, "/items/{id}/{name}"),
        (("GET", "/items/x/y"), 400, "/items/{id}/{name}"),
        (("GET", "/items/%FF/y"), 400, ""),
        (("GET", "/nowhere"), 404, ""),
        (("POST", ITEM), 405, ""),
        (("BREW", ITEM), 405, ""),
        (("GET", "/live"), 200, "/live"),
        (("GET", "/ready"), 200, "/ready"),
        (("GET", "/openapi.json"), 200, "/openapi.json"),
    ],
)
def test_every_request_has_one_line(server, token, request_line, status, route):
    method, target = request_line
    _, line = call(server, method, target, **token)
    assert line["status"] == status
    assert line["route"] == route
    assert line["method"] == (method if method != "BREW" else "other")


def test_a_line_names_the_caller_and_what_dynamodb_did(server, token):
    _, line = call(server, "GET", ITEM, **token)
    assert line["caller"] == "alice"
    assert line["client"] == "127.0.0.1"
    assert line["dynamodb_calls"] == 1
    assert 0 < line["dynamodb_milliseconds"] <= line["milliseconds"]
    assert line["capacity_units"] == 0.5
    _, line = call(server, "GET", f"{ITEM}?consistent_read=true", **token)
    assert line["capacity_units"] in (0.5, 1.0), "as the engine has it"
    _, line = call(server, "GET", "/openapi.json")
    assert (line["caller"], line["dynamodb_calls"]) == ("", 0)


def test_a_rejected_caller_has_a_line_without_a_name(server, authority):
    got, line = call(server, "PUT", ITEM, "{}", **JSON, **bearer("junk"))
    assert got.status == 401
    assert (line["caller"], line["dynamodb_calls"]) == ("", 0)
    reader = bearer(authority.token(scope="items:read", sub="reader"))
    got, line = call(server, "PUT", ITEM, "{}", **JSON, **reader)
    assert got.status == 403
    assert line["caller"] == "reader"


def test_a_request_that_is_shed_has_its_line(server, token, wire):
    slow = [socket.create_connection(server.address, 30) for _ in range(2)]
    head = f"GET {ITEM} HTTP/1.1\r\nHost: x\r\nAuthorization: {token['Authorization']}\r\n\r\n"
    with wire.fault(delay(0.9), when=lambda call: b"Andrew" in call.body):

        def shed():
            for client in slow:
                client.sendall(head.encode())
            got, line = call(server, "GET", "/items/104/shed", **token)
            for client in slow:
                client.recv(65536)
            return (got, line) if got.status == 503 else None

        got, line = eventually(shed)
    assert got.json["type"] == "/docs/errors#overloaded"
    assert line["dynamodb_calls"] == 0
    for client in slow:
        client.close()


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Request-Id": "abc-1.2:3_4"}, "abc-1.2:3_4"),
        ({"Traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}, "a" * 32),
        ({"X-Request-Id": "mine", "Traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}, "mine"),
        ({"X-Request-Id": 'x","event":"forged'}, None),
        ({"X-Request-Id": "x" * 129}, None),
        ({"X-Request-Id": "é".encode()}, None),
        ({"X-Request-Id": ""}, None),
        ({"Traceparent": f"00-{'0' * 32}-{'b' * 16}-01"}, None),
        ({"Traceparent": "junk"}, None),
    ],
)
def test_a_valid_request_id_is_kept_and_an_invalid_one_is_replaced(server, headers, expected):
    got = server.request("GET", "/live", **headers)
    request_id = got.headers["X-Request-Id"]
    assert len(request_id) == 16 if expected is None else request_id == expected


FORGERY = '\r\n{"event":"forged","level":"error"}\r\n\x1b[31m'


@pytest.mark.parametrize("where", ["caller", "path", "header", "method", "raw"])
def test_nothing_that_is_sent_forges_a_line(server, authority, token, where):
    escaped = "%0D%0A%7B%22event%22%3A%22forged%22%7D"
    if where == "caller":
        _, line = call(server, "GET", ITEM, **bearer(authority.token(sub=f"bob{FORGERY}")))
        assert line["caller"] == f"bob{FORGERY}"
    elif where == "path":
        call(server, "GET", f"/items/104/{escaped}", **token)
        call(server, "GET", f"/{escaped}", **token)
    else:
        first = {
            "header": f"GET {ITEM} HTTP/1.1\r\nX-Request-Id: a\n{FORGERY.strip()}\r\n",
            "method": f'{{"event":"forged"}} {ITEM} HTTP/1.1\r\n',
            "raw": f'GET {ITEM}\n{{"event":"forged"}} HTTP/1.1\r\n',
        }[where]
        with socket.create_connection(server.address, 30) as client:
            client.sendall(first.encode() + b"Host: x\r\nConnection: close\r\n\r\n")
            client.recv(65536)
    server.request("GET", "/live")
    for line in server.output.splitlines():
        parsed = json.loads(line)
        assert parsed["event"] != "forged"


CANARY = "c4n4ry"


CANARY_ITEM = f"/items/104/{CANARY}"
CANARY_BODY = json.dumps({"Email": CANARY, CANARY: 1})
ODD_ITEM = {"Item": {"Id": {"N": "104"}, "Name": {"S": CANARY}, "x": CANARY}}
INDEX_KEY = "One or more parameter values were invalid: Type mismatch for Index Key "


@pytest.fixture(scope="module")
def canary(wire, authority, tmp_path_factory):
    """A client of a service whose log is searched at the end, with all the secrets it was sent."""
    key, sha256 = new_api_key("shop")
    path = tmp_path_factory.mktemp("keys") / "keys.toml"
    path.write_text(f'[shop]\nsha256 = "{sha256}"\nscopes = ["items:read", "items:write"]\n')
    variables = {
        "ITEMS_AUTH": "api-key",
        "ITEMS_API_KEYS_FILE": str(path),
        "ITEMS_MAX_ATTEMPTS": "1",
    }
    with gunicorn(wire.url, "-w", "1", **variables) as server:
        secrets = (CANARY, key, key.removeprefix("items_shop_"), authority.token())

        def send(method, content=None, query="", **more):
            headers = {"X-API-Key": key, **JSON, **more}
            return server.request(method, CANARY_ITEM + query, content, **headers).status

        assert send("PUT", CANARY_BODY) == 201
        yield server, send, secrets


@pytest.mark.parametrize(
    ("method", "body", "more", "status"),
    [
        ("PUT", CANARY_BODY, {}, 200),
        ("PATCH", CANARY_BODY, {}, 200),
        ("GET", None, {"query": f"?fields={CANARY}"}, 200),
        ("GET", None, {"query": f"?{CANARY}=1"}, 400),
        ("PUT", f'{{"a": {CANARY}}}', {}, 400),
        ("PUT", f'{{"a": "{CANARY}", "a": 1}}', {}, 400),
        ("PUT", CANARY_BODY, {"If_Match": f'"{CANARY}"'}, 412),
        ("GET", None, {"Authorization": "Bearer TOKEN"}, 200),
        ("GET", None, {"X_API_Key": f"items_{CANARY}_{CANARY}"}, 401),
    ],
)
def test_requests_log_no_secret(canary, method, body, more, status):
    server, send, secrets = canary
    more = {name: value.replace("TOKEN", secrets[-1]) for name, value in more.items()}
    more = {name.replace("X_API_Key", "X-API-Key"): value for name, value in more.items()}
    assert send(method, body, **more) == status
    assert_no_secret(server, secrets)


@pytest.mark.parametrize(
    ("method", "fault", "status"),
    [
        ("PUT", reject("ValidationException", message=INDEX_KEY + CANARY), 422),
        ("PUT", reject("ValidationException", message=f"{CANARY} is not a number"), 500),
        ("PUT", reject("ProvisionedThroughputExceededException", message="busy"), 503),
        ("PUT", reject("InternalServerError", 500, message="broken"), 504),
        ("GET", respond(ODD_ITEM), 503),
    ],
)
def test_failures_log_no_secret(canary, wire, method, fault, status):
    server, send, secrets = canary
    with wire.fault(fault, when=lambda call: CANARY.encode() in call.body):
        assert send(method, CANARY_BODY if method == "PUT" else None) == status
    assert_no_secret(server, secrets)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (f"GET {CANARY_ITEM}\r\n\r\n", 400),
        (f"GET {CANARY_ITEM} HTTP/9.9\r\n\r\n", 505),
        (f"G@T {CANARY_ITEM} HTTP/1.1\r\n\r\n", 400),
        (f"GET {CANARY_ITEM} HTTP/1.1\r\nX-API-Key : {CANARY}\r\n\r\n", 400),
        (f"GET {CANARY_ITEM} HTTP/1.1\r\nX-API-Key: {CANARY}\0\r\n\r\n", 400),
        (f"PUT {CANARY_ITEM} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{CANARY}\r\n", 400),
    ],
)
def test_rejected_bytes_log_no_secret(canary, raw, status):
    server, _, secrets = canary
    before = len(server.log)
    with socket.create_connection(server.address, 30) as client:
        client.sendall(raw.encode())
        assert b"\r\nX-Request-Id: " in client.recv(65536)
    new = [line for line in server.log[before:] if line["event"] == "request"]
    assert [line["status"] for line in new] == [status]
    assert_no_secret(server, secrets)


def test_a_defect_is_logged_with_its_stack_and_no_secret(canary, wire):
    server, send, secrets = canary
    fault = reject("ValidationException", message=f"{CANARY} is not a number")
    with wire.fault(fault, when=lambda call: CANARY.encode() in call.body):
        assert send("PUT", CANARY_BODY) == 500
    stacks = eventually(
        lambda: [line["stack"] for line in server.log if line["event"] == "unexpected error"]
    )
    assert "service/dynamodb_items/web/resources/items.py" in stacks[-1]
    assert_no_secret(server, secrets)


def assert_no_secret(server, secrets):
    log = server.output.decode()
    assert '"event":"request"' in log
    assert '"caller":"shop"' in log
    assert [secret for secret in secrets if secret in log] == []


def test_at_level_debug_the_line_has_the_path(endpoint):
    with gunicorn(endpoint, "-w", "1", ITEMS_LOG_LEVEL="debug") as server:
        server.request("GET", ITEM, X_Request_Id="debugged")
        (line,) = lines_of(server, "debugged")
    assert line["path"] == ITEM


def test_at_level_warning_requests_are_silent(endpoint):
    with gunicorn(endpoint, "-w", "1", ITEMS_LOG_LEVEL="warning") as server:
        server.request("GET", ITEM)
        server.request("GET", "/nowhere")
        assert not [line for line in server.log if line["event"] == "request"]


SPEAK = """
import logging, structlog
from dynamodb_items.observability.logs import configure_logging
configure_logging("info")
structlog.get_logger().info("request", caller="bob\\r\\nforged\\x1b[31m", status=200)
logging.getLogger("library").warning("a warning of %s", "a library")
"""


def printed_by_child(terminal: bool) -> str:
    command = [sys.executable, "-c", SPEAK]
    if not terminal:
        printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        return printed.stdout + printed.stderr
    leader, follower = pty.openpty()
    subprocess.run(command, cwd=ROOT, stdout=follower, stderr=follower, check=True)
    os.close(follower)
    return os.read(leader, 65536).decode()


def test_a_terminal_shows_readable_lines_and_none_can_be_forged():
    printed = printed_by_child(terminal=True)
    assert "a warning of a library" in printed
    assert '{"' not in printed
    assert "\nforged" not in printed
    assert "bob\\r\\nforged\\x1b[31m" in printed


def test_elsewhere_every_line_is_json_also_of_libraries():
    lines = [json.loads(line) for line in printed_by_child(terminal=False).splitlines()]
    assert [(line["event"], line["level"]) for line in lines] == [
        ("request", "info"),
        ("a warning of a library", "warning"),
    ]
