"""What a client gets for each failure of a call: the same with the fast path and without."""

import json
import zlib

import pytest
from dynamodb_items.app import create_app, create_repository
from dynamodb_items.config.settings import Settings
from dynamodb_items.config.values import indexes
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation
from structlog.testing import capture_logs

from tests.conftest import aws_variables, environment
from tests.fastpath.scripted import ScriptedServer, http_response
from tests.fastpath.test_agreement import BROKEN_BODIES
from tests.fastpath.test_list_agreement import BROKEN_PAGES

JSON = {"Content-Type": "application/json"}
NATIVE = {"Content-Type": "application/vnd.dynamodb.update+json"}
MEMBER = {"id": "7", "name": "x"}
WRITES = {
    "PUT": ("PUT", "/items/7/x", JSON, {"a": 1}),
    "PATCH": ("PATCH", "/items/7/x", NATIVE, {"UpdateExpression": "REMOVE a"}),
    "DELETE": ("DELETE", "/items/7/x", {}, None),
    "PUT once": ("PUT", "/items/7/x", {**JSON, "Idempotency-Key": "k"}, {"a": 1}),
    "batch": (
        "POST",
        "/items:batch",
        JSON,
        {"operations": [{"method": "PUT", **MEMBER, "item": {"a": 1}}]},
    ),
}
LISTS = {
    "partition": ("GET", "/items/7", {}, None),
    "index": ("GET", "/indexes/by-email/a@example.com", {}, None),
    "scan": ("GET", "/items", {}, None),
    "query": ("POST", "/items:query", JSON, {"id": "7", "FilterExpression": "Age <> Size"}),
}
READS = {
    "GET": ("GET", "/items/7/x", {}, None),
    "batch get": ("POST", "/items:batchGet", JSON, {"keys": [MEMBER]}),
    **LISTS,
}
REQUESTS = {**WRITES, **READS}


@pytest.fixture(scope="module", params=[True, False], ids=["fast path", "botocore"])
def service(request):
    """A service, and ``respond``, which gives the responses to its calls."""
    responses = []
    server = ScriptedServer(lambda received: responses[-1](received))  # noqa: PLW0108
    with server:
        settings = Settings(
            fast_path=request.param,
            retry_percent=100_000,
            max_attempts=2,
            operations=DEFAULT_OPERATIONS | {Operation.QUERY, Operation.SCAN},
            indexes=indexes("by-email=Email:S"),
        )
        with environment(**aws_variables(server.url)):
            service = create_app(settings, create_repository(settings)).test_client()
            responses.append(lambda _received: [http_response(b"{}")])
            assert service.get("/items/7/x").status_code == 404
        service.respond, service.requests = responses.append, server.requests
        yield service


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr("dynamodb_items.dynamodb.retry_policy.FIRST_BACKOFF_SECONDS", 0.0)


@pytest.fixture
def retries(service):
    """Earn the reserve of retries, which the failures of other tests have spent."""
    service.respond(lambda _received: [http_response(b"{}")])
    assert service.get("/items/7/x").status_code == 404


def respond_to(service, name, response):
    """The response of the service where each call that the request is about gets ``response``."""
    method, path, headers, body = REQUESTS[name]

    def respond(received):
        operation = received.headers["X-Amz-Target"].rpartition(".")[2]
        if operation in ("GetItem", "TransactGetItems") and name in WRITES:
            return [http_response(b'{"Responses": [{}]}' if operation != "GetItem" else b"{}")]
        return [response]

    service.respond(respond)
    data = None if body is None else json.dumps(body)
    return service.open(path, method=method, headers=headers, data=data)


def assert_problem(response, status, slug, retry_after):
    assert (response.status_code, response.json["type"]) == (status, f"/docs/errors#{slug}")
    assert response.headers.get("Retry-After") == retry_after
    assert response.json.get("outcome") == ("unknown" if slug == "outcome-unknown" else None)


def checksum_of(body):
    return {"x_amz_crc32": str(zlib.crc32(body))}


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("headers_of", [lambda _body: {}, checksum_of], ids=["plain", "checksum"])
@pytest.mark.parametrize("body", BROKEN_BODIES.values(), ids=BROKEN_BODIES)
def test_a_broken_result_is_503_for_a_read_and_unknown_for_a_write(service, name, headers_of, body):
    response = respond_to(service, name, http_response(body, **headers_of(body)))
    if name in READS:
        assert_problem(response, 503, "table-unavailable", "1")
    else:
        assert_problem(response, 504, "outcome-unknown", None)


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("body", BROKEN_PAGES.values(), ids=BROKEN_PAGES)
def test_a_broken_page_is_503(service, name, body):
    """It is never an empty page, which would be the end of the list."""
    assert_problem(respond_to(service, name, http_response(body)), 503, "table-unavailable", "1")


@pytest.mark.usefixtures("retries")
@pytest.mark.parametrize("name", LISTS)
def test_a_page_after_a_failed_attempt_is_returned(service, name):
    item = {"Id": {"N": "7"}, "Name": {"S": "x"}, "Email": {"S": "a@example.com"}}
    page = json.dumps({"Items": [item], "ScannedCount": 1}).encode()
    throttled = http_response(b'{"__type": "a#ThrottlingException"}', "400 Bad Request")
    responses = iter([throttled, http_response(page)])
    method, path, headers, body = REQUESTS[name]
    service.respond(lambda _received: [next(responses)])
    data = None if body is None else json.dumps(body)
    response = service.open(path, method=method, headers=headers, data=data)
    assert response.status_code == 200
    assert response.json["next"] is None
    (listed,) = response.json["items"]
    assert listed["item"] == {"Id": 7, "Name": "x", "Email": "a@example.com"}


