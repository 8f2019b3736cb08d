"""The admin port: its counters are right with any number of workers, also killed ones."""

import http.client
import json
import os
import re
import signal
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import promql_parser
import pytest
from dynamodb_items.local.processes import free_port
from prometheus_client.parser import text_string_to_metric_families

from tests.engines import ROOT
from tests.faults.conftest import eventually
from tests.serving import gunicorn
from tests.wire import delay, reject

ITEM = "/items/104/Andrew"
DASHBOARD = json.loads((ROOT / "deploy/grafana/dashboard.json").read_text())
CLIENTS = 8


class Scrape:
    """What the admin port shows."""

    def __init__(self, port: int) -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as response:
            text = response.read().decode()
        self.samples = [
            sample for family in text_string_to_metric_families(text) for sample in family.samples
        ]

    def total(self, name: str, **labels: str) -> float:
        return sum(
            sample.value
            for sample in self.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def by(self, name: str, label: str, **labels: str) -> dict[str, float]:
        totals: Counter[str] = Counter()
        for sample in self.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                totals[sample.labels[label]] += sample.value
        return dict(totals)

    @property
    def names(self) -> dict[str, set[str]]:
        """Each metric's labels."""
        names: dict[str, set[str]] = {}
        for sample in self.samples:
            names.setdefault(sample.name, set()).update(sample.labels)
        return names


@contextmanager
def watched(endpoint, *options, **variables):
    port = free_port()
    with gunicorn(endpoint, *options, ITEMS_ADMIN_BIND=f"127.0.0.1:{port}", **variables) as server:
        eventually(lambda: responds(port))
        yield server, port


def responds(port: int) -> bool:
    try:
        Scrape(port)
    except OSError:
        return False
    return True


class Load:
    """Clients that send requests without a pause, and count the responses."""

    def __init__(self, server) -> None:
        self.statuses: Counter[int] = Counter()
        self.lost = 0
        self._server = server
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._clients = [threading.Thread(target=self._call, args=(n,)) for n in range(CLIENTS)]

    def __enter__(self):
        for client in self._clients:
            client.start()
        return self

    def __exit__(self, *_error) -> None:
        self._over.set()
        for client in self._clients:
            client.join(60)

    def _call(self, number: int) -> None:
        connection = http.client.HTTPConnection(*self._server.address, timeout=30)
        targets = (ITEM, "/items/104/nobody", "/items/x/y")
        while not self._over.is_set():
            number += 1
            try:
                connection.request("GET", targets[number % 3])
                response = connection.getresponse()
                response.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                with self._lock:
                    self.lost += 1
            else:
                with self._lock:
                    self.statuses[response.status] += 1
        connection.close()


def test_metrics_agree_with_what_clients_counted_also_after_a_worker_was_killed(endpoint):
    with watched(endpoint, "-w", "4") as (server, port):
        with Load(server) as load:
            eventually(lambda: sum(load.statuses.values()) > 300)
            workers = set(server.workers)
            victim = next(pid for pid in server.workers if is_worker(pid))
            os.kill(victim, signal.SIGKILL)
            eventually(lambda: victim not in server.workers)
            eventually(lambda: len([pid for pid in server.workers if is_worker(pid)]) == 4)
            so_far = sum(load.statuses.values())
            eventually(lambda: sum(load.statuses.values()) > so_far + 200)
        assert set(server.workers) != workers
        scrape = Scrape(port)
        counted = scrape.by("items_requests_total", "status", route="/items/{id}/{name}")
        assert set(counted) == {"200", "404", "400"}
        for status, seen in load.statuses.items():
            # The killed worker may have counted requests whose response it did not send.
            assert seen <= counted[str(status)] <= seen + load.lost
        assert load.lost < CLIENTS * 2
        observed = scrape.total(
            "items_request_duration_seconds_count", route="/items/{id}/{name}", method="GET"
        )
        assert observed == sum(counted.values())
        assert scrape.total("items_requests_in_flight") == 0
        calls = scrape.total("items_dynamodb_calls_total", operation="GetItem", outcome="ok")
        assert calls >= counted["200"] + counted["404"]
        units = scrape.total("items_dynamodb_capacity_units_total", operation="GetItem")
        assert units == pytest.approx(0.5 * calls)
        age = time.time() - scrape.total("items_credentials_found_timestamp_seconds")
        assert 0 < age < 120


def is_worker(pid: int) -> bool:
    return (
        b"dynamodb_items.observability.metrics_server"
        not in Path(f"/proc/{pid}/cmdline").read_bytes()
    )


@pytest.fixture(scope="module")
def one_worker(wire):
    with watched(
        wire.url, "-w", "1", ITEMS_MAX_IN_FLIGHT="2", ITEMS_READ_TIMEOUT_SECONDS="4"
    ) as watching:
        yield watching


def test_retries_and_what_came_of_calls_are_counted(one_worker, wire):
    server, port = one_worker
    busy = reject("ProvisionedThroughputExceededException")
    with wire.fault(busy, when=lambda call: b"retried" in call.body, calls=1):
        server.request("GET", "/items/104/retried")
    scrape = Scrape(port)
    assert scrape.total("items_dynamodb_retries_total", operation="GetItem") == 1
    outcomes = scrape.by("items_dynamodb_calls_total", "outcome")
    assert outcomes["throttled"] == 1
    assert outcomes["ok"] >= 1
    server.request("PUT", ITEM, "{}", Content_Type="application/json", If_None_Match="*")
    outcomes = Scrape(port).by("items_dynamodb_calls_total", "outcome", operation="PutItem")
    assert outcomes == {"condition_failed": 1}


def test_what_is_under_way_and_what_is_shed_is_counted(one_worker, wire):
    server, port = one_worker
    statuses = []
    with wire.fault(delay(2), when=lambda call: b"slow" in call.body):
        clients = [
            threading.Thread(
                target=lambda: statuses.append(server.request("GET", "/items/104/slow").status)
            )
            for _ in range(2)
        ]
        for client in clients:
            client.start()
        eventually(lambda: Scrape(port).total("items_requests_in_flight") == 2)
        assert server.request("GET", "/items/104/slow").status == 503
        for client in clients:
            client.join(30)
    assert statuses == [404, 404]
    scrape = Scrape(port)
    assert scrape.total("items_requests_shed_total") == 1
    assert scrape.total("items_requests_in_flight") == 0


def test_whether_the_table_is_available_is_shown(wire):
    with watched(wire.url, "-w", "2", ITEMS_PROBE_INTERVAL_SECONDS="0.1") as (_, port):
        gauge = "items_table_available"
        eventually(lambda: gauge in Scrape(port).names and Scrape(port).total(gauge) == 1)
        with wire.fault(reject("InternalServerError", 500)):
            eventually(lambda: gauge in Scrape(port).names and Scrape(port).total(gauge) == 0)
        eventually(lambda: Scrape(port).total(gauge) == 1)


def test_no_client_can_make_labels(one_worker):
    server, port = one_worker
    server.request("GET", "/warm-up")
    before = len(Scrape(port).samples)
    for n in range(20):
        server.request("GET", f"/nowhere/{n}")
        server.request("GET", f"/items/104/{n}")
    after = Scrape(port)
    assert len(after.samples) <= before + 40, "at most the two series that were new"
    for n in range(20):
        server.request(f"BREW{n}", f"/nowhere/{n}")
    last = Scrape(port)
    assert set(last.by("items_requests_total", "method")) <= {"GET", "PUT", "other"}
    assert not [sample for sample in last.samples if re.search("BREW|nowhere", str(sample))]


def test_the_public_port_shows_no_metrics_and_the_admin_port_nothing_else(one_worker):
    server, port = one_worker
    assert server.request("GET", "/metrics").status == 404
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}{ITEM}", timeout=30)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_the_admin_port_ends_with_the_service_and_leaves_nothing(endpoint, end):
    with watched(endpoint, "-w", "1") as (server, port):
        (folder,) = eventually(lambda: metrics_folders(server.workers))
        os.kill(server.pid, end)
        eventually(lambda: not responds(port))
        eventually(lambda: not folder.exists())


