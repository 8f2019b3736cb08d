"""Planning: the changes from the observed to the desired state, without calls to AWS."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dynamodb_items_deploy.planning.findings import Blocker, Change, Finding, Notice
from dynamodb_items_deploy.resources import Resource


@dataclass(frozen=True)
class Plan:
    """The changes in their order; none may be made if there is a blocker."""

    changes: tuple[Change, ...]
    blockers: tuple[Blocker, ...]
    notices: tuple[Notice, ...]

    @property
    def is_as_planned(self) -> bool:
        """Whether nothing is to be changed and others added nothing to the resources."""
        return not (self.changes or self.blockers or any(notice.foreign for notice in self.notices))


@dataclass(frozen=True)
class Observation:
    """A resource, and its observed state."""

    resource: Resource
    observed: Any

    @property
    def state(self) -> str:
        """``absent``, ``blocked``, ``differs`` or ``in place``."""
        plan = _sorted(self.resource.converge(self.observed))
        if plan.blockers:
            return "blocked"
        if self.observed is None:
            return "absent"
        return "in place" if plan.is_as_planned else "differs"


def converge(observations: Sequence[Observation]) -> Plan:
    """Return the plan that creates and corrects all resources."""
    return _sorted(
        finding
        for observation in observations
        for finding in observation.resource.converge(observation.observed)
    )


def destroy(observations: Sequence[Observation]) -> Plan:
    """Return the plan that removes all resources of the deployment."""
    return _sorted(
        finding
        for observation in reversed(observations)
        for finding in observation.resource.destroy(observation.observed)
    )


def _sorted(findings: Iterable[Finding]) -> Plan:
    found = tuple(findings)
    return Plan(
        tuple(finding for finding in found if isinstance(finding, Change)),
        tuple(finding for finding in found if isinstance(finding, Blocker)),
        tuple(finding for finding in found if isinstance(finding, Notice)),
    )
