"""The resources of a deployment.

Each has its desired state. ``observe`` reads the actual state from AWS; ``converge`` and
``destroy`` return the findings for it and do not call AWS.
"""

from collections.abc import Iterator
from typing import Any, Protocol

from dynamodb_items_deploy.aws.client import Aws
from dynamodb_items_deploy.planning.findings import Finding


class Resource(Protocol):
    """The desired state of a resource."""

    @property
    def title(self) -> str:
        """The kind and name of the resource."""

    def observe(self, aws: Aws) -> Any:
        """Return the actual state, or None if the resource does not exist."""

    def converge(self, observed: Any) -> Iterator[Finding]:
        """Yield the changes that create or correct the resource."""

    def destroy(self, observed: Any) -> Iterator[Finding]:
        """Yield the changes that remove what this tool made."""
