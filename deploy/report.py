"""Plans, states and checks as lines for people and as JSON for machines."""

from collections.abc import Iterator, Sequence
from typing import Any

from deploy.findings import Call
from deploy.plan import Observation, Plan


def plan_lines(plan: Plan) -> Iterator[str]:
    """A line per change, unless something refuses, since then nothing will be done; and why."""
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
        "changes": [
            {"sign": change.sign, "what": change.what, **_call_json(change.call)}
            for change in plan.changes
        ],
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


def _call_json(call: Call) -> dict[str, Any]:
    return {
        "service": call.service,
        "operation": call.operation,
        "parameters": dict(call.parameters),
    }
