"""The instance's metadata options: credentials only for requests with a session token (IMDSv2)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dynamodb_items_deploy.aws.client import Aws
from dynamodb_items_deploy.planning.findings import (
    Call,
    Change,
    ErrorPattern,
    Finding,
    Notice,
    Wait,
)
from dynamodb_items_deploy.resources.instance import ObservedInstance, observe_instance

# The instance is starting or stopping, or an earlier change of the options is still pending.
NOT_MODIFIABLE_YET = (ErrorPattern("IncorrectInstanceState"), ErrorPattern("IncorrectState"))


@dataclass(frozen=True)
class MetadataOptions:
    """The metadata options of the instance: IMDSv2 is required.

    A container needs a hop limit of 2. The limit is never lowered, since other containers on the
    instance may need it.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceMetadataOptions.html
    """

    instance_id: str
    container: bool

    @property
    def title(self) -> str:
        """The kind of resource and the ID of the instance."""
        return f"metadata options of {self.instance_id}"

    @property
    def hop_limit(self) -> int:
        """The smallest hop limit that the service needs."""
        return 2 if self.container else 1

    def observe(self, aws: Aws) -> ObservedInstance | None:
        """Return the instance with its metadata options."""
        return observe_instance(aws, self.instance_id)

    def converge(self, observed: ObservedInstance | None) -> Iterator[Finding]:
        """Yield one change for all options that differ."""
        if observed is None or observed.is_going:
            return
        found = observed.metadata_options
        hops = found.get("HttpPutResponseHopLimit", 0)
        wanted = {
            "HttpEndpoint": "enabled",
            "HttpTokens": "required",
            "HttpPutResponseHopLimit": max(hops, self.hop_limit),
        }
        differing = {name: value for name, value in wanted.items() if found.get(name) != value}
        if differing:
            text = ", ".join(
                f"{name} {found.get(name, 'unknown')} → {value}"
                for name, value in differing.items()
            )
            parameters = {"InstanceId": self.instance_id, **wanted}
            call = Call(
                "ec2", "modify_instance_metadata_options", parameters, not_yet=NOT_MODIFIABLE_YET
            )
            yield Change("~", f"{self.title}: {text}", call, wait=self._applied(differing))
        if hops > self.hop_limit:
            yield Notice(
                f"The {self.title} allow {hops} hops and the service needs {self.hop_limit}. "
                "The limit is kept, since other containers may need it."
            )

    def destroy(self, observed: ObservedInstance | None) -> Iterator[Finding]:
        """Yield nothing: the previous options are unknown, and IMDSv1 is less secure."""
        _ = observed
        yield from ()

    def _applied(self, options: Mapping[str, Any]) -> Wait:
        def applied(response: Mapping[str, Any]) -> bool:
            for reservation in response["Reservations"]:
                for instance in reservation["Instances"]:
                    found = instance.get("MetadataOptions", {})
                    if found.get("State") != "pending":
                        return all(found.get(name) == value for name, value in options.items())
            return False

        call = Call("ec2", "describe_instances", {"InstanceIds": [self.instance_id]})
        return Wait("the metadata options to apply", call, applied)
