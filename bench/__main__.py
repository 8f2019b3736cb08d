"""``python -m bench``: measure the service and comparable servers in one run."""

import os
import platform
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from bench.backend import backend
from bench.contenders import AWS_COMMAND, CONTENDERS, FASTIFY, SMALL_READ, Contender
from bench.items import LISTED_PARTITIONS, Size
from bench.load import BATCH_GET, BATCH_PUT, LIST, Load, usual_connections
from bench.measurements import (
    Cores,
    measure_cold_starts,
    measure_command_line,
    measure_load,
    serving,
    warm_up,
)
from bench.processes import BenchError
from bench.report import Report, write_plot

METHODS = ("GET", "PUT", "PATCH")
CONNECTIONS = (1, 16, 64, 256)


@dataclass(frozen=True, slots=True)
class Extent:
    """What a run measures, and how often."""

    loads: tuple[Load, ...]
    rounds: int
    seconds: float
    cold_starts: int
    warm_up_methods: tuple[str, ...] = METHODS


QUICK = Extent(
    (
        SMALL_READ,
        Load("GET", Size.SMALL, 64, delayed=True),
    ),
    rounds=1,
    seconds=1,
    cold_starts=1,
    warm_up_methods=("GET",),
)
FULL_LOADS = (
    *(Load(method, size, usual_connections(size)) for method in METHODS for size in Size),
    *(Load(LIST, Size(size), usual_connections(Size.LARGE)) for size in LISTED_PARTITIONS),
    *(Load(batch, Size.SMALL, usual_connections(Size.LARGE)) for batch in (BATCH_PUT, BATCH_GET)),
    *(
        Load("GET", Size.SMALL, number)
        for number in CONNECTIONS
        if number != SMALL_READ.connections
    ),
    *(Load("GET", Size.SMALL, number, delayed=True) for number in CONNECTIONS),
)


@click.command(
    epilog="""\b
Examples:
  make bench
  make bench BENCH_ARGS=--quick
  python -m bench --rounds 5 --only plain,service
  python -m bench --json build/bench.json --svg build/bench.svg"""
)
@click.option("--quick", is_flag=True, help="Two loads, one short round: under a minute.")
@click.option("--rounds", default=3, show_default=True, help="Rounds of each load.")
@click.option("--seconds", default=2.0, show_default=True, help="Length of a round.")
@click.option("--only", help="Names of contenders, comma-separated.")
@click.option("--loads", help="Only the loads whose names contain this, such as 'GET 0.3'.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write all figures.")
@click.option("--svg", "svg_path", type=click.Path(path_type=Path), help="Write a plot.")
def main(  # noqa: PLR0917 - click calls it by name
    quick: bool,
    rounds: int,
    seconds: float,
    only: str | None,
    loads: str | None,
    json_path: Path | None,
    svg_path: Path | None,
) -> None:
    """Measure the service and comparable servers on one stub backend; print Markdown tables.

    Rounds are interleaved, servers and load have cores of their own, and every figure is a
    median. On a busy machine read the ratios, not the figures. Progress goes to standard error.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that started processes are ended
    extent = QUICK if quick else Extent(FULL_LOADS, rounds, seconds, cold_starts=5)
    chosen = tuple(load for load in extent.loads if not loads or loads in str(load))
    try:
        report = _run(_contenders(only), replace(extent, loads=chosen))
    except BenchError as error:
        _say(f"Cannot run the benchmark: {error}")
        sys.exit(1)
    print(report.as_text())
    for path, write in (
        (json_path, lambda path: path.write_text(report.as_json() + "\n")),
        (svg_path, lambda path: write_plot(report, path)),
    ):
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path)
            _say(f"Wrote {path}.")


def _run(contenders: Sequence[Contender], extent: Extent) -> Report:
    report = Report(_machine())
    cores = Cores.chosen()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-logs-") as folder, backend(cores.others) as stub:
        logs = Path(folder)
        contenders = [contender.with_credential(logs) for contender in contenders]
        compared = [contender for contender in contenders if contender.loads is None]
        loads = [
            load
            for load in extent.loads
            if any(each.is_measured_under(load) for each in contenders)
        ]
        _say(f"Starting {len(contenders)} contenders; cores {cores.server} and {cores.others} …")
        with serving(contenders, stub, cores, logs) as servers:
            warm_up(servers, extent.warm_up_methods, cores)
            for number, load in enumerate(loads, 1):
                _say(f"[{number}/{len(loads)}, {time.monotonic() - began:.0f} s] {load}")
                report.add(
                    load,
                    measure_load(
                        servers,
                        load,
                        rounds=extent.rounds,
                        seconds=extent.seconds,
                        cores=cores,
                        say=_say,
                    ),
                )
            report.worker_mebibytes = {
                server.contender.name: round(server.worker_mebibytes, 1)
                for server in servers
                if server.contender in compared
            }
        _say(f"[{time.monotonic() - began:.0f} s] cold starts …")
        report.cold_start_milliseconds = measure_cold_starts(
            compared, stub, extent.cold_starts, cores, logs
        )
        if AWS_COMMAND.exists():
            report.command_line = measure_command_line(stub, extent.cold_starts, cores)
    _say(f"Measured in {time.monotonic() - began:.0f} s.")
    return report


def _contenders(only: str | None) -> list[Contender]:
    names = [contender.name for contender in CONTENDERS]
    wanted = names if only is None else [name.strip() for name in only.split(",")]
    if unknown := [name for name in wanted if name not in names]:
        raise BenchError(f"Unknown contender {', '.join(unknown)}. Choose from {', '.join(names)}.")
    for program, how in (
        ("nginx", "run make bench, which installs it"),
        ("wrk", "run make bench, which installs it"),
        ("taskset", "install the package util-linux"),
    ):
        if shutil.which(program) is None:
            raise BenchError(f"{program} is not installed: {how}.")
    chosen = []
    for contender in CONTENDERS:
        if contender.name in wanted:
            if _is_installed(contender):
                chosen.append(contender)
            else:
                _say(f"Skipped, because it is not installed: {contender.title}")
    return chosen


def _is_installed(contender: Contender) -> bool:
    if contender.folder == FASTIFY:
        return shutil.which("node") is not None and (FASTIFY / "node_modules/fastify").exists()
    return shutil.which(contender.command[0]) is not None


def _machine() -> dict[str, str | int | None]:
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
    }


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
