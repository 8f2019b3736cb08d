"""Measurements: interleaved rounds, medians, and processor time as the kernel reports it."""

import http.client
import json
import os
import resource
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from dynamodb_items.domain.tables import DEFAULT_TABLE
from dynamodb_items.local.processes import free_port

from bench import items
from bench.contenders import AWS_COMMAND, Contender, environment_of
from bench.items import Size
from bench.load import BATCH_GET, BATCH_PUT, Load, generate
from bench.processes import (
    BenchError,
    cpu_seconds,
    memory_mebibytes,
    running_on,
    tree,
    wait_until_it_listens,
)

Say = Callable[[str], None]
_T = TypeVar("_T")

_WARM_UP_SECONDS = 1
_FINISH_SECONDS = 3.0
_IDLE_SECONDS = 0.1
_COLD_START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Cores:
    """The cores of the measured server, and those of the load and the backend."""

    server: frozenset[int]
    others: frozenset[int]

    @classmethod
    def chosen(cls) -> "Cores":
        """Choose the first core for the server and, if possible, others for the rest."""
        first, *rest = sorted(os.sched_getaffinity(0))
        return cls(frozenset({first}), frozenset(rest[:2] or [first]))


@dataclass(slots=True)
class Figures:
    """The figures of one contender under one load, one for each round."""

    cpu_microseconds: list[float] = field(default_factory=list)
    requests_per_second: list[float] = field(default_factory=list)
    p50_milliseconds: list[float] = field(default_factory=list)
    p99_milliseconds: list[float] = field(default_factory=list)
    failures: int = 0

    def medians(self) -> dict[str, float]:
        """Return the median of each figure, and the number of failures."""
        return {
            name: round(statistics.median(getattr(self, name)), 2)
            for name in (
                "cpu_microseconds",
                "requests_per_second",
                "p50_milliseconds",
                "p99_milliseconds",
            )
        } | {"failures": self.failures}


@dataclass(frozen=True, slots=True)
class Server:
    """A running contender."""

    contender: Contender
    port: int
    pid: int

    def url(self, load: Load) -> str:
        """Return the URL that a load requests."""
        return f"http://127.0.0.1:{self.port}{self.contender.path(load)}"

    @property
    def worker_mebibytes(self) -> float:
        """The memory of the worker: the process with the most processor time."""
        worker = max(tree(self.pid), key=lambda pid: cpu_seconds([pid]))
        return memory_mebibytes(worker)


@contextmanager
def serving(
    contenders: Sequence[Contender], endpoint: str, cores: Cores, logs: Path
) -> Iterator[list[Server]]:
    """Run all contenders at once, and check the responses of each."""
    with ExitStack() as processes:
        servers = []
        for contender in contenders:
            port = free_port()
            process = processes.enter_context(_started(contender, endpoint, port, cores, logs))
            wait_until_it_listens(port, process)
            _wait_for_item(contender, port, process)
            _check_responses(contender, port)
            servers.append(Server(contender, port, process.pid))
        yield servers


def measure_load(
    servers: Sequence[Server], load: Load, *, rounds: int, seconds: float, cores: Cores, say: Say
) -> dict[str, Figures]:
    """Return the figures of each server under the load, by contender's name."""
    servers = [server for server in servers if server.contender.is_measured_under(load)]
    figures = {server.contender.name: Figures() for server in servers}
    for number in range(rounds):
        for server in _rotated(servers, number):
            _measure_round(server, load, seconds, cores, figures[server.contender.name])
    for name, measured in figures.items():
        medians = measured.medians()
        say(
            f"{name:20} {medians['cpu_microseconds']:8.0f} µs/request  "
            f"{medians['requests_per_second']:7.0f}/s  "
            f"p50 {medians['p50_milliseconds']:7.1f} ms  p99 {medians['p99_milliseconds']:7.1f} ms"
            + (f"  {measured.failures} FAILURES" if measured.failures else "")
        )
    return figures


def measure_cold_starts(
    contenders: Sequence[Contender], endpoint: str, rounds: int, cores: Cores, logs: Path
) -> dict[str, float]:
    """Return the median milliseconds from start to first item, by contender's name."""
    samples: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for number in range(rounds):
        for contender in _rotated(contenders, number):
            port = free_port()
            began = time.perf_counter()
            with _started(contender, endpoint, port, cores, logs) as process:
                _wait_for_item(contender, port, process)
                samples[contender.name].append((time.perf_counter() - began) * 1000)
    return {name: round(statistics.median(values), 1) for name, values in samples.items()}


def measure_command_line(endpoint: str, rounds: int, cores: Cores) -> dict[str, float]:
    """Return the median processor time and duration of a read with the AWS CLI."""
    key = {"Id": {"N": str(items.PARTITION)}, "Name": {"S": str(Size.SMALL)}}
    command = [
        *("taskset", "-c", ",".join(map(str, sorted(cores.server)))),
        *(str(AWS_COMMAND), "dynamodb", "get-item", "--endpoint-url", endpoint),
        *("--table-name", DEFAULT_TABLE, "--key", json.dumps(key)),
    ]
    contender = Contender("aws-cli", "AWS CLI", ())
    environment = {**os.environ, **environment_of(contender, endpoint, 0)}
    cpu, wall = [], []
    for _ in range(rounds):
        before, began = _children_seconds(), time.perf_counter()
        finished = subprocess.run(
            command, env=environment, capture_output=True, check=False, timeout=60
        )
        if finished.returncode != 0 or b"andrew@example.com" not in finished.stdout:
            raise BenchError(f"The AWS CLI failed: {finished.stderr.decode()[-300:]}")
        cpu.append((_children_seconds() - before) * 1e6)
        wall.append((time.perf_counter() - began) * 1000)
    return {
        "cpu_microseconds": round(statistics.median(cpu)),
        "p50_milliseconds": round(statistics.median(wall), 1),
    }


