"""The instance's metadata options: credentials only for who asks with a session token (IMDSv2)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.aws import Aws
from deploy.findings import Call, Change, Finding, Wait
from deploy.resources.instance import ObservedInstance, observe_instance


@dataclass(frozen=True)
class MetadataOptions:
    """IMDSv2 required; a container is one network hop farther away.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceMetadataOptions.html
    """

    instance_id: str
    container: bool

    @property
    def title(self) -> str:
        """What it is and whose."""
        return f"metadata options of {self.instance_id}"

    @property
    def options(self) -> dict[str, Any]:
        """What EC2 is told."""
        return {
            "HttpEndpoint": "enabled",
            "HttpTokens": "required",
            "HttpPutResponseHopLimit": 2 if self.container else 1,
        }

    def observe(self, aws: Aws) -> ObservedInstance | None:
        """The instance with its options."""
        return observe_instance(aws, self.instance_id)

    def converge(self, observed: ObservedInstance | None) -> Iterator[Finding]:
        """One change for whatever differs."""
        if observed is None or observed.is_going:
            return
        differing = {
            name: value
            for name, value in self.options.items()
            if observed.metadata_options.get(name) != value
        }
        if differing:
            text = ", ".join(f"{name} {value}" for name, value in differing.items())
            parameters = {"InstanceId": self.instance_id, **self.options}
            yield Change(
                "~",
                f"{self.title}: {text}",
                Call("ec2", "modify_instance_metadata_options", parameters),
                wait=self._applied(),
            )

    def destroy(self, observed: ObservedInstance | None) -> Iterator[Finding]:
        """Nothing: what they were is not known, and IMDSv1 is nothing to go back to."""
        _ = observed
        yield from ()

    def _applied(self) -> Wait:
        def applied(answer: Mapping[str, Any]) -> bool:
            instance = answer["Reservations"][0]["Instances"][0]
            return bool(instance.get("MetadataOptions", {}).get("State") != "pending")

        call = Call("ec2", "describe_instances", {"InstanceIds": [self.instance_id]})
        return Wait("the metadata options to apply", call, applied)
