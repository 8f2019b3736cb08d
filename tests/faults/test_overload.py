"""More requests than a worker takes on are refused at once; health is always answered."""

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
    """A table that answers after 200 ms, however many ask."""
    own_wire.fault(faults.delay(0.2, then=faults.respond(ITEM)))
    return own_wire


def test_requests_over_the_limit_are_refused_at_once_and_the_others_answered(own_wire):
    limits = {"ITEMS_MAX_IN_FLIGHT": "4", "ITEMS_CORS_ORIGINS": PAGE}
    limits["ITEMS_RATE_LIMIT"] = "1000/hour"
    with gunicorn(own_wire.url, "-w", "1", **limits) as server:
        release = threading.Event()

        def hold(exchange):
            release.wait(20)
            faults.pass_on(exchange)

        own_wire.fault(hold, when=lambda call: b"Andrew" in call.body)
        answers = []
        held = [
            threading.Thread(
                target=lambda: answers.append(server.request("GET", "/items/104/Andrew"))
            )
            for _ in range(4)
        ]
        before = len(own_wire.calls)
        for thread in held:
            thread.start()
        eventually(lambda: own_wire.calls[before:].count("GetItem") >= 4)
        refused = server.request("GET", "/items/104/Andrew?x=1", X_Request_Id="mine", Origin=PAGE)
        assert server.request("HEAD", "/items/104/Andrew").body == b""
        for path in ("/live", "/ready"):
            assert server.request("GET", path).status == 200
        release.set()
        for thread in held:
            thread.join()
        assert any(line["event"] == "overloaded" for line in server.log)
    assert [answer.status for answer in answers] == [200] * 4
    assert refused.status == 503
    assert refused.headers["Retry-After"] == "1"
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.headers["X-Request-Id"] == refused.json["request_id"] == "mine"
    assert refused.json["type"] == "/docs/errors#overloaded"
    assert refused.json["instance"] == "/items/104/Andrew"
    assert refused.headers["RateLimit-Limit"] == "1000"
    # Without these a page's own code would see a network error.
    assert refused.headers["Access-Control-Allow-Origin"] == PAGE
    assert "Retry-After" in refused.headers["Access-Control-Expose-Headers"]


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