def test_a_page_that_does_not_arrive_is_504(service):
    response = respond_to(service, "partition", b"")
    assert_problem(response, 504, "timeout", None)


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    "message",
    [
        "The table does not have the specified index: by-email",
        "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for"
        " global secondary index by-email because its projection type is not ALL",
        "Query condition missed key schema element: Email",
        "Cannot read from backfilling global secondary index: by-email",
    ],
    ids=["no index", "not whole items", "other keys", "new"],
)
def test_an_index_that_is_not_as_configured_is_for_the_operator(service, name, message):
    body = {"__type": "com.amazon.coral.validate#ValidationException", "message": message}
    response = respond_to(
        service, name, http_response(json.dumps(body).encode(), "400 Bad Request")
    )
    assert_problem(response, 503, "misconfigured", "30")
    assert b"by-email" not in response.data.replace(b"/indexes/by-email/a@example.com", b"")


@pytest.mark.usefixtures("retries")
@pytest.mark.parametrize("name", REQUESTS)
def test_a_call_with_a_broken_result_is_repeated(service, name):
    before = len(service.requests)
    respond_to(service, name, http_response(b"{"))
    targets = [received.headers["X-Amz-Target"] for received in service.requests[before:]]
    assert len([each for each in targets if name in READS or "Get" not in each]) == 2


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize(
    "response",
    [
        http_response(b"{}", x_amz_crc32="1"),
        http_response(b"{}", Content_Encoding="gzip"),
        http_response(b"{}", "201 Created"),
        http_response(b"", "204 No Content"),
        http_response(b"<html>503</html>", "503 Service Unavailable"),
        http_response(b"<html>408</html>", "408 Request Timeout"),
        http_response(b'{"__type": "a#InternalServerError"}', "500 Internal Server Error"),
        http_response(b'{"__type": "a#RequestAbortedException"}', "400 Bad Request"),
    ],
    ids=["checksum", "encoded", "201", "204", "503", "408", "500", "aborted"],
)
def test_an_unknown_outcome_is_503_for_a_read_and_504_for_a_write(service, name, response):
    received = respond_to(service, name, response)
    if name in READS:
        assert_problem(received, 503, "table-unavailable", "1")
    else:
        assert_problem(received, 504, "outcome-unknown", None)


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 407, 413])
def test_a_page_of_a_proxy_is_for_the_operator(service, name, status):
    page = "<html><body>Zugriff über diesen Proxy verweigert</body></html>".encode("latin-1")
    with capture_logs() as lines:
        response = respond_to(service, name, http_response(page, f"{status} Status"))
    assert_problem(response, 503, "misconfigured", "30")
    (line,) = [each for each in lines if each["event"] == "dynamodb call failed"]
    assert line["error"] == (
        f"HTTP status {status} without an error code of DynamoDB: a proxy or another server sent it"
    )


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize(
    "code",
    ["IncompleteSignatureException", "OptInRequired", "SubscriptionRequiredException"],
)
def test_an_account_or_signature_that_aws_rejects_is_for_the_operator(service, name, code):
    body = json.dumps({"__type": f"com.amazon.coral.service#{code}"}).encode()
    assert_problem(
        respond_to(service, name, http_response(body, "400 Bad Request")),
        503,
        "misconfigured",
        "30",
    )


@pytest.mark.parametrize("name", REQUESTS)
def test_a_throttled_call_is_503(service, name):
    body = b'{"__type": "com.amazon.coral.service#ThrottledException"}'
    response = respond_to(service, name, http_response(body, "400 Bad Request"))
    assert response.status_code == 503
    assert response.json["type"] == "/docs/errors#throttled"
    assert response.headers["Retry-After"] in {"1", "2", "3"}


@pytest.mark.parametrize("name", REQUESTS)
def test_an_unknown_code_is_503_and_nothing_was_changed(service, name):
    body = b'{"__type": "com.amazon.coral.service#SomethingNewException", "message": "CANARY"}'
    response = respond_to(service, name, http_response(body, "400 Bad Request"))
    assert_problem(response, 503, "table-unavailable", "1")
    assert "Nothing was changed" in response.json["detail"]
    assert b"CANARY" not in response.data


@pytest.mark.parametrize("name", ["PUT once", "batch", "batch get"])
@pytest.mark.parametrize(
    ("code", "slug", "retry_after"),
    [("AccessDenied", "misconfigured", "30"), ("SomethingNew", "table-unavailable", "1")],
)
def test_a_canceled_transaction_is_503_for_a_reason_that_is_not_the_clients(
    service, name, code, slug, retry_after
):
    body = {
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "CancellationReasons": [{"Code": code, "Message": "CANARY"}],
    }
    response = respond_to(
        service, name, http_response(json.dumps(body).encode(), "400 Bad Request")
    )
    assert_problem(response, 503, slug, retry_after)


@pytest.mark.parametrize("body", [b"{}", b'{"Responses": []}', b'{"Responses": [{}, {}]}'])
def test_a_batch_get_without_a_response_for_each_key_is_503(service, body):
    checked = http_response(body, x_amz_crc32=str(zlib.crc32(body)))
    assert_problem(respond_to(service, "batch get", checked), 503, "table-unavailable", "1")
