"""The instance: only its profile and its metadata options are changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dynamodb_items_deploy.aws.client import Aws
from dynamodb_items_deploy.planning.findings import Blocker, Finding

GOING = ("terminated", "shutting-down")
UNKNOWN = ("InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed")


@dataclass(frozen=True)
class ObservedInstance:
    """The state of an instance, as EC2 names it, and its metadata options."""

    state: str
    metadata_options: dict[str, Any]

    @property
    def is_going(self) -> bool:
        """Whether it is terminating or terminated."""
        return self.state in GOING


def observe_instance(aws: Aws, instance_id: str) -> ObservedInstance | None:
    """Return the instance, or None if it does not exist in the region.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
    """
    found = aws.find("ec2", "describe_instances", UNKNOWN, InstanceIds=[instance_id])
    for reservation in (found or {}).get("Reservations", []):
        for instance in reservation["Instances"]:
            return ObservedInstance(
                instance["State"]["Name"], dict(instance.get("MetadataOptions", {}))
            )
    return None


@dataclass(frozen=True)
class Instance:
    """The instance, which must exist and not be terminating."""

    id: str
    region: str

    @property
    def title(self) -> str:
        """The kind and ID of the resource."""
        return f"instance {self.id}"

    def observe(self, aws: Aws) -> ObservedInstance | None:
        """Return the actual state of the instance, or None."""
        return observe_instance(aws, self.id)

    def converge(self, observed: ObservedInstance | None) -> Iterator[Finding]:
        """Yield a blocker if the instance does not exist or is terminating."""
        if observed is None:
            yield Blocker(
                f"The instance {self.id} does not exist in {self.region}.",
                "Check --instance-id and --region.",
            )
        elif observed.is_going:
            yield Blocker(
                f"The instance {self.id} is {observed.state}.",
                "Use --instance-id with a running instance.",
            )

    def destroy(self, observed: ObservedInstance | None) -> Iterator[Finding]:
        """Yield nothing: the instance is never removed."""
        _ = observed
        yield from ()
