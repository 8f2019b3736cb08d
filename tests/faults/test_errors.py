"""Each row of the error table, injected on the wire: its status, its Retry-After, its problem."""

import json

import pytest

from tests import wire as faults
from tests.serving import gunicorn
from tests.wire import CANARY, black_hole, lose_response, reject

JSON = {"Content_Type": "application/json"}
WRITES = {"PUT": "PutItem", "PATCH": "UpdateItem", "DELETE": "DeleteItem"}
FOREIGN_WORDS = ("CANARY", "arn:", "123456789012", "not authorized", "Traceback", "boto")
OPERATIONS = {"GET": "GetItem", **WRITES}
SUCCESS = {"GET": 200, "PUT": 200, "PATCH": 200, "DELETE": 204}
"""The statuses of requests for an item that exists."""


def is_not_the_probe(call):
    return b'"_ready"' not in call.body


def request_struck(server, wire, method, name, fault, **how):
    """The response to a request whose calls are all struck."""
    with wire.fault(fault, when=is_not_the_probe, **how) as script:
        body = '{"a": 1}' if method in ("PUT", "PATCH") else None
        response = server.request(method, f"/items/7/{name}", body, **JSON)
    assert script.struck, "the fault was never met"
    return response


def assert_problem(response, status, slug, retry_after=()):
    assert response.status == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    problem = response.json
    assert problem["type"] == f"/docs/errors#{slug}"
    assert problem["status"] == status
    assert problem["instance"].startswith("/items/7/")
    assert problem["request_id"] == response.headers["X-Request-Id"]
    assert {"title", "detail"} <= problem.keys()
    if retry_after:
        assert response.headers["Retry-After"] in {str(seconds) for seconds in retry_after}
    else:
        assert "Retry-After" not in response.headers
    assert problem.get("outcome") == ("unknown" if slug == "outcome-unknown" else None)
    seen = response.body.decode() + str(response.headers)
    assert not [word for word in FOREIGN_WORDS if word in seen]


@pytest.mark.parametrize("method", OPERATIONS)
@pytest.mark.parametrize(
    "code",
    [
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "TransactionConflictException",
    ],
)
def test_a_throttled_call_is_503_after_the_last_attempt(server, wire, name, method, code):
    before = len(wire.calls)
    response = request_struck(server, wire, method, name, reject(code))
    assert_problem(response, 503, "throttled", retry_after=(1, 2, 3))
    assert wire.calls[before:].count(OPERATIONS[method]) >= 3


@pytest.mark.parametrize("method", OPERATIONS)
def test_a_call_throttled_once_is_carried_out(server, wire, name, method):
    server.request("PUT", f"/items/7/{name}", "{}", **JSON)
    response = request_struck(server, wire, method, name, reject("ThrottlingException"), calls=1)
    assert response.status == SUCCESS[method]


@pytest.mark.parametrize("method", OPERATIONS)
@pytest.mark.parametrize("code", ["UnrecognizedClientException", "ExpiredTokenException"])
def test_credentials_rejected_again_after_a_refresh_are_503(server, wire, name, method, code):
    response = request_struck(server, wire, method, name, reject(code))
    assert_problem(response, 503, "credentials-unavailable", retry_after=(5,))


@pytest.mark.parametrize("method", OPERATIONS)
def test_an_expired_token_costs_one_refresh_and_no_request(server, wire, name, method):
    server.request("PUT", f"/items/7/{name}", "{}", **JSON)
    expired = reject("ExpiredTokenException")
    response = request_struck(server, wire, method, name, expired, calls=1)
    assert response.status == SUCCESS[method]


@pytest.mark.parametrize("method", OPERATIONS)
@pytest.mark.parametrize(
    ("code", "failure"),
    [
        ("AccessDeniedException", "misconfigured"),
        ("ResourceNotFoundException", "misconfigured"),
        ("InvalidSignatureException", "signature_rejected"),
        ("RequestExpired", "signature_rejected"),
    ],
)
def test_the_operators_errors_are_503_and_logged(server, wire, name, method, code, failure):
    before = len(wire.calls)
    response = request_struck(server, wire, method, name, reject(code))
    assert_problem(response, 503, "misconfigured", retry_after=(30,))
    assert wire.calls[before:].count(OPERATIONS[method]) < 3, "a retry would not help"
    line = next(line for line in reversed(server.log) if line["event"] == "dynamodb call failed")
    assert line["failure"] == failure
    assert line["level"] == "error"
    assert CANARY in line["error"]


