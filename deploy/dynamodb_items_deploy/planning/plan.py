"""Planning: desired and observed in, changes out. Pure: nothing here knows AWS."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dynamodb_items_deploy.planning.findings import Change, Finding, Notice, Refusal
from dynamodb_items_deploy.resources import Resource


@dataclass(frozen=True)
class Plan:
    """The changes in their order, unless something refuses; then none must be made."""

    changes: tuple[Change, ...]
    refusals: tuple[Refusal, ...]
    notices: tuple[Notice, ...]

    @property
    def is_as_planned(self) -> bool:
        """Whether everything is as it should be and nobody added to what is ours."""
        return not (self.changes or self.refusals or any(notice.foreign for notice in self.notices))


@dataclass(frozen=True)
class Observation:
    """A resource beside what was found of it."""

    resource: Resource
    observed: Any

    @property
    def state(self) -> str:
        """``absent``, ``refused``, ``differs`` or ``in place``."""
        plan = _sorted(self.resource.converge(self.observed))
        if plan.refusals:
            return "refused"
        if self.observed is None:
            return "absent"
        return "in place" if plan.is_as_planned else "differs"


def converge(observations: Sequence[Observation]) -> Plan:
    """What to do so that everything is as it should be."""
    return _sorted(
        finding
        for observation in observations
        for finding in observation.resource.converge(observation.observed)
    )


def destroy(observations: Sequence[Observation]) -> Plan:
    """What to do so that nothing of ours is left."""
    return _sorted(
        finding
        for observation in reversed(observations)
        for finding in observation.resource.destroy(observation.observed)
    )


def _sorted(findings: Iterable[Finding]) -> Plan:
    found = tuple(findings)
    return Plan(
        tuple(finding for finding in found if isinstance(finding, Change)),
        tuple(finding for finding in found if isinstance(finding, Refusal)),
        tuple(finding for finding in found if isinstance(finding, Notice)),
    )
