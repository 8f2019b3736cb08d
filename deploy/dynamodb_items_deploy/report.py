"""Plans, states and failures as lines for people and as JSON for machines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dynamodb_items_deploy.aws.failures import explain, is_temporary, may_have_been_made
from dynamodb_items_deploy.planning.findings import Change
from dynamodb_items_deploy.planning.plan import Observation, Plan


def plan_lines(plan: Plan) -> Iterator[str]:
    """A line per change, unless there is a refusal, since then none is made; then the remarks."""
    for change in plan.changes if not plan.refusals else ():
        yield f"{change.sign} {change.what}"
    yield from remark_lines(plan)


def remark_lines(plan: Plan) -> Iterator[str]:
    """A line per refusal and notice."""
    for refusal in plan.refusals:
        yield f"! {refusal.reason} {refusal.advice}"
    for notice in plan.notices:
        yield f"  {notice.text}"


def plan_json(plan: Plan) -> dict[str, Any]:
    """The plan, each change with the API call that it will be."""
    return {
        "changes": [_change_json(change) for change in plan.changes],
        "refusals": [
            {"reason": refusal.reason, "advice": refusal.advice} for refusal in plan.refusals
        ],
        "notices": [{"text": notice.text, "foreign": notice.foreign} for notice in plan.notices],
    }


def state_lines(observations: Sequence[Observation]) -> Iterator[str]:
    """A line per resource."""
    for observation in observations:
        yield f"{observation.state:9} {observation.resource.title}"


def state_json(observations: Sequence[Observation]) -> list[dict[str, str]]:
    """The resources with their states."""
    return [
        {"resource": observation.resource.title, "state": observation.state}
        for observation in observations
    ]


@dataclass(frozen=True)
class Progress:
    """How far a run came: the first ``made`` of the changes were made."""

    changes: Sequence[Change]
    made: int


def failure_lines(error: BaseException, progress: Progress | None) -> Iterator[str]:
    """What is wrong, what to do, and which changes were made, failed and are left."""
    yield from explain(error)
    if progress is None or not progress.changes:
        return
    for name, changes in _parts(error, progress).items():
        if changes:
            yield f"{_TITLES[name]}:"
            yield from (f"  {change.sign} {change.what}" for change in changes)
    if not progress.made:
        yield "No change is known to have been made."


def failure_json(error: BaseException, progress: Progress | None) -> dict[str, Any]:
    """The same; ``unconfirmed`` changes may have been made, and ``left`` were not tried."""
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
    "left": "Left",
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
