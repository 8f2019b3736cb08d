"""Plans, states and failures, as text and as JSON."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click

from dynamodb_items_deploy.aws.failures import explain, is_temporary, may_have_been_made
from dynamodb_items_deploy.planning.findings import Change
from dynamodb_items_deploy.planning.plan import Observation, Plan


def write(as_json: bool, document: Any, lines: Iterable[str]) -> None:
    """Write the document as JSON, or the lines, to standard output."""
    if as_json:
        click.echo(json.dumps(document, indent=2))
    else:
        for line in lines:
            click.echo(line)


def plan_lines(plan: Plan) -> Iterator[str]:
    """Yield a line per change, or none if something blocks them, then the remarks."""
    for change in plan.changes if not plan.blockers else ():
        yield f"{change.sign} {change.what}"
    yield from remark_lines(plan)


def remark_lines(plan: Plan) -> Iterator[str]:
    """Yield a line per blocker and notice."""
    for blocker in plan.blockers:
        yield f"! {blocker.reason} {blocker.advice}"
    for notice in plan.notices:
        yield f"  {notice.text}"


def plan_json(plan: Plan) -> dict[str, Any]:
    """Return the plan, each change with its API call."""
    return {
        "changes": [_change_json(change) for change in plan.changes],
        "blockers": [
            {"reason": blocker.reason, "advice": blocker.advice} for blocker in plan.blockers
        ],
        "notices": [{"text": notice.text, "foreign": notice.foreign} for notice in plan.notices],
    }


def state_lines(observations: Sequence[Observation]) -> Iterator[str]:
    """Yield a line per resource."""
    for observation in observations:
        yield f"{observation.state:9} {observation.resource.title}"


def state_json(observations: Sequence[Observation]) -> list[dict[str, str]]:
    """Return the resources with their states."""
    return [
        {"resource": observation.resource.title, "state": observation.state}
        for observation in observations
    ]


@dataclass(frozen=True)
class Progress:
    """The changes of a run, and the number of them that were made."""

    changes: Sequence[Change]
    made: int


def failure_lines(error: BaseException, progress: Progress | None) -> Iterator[str]:
    """Yield the cause, what to do, and which changes were made, failed or were not tried."""
    yield from explain(error)
    if progress is None or not progress.changes:
        return
    for name, changes in _parts(error, progress).items():
        if changes:
            yield f"{_TITLES[name]}:"
            yield from (f"  {change.sign} {change.what}" for change in changes)
    if not progress.made:
        yield "No change was confirmed."


def failure_json(error: BaseException, progress: Progress | None) -> dict[str, Any]:
    """Return the same; ``unconfirmed`` changes may have been made, ``left`` were not tried."""
    reason, advice = explain(error)
    failure: dict[str, Any] = {"error": reason, "advice": advice, "temporary": is_temporary(error)}
    if progress is None:
        return failure
    for name, changes in _parts(error, progress).items():
        failure[name] = [_change_json(change) for change in changes]
    return failure


_TITLES = {
    "made": "Made",
    "failed": "Failed",
    "unconfirmed": "Unconfirmed (it may have been made)",
    "left": "Not tried",
}


def _parts(error: BaseException, progress: Progress) -> dict[str, Sequence[Change]]:
    made = progress.made
    current = progress.changes[made : made + 1]
    is_open = may_have_been_made(error)
    return {
        "made": progress.changes[:made],
        "failed": () if is_open else current,
        "unconfirmed": current if is_open else (),
        "left": progress.changes[made + 1 :],
    }


def _change_json(change: Change) -> dict[str, Any]:
    return {
        "sign": change.sign,
        "what": change.what,
        "service": change.call.service,
        "operation": change.call.operation,
        "parameters": dict(change.call.parameters),
    }
