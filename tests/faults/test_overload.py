"""Requests over the limit of a worker are rejected at once; health always responds."""

import http.client
import threading
import time

import pytest

from tests import wire as faults
from tests.faults.clients import Crowd, get
from tests.faults.conftest import eventually
from tests.serving import gunicorn

ITEM = {"Item": {"Id": {"N": "104"}, "Name": {"S": "Andrew"}}}
PAGE = "https://shop.example"


@pytest.fixture
def slow(own_wire):
    """A table that responds after 200 ms, under any load."""
    own_wire.fault(faults.delay(0.2, then=faults.respond(ITEM)))
    return own_wire


def test_requests_over_the_limit_are_rejected_at_once_and_the_others_succeed(own_wire):
    limits = {"ITEMS_MAX_IN_FLIGHT": "4", "ITEMS_CORS_ORIGINS": PAGE}
    limits["ITEMS_RATE_LIMIT"] = "1000/hour"
    with gunicorn(own_wire.url, "-w", "1", **limits) as server:
        release = threading.Event()

        def hold(exchange):
            release.wait(20)
            faults.pass_on(exchange)

        own_wire.fault(hold, when=lambda call: b"Andrew" in call.body)
        responses = []
        held = [
            threading.Thread(
                target=lambda: responses.append(server.request("GET", "/items/104/Andrew"))
            )
            for _ in range(4)
        ]
        before = len(own_wire.calls)
        for thread in held:
            thread.start()
        eventually(lambda: own_wire.calls[before:].count("GetItem") >= 4)
        rejected = server.request("GET", "/items/104/Andrew?x=1", X_Request_Id="mine", Origin=PAGE)
        assert server.request("HEAD", "/items/104/Andrew").body == b""
        for path in ("/live", "/ready"):
            assert server.request("GET", path).status == 200
        release.set()
        for thread in held:
            thread.join()
        assert any(line["event"] == "overloaded" for line in server.log)
    assert [response.status for response in responses] == [200] * 4
    assert rejected.status == 503
    assert rejected.headers["Retry-After"] == "1"
    assert rejected.headers["Content-Type"] == "application/problem+json"
    assert rejected.headers["X-Request-Id"] == rejected.json["request_id"] == "mine"
    assert rejected.json["type"] == "/docs/errors#overloaded"
    assert rejected.json["instance"] == "/items/104/Andrew"
    assert rejected.headers["RateLimit-Limit"] == "1000"
    # Without these a page's own code would see a network error.
    assert rejected.headers["Access-Control-Allow-Origin"] == PAGE
    assert "Retry-After" in rejected.headers["Access-Control-Expose-Headers"]


def test_256_clients_of_a_slow_table_get_what_the_limit_promises(slow):
    seconds = 4.0
    live = []
    with gunicorn(slow.url, "-w", "1", "--worker-connections", "400") as server:
        with Crowd(server, 256, get("/items/104/Andrew"), pause_seconds=1.0) as crowd:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                began = time.monotonic()
                assert server.request("GET", "/live").status == 200
                live.append(time.monotonic() - began)
        assert set(crowd.statuses) <= {200, 503}, crowd.statuses
    # 100 at a time, 200 ms each, are 500 a second; the clients share this machine's processors.
    assert crowd.statuses[200] / seconds > 100
    assert max(live) < 5


def test_polling_readiness_costs_the_table_nothing(own_wire):
    with gunicorn(own_wire.url, "-w", "1") as server:
        before, began = len(own_wire.calls), time.monotonic()
        connection = http.client.HTTPConnection(*server.address)
        for _ in range(2000):
            assert get("/ready")(connection, 0) == 200
        seconds = time.monotonic() - began
        connection.close()
        assert len(own_wire.calls) - before <= seconds / 5 + 1


def test_as_many_connections_are_kept_as_requests_may_be_under_way(slow):
    with gunicorn(slow.url, "-w", "1", ITEMS_MAX_IN_FLIGHT="20") as server:
        with Crowd(server, 20, get("/items/104/Andrew")) as crowd:
            eventually(lambda: slow.open_connections >= 20)
            done = crowd.statuses[200]
            eventually(lambda: crowd.statuses[200] >= done + 100)
            connections = slow.open_connections
        assert connections <= 21
