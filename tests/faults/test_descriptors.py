"""File descriptors: clients never take those that calls to DynamoDB need."""

import resource
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests import wire as faults
from tests.engines import ROOT, process, wait_for
from tests.faults.clients import everything, raw
from tests.faults.conftest import ITEM, eventually
from tests.serving import Server, gunicorn, prepared

GET = b"GET /items/104/Andrew HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def limited(limit, command):
    return ["sh", "-c", f'{limit}; exec "$@"', "sh", *command]


@contextmanager
def served(endpoint, limit, *options, **variables):
    command, environment, url = prepared(endpoint, "-w", "1", *options, **variables)
    with tempfile.TemporaryFile() as log, process(limited(limit, command), environment, log) as it:
        wait_for(url + "/ready", it)
        yield Server(url, it.pid, log)


def descriptors(pid):
    (line,) = [
        line
        for line in Path(f"/proc/{pid}/limits").read_text().splitlines()
        if line.startswith("Max open files")
    ]
    return line.split()[3:5]


def test_the_soft_limit_is_raised_to_the_hard_one(quick):
    with served(quick.url, "ulimit -Sn 512; ulimit -Hn 5000") as server:
        assert descriptors(server.pid) == ["5000", "5000"]
        assert descriptors(server.workers[0]) == ["5000", "5000"]


@pytest.mark.parametrize("fast_path", ["true", "false"])
@pytest.mark.parametrize("listeners", [1, 2])
def test_idle_connections_leave_enough_for_calls_of_the_table(quick, fast_path, listeners):
    more = ["-b", "127.0.0.1:0"] * (listeners - 1)
    # So slow that all requests are under way at once, and each has a connection of its own.
    quick.fault(
        faults.delay(0.3, then=faults.respond(ITEM)), when=lambda call: b"Andrew" in call.body
    )
    with (
        served(quick.url, "ulimit -n 200", *more, ITEMS_FAST_PATH=fast_path) as server,
        ExitStack() as sockets,
    ):
        warnings = [line for line in server.log if "file descriptors" in line["event"]]
        (warning,) = warnings
        most = int(warning["event"].split("leaves ")[1].split()[0])
        assert 10 < most < 70
        assert most * listeners < 70
        clients = [sockets.enter_context(raw(server, b"")) for _ in range(300)]
        for client in clients[:most]:
            client.sendall(GET)
        responses = [everything(client) for client in clients[:most]]
        assert [response[:12] for response in responses] == [b"HTTP/1.1 200"] * most
        for client in clients:
            client.close()
        assert server.request("GET", "/ready").status == 200


@pytest.mark.parametrize("fast_path", ["true", "false"])
def test_without_a_descriptor_a_request_is_overload(own_wire, fast_path):
    with gunicorn(own_wire.url, "-w", "1", ITEMS_FAST_PATH=fast_path) as server:
        (worker,) = server.workers
        assert server.request("GET", "/items/7/x").status == 404
        client = raw(server, b"")
        assert server.request("GET", "/live").status == 200, "so the one before is accepted"
        before = resource.prlimit(worker, resource.RLIMIT_NOFILE)
        with own_wire.fault(faults.cut, when=lambda call: b"Andrew" in call.body):
            resource.prlimit(worker, resource.RLIMIT_NOFILE, (3, before[1]))
            client.sendall(GET)
            response = everything(client)
            client.close()
            resource.prlimit(worker, resource.RLIMIT_NOFILE, before)
        head, _, body = response.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503"), response
        assert b"Retry-After: 1" in head
        assert b'"type":"/docs/errors#overloaded"' in body
        failures = [line for line in server.log if line["event"] == "dynamodb call failed"]
        assert [line["failure"] for line in failures] == ["no_descriptors"]
        assert "No file descriptor is left" in failures[0]["error"]
        eventually(lambda: server.request("GET", "/items/7/x").status == 404)


def test_a_limit_that_leaves_nothing_is_reported_at_start(quick):
    command, environment, _url = prepared(quick.url, "-w", "1")
    run = subprocess.run(
        limited("ulimit -n 50", command),
        cwd=ROOT,
        env=environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 4
    assert b"RLIMIT_NOFILE" in run.stderr
