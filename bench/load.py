"""The load generator: wrk with a fixed duration and number of connections."""

import json
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import items
from bench.items import Size
from bench.processes import BenchError

LIST, BATCH_PUT, BATCH_GET = "LIST", "BATCH PUT", "BATCH GET"
"""A page of 100 items, a batch of 100 puts, and a batch of 100 reads."""
_TIMEOUT_SECONDS = 10

_REPORT = """
done = function(summary, latency, requests)
  io.write(string.format(
    '\\n{"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "failures": %d}\\n',
    summary.requests - summary.errors.status, summary.duration,
    latency:percentile(50), latency:percentile(99),
    summary.errors.connect + summary.errors.read + summary.errors.write
      + summary.errors.status + summary.errors.timeout))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """A request that is repeated on some connections."""

    method: str
    size: Size
    connections: int
    delayed: bool = False

    @property
    def is_list(self) -> bool:
        """Whether the request is for a page of items."""
        return self.method == LIST

    @property
    def is_batch(self) -> bool:
        """Whether the request is for several items by their keys."""
        return self.method in (BATCH_PUT, BATCH_GET)

    @property
    def verb(self) -> str:
        """The request's HTTP method."""
        if self.is_batch:
            return "POST"
        return "GET" if self.is_list else self.method

    @property
    def body(self) -> bytes | None:
        """The request's body."""
        content: Any
        if self.method == BATCH_PUT:
            item = items.attributes(self.size)
            puts = [{"method": "PUT", **key, "item": item} for key in items.batch_keys()]
            content = {"operations": puts}
        elif self.method == BATCH_GET:
            content = {"keys": items.batch_keys()}
        elif self.method == "PUT":
            content = items.attributes(self.size)
        elif self.method == "PATCH":
            content = items.PATCH
        else:
            return None
        return items.compact_json(content)

    @property
    def item_name(self) -> str:
        """The name of the item that is requested."""
        return items.item_name(self.size, delayed=self.delayed)

    def __str__(self) -> str:
        backend = f"{items.DELAY_MILLISECONDS} ms backend" if self.delayed else "instant backend"
        size = f"100 x {self.size.label}" if self.is_list or self.is_batch else self.size.label
        return f"{self.method} {size}, {self.connections} connections, {backend}"


def usual_connections(size: Size) -> int:
    """Return how many connections keep one core busy with requests for items of this size."""
    # More requests for large items would not finish within a round.
    return 4 if size is Size.LARGE else 16


@dataclass(frozen=True, slots=True)
class Sample:
    """The figures of one round of load."""

    requests: int
    seconds: float
    p50_milliseconds: float
    p99_milliseconds: float
    failures: int


def generate(
    url: str, load: Load, seconds: float, cores: frozenset[int], headers: Mapping[str, str]
) -> Sample:
    """Send a load to a URL for some seconds, with these headers on each request.

    Raises:
        BenchError: wrk failed.
    """
    with tempfile.TemporaryDirectory(prefix="bench-load-") as folder:
        script = Path(folder, "load.lua")
        script.write_text(_request(load, headers, Path(folder)) + _REPORT)
        command = [
            *("taskset", "-c", ",".join(map(str, sorted(cores)))),
            *("wrk", "--threads", "1", "--connections", str(load.connections)),
            *("--duration", f"{max(1, round(seconds))}s", "--timeout", f"{_TIMEOUT_SECONDS}s"),
            *("--script", str(script), url),
        ]
        finished = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=seconds + 60
        )
    try:
        report = json.loads(finished.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        raise BenchError(f"wrk failed: {(finished.stderr or finished.stdout)[-300:]}") from None
    return Sample(
        requests=report["requests"],
        seconds=report["microseconds"] / 1e6,
        p50_milliseconds=report["p50"] / 1000,
        p99_milliseconds=report["p99"] / 1000,
        failures=report["failures"],
    )


def _request(load: Load, headers: Mapping[str, str], folder: Path) -> str:
    lines = [f'wrk.method = "{load.verb}"']
    lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items()]
    if load.body is not None:
        body = folder / "body"
        body.write_bytes(load.body)
        lines += [
            f'local file = io.open("{body}", "rb")',
            'wrk.body = file:read("*a")',
            "file:close()",
            'wrk.headers["Content-Type"] = "application/json"',
        ]
    return "\n".join(lines)
