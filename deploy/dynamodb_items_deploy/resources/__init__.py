"""The things a deployment consists of. Each says what it should be; ``observe`` reads what it is,
and from that ``converge`` and ``destroy`` find, without AWS, what is to be done.
"""

from collections.abc import Iterator
from typing import Any, Protocol

from dynamodb_items_deploy.aws.client import Aws
from dynamodb_items_deploy.planning.findings import Finding


class Resource(Protocol):
    """One thing, as it should be."""

    @property
    def title(self) -> str:
        """What it is and its name."""

    def observe(self, aws: Aws) -> Any:
        """What is there, None for nothing; reads only."""

    def converge(self, observed: Any) -> Iterator[Finding]:
        """What to do so that it is as it should be."""

    def destroy(self, observed: Any) -> Iterator[Finding]:
        """What to do so that nothing of ours is left."""
