"""Mixed load with every fault, for a while: nothing leaks, and no response is unexpected.

Half a minute with every `make test`; `make soak` goes on for an hour, or ITEMS_SOAK_SECONDS.
"""

import itertools
import os
import random
import sys
import threading
from collections import defaultdict
from pathlib import Path

import pytest

from tests import wire as faults
from tests.faults.clients import Crowd, raw
from tests.faults.conftest import eventually
from tests.serving import gunicorn

SOAK_SECONDS = float(os.environ.get("ITEMS_SOAK_SECONDS", "3600"))
SHORT_SECONDS = 25.0
WARM_UP_SECONDS = 8.0
CLIENTS = 12
MEBIBYTE = 1024 * 1024
MOST_THREADS = 12
"""The worker's own, and gevent's pool for what blocks, which has at most ten."""
EXPECTED = {
    "GET": {200, 404, 503, 504},
    "PUT": {200, 201, 412, 503, 504},
    "PATCH": {200, 404, 412, 503, 504},
    "DELETE": {204, 412, 503, 504},
}
FAULTS = (
    faults.cut,
    faults.reset,
    faults.lose_response,
    faults.truncate,
    faults.delay(0.3),
    faults.respond_late(1.5),
    faults.trickle(0.2),
    faults.reject("ThrottlingException"),
    faults.reject("InternalServerError", 500),
    faults.reject("ExpiredTokenException"),
    faults.reject("AccessDeniedException"),
    faults.respond_raw(b"<html>"),
)


HALF_REQUESTS = (
    b"",
    b"GET /items/1/soak HTTP/1.1\r\nHos",
    b"PUT /items/1/soak HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
    b"PUT /items/1/soak HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n",
    b"nonsense\r\n\r\n",
)


class Usage:
    """What a process holds at the moment."""

    def __init__(self, pid: int) -> None:
        self.bytes = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
        self.descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        status = Path(f"/proc/{pid}/status").read_text()
        self.threads = int(status.partition("Threads:")[2].split()[0])


class Visitors:
    """Requests of all kinds, faults in turn, and clients that break off."""

    def __init__(self, wire) -> None:
        self.wire = wire
        self.statuses = defaultdict(set)
        self.stop = threading.Event()

    def request(self, connection, number) -> int:
        """One request of a client that is well-behaved; each client has few items in common."""
        method = random.choice(("GET", "GET", "GET", "PUT", "PATCH", "DELETE"))
        body, headers = None, {"Content-Type": "application/json"}
        if method in ("PUT", "PATCH"):
            nested = f'{{"a": {{"b": {random.randrange(9)}}}}}'
            body = random.choice(('{"a": 1}', nested, f'{{"a": "{"x" * 20_000}"}}'))
        if method != "GET" and random.random() < 0.2:
            headers["If-Match"] = random.choice(("*", '"stale"'))
        connection.request(method, f"/items/{number % 4}/soak", body, headers)
        response = connection.getresponse()
        response.read()
        self.statuses[method].add(response.status)
        return response.status

    def strike(self) -> None:
        """Every tenth call fails, each half second in another way."""
        for fault in itertools.cycle(FAULTS):
            with self.wire.fault(fault, every=10, when=lambda call: b'"_ready"' not in call.body):
                if self.stop.wait(0.5):
                    return

    def break_off(self, server) -> None:
        """Connect, send nothing, or half a request, or nonsense, and go."""
        while not self.stop.wait(0.2):
            for content in HALF_REQUESTS:
                raw(server, content).close()


def soak(wire, seconds):
    visitors = Visitors(wire)
    with gunicorn(wire.url, "-w", "1", ITEMS_LOG_LEVEL="error") as server:
        (worker,) = server.workers
        others = [
            threading.Thread(target=visitors.strike),
            threading.Thread(target=visitors.break_off, args=(server,)),
        ]
        for thread in others:
            thread.start()
        with Crowd(server, CLIENTS, visitors.request) as crowd:
            visitors.stop.wait(WARM_UP_SECONDS)
            warm = Usage(worker)
            visitors.stop.wait(seconds - WARM_UP_SECONDS)
        visitors.stop.set()
        for thread in others:
            thread.join()
        wire.heal()
        assert server.workers == [worker], "the worker lived through it"
        eventually(lambda: server.request("GET", "/ready").status == 200)
        # The connections to the table stay; whatever else was opened is closed again.
        eventually(lambda: Usage(worker).descriptors <= warm.descriptors + 8)
        cold = Usage(worker)
        assert not crowd.lost, crowd.statuses
        for method, seen in visitors.statuses.items():
            assert seen <= EXPECTED[method], (method, seen)
        assert sum(crowd.statuses.values()) > 10 * seconds, "the load was real"
        assert cold.threads <= MOST_THREADS
        assert cold.bytes - warm.bytes < 20 * MEBIBYTE
        assert not [line for line in server.log if line["event"] == "unexpected error"]
        sys.stdout.write(
            f"{dict(crowd.statuses)}; memory {warm.bytes >> 20} to {cold.bytes >> 20} MiB, "
            f"descriptors {warm.descriptors} to {cold.descriptors}, threads {cold.threads}\n"
        )


def test_half_a_minute_of_mixed_load_and_faults_leaks_nothing(own_wire):
    soak(own_wire, SHORT_SECONDS)


@pytest.mark.soak
@pytest.mark.timeout(SOAK_SECONDS + 300)
def test_an_hour_of_mixed_load_and_faults_leaks_nothing(own_wire):
    soak(own_wire, SOAK_SECONDS)
