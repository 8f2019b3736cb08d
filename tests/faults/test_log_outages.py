"""A log that cannot be written, or that nobody reads, costs no response and ends no thread."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import contextmanager

import pytest
from dynamodb_items.local.processes import free_port

from tests import wire as faults
from tests.engines import ROOT, process, wait_for
from tests.faults.conftest import eventually
from tests.faults.test_credentials import on_the_instance
from tests.imds import InstanceMetadata
from tests.serving import Server, prepared

JSON = {"Content-Type": "application/json"}


@contextmanager
def served(endpoint, log, *options, shell=None, **variables):
    """The service with both its streams on ``log``, or as a shell redirects them."""
    command, environment, url = prepared(endpoint, "-w", "1", *options, **variables)
    if shell:
        command = ["sh", "-c", f'exec "$@" {shell}', "sh", *command]
    with process(command, environment, log) as child:
        wait_for(url + "/ready", child)
        yield Server(url, child.pid, log)


def is_served(server, requests=30):
    """Every request has its response, and the process is alive."""
    for _ in range(requests):
        assert server.request("PUT", "/items/104/Andrew", "{}", **JSON).status == 201
    assert server.request("GET", "/live").status == 200
    assert server.request("GET", "/ready").status == 200


@contextmanager
def pipe():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as reader, os.fdopen(writing, "wb") as writer:
        yield reader, writer


def test_a_log_whose_reader_is_gone_costs_no_response(quick):
    port = free_port()
    with pipe() as (reader, writer):
        variables = {"ITEMS_ADMIN_BIND": f"127.0.0.1:{port}", "ITEMS_PROBE_INTERVAL_SECONDS": "0.1"}
        with served(quick.url, writer, **variables) as server:
            writer.close()
            reader.close()
            is_served(server)

            def lost():
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as got:
                    (line,) = [
                        line
                        for line in got.read().decode().splitlines()
                        if line.startswith("items_log_lines_lost_total ")
                    ]
                return float(line.split()[1])

            assert eventually(lambda: lost() >= 30)


def test_a_full_disk_costs_no_response(quick):
    with open("/dev/full", "wb") as full, served(quick.url, full) as server:  # noqa: PTH123
        is_served(server)


@pytest.mark.parametrize("shell", [">&-", "2>&-", ">&- 2>&-"])
def test_a_stream_that_was_closed_at_start_costs_no_response(quick, shell):
    with tempfile.TemporaryFile() as log, served(quick.url, log, shell=shell) as server:
        is_served(server)


def test_a_log_that_nobody_reads_blocks_nothing_and_loses_nothing_in_its_bounds(quick):
    with pipe() as (reader, writer):
        # More than a pipe and the service's own buffer take.
        with served(quick.url, writer, ITEMS_LOG_LEVEL="debug") as server:
            writer.close()
            path = "/items/104/" + "x" * 1000
            for _ in range(1500):
                assert server.request("GET", path).status == 200
            began = time.monotonic()
            assert server.request("GET", "/live").status == 200
            assert time.monotonic() - began < 5
            received = []
            reading = threading.Thread(target=lambda: received.extend(reader))
            reading.start()
            eventually(lambda: server.request("GET", "/live").status == 200)
            eventually(lambda: any(b"log lines lost" in line for line in list(received)))
        reading.join(30)
    lines = [line.rstrip(b"\n") for line in received]
    requests = sum(b'"event":"request"' in line and b"xxxx" in line for line in lines)
    (report,) = [line for line in lines if b"log lines lost" in line]
    assert 0 <= json.loads(report)["lost"] - (1500 - requests) <= 2, "/live has lines too"
    assert requests < 1500
    assert all(line.startswith((b"{", b"[")) and line.endswith(b"}") for line in lines)


def test_after_a_full_disk_the_log_goes_on_and_reports_what_was_lost(quick):
    """A limit on the file's size stands for the disk: it can be raised from outside."""
    with tempfile.TemporaryFile() as log, served(quick.url, log) as server:
        (worker,) = server.workers
        size = os.fstat(log.fileno()).st_size
        before = resource.prlimit(worker, resource.RLIMIT_FSIZE)
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (size + 100, before[1]))
        is_served(server)
        resource.prlimit(worker, resource.RLIMIT_FSIZE, before)
        is_served(server)
        (report,) = [line for line in server.output.splitlines() if b"log lines lost" in line]
    assert json.loads(report)["lost"] == 32, "the line that was cut is among them"


def test_credentials_are_renewed_and_the_table_probed_although_nothing_can_be_logged(own_wire):
    with (
        InstanceMetadata() as imds,
        open("/dev/full", "wb") as full,  # noqa: PTH123
        served(
            own_wire.url,
            full,
            ITEMS_PROBE_INTERVAL_SECONDS="0.1",
            ITEMS_READY_FOLLOWS_TABLE="true",
            **on_the_instance(imds),
        ) as server,
    ):
        old = imds.credentials["AccessKeyId"]
        with own_wire.fault(faults.reject("ResourceNotFoundException")):
            eventually(lambda: server.request("GET", "/ready").status == 503)
        eventually(lambda: server.request("GET", "/ready").status == 200)
        imds.rotate()
        own_wire.fault(
            faults.reject("ExpiredTokenException"),
            when=lambda call: old in call.headers["authorization"],
        )
        eventually(lambda: server.request("GET", "/items/7/x").status == 404)


COUNT = """
import resource, sys
from dynamodb_items.runtime.output import protect_standard_streams
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
from dynamodb_items.observability.metrics import PrometheusObserver
from dynamodb_items.observability.events import Observers, RequestRecord
observers = Observers([PrometheusObserver()])
for number in range(2000):
    observers.request_ended(RequestRecord("id", "GET", route=f"/{number}"))
print("served")
"""


def test_a_disk_too_full_for_counters_ends_no_process(tmp_path):
    """Writing into a hole of a mapped file on a full disk would end the process with SIGBUS."""
    run = subprocess.run(
        [sys.executable, "-c", COUNT, "65536"],
        cwd=ROOT,
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1] == "served"
    assert "observer failed" in run.stdout
