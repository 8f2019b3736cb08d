"""``/ready`` reports this instance's own trouble: not an outage of the table, nor a reload."""

import http.client
import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests import wire as faults
from tests.clock import MovableClock
from tests.engines import process, wait_for
from tests.faults.conftest import eventually
from tests.faults.test_credentials import on_the_instance
from tests.imds import InstanceMetadata
from tests.serving import Server, gunicorn, has_ended, prepared

OFTEN = {"ITEMS_PROBE_INTERVAL_SECONDS": "0.1"}
AWS_CLOCK_SKEW = timedelta(minutes=5)


class Polling:
    """Load balancers that request ``/ready`` all the time, on kept and on new connections."""

    def __init__(self, server):
        self.statuses = Counter()
        self._server = server
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=each) for each in (self._fresh, self._kept_alive) * 2
        ]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _fresh(self):
        while not self._over.is_set():
            try:
                self.statuses[self._server.request("GET", "/ready").status] += 1
            except (OSError, http.client.HTTPException) as error:
                self.statuses[type(error).__name__] += 1

    def _kept_alive(self):
        connection = http.client.HTTPConnection(*self._server.address, timeout=30)
        while not self._over.is_set():
            try:
                connection.request("GET", "/ready")
                response = connection.getresponse()
                response.read()
                self.statuses[response.status] += 1
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                self.statuses[type(error).__name__] += 1
        connection.close()


def reload(server):
    """Have all workers replaced, and wait until the old ones are gone."""
    before = set(server.workers)
    os.kill(server.pid, signal.SIGHUP)
    eventually(lambda: server.workers and not before & set(server.workers))


@pytest.mark.parametrize("drain", ["0", "2"])
def test_a_reload_does_not_make_it_fail(quick, drain):
    with (
        gunicorn(quick.url, "-w", "2", ITEMS_DRAIN_SECONDS=drain) as server,
        Polling(server) as polling,
    ):
        for _ in range(2):
            reload(server)
    assert polling.statuses.keys() == {200}, polling.statuses


@pytest.mark.parametrize(
    "start",
    [
        lambda arguments: [str(Path(sys.executable).parent / "gunicorn"), *arguments],
        lambda arguments: [sys.executable, "-m", "gunicorn", *arguments],
        # It adds the configuration and the application itself.
        lambda arguments: [sys.executable, "-m", "dynamodb_items", "serve", *arguments[2:-1]],
    ],
    ids=["gunicorn", "python -m gunicorn", "dynamodb-items serve"],
)
def test_the_end_of_the_old_arbiter_after_a_binary_upgrade_does_not_make_it_fail(quick, start):
    command, environment, url = prepared(quick.url, "-w", "1")
    command = start(command[3:])
    with tempfile.TemporaryFile() as log, process(command, environment, log) as child:
        wait_for(url + "/ready", child)
        server = Server(url, child.pid, log)
        (old,) = server.workers
        with ExitStack() as upgraded:
            os.kill(server.pid, signal.SIGUSR2)
            (new,) = eventually(lambda: set(server.workers) - {old})
            upgraded.callback(eventually, lambda: has_ended(new))
            upgraded.callback(os.kill, new, signal.SIGTERM)
            eventually(lambda: Server(url, new, log).workers)
            eventually(lambda: sum(line["event"] == "ready" for line in server.log) == 2)
            with Polling(server) as polling:
                os.kill(server.pid, signal.SIGTERM)
                eventually(lambda: has_ended(old) and has_ended(server.pid))
    assert polling.statuses.keys() == {200}, polling.statuses


def test_each_worker_reads_a_reserved_key_and_a_request_for_it_reads_nothing(own_wire):
    keys = []
    own_wire.fault(faults.pass_on, when=lambda call: keys.append(call.parameters["Key"]) is None)
    with gunicorn(own_wire.url, "-w", "2", ITEMS_PROBE_INTERVAL_SECONDS="60") as server:
        eventually(lambda: len(keys) == 2)
        for path in ["/ready", "/live"] * 10:
            assert server.request("GET", path).status == 200
    assert own_wire.calls == ["GetItem"] * 2
    assert keys == [{"Id": {"N": "0"}, "Name": {"S": "_ready"}}] * 2


def test_a_worker_that_ends_alone_does_not_make_it_fail(quick):
    with gunicorn(quick.url, "-w", "2", ITEMS_DRAIN_SECONDS="1") as server:
        before = server.workers
        with Polling(server) as polling:
            os.kill(before[0], signal.SIGTERM)
            eventually(lambda: len(server.workers) == 2 and before[0] not in server.workers)
    assert polling.statuses.keys() == {200}, polling.statuses


def test_a_new_worker_during_an_outage_of_the_table_is_ready(own_wire):
    with gunicorn(own_wire.url, "-w", "1", **OFTEN) as server:
        own_wire.fault(faults.reject("InternalServerError", 500))
        reload(server)
        eventually(lambda: server.request("GET", "/ready").json["table"] == "unavailable")
        assert server.request("GET", "/ready").status == 200


def test_a_second_sigterm_does_not_cut_a_drain(quick):
    with gunicorn(quick.url, "-w", "1", ITEMS_DRAIN_SECONDS="3") as server:
        (worker,) = server.workers
        began = time.monotonic()
        os.kill(server.pid, signal.SIGTERM)
        eventually(lambda: server.request("GET", "/ready").status == 503)
        os.kill(worker, signal.SIGTERM)
        while time.monotonic() - began < 2:
            assert server.request("GET", "/items/104/Andrew").status == 200


