"""The figures of a run as tables with ratios, as JSON and as a plot, and the goals."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from bench.contenders import (
    CONTENDERS,
    MEDIUM_PUT,
    MEDIUM_READ,
    PLAIN,
    SERVICE,
    SERVICE_WITH_API_KEYS,
    SERVICE_WITH_SCHEMA,
    SERVICE_WITH_TOKENS,
    SMALL_READ,
    STARLETTE_AIODYNAMO,
)
from bench.items import Size
from bench.load import Load
from bench.measurements import Figures

_TITLES = {contender.name: contender.title for contender in CONTENDERS}


@dataclass(slots=True)
class Report:
    """The figures of one run."""

    machine: Mapping[str, Any]
    loads: dict[Load, dict[str, dict[str, float]]] = field(default_factory=dict)
    cold_start_milliseconds: dict[str, float] = field(default_factory=dict)
    worker_mebibytes: dict[str, float] = field(default_factory=dict)
    command_line: dict[str, float] = field(default_factory=dict)

    def add(self, load: Load, figures: Mapping[str, Figures]) -> None:
        """Add the medians of one load."""
        self.loads[load] = {name: measured.medians() for name, measured in figures.items()}

    def as_json(self) -> str:
        """Return the figures as JSON."""
        document = {
            "machine": self.machine,
            "loads": [
                {"load": asdict(load), "contenders": medians}
                for load, medians in self.loads.items()
            ],
            "cold_start_milliseconds": self.cold_start_milliseconds,
            "worker_mebibytes": self.worker_mebibytes,
            "aws_cli": self.command_line,
            "goals": [asdict(goal) for goal in goals(self)],
        }
        return json.dumps(document, indent=2)

    def as_text(self) -> str:
        """Return Markdown tables: one for each load, then memory, cold starts and goals."""
        sections = [_load_table(load, medians) for load, medians in self.loads.items()]
        sections.append(self._once_table())
        sections.append(_goals_table(list(goals(self))))
        return "\n\n".join(section for section in sections if section)

    def _once_table(self) -> str:
        lines = [
            "### One worker",
            "",
            "| | memory (PSS), MiB | of Flask | cold start, ms | of Flask |",
            "|---|---|---|---|---|",
        ]
        for name in self.worker_mebibytes or self.cold_start_milliseconds:
            cells = [_TITLES[name]]
            for figures in (self.worker_mebibytes, self.cold_start_milliseconds):
                cells += [f"{figures.get(name, 0):.0f}", _ratio(figures, name)]
            lines.append(f"| {' | '.join(cells)} |")
        if self.command_line:
            lines += [
                "",
                f"AWS CLI, a process for each read: "
                f"{self.command_line['cpu_microseconds'] / 1000:,.0f} ms of processor time, "
                f"{self.command_line['p50_milliseconds']:,.0f} ms in total.",
            ]
        return "\n".join(lines)


def _load_table(load: Load, medians: Mapping[str, Mapping[str, float]]) -> str:
    lines = [
        f"### {load}",
        "",
        "| | CPU µs/request | of Flask | requests/s | of Flask | p50 ms | p99 ms |",
        "|---|---|---|---|---|---|---|",
    ]
    cpu = {name: figures["cpu_microseconds"] for name, figures in medians.items()}
    rate = {name: figures["requests_per_second"] for name, figures in medians.items()}
    for name, figures in medians.items():
        failed = f" ({figures['failures']:.0f} failed)" if figures["failures"] else ""
        lines.append(
            f"| {_TITLES[name]}{failed} | {cpu[name]:,.0f} | {_ratio(cpu, name)} "
            f"| {rate[name]:,.0f} | {_ratio(rate, name)} "
            f"| {figures['p50_milliseconds']:.1f} | {figures['p99_milliseconds']:.1f} |"
        )
    return "\n".join(lines)


def _ratio(figures: Mapping[str, float], name: str) -> str:
    if not figures.get(PLAIN) or name not in figures:
        return ""
    return f"{figures[name] / figures[PLAIN]:.2f}"


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal for a figure of the service, and whether this run reached it."""

    name: str
    reached: bool
    figure: str


def goals(report: Report) -> Iterator[Goal]:
    """Yield the goals for which this run has figures."""
    yield from _cost_goals(report)
    yield from _added_cost_goals(report)
    yield from _latency_goals(report)
    memory = report.worker_mebibytes
    if PLAIN in memory and SERVICE in memory:
        yield _at_most("memory per worker, of Flask", memory[SERVICE] / memory[PLAIN], 1.0)


