"""Prometheus metrics of all workers.

Each worker counts in files of its own in ``PROMETHEUS_MULTIPROC_DIR``. The admin port adds up the
files of all workers, also of those that have ended. The variable must be set before
``prometheus_client`` is imported; ``dynamodb_items.gunicorn_conf`` sets it.

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
"""The maximum size of an entry without its key: length, padding, value and time."""


class _Process:
    """The identifier of this process, updated after a fork."""

    def __init__(self) -> None:
        self._update()
        os.register_at_fork(after_in_child=self._update)

    def _update(self) -> None:
        self._pid = os.getpid()

    def identifier(self) -> int:
        return self._pid


class _AllocatedDict(MmapedDict):
    """A file of counters whose disk space is allocated before it is written.

    The library maps a sparse file into memory. On a full disk, writing to a hole of it ends the
    process with SIGBUS; allocating the space first raises ``OSError``.
    """

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if not read_mode:
            with open(filename, "a+b") as file:  # noqa: PTH123 - as the library opens the file
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
    # A request changes nine values. Nothing waits while the lock is held, so the standard one does,
    # which is a microsecond faster than gevent's; the cached process id saves nine system calls.
    values.Lock = monkey.get_original("threading", "Lock")  # type: ignore[attr-defined]
    values.ValueClass = values.MultiProcessValue(_Process().identifier)  # type: ignore[no-untyped-call]


class _CallMetrics:
    """The metrics of attempts of calls to DynamoDB."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls = Counter(
            "items_dynamodb_calls",
            "Attempts of calls to DynamoDB, by outcome.",
            ["operation", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "items_dynamodb_call_duration_seconds",
            "How long attempts of calls to DynamoDB took.",
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
            "Capacity units that calls consumed, as DynamoDB reports them.",
            ["operation"],
            registry=registry,
        )
        # Finding a metric by its labels takes longer than counting.
        self._by_labels: dict[tuple[str, str], tuple[Any, Any, Any]] = {}

    def ended(self, call: CallRecord) -> None:
        """Count an attempt, its duration and its capacity units."""
        labels = call.operation, call.outcome
        known = self._by_labels.get(labels)
        if known is None:
            known = self._by_labels[labels] = (
                self._calls.labels(*labels),
                self._seconds.labels(call.operation),
                self._capacity.labels(call.operation),
            )
        calls, seconds, capacity = known
        calls.inc()
        seconds.observe(call.seconds)
        if call.capacity_units:
            capacity.inc(call.capacity_units)
        if call.attempt > 1:
            self._retries.labels(call.operation).inc()


class PrometheusObserver(Observer):
    """A counter of events. No label has a value that a client can choose freely."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._requests = Counter(
            "items_requests",
            "Requests that were served.",
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
            "Requests that are being served.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._shed = Counter(
            "items_requests_shed", "Requests that were rejected for overload.", registry=registry
        )
        self._calls = _CallMetrics(registry)
        self._lines_lost = Counter(
            "items_log_lines_lost", "Log lines that could not be written.", registry=registry
        )
        self._registry = registry
        self._credentials: Gauge | None = None
        self._table: Gauge | None = None
        self._of_request: dict[tuple[str, str, int], tuple[Any, Any]] = {}

    def request_began(self, record: RequestRecord, headers: Mapping[str, Any]) -> None:  # noqa: ARG002
        """Count a request in flight."""
        self._in_flight.inc()

    def request_ended(self, record: RequestRecord) -> None:
        """Count a served request and its duration."""
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
        """Count an attempt, its duration and its capacity units."""
        self._calls.ended(call)

    def credentials_found(self) -> None:
        """Set the time."""
        if self._credentials is None:  # created earlier, it would report the year 1970
            self._credentials = Gauge(
                "items_credentials_found_timestamp_seconds",
                "When the AWS credentials in use were found; the earliest time of all workers.",
                multiprocess_mode="livemin",
                registry=self._registry,
            )
        self._credentials.set(time.time())

    def table_probed(self, *, is_available: bool) -> None:
        """Set the result of the latest probe."""
        if self._table is None:  # created earlier, it would report an outage before a probe
            self._table = Gauge(
                "items_table_available",
                "1 if the latest readiness probe of every worker read the table, else 0.",
                multiprocess_mode="livemin",
                registry=self._registry,
            )
        self._table.set(is_available)

    def log_lines_lost(self, count: int) -> None:
        """Count lost lines."""
        self._lines_lost.inc(count)