def warm_up(servers: Sequence[Server], methods: Sequence[str], cores: Cores) -> None:
    """Send requests so that every server compiles, connects and fills its caches."""
    for server in servers:
        for method in methods:
            load = Load(method, Size.SMALL, 16)
            url = server.url(load)
            generate(url, load, _WARM_UP_SECONDS, cores.others, server.contender.headers)


def _measure_round(
    server: Server, load: Load, seconds: float, cores: Cores, figures: Figures
) -> None:
    for longer in (1, 3, 9):
        with _idle_connections(server):
            before = cpu_seconds(tree(server.pid))
            sample = generate(
                server.url(load), load, seconds * longer, cores.others, server.contender.headers
            )
            spent = cpu_seconds(tree(server.pid)) - before
        if sample.requests >= load.connections:  # with fewer, most requests are still in flight
            break
    else:
        raise BenchError(
            f"{server.contender.name}: fewer than {load.connections} responses in {load}."
        )
    figures.cpu_microseconds.append(spent / sample.requests * 1e6)
    figures.requests_per_second.append(sample.requests / sample.seconds)
    figures.p50_milliseconds.append(sample.p50_milliseconds)
    figures.p99_milliseconds.append(sample.p99_milliseconds)
    figures.failures += sample.failures
    _let_finish(server)


@contextmanager
def _idle_connections(server: Server) -> Iterator[None]:
    with ExitStack() as connections:
        for _ in range(server.contender.idle_connections):
            connections.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        yield


def _let_finish(server: Server) -> None:
    """Wait until the server is idle, since the next one uses the same core."""
    until = time.monotonic() + _FINISH_SECONDS
    spent = cpu_seconds(tree(server.pid))
    while time.monotonic() < until:
        time.sleep(_IDLE_SECONDS)
        before, spent = spent, cpu_seconds(tree(server.pid))
        if spent - before < _IDLE_SECONDS / 10:
            return


@contextmanager
def _started(
    contender: Contender, endpoint: str, port: int, cores: Cores, logs: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    with running_on(
        contender.command_on(port),
        environment_of(contender, endpoint, port),
        cores.server,
        logs / f"{contender.name}.log",
        contender.folder,
    ) as process:
        yield process


def _wait_for_item(contender: Contender, port: int, process: "subprocess.Popen[bytes]") -> None:
    small = Load("GET", Size.SMALL, 1)
    until = time.monotonic() + _COLD_START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise BenchError(f"{process.args!r} ended with status {process.returncode}.")
        try:
            if _request(contender, port, "GET", contender.path(small))[0] == http.client.OK:
                return
        except OSError:
            pass
        time.sleep(0.002)
    raise BenchError(f"{process.args!r} returned no item within {_COLD_START_SECONDS} seconds.")


def _check_responses(contender: Contender, port: int) -> None:
    """Reject a contender that returns wrong responses."""
    for method in ("GET", "PUT", "PATCH"):
        for size in Size:
            load = Load(method, size, 1)
            status, body = _request(contender, port, method, contender.path(load), load.body)
            expected = items.attributes(size)
            whole = status < http.client.MULTIPLE_CHOICES and all(name in body for name in expected)
            if not (whole and len(body["Orders"]) == len(expected["Orders"])):
                raise BenchError(
                    f"{contender.name}: wrong response to {method}: {status} {body!r:.300}"
                )
    if contender.has_lists:
        _check_pages(contender, port)
    if contender.has_batches:
        _check_batches(contender, port)


def _check_pages(contender: Contender, port: int) -> None:
    for size in map(Size, items.LISTED_PARTITIONS):
        status, body = _request(contender, port, "GET", items.page_path(size))
        page = body.get("items", [])
        listed = [each.get("item", each) for each in page]
        whole = all(len(each["Orders"]) == len(items.attributes(size)["Orders"]) for each in listed)
        if status != http.client.OK or len(page) != items.PAGE_ITEMS or not whole:
            raise BenchError(f"{contender.name}: wrong page: {status} {body!r:.300}")


def _check_batches(contender: Contender, port: int) -> None:
    for method in (BATCH_PUT, BATCH_GET):
        load = Load(method, Size.SMALL, 1)
        status, body = _request(contender, port, "POST", contender.path(load), load.body)
        if status != http.client.OK or len(body.get("results", ())) != items.PAGE_ITEMS:
            raise BenchError(f"{contender.name}: wrong batch: {status} {body!r:.300}")


def _request(
    contender: Contender, port: int, method: str, path: str, body: bytes | None = None
) -> tuple[int, Any]:
    headers = {**contender.headers, **({"Content-Type": "application/json"} if body else {})}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        content = response.read()
    finally:
        connection.close()
    try:
        return response.status, json.loads(content)
    except ValueError:
        return response.status, {}


def _children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _rotated(members: Sequence[_T], by: int) -> list[_T]:
    by %= len(members) or 1
    return [*members[by:], *members[:by]]