def metrics_folders(processes: list[int]) -> set[Path]:
    """Return the folders of metrics that processes have files of in their memory."""
    mapped = "".join(Path(f"/proc/{process}/maps").read_text() for process in processes)
    lines = [line for line in mapped.splitlines() if "/items-metrics-" in line]
    return {Path(line.split()[-1]).parent for line in lines}


QUERIES = [
    (panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel["targets"]
]


@pytest.fixture(scope="module")
def scrape(one_worker, wire):
    server, port = one_worker
    busy = reject("ProvisionedThroughputExceededException")
    with wire.fault(busy, when=lambda call: b"scraped" in call.body, calls=1):
        server.request("GET", "/items/104/scraped")
    return Scrape(port)


def selectors(expression):
    """Every vector selector in a query, and every label that it is grouped by."""
    found, labels = [], set()
    pending = [expression]
    while pending:
        node = pending.pop()
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            labels |= set(node.modifier.labels)
        for name in ("expr", "lhs", "rhs", "vector_selector", "vs", "args", "param"):
            inner = getattr(node, name, None)
            pending += inner if isinstance(inner, list) else [inner] if inner is not None else []
    return found, labels


@pytest.mark.parametrize(("title", "query"), QUERIES, ids=[title for title, _ in QUERIES])
def test_the_dashboard_queries_only_metrics_and_labels_that_exist(scrape, title, query):
    plain = query.replace("$__rate_interval", "1m").replace("$job", ".*")
    found, grouped = selectors(promql_parser.parse(plain))
    assert found, title
    for selector in found:
        labels = scrape.names[selector.name]
        used = {matcher.name for matcher in selector.matchers.matchers} - {"job"}
        assert used <= labels
        assert grouped <= labels


def test_the_dashboard_shows_every_metric(scrape):
    shown = " ".join(query for _, query in QUERIES)
    families = {re.sub("_(bucket|count|sum)$", "", name) for name in scrape.names}
    assert [name for name in families if name not in shown] == []