def _cost_goals(report: Report) -> Iterator[Goal]:
    for name, contender, load, most in (
        ("GET 0.3 KB", SERVICE, SMALL_READ, 0.22),
        ("PUT 0.3 KB", SERVICE, Load("PUT", Size.SMALL, 16), 0.25),
        ("PATCH 0.3 KB", SERVICE, Load("PATCH", Size.SMALL, 16), 0.25),
        ("GET 100 KB", SERVICE, Load("GET", Size.LARGE, 4), 0.25),
    ):
        medians = report.loads.get(load, {})
        if contender in medians and PLAIN in medians:
            ratio = medians[contender]["cpu_microseconds"] / medians[PLAIN]["cpu_microseconds"]
            yield _at_most(f"{name}, processor time of Flask", ratio, most)


def _added_cost_goals(report: Report) -> Iterator[Goal]:
    for name, load, what, contender, most in (
        ("GET 0.3 KB", SMALL_READ, "a JSON Web Token", SERVICE_WITH_TOKENS, 0.10),
        ("GET 0.3 KB", SMALL_READ, "an API key", SERVICE_WITH_API_KEYS, 0.10),
        # A read does not use the schema: what is measured is how much two measurements differ.
        ("GET 4 KB", MEDIUM_READ, "an item schema", SERVICE_WITH_SCHEMA, 0.05),
        ("PUT 4 KB", MEDIUM_PUT, "an item schema", SERVICE_WITH_SCHEMA, 0.10),
    ):
        medians = report.loads.get(load, {})
        if contender in medians and SERVICE in medians:
            without = medians[SERVICE]["cpu_microseconds"]
            share = medians[contender]["cpu_microseconds"] / without - 1
            yield _at_most(f"{name}, processor time added by {what}", share, most)


def _latency_goals(report: Report) -> Iterator[Goal]:
    delayed = report.loads.get(Load("GET", Size.SMALL, 64, delayed=True), {})
    peers = [
        contender.name
        for contender in CONTENDERS
        if contender.is_python and not contender.is_ours and contender.name in delayed
    ]
    if SERVICE in delayed and peers:
        best = min(delayed[name]["p99_milliseconds"] for name in peers)
        yield _at_most(
            "p99 at 64 connections, 10 ms backend, of the best other Python server",
            delayed[SERVICE]["p99_milliseconds"] / best,
            1.0,
        )
    crowded = report.loads.get(Load("GET", Size.SMALL, 256, delayed=True), {})
    if SERVICE in crowded and STARLETTE_AIODYNAMO in crowded:
        rates = {name: figures["requests_per_second"] for name, figures in crowded.items()}
        ratio = rates[SERVICE] / rates[STARLETTE_AIODYNAMO]
        yield Goal(
            "requests/s at 256 connections, 10 ms backend, of Starlette + aiodynamo: at least 1",
            ratio >= 1,
            f"{ratio:.2f}",
        )


def _at_most(name: str, ratio: float, most: float) -> Goal:
    return Goal(f"{name}: at most {most:.2f}", ratio <= most, f"{ratio:.2f}")


def _goals_table(reached: list[Goal]) -> str:
    if not reached:
        return ""
    lines = ["### Goals", "", "| | measured | reached |", "|---|---|---|"]
    lines += [
        f"| {goal.name} | {goal.figure} | {'yes' if goal.reached else '**no**'} |"
        for goal in reached
    ]
    return "\n".join(lines)


_ROW = 30
_LABELS = 330
_BARS = 420


def write_plot(report: Report, path: Path) -> None:
    """Write an SVG with a bar for each contender: processor time of a GET of a small item."""
    figures = {
        name: medians["cpu_microseconds"]
        for name, medians in report.loads.get(SMALL_READ, {}).items()
    }
    if not figures:
        return
    longest = max(figures.values())
    width, height = _LABELS + _BARS + 80, _ROW * len(figures) + 50
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13" role="img" '
        f'aria-label="Processor time of a GET">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        '<text x="10" y="24" font-weight="bold" fill="#222222">'
        "Processor time of a GET of a 0.3 KB item, in µs (lower is better)</text>",
    ]
    ours = {contender.name for contender in CONTENDERS if contender.is_ours}
    for row, (name, value) in enumerate(sorted(figures.items(), key=lambda pair: pair[1])):
        top = 40 + row * _ROW
        length = value / longest * _BARS
        color = "#1f6feb" if name in ours else "#9aa4b2"
        parts += [
            f'<text x="{_LABELS - 8}" y="{top + 15}" text-anchor="end" fill="#222222">'
            f"{escape(_TITLES[name])}</text>",
            f'<rect x="{_LABELS}" y="{top}" width="{length:.1f}" height="20" fill="{color}"/>',
            f'<text x="{_LABELS + length + 6:.1f}" y="{top + 15}" fill="#222222">'
            f"{value:,.0f}</text>",
        ]
    path.write_text("\n".join([*parts, "</svg>", ""]))
