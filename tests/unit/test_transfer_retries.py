"""When a request of import and export is sent again."""

import threading
from datetime import UTC, datetime

import httpx
import pytest
from dynamodb_items.transfer.client.retries import RetryPolicy, retry_after_seconds
from dynamodb_items.transfer.client.service import Service, http_client
from dynamodb_items.transfer.errors import ExitStatus, Interrupted, TransferStopped

from tests.unit.transfer_service import URL, problem

NOW = datetime(2026, 11, 27, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("3", 3),
        (" 3 ", 3),
        ("60", 60),
        ("61", 60),
        ("9" * 400, 60),
        ("Fri, 27 Nov 2026 12:00:05 GMT", 5),
        ("Fri, 27 Nov 2026 11:59:00 GMT", 0),
        ("Fri, 27 Nov 2099 11:59:00 GMT", 60),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("²", None),
        ("soon", None),
    ],
)
def test_retry_after_is_bounded(text, seconds):
    assert retry_after_seconds({"Retry-After": text}, NOW) == seconds


def test_no_retry_after():
    assert retry_after_seconds({}, NOW) is None


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504, None])
def test_an_outage_is_retried(status):
    assert RetryPolicy(300).retries(status, attempts=1000)


@pytest.mark.parametrize("status", [200, 201, 304, 400, 401, 403, 404, 412, 413, 422, 501])
def test_a_decision_is_not_retried(status):
    assert not RetryPolicy(300).retries(status, attempts=1)


def test_a_defect_is_retried_twice():
    assert [RetryPolicy(300).retries(500, attempts) for attempts in (1, 2, 3)] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(("attempts", "longest"), [(1, 0.2), (2, 0.4), (5, 3.2), (9999, 20)])
def test_the_delay_doubles_up_to_a_bound(attempts, longest):
    delays = [RetryPolicy(300).delay_seconds(attempts, None) for _ in range(100)]
    assert all(longest / 2 <= delay <= longest for delay in delays)
    assert len(set(delays)) > 1, "requests that failed together return at different times"


def test_the_delay_is_at_least_what_the_service_says():
    delays = [RetryPolicy(300).delay_seconds(1, 4.0) for _ in range(100)]
    assert all(4 <= delay <= 5 for delay in delays)


class Clock(threading.Event):
    """A stop signal whose waiting moves the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.waits: list[float] = []

    def wait(self, timeout=None):
        self.waits.append(timeout)
        self.now += timeout
        return self.is_set()

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def service(handler, clock, seconds=300):
    client = httpx.Client(base_url=URL, transport=httpx.MockTransport(handler))
    return Service(client, RetryPolicy(seconds), clock, clock)


def scripted(*responses):
    remaining = iter(responses)

    def handler(_):
        response = next(remaining)
        if isinstance(response, Exception):
            raise response
        return response

    return handler


def test_a_request_is_repeated_until_it_succeeds(clock):
    handler = scripted(
        problem(503, "Table busy", Retry_After="2"),
        httpx.ConnectError("unreachable"),
        problem(429, "Rate limit exceeded", Retry_After="30"),
        httpx.ReadTimeout("late"),
        httpx.Response(201),
    )
    assert service(handler, clock).send("PUT", "/items/1/a", b"{}").status_code == 201
    assert 2 <= clock.waits[0] <= 2.5
    assert clock.waits[1] <= 0.4
    assert 30 <= clock.waits[2] <= 37.5
    assert clock.waits[3] <= 1.6


def test_the_body_is_sent_again_as_it_was(clock):
    bodies = []

    def handler(request):
        bodies.append(request.read())
        return problem(503, "Table busy") if len(bodies) < 3 else httpx.Response(201)

    service(handler, clock).send("PUT", "/items/1/a", b'{"n":1.10}')
    assert bodies == [b'{"n":1.10}'] * 3


def test_retries_end_before_their_time_is_over(clock):
    def handler(_):
        return problem(503, "Table busy", "Nothing was written.", Retry_After="7")

    with pytest.raises(TransferStopped) as stopped:
        service(handler, clock, seconds=60).send("GET", "/items")
    assert stopped.value.status is ExitStatus.UNAVAILABLE
    assert "503 Table busy. Nothing was written." in stopped.value.message
    assert 40 < clock.now <= 60


def test_no_retries_at_all(clock):
    with pytest.raises(TransferStopped, match="Attempts: 1; the last: unreachable"):
        service(scripted(httpx.ConnectError("unreachable")), clock, seconds=0).send("GET", "/items")
    assert clock.waits == []


def test_a_stop_ends_the_wait_for_a_retry(clock):
    clock.set()
    with pytest.raises(Interrupted):
        service(scripted(problem(503, "Table busy")), clock).send("GET", "/items")


def test_an_invalid_credential_is_not_retried(clock):
    with pytest.raises(TransferStopped, match="DYNAMODB_ITEMS_TOKEN") as stopped:
        service(scripted(problem(401, "Missing credential")), clock).send("GET", "/items")
    assert stopped.value.status is ExitStatus.NOT_ACCEPTED


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"openapi": "3.0.3"}),
        httpx.Response(301, headers={"Location": "https://elsewhere.example"}),
        httpx.Response(404, text="nothing"),
    ],
)
def test_a_url_of_something_else_is_reported(clock, response):
    with pytest.raises(TransferStopped, match="is not the URL of the service") as stopped:
        service(scripted(response), clock).document()
    assert stopped.value.status is ExitStatus.NOT_ACCEPTED


def test_the_client_names_itself_and_does_not_follow_redirects():
    with http_client(URL, [("X-A", "1"), ("X-A", "2")], None, 4) as client:
        assert client.headers["User-Agent"].startswith("dynamodb-items/")
        assert client.headers.get_list("X-A") == ["1", "2"]
        assert not client.follow_redirects


@pytest.mark.parametrize(("name", "words"), [("absent", "No such file"), ("empty", "certificate")])
def test_certificates_that_cannot_be_used(tmp_path, name, words):
    (tmp_path / "empty").touch()
    with (
        pytest.raises(TransferStopped, match=words) as stopped,
        http_client(URL, [], str(tmp_path / name), 4),
    ):
        pass
    assert stopped.value.status is ExitStatus.FILE_FAILED