def test_on_sigterm_it_is_503_at_once_on_connections_kept_alive_too(quick):
    with gunicorn(quick.url, "-w", "2") as server:
        kept = [http.client.HTTPConnection(*server.address, timeout=30) for _ in range(8)]
        for connection in kept:
            connection.request("GET", "/ready")
            assert connection.getresponse().read() == b'{"status":"ready","table":"available"}'
        os.kill(server.pid, signal.SIGTERM)
        first, *others = kept
        eventually(lambda: ready_status(first) == 503)
        assert [ready_status(connection) for connection in others] == [503] * len(others)
        for connection in kept:
            connection.close()


def ready_status(connection):
    connection.request("GET", "/ready")
    response = connection.getresponse()
    response.read()
    return response.status


def test_before_the_first_read_it_is_503(own_wire):
    outage = own_wire.fault(faults.reject("InternalServerError", 500))
    with gunicorn(own_wire.url, "-w", "1", until="/live", **OFTEN) as server:
        response = server.request("GET", "/ready")
        assert response.status == 503
        assert response.json["type"] == "/docs/errors#not-ready"
        assert response.json["detail"] == "The table has not been read yet."
        outage.end()
        eventually(lambda: server.request("GET", "/ready").status == 200)


def test_an_outage_of_the_table_is_reported_and_turns_no_instance_off(own_wire):
    with gunicorn(own_wire.url, "-w", "1", **OFTEN) as server:
        outages = 3
        with Polling(server) as polling:
            for _ in range(outages):
                with own_wire.fault(faults.reject("InternalServerError", 500)):
                    eventually(
                        lambda: server.request("GET", "/ready").json["table"] == "unavailable"
                    )
                    polls = polling.statuses.total()
                    eventually(lambda before=polls: polling.statuses.total() > before + 50)
                eventually(lambda: server.request("GET", "/ready").json["table"] == "available")
        assert polling.statuses.keys() == {200}, polling.statuses
        events = Counter(line["event"] for line in server.log)
        assert events["table unavailable"] == events["table available"] == outages
        assert events["not ready"] == 0


def test_where_readiness_follows_the_table_three_failed_reads_make_it_503(own_wire):
    follows = {**OFTEN, "ITEMS_READY_FOLLOWS_TABLE": "true", "ITEMS_MAX_ATTEMPTS": "1"}
    with gunicorn(own_wire.url, "-w", "1", **follows) as server:
        with own_wire.fault(faults.reject("InternalServerError", 500), calls=2) as two:
            eventually(lambda: two.struck == 2)
            probes = len(own_wire.calls)
            eventually(lambda: len(own_wire.calls) > probes)
            assert server.request("GET", "/ready").status == 200
        with own_wire.fault(faults.reject("InternalServerError", 500)):
            problem = eventually(
                lambda: (got := server.request("GET", "/ready")).status == 503 and got.json
            )
            assert problem["detail"] == "The table cannot be read at the moment."
            assert server.request("GET", "/live").status == 200
        eventually(lambda: server.request("GET", "/ready").status == 200)


def test_expired_credentials_make_it_503_until_there_are_new_ones(own_wire):
    with (
        InstanceMetadata() as imds,
        gunicorn(own_wire.url, "-w", "1", **OFTEN, **on_the_instance(imds)) as server,
    ):
        old = imds.credentials["AccessKeyId"]
        own_wire.fault(
            faults.reject("ExpiredTokenException"),
            when=lambda call: old in call.headers["authorization"],
        )
        problem = eventually(
            lambda: (got := server.request("GET", "/ready")).status == 503 and got.json
        )
        assert problem["detail"] == "This instance has no valid AWS credentials."
        imds.rotate()
        eventually(lambda: server.request("GET", "/ready").status == 200)
        reasons = [line for line in server.log if line["event"] == "not ready"]
        assert [line["reason"] for line in reasons] == [problem["detail"]]


def is_skewed(call):
    signed = datetime.strptime(call.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return abs(datetime.now(UTC) - signed) > AWS_CLOCK_SKEW


def test_a_clock_that_is_wrong_makes_it_503_until_it_is_right(own_wire, tmp_path):
    """AWS rejects a signature that is more than five minutes old, or from the future.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
    """
    clock = MovableClock(tmp_path / "clock")
    own_wire.fault(faults.reject("InvalidSignatureException"), when=is_skewed)
    with gunicorn(own_wire.url, "-w", "1", **OFTEN, **clock.environment) as server:
        clock.move(10)
        problem = eventually(
            lambda: (got := server.request("GET", "/ready")).status == 503 and got.json
        )
        assert "clock" in problem["detail"]
        response = server.request("GET", "/items/7/x")
        assert (response.status, response.headers["Retry-After"]) == (503, "30")
        assert response.json["type"] == "/docs/errors#misconfigured"
        clock.move(0)
        eventually(lambda: server.request("GET", "/ready").status == 200)


def test_a_new_instance_without_permissions_is_not_ready_and_logs_why(own_wire):
    own_wire.fault(faults.reject("AccessDeniedException"))
    with gunicorn(own_wire.url, "-w", "1", until="/live", **OFTEN) as server:
        line = eventually(
            lambda: next(
                (one for one in server.log if one["event"] == "dynamodb call failed"), None
            )
        )
        assert "(AccessDeniedException)" in line["error"]
        assert server.request("GET", "/ready").status == 503


def test_permissions_are_the_tables_trouble_and_no_instances_own(own_wire):
    with gunicorn(own_wire.url, "-w", "1", **OFTEN) as server:
        own_wire.fault(faults.reject("AccessDeniedException"))
        eventually(lambda: server.request("GET", "/ready").json["table"] == "unavailable")
        assert server.request("GET", "/ready").status == 200