@pytest.mark.parametrize(
    "fault",
    [
        reject("InternalServerError", 500),
        reject("ServiceUnavailable", 503),
        faults.respond_raw(b"<html>502 Bad Gateway</html>", 502),
        faults.cut,
        faults.reset,
        faults.truncate,
        faults.respond_raw(b"<html>CANARY</html>"),
        faults.respond_raw(b'{"Item": {"Id": {"N": "7"}'),
        faults.respond_raw(b""),
    ],
    ids=["500", "503", "502", "cut", "reset", "truncated", "no JSON", "half a body", "empty"],
)
def test_a_read_that_fails_is_503_and_a_write_of_unknown_outcome_504(server, wire, name, fault):
    assert_problem(
        request_struck(server, wire, "GET", name, fault),
        503,
        "table-unavailable",
        retry_after=(1,),
    )
    for method in WRITES:
        response = request_struck(server, wire, method, name, fault)
        assert_problem(response, 504, "outcome-unknown")


@pytest.mark.parametrize("method", OPERATIONS)
def test_an_endpoint_that_is_down_is_503_and_nothing_was_written(server, wire, name, method):
    with wire.down():
        response = server.request(method, f"/items/7/{name}", "{}", **JSON)
    assert_problem(response, 503, "table-unavailable", retry_after=(1,))
    assert "Nothing was changed" in response.json["detail"]


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_a_call_without_a_response_is_504(server, wire, name, method):
    response = request_struck(server, wire, method, name, faults.delay(20))
    if method == "GET":
        assert_problem(response, 504, "timeout")
    else:
        assert_problem(response, 504, "outcome-unknown")


@pytest.mark.parametrize("method", OPERATIONS)
def test_an_unknown_error_code_is_503_and_nothing_was_written(server, wire, name, method):
    response = request_struck(server, wire, method, name, reject("SomethingNewException"))
    assert_problem(response, 503, "table-unavailable", retry_after=(1,))
    assert "Nothing was changed" in response.json["detail"]


@pytest.mark.parametrize("method", OPERATIONS)
def test_an_invalid_call_is_a_defect_and_500_with_a_request_id(server, wire, name, method):
    response = request_struck(server, wire, method, name, reject("ValidationException"))
    assert_problem(response, 500, "internal-error")


def test_a_schema_that_does_not_fit_is_the_operators_error(server, wire, name):
    fault = reject("ValidationException", message="The provided key does not match the schema")
    response = request_struck(server, wire, "GET", name, fault)
    assert_problem(response, 503, "misconfigured", retry_after=(30,))


def test_an_endpoint_that_accepts_no_connection_is_503(name):
    with black_hole() as url, gunicorn(url, "-w", "1", until="/live") as server:
        assert server.request("GET", "/ready").status == 503
        for method in ("GET", "PUT"):
            response = server.request(method, f"/items/7/{name}", "{}", **JSON)
            assert_problem(response, 503, "table-unavailable", retry_after=(1,))


@pytest.mark.parametrize("method", WRITES)
def test_a_response_that_is_always_lost_leaves_the_write_applied_at_most_once(
    server, wire, name, method
):
    key = f"/items/7/{name}"
    assert server.request("PUT", key, '{"n": 1}', **JSON).status == 201
    before = server.request("GET", f"{key}?consistent_read=true").json
    response = request_struck(server, wire, method, name, lose_response)
    assert_problem(response, 504, "outcome-unknown")
    after = server.request("GET", f"{key}?consistent_read=true")
    applied = {"PUT": {"a": 1}, "PATCH": {"n": 1, "a": 1}}
    if method == "DELETE":
        assert after.status == 404
    else:
        expected = {name: before[name] for name in ("Id", "Name")} | applied[method]
        assert json.loads(after.body) == expected
