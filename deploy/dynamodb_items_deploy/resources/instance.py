"""The instance: only its profile and its metadata options are ever changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dynamodb_items_deploy.aws.client import Aws
from dynamodb_items_deploy.planning.findings import Finding, Refusal

GOING = ("terminated", "shutting-down")
UNKNOWN = ("InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed")


@dataclass(frozen=True)
class ObservedInstance:
    """An instance of the region, ``state`` as EC2 names it."""

    state: str
    metadata_options: dict[str, Any]

    @property
    def is_going(self) -> bool:
        """Whether it is terminating or terminated."""
        return self.state in GOING


def observe_instance(aws: Aws, instance_id: str) -> ObservedInstance | None:
    """Return the instance, None where the region has none of that id.

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
    """An instance that must be there and live."""

    id: str
    region: str

    @property
    def title(self) -> str:
        """What it is and its id."""
        return f"instance {self.id}"

    def observe(self, aws: Aws) -> ObservedInstance | None:
        """What EC2 knows of it."""
        return observe_instance(aws, self.id)

    def converge(self, observed: ObservedInstance | None) -> Iterator[Finding]:
        """Nothing, or a refusal."""
        if observed is None:
            yield Refusal(
                f"There is no instance {self.id} in {self.region}.",
                "Check --instance-id, and --region: the instance may be in another one.",
            )
        elif observed.is_going:
            yield Refusal(
                f"The instance {self.id} is {observed.state}.", "Name one that is running."
            )

    def destroy(self, observed: ObservedInstance | None) -> Iterator[Finding]:
        """Nothing, ever."""
        _ = observed
        yield from ()
