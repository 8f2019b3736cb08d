"""A worker that stops, for whatever reason, loses no response."""

import contextlib
import http.client
import os
import signal
import socket
import threading
import time
from collections import Counter

import pytest

from tests import wire as faults
from tests.faults.clients import Crowd, everything, get, raw
from tests.faults.conftest import eventually
from tests.serving import gunicorn, has_ended

GET = b"GET /items/104/Andrew HTTP/1.1\r\nHost: x\r\n\r\n"


def put_andrew(server):
    """Have the item that is read here."""
    server.request("PUT", "/items/104/Andrew", "{}", Content_Type="application/json")


def rejects_connections(server):
    try:
        socket.create_connection(server.address, 5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_on_sigterm_requests_in_flight_get_responses_and_their_connections_close(own_wire):
    with gunicorn(own_wire.url, "-w", "1") as server:
        release = threading.Event()

        def hold(exchange):
            release.wait(20)
            exchange.send(exchange.forward())

        own_wire.fault(hold, when=lambda call: b"Andrew" in call.body)
        before = len(own_wire.calls)
        under_way = raw(server, GET)
        eventually(lambda: "GetItem" in own_wire.calls[before:])
        os.kill(server.pid, signal.SIGTERM)
        eventually(lambda: rejects_connections(server))
        release.set()
        response = everything(under_way)
        under_way.close()
        assert response.startswith(b"HTTP/1.1 200")
        assert b"Connection: close" in response
        eventually(lambda: has_ended(server.pid))


def test_idle_connections_do_not_hold_up_the_end(quick):
    with gunicorn(quick.url, "-w", "2") as server:
        idle = [raw(server, b"") for _ in range(10)]
        kept = http.client.HTTPConnection(*server.address)
        assert get("/items/104/Andrew")(kept, 0) == 200
        began = time.monotonic()
        os.kill(server.pid, signal.SIGTERM)
        eventually(lambda: has_ended(server.pid))
        assert time.monotonic() - began < 12, "less than the time for requests under way"
        for connection in idle:
            assert everything(connection) == b""
            connection.close()
        kept.close()
        assert b"[ERROR]" not in server.output


def is_closed(address):
    with socket.socket() as probe:
        return probe.connect_ex(address) != 0


def test_connections_that_wait_to_be_accepted_are_served(quick):
    """Without that, two thirds of these were reset."""
    with gunicorn(quick.url, "-w", "2", ITEMS_MAX_IN_FLIGHT="1000") as server:
        waiting = []
        os.kill(server.pid, signal.SIGTERM)
        with contextlib.suppress(ConnectionRefusedError):
            while True:
                waiting.append(raw(server, GET))
                time.sleep(0.001)
        statuses = Counter()
        for connection in waiting:
            statuses[everything(connection)[:12]] += 1
            connection.close()
        assert statuses == {b"HTTP/1.1 200": len(waiting)}


@pytest.mark.parametrize("header", [b"", b"TE: trailers\r\n"], ids=["plain", "gunicorn's"])
def test_a_connection_without_a_request_has_time_for_one_once_no_other_is_taken(quick, header):
    with gunicorn(quick.url, "-w", "1") as server:
        kept = raw(server, GET)
        response = b""
        while not response.endswith(b"}"):  # head and body may come one after the other
            response += kept.recv(4096) or b"closed}"
        assert response.startswith(b"HTTP/1.1 200")
        os.kill(server.pid, signal.SIGTERM)
        eventually(lambda: is_closed(server.address))
        kept.sendall(GET.replace(b"\r\n\r\n", b"\r\n%b\r\n" % header))
        response = everything(kept)
        kept.close()
        assert response.startswith(b"HTTP/1.1 200")
        assert b"\r\nConnection: close\r\n" in response
        assert not [line for line in server.log if line["level"] == "error"]


def test_while_it_drains_it_reports_so_and_still_accepts_requests(quick):
    with gunicorn(quick.url, "-w", "1", ITEMS_DRAIN_SECONDS="3") as server:
        kept = http.client.HTTPConnection(*server.address)
        assert get("/items/104/Andrew")(kept, 0) == 200
        os.kill(server.pid, signal.SIGTERM)
        eventually(lambda: server.request("GET", "/ready").status == 503, 2)
        assert server.request("GET", "/live").status == 200
        assert server.request("GET", "/items/104/Andrew").status == 200
        kept.request("GET", "/items/104/Andrew")
        response = kept.getresponse()
        response.read()
        assert (response.status, response.headers["Connection"]) == (200, "close")
        problem = server.request("GET", "/ready").json
        assert problem["type"] == "/docs/errors#not-ready"
        eventually(lambda: has_ended(server.pid))


@pytest.mark.parametrize("preload", [[], ["--preload"]], ids=["", "preload"])
def test_a_reload_under_load_loses_no_request(quick, preload):
    with gunicorn(quick.url, "-w", "2", *preload) as server:
        before = set(server.workers)
        with Crowd(server, 8, get("/items/104/Andrew")) as crowd:
            eventually(lambda: crowd.statuses[200] > 50)
            os.kill(server.pid, signal.SIGHUP)
            eventually(lambda: server.workers and not before & set(server.workers))
            done = crowd.statuses[200]
            eventually(lambda: crowd.statuses[200] > done + 50)
    assert set(crowd.statuses) == {200}, crowd.statuses


def test_on_a_reload_the_old_workers_serve_until_a_new_one_does(quick):
    """The new workers are held while they start, for longer than an old one drains."""
    with gunicorn(quick.url, "-w", "2") as server:
        before = set(server.workers)
        os.kill(server.pid, signal.SIGHUP)
        new = set()
        while len(new) < 2:  # without a pause, since a worker starts within a second
            for pid in set(server.workers) - before - new:
                os.kill(pid, signal.SIGSTOP)
                new.add(pid)
        until = time.monotonic() + 6
        while time.monotonic() < until:
            assert server.request("GET", "/items/104/Andrew").status == 200
            assert server.request("GET", "/ready").status == 200
        assert set(server.workers) == before | new
        for pid in new:
            os.kill(pid, signal.SIGCONT)
        eventually(lambda: set(server.workers) == new)
        assert server.request("GET", "/items/104/Andrew").status == 200


def test_a_stop_during_a_reload_is_not_held_up_by_workers_that_do_not_start(quick):
    with gunicorn(quick.url, "-w", "1") as server:
        (old,) = server.workers
        os.kill(server.pid, signal.SIGHUP)
        eventually(lambda: len(server.workers) == 2)
        os.kill(max(server.workers), signal.SIGSTOP)
        began = time.monotonic()
        os.kill(server.pid, signal.SIGTERM)
        eventually(lambda: has_ended(old), 60)
        # gunicorn handles no signal for its graceful_timeout after a reload, 15 seconds here.
        assert time.monotonic() - began < 30, "less than a worker waits for a younger one"


def test_workers_that_end_after_so_many_requests_lose_none(quick):
    with gunicorn(quick.url, "-w", "2", "--max-requests", "80") as server:
        before = set(server.workers)
        with Crowd(server, 8, get("/items/104/Andrew")) as crowd:
            eventually(lambda: not before & set(server.workers))
            done = crowd.statuses[200]
            eventually(lambda: crowd.statuses[200] > done + 100)
    assert set(crowd.statuses) == {200}, crowd.statuses


def test_a_worker_that_is_killed_takes_only_its_own_requests_along(quick):
    clients = 8
    with gunicorn(quick.url, "-w", "2") as server:
        with Crowd(server, clients, get("/items/104/Andrew")) as crowd:
            eventually(lambda: crowd.statuses[200] > 50)
            victim, other = server.workers
            os.kill(victim, signal.SIGKILL)
            began = time.monotonic()
            eventually(lambda: len(set(server.workers) - {victim}) == 2)
            replaced_seconds = time.monotonic() - began
            done = crowd.statuses[200]
            eventually(lambda: crowd.statuses[200] > done + 50)
        assert other in server.workers
    assert crowd.lost <= clients
    assert set(crowd.statuses) - {200} == {s for s in crowd.statuses if isinstance(s, tuple)}
    assert replaced_seconds < 5, "at once; the rest is the time that a busy machine takes"


def test_with_preload_each_worker_has_connections_of_its_own(own_wire):
    with gunicorn(own_wire.url, "-w", "2", "--preload") as server:
        put_andrew(server)
        with Crowd(server, 8, get("/items/104/Andrew")) as crowd:
            eventually(lambda: sum(crowd.statuses.values()) > 200)
        assert crowd.statuses.keys() == {200}, crowd.statuses


def test_a_table_that_is_deleted_and_created_again_is_noticed_without_a_restart(own_wire):
    with gunicorn(own_wire.url, "-w", "1", ITEMS_PROBE_INTERVAL_SECONDS="0.2") as server:
        put_andrew(server)
        with own_wire.fault(faults.reject("ResourceNotFoundException")):
            assert server.request("GET", "/items/104/Andrew").status == 503
            eventually(lambda: server.request("GET", "/ready").json["table"] == "unavailable")
            assert server.request("GET", "/ready").status == 200
        eventually(lambda: server.request("GET", "/ready").json["table"] == "available")
        assert server.request("GET", "/items/104/Andrew").status == 200


def test_a_table_that_throttles_is_ready(own_wire):
    own_wire.fault(faults.reject("ThrottlingException"))
    with gunicorn(own_wire.url, "-w", "1", ITEMS_PROBE_INTERVAL_SECONDS="0.2") as server:
        assert server.request("GET", "/ready").status == 200
