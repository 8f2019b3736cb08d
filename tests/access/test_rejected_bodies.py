"""Bodies of rejected callers stay unread, and no caller can use up the memory of others."""

import base64
import json
import select
from contextlib import contextmanager, suppress

import pytest
from dynamodb_items.access.api_keys import new_api_key

from tests.access.issuer import bearer, jwt_variables
from tests.faults.clients import everything, raw
from tests.faults.conftest import eventually
from tests.serving import gunicorn

MEBIBYTE = 1024 * 1024
BODY = json.dumps({"Text": "x" * 300_000})


def head(target: str = "/items/104/slow", method: str = "PUT", **headers: str) -> bytes:
    """Return the head of a request that announces 1 MiB."""
    fields = {
        "Host": "x",
        "Content-Type": "application/json",
        "Content-Length": str(MEBIBYTE),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {text}" for name, text in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def response_to(server, request: bytes) -> bytes:
    """Return the whole response, although nothing more is sent."""
    connection = raw(server, request)
    response = everything(connection)
    connection.close()
    return response


def status_of(response: bytes) -> int:
    return int(response.split(b" ", 2)[1])


@pytest.fixture(scope="module")
def guarded(endpoint, authority):
    # Long enough that no test passes because of a body timeout.
    variables = jwt_variables(authority, ITEMS_BODY_TIMEOUT_SECONDS="600")
    with gunicorn(endpoint, "-w", "1", **variables) as server:
        yield server


@pytest.mark.parametrize(
    "request_line",
    [
        {"method": "PUT"},
        {"method": "PATCH"},
        {"method": "DELETE"},
        {"method": "POST", "target": "/items:batch"},
        {"method": "POST", "target": "/items%3AbatchGet"},
        {"method": "POST", "target": "/items:batchGet/"},
        {"method": "POST", "target": "/items/x/..%2Fitems:batchGet"},
    ],
    ids=lambda each: f"{each['method']} {each.get('target', '')}",
)
def test_a_caller_who_may_only_read_is_rejected_before_its_body(guarded, authority, request_line):
    token = authority.token(scope="items:read")
    response = response_to(guarded, head(**request_line, **bearer(token)))
    assert status_of(response) == 403
    assert b'error="insufficient_scope", scope="items:write"' in response
    assert b"#not-permitted" in response


def test_a_caller_who_may_only_write_is_rejected_a_read_before_its_body(guarded, authority):
    token = authority.token(scope="items:write")
    response = response_to(guarded, head("/items:batchGet", "POST", **bearer(token)))
    assert status_of(response) == 403
    assert b'scope="items:read"' in response


def test_a_method_in_small_letters_needs_the_same_scope(endpoint, authority):
    option = "--permit-unconventional-http-method"
    with gunicorn(endpoint, "-w", "1", option, **jwt_variables(authority)) as server:
        for method in ("get", "Head", "GET"):
            token = authority.token(scope="items:write")
            assert server.request(method, "/items/104/Andrew", **bearer(token)).status == 403
        for method in ("put", "Delete"):
            token = authority.token(scope="items:read")
            assert server.request(method, "/items/104/Andrew", **bearer(token)).status == 403


def test_a_token_whose_key_id_is_nested_deeply_is_invalid(guarded):
    header = b'{"alg":"RS256","kid":%b%b}' % (b"[" * 1000, b"]" * 1000)
    token = f"{base64.urlsafe_b64encode(header).decode()}.e30.c2lnbmF0dXJl"
    response = guarded.request("GET", "/items/104/Andrew", **bearer(token))
    assert response.status == 401
    assert response.json["request_id"] == response.headers["X-Request-Id"]


def test_who_was_rejected_is_in_the_log(guarded, authority):
    token = authority.token(sub="reader", scope="items:read")
    assert guarded.request("PUT", "/items/104/x", **bearer(token)).status == 403
    (line,) = [line for line in guarded.log if line.get("caller") == "reader"]
    assert (line["status"], line["route"]) == (403, "/items/{id}/{name}")


def test_a_request_over_the_rate_limit_is_rejected_before_its_body(endpoint):
    variables = {"ITEMS_RATE_LIMIT": "1/hour", "ITEMS_BODY_TIMEOUT_SECONDS": "600"}
    with gunicorn(endpoint, "-w", "1", **variables) as server:
        assert server.request("GET", "/items/104/Andrew").status == 200
        response = response_to(server, head())
        assert status_of(response) == 429
        assert b"#too-many-requests" in response
        (line,) = [line for line in server.log if line.get("status") == 429]
        assert line["client"] == "127.0.0.1"


@contextmanager
def unfinished_bodies(server, count: int, headers: dict[str, str]):
    """Send so many bodies of 1 MiB, each without its last byte."""
    connections = []
    try:
        for _ in range(count):
            connection = raw(server, head(**headers))
            connections.append(connection)
            with suppress(ConnectionError):  # rejected already
                connection.sendall(b"x" * (MEBIBYTE - 1))
        yield connections
    finally:
        for connection in connections:
            connection.close()


def first_response(connections) -> bytes | None:
    """Return the whole response on one connection; None while nothing has arrived."""
    readable, _, _ = select.select(connections, [], [], 0)
    return everything(readable[0]) if readable else None


@pytest.fixture(params=["api key", "address"])
def two_callers(request, endpoint, tmp_path):
    """A service, and the headers that identify two callers."""
    if request.param == "address":
        variables = {"ITEMS_TRUSTED_PROXIES": "1"}
        callers = [{"X-Forwarded-For": f"2001:db8:1:{n}::1"} for n in range(2)]
    else:
        keys = {name: new_api_key(name) for name in ("slow", "quick")}
        file = tmp_path / "keys.toml"
        file.write_text(
            "".join(
                f'[{name}]\nsha256 = "{sha256}"\nscopes = ["items:read", "items:write"]\n'
                for name, (_, sha256) in keys.items()
            )
        )
        variables = {"ITEMS_AUTH": "api-key", "ITEMS_API_KEYS_FILE": str(file)}
        callers = [{"X-API-Key": key} for key, _ in keys.values()]
    variables["ITEMS_BODY_TIMEOUT_SECONDS"] = "600"
    with gunicorn(endpoint, "-w", "1", **variables) as server:
        yield server, *callers


def test_one_callers_slow_bodies_leave_room_for_another(two_callers):
    server, slow, quick = two_callers

    def put(caller):
        headers = {"Content-Type": "application/json", **caller}
        return server.request("PUT", "/items/104/roomy", BODY, **headers)

    put(quick)
    with unfinished_bodies(server, 20, slow) as connections:
        rejected = eventually(lambda: first_response(connections))
        assert status_of(rejected) == 503
        assert b"/docs/errors#overloaded" in rejected
        assert b"\r\nRetry-After: 1\r\n" in rejected
        for _ in range(20):
            assert put(quick).status == 200
        assert server.request("GET", "/items/104/roomy", **slow).status == 200
    eventually(lambda: put(slow).status == 200)
