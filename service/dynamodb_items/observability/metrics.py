"""Prometheus metrics, right across all workers, and the admin port that shows them.

Each worker counts in files of its own in ``PROMETHEUS_MULTIPROC_DIR``; whoever is asked adds the
files up, also those of workers that are gone. So it matters that the variable is set before
``prometheus_client`` is imported: ``dynamodb_items.gunicorn_conf`` does both.

https://prometheus.github.io/client_python/multiprocess/
"""

import mmap
import os
import time
from collections.abc import Mapping
from typing import Any

from gevent import monkey
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, values
from prometheus_client.mmap_dict import MmapedDict

from dynamodb_items.observability.events import CallRecord, Observer, RequestRecord

REQUEST_BUCKETS_SECONDS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
CALL_BUCKETS_SECONDS = REQUEST_BUCKETS_SECONDS[:-2]
NO_ROUTE = "none"

_INITIAL_BYTES = 64 * 1024
_ENTRY_BYTES = 40
"""What an entry has at most besides its key: length, padding, value and time."""


class _Process:
    """Knows its own identifier, also after a fork."""

    def __init__(self) -> None:
        self._learn()
        os.register_at_fork(after_in_child=self._learn)

    def _learn(self) -> None:
        self._pid = os.getpid()

    def identifier(self) -> int:
        return self._pid


class _AllocatedDict(MmapedDict):
    """A file of counters whose space is allocated before it is written to.

    The library maps a file with holes into memory. Where the disk is full, writing into a hole ends
    the process with SIGBUS; allocating it first raises ``OSError``.
    """

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if not read_mode:
            with open(filename, "a+b") as file:  # noqa: PTH123 - as the library opens it
                os.posix_fallocate(file.fileno(), 0, mmap.PAGESIZE)
                if os.fstat(file.fileno()).st_size < _INITIAL_BYTES:
                    file.truncate(_INITIAL_BYTES)
        self._allocated_bytes = mmap.PAGESIZE
        super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]

    def _init_value(self, key: str) -> None:
        end = self._used + len(key.encode()) + _ENTRY_BYTES
        if end > self._allocated_bytes:
            end += -end % mmap.PAGESIZE
            os.posix_fallocate(self._f.fileno(), 0, end)
            self._allocated_bytes = end
        super()._init_value(key)  # type: ignore[no-untyped-call]


if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
    values.MmapedDict = _AllocatedDict  # type: ignore[attr-defined]
    # A request is counted in nine places, each a few bytes of memory behind this lock. Nothing
    # waits there, so that gevent's lock, which takes a microsecond, has nothing to do; nor has the
    # system, which would be asked nine times which process this is.
    values.Lock = monkey.get_original("threading", "Lock")  # type: ignore[attr-defined]
    values.ValueClass = values.MultiProcessValue(_Process().identifier)  # type: ignore[no-untyped-call]


class PrometheusObserver(Observer):
    """Counts what happens. No label holds anything that a client can choose freely."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._requests = Counter(
            "items_requests",
            "Requests that were answered.",
            ["method", "route", "status"],
            registry=registry,
        )
        self._request_seconds = Histogram(
            "items_request_duration_seconds",
            "How long requests took.",
            ["method", "route"],
            buckets=REQUEST_BUCKETS_SECONDS,
            registry=registry,
        )
        self._in_flight = Gauge(
            "items_requests_in_flight",
            "Requests that are being answered.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._shed = Counter(
            "items_requests_shed", "Requests that were refused for overload.", registry=registry
        )
        self._calls = Counter(
            "items_dynamodb_calls",
            "Attempts at calls to DynamoDB, by what came of them.",
            ["operation", "outcome"],
            registry=registry,
        )
        self._call_seconds = Histogram(
            "items_dynamodb_call_duration_seconds",
            "How long attempts at calls to DynamoDB took.",
            ["operation"],
            buckets=CALL_BUCKETS_SECONDS,
            registry=registry,
        )
        self._retries = Counter(
            "items_dynamodb_retries",
            "Attempts after the first.",
            ["operation"],
            registry=registry,
        )
        self._capacity = Counter(
            "items_dynamodb_capacity_units",
            "Capacity units that DynamoDB says calls consumed.",
            ["operation"],
            registry=registry,
        )
        self._lines_lost = Counter(
            "items_log_lines_lost", "Log lines that could not be written.", registry=registry
        )
        self._registry = registry
        self._credentials: Gauge | None = None
        self._table: Gauge | None = None
        # Finding a metric by its labels takes longer than counting.
        self._of_request: dict[tuple[str, str, int], tuple[Any, Any]] = {}
        self._of_call: dict[tuple[str, str], tuple[Any, Any, Any]] = {}

    def request_began(self, record: RequestRecord, headers: Mapping[str, Any]) -> None:  # noqa: ARG002
        """One more is under way."""
        self._in_flight.inc()

    def request_ended(self, record: RequestRecord) -> None:
        """Count it."""
        self._in_flight.dec()
        labels = record.method, record.route, record.status
        known = self._of_request.get(labels)
        if known is None:
            method, route, status = record.method, record.route or NO_ROUTE, str(record.status)
            known = self._of_request[labels] = (
                self._requests.labels(method, route, status),
                self._request_seconds.labels(method, route),
            )
        requests, seconds = known
        requests.inc()
        seconds.observe(record.seconds)
        if record.shed:
            self._shed.inc()

    def call_ended(self, call: CallRecord) -> None:
        """Count it."""
        labels = call.operation, call.outcome
        known = self._of_call.get(labels)
        if known is None:
            known = self._of_call[labels] = (
                self._calls.labels(*labels),
                self._call_seconds.labels(call.operation),
                self._capacity.labels(call.operation),
            )
        calls, seconds, capacity = known
        calls.inc()
        seconds.observe(call.seconds)
        if call.capacity_units:
            capacity.inc(call.capacity_units)
        if call.attempt > 1:
            self._retries.labels(call.operation).inc()

    def credentials_found(self) -> None:
        """Remember when."""
        if self._credentials is None:  # made sooner, it would tell a scrape of the year 1970
            self._credentials = Gauge(
                "items_credentials_found_timestamp_seconds",
                "When the AWS credentials in use were found; the longest ago of all workers.",
                multiprocess_mode="livemin",
                registry=self._registry,
            )
        self._credentials.set(time.time())

    def table_probed(self, *, is_available: bool) -> None:
        """Remember how the latest probe ended."""
        if self._table is None:  # made sooner, it would report an outage before the first probe
            self._table = Gauge(
                "items_table_available",
                "1 where the latest readiness probe read the table, 0 where one of the workers "
                "could not.",
                multiprocess_mode="livemin",
                registry=self._registry,
            )
        self._table.set(is_available)

    def log_lines_lost(self, count: int) -> None:
        """Count them."""
        self._lines_lost.inc(count)
