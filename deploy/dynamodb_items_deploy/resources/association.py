"""The association: this instance has this profile."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dynamodb_items_deploy.aws.client import Aws
from dynamodb_items_deploy.planning.findings import (
    Call,
    Change,
    ErrorPattern,
    Finding,
    Landed,
    Notice,
    Refusal,
    Wait,
)
from dynamodb_items_deploy.planning.ownership import Ownership, from_tag_list
from dynamodb_items_deploy.resources.instance import observe_instance

DESCRIBE = "describe_iam_instance_profile_associations"
LIVE = ("associating", "associated")
NOT_YET = (
    # EC2 sees a new profile, and the role in it, some seconds after IAM has made it.
    ErrorPattern("InvalidParameterValue", "Invalid IAM Instance Profile"),
    ErrorPattern("InvalidParameterValue", "has no associated IAM Roles"),
    ErrorPattern("IncorrectState"),
    # The instance is starting or stopping.
    ErrorPattern("IncorrectInstanceState"),
)
# A repetition of a call that was made: the instance has a profile, the old association is gone.
SUPERSEDED = (ErrorPattern("IncorrectState"), ErrorPattern("InvalidAssociationID.NotFound"))


@dataclass(frozen=True)
class ObservedAssociation:
    """The profile that the instance has or is getting."""

    id: str
    profile_arn: str
    profile_id: str
    is_stopped: bool
    is_stale: bool
    """Our profile was deleted since, and perhaps made again: the instance has the deleted one."""
    tags: Mapping[str, str]
    """Those of the profile that has our name now; none where there is no such profile."""


@dataclass(frozen=True)
class Association:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateIamInstanceProfile.html"""

    instance_id: str
    profile_name: str
    profile_arn: str
    ownership: Ownership
    replace: bool

    @property
    def title(self) -> str:
        """What it is and whose."""
        return f"association of {self.instance_id}"

    def observe(self, aws: Aws) -> ObservedAssociation | None:
        """Return the association of the instance, None where it has none."""
        found = [
            association
            for association in aws.all("ec2", DESCRIBE, _MEMBER, Filters=self._filter())
            if association["State"] in LIVE
        ]
        if not found:
            return None
        instance = observe_instance(aws, self.instance_id)
        profile = found[0]["IamInstanceProfile"]
        named = aws.find(
            "iam",
            "get_instance_profile",
            ("NoSuchEntity",),
            InstanceProfileName=self.profile_name,
        )
        current = named["InstanceProfile"] if named else {}
        return ObservedAssociation(
            found[0]["AssociationId"],
            profile["Arn"],
            profile["Id"],
            is_stopped=instance is not None and instance.state == "stopped",
            is_stale=profile["Arn"] == self.profile_arn
            and current.get("InstanceProfileId") != profile["Id"],
            tags=from_tag_list(current.get("Tags", [])),
        )

    def converge(self, observed: ObservedAssociation | None) -> Iterator[Finding]:
        """Give the instance our profile; another's goes only with ``--replace``."""
        if observed is None:
            yield self._give()
        elif observed.profile_arn == self.profile_arn and not observed.is_stale:
            return
        elif not self.replace and not observed.is_stale:
            yield Refusal(
                f"The instance {self.instance_id} has the profile {observed.profile_arn}.",
                "--replace puts ours in its place.",
            )
        elif observed.is_stopped:
            yield from self._swap(observed)
        else:
            yield Change(
                "~",
                f"{self.title}: {self.profile_name} in place of {self._former(observed)}",
                Call(
                    "ec2",
                    "replace_iam_instance_profile_association",
                    {"AssociationId": observed.id, "IamInstanceProfile": self._profile},
                    not_yet=NOT_YET,
                    landed=Landed(SUPERSEDED, self._wait_for(LIVE, observed.profile_id)),
                ),
                self._wait_for(("associated",), observed.profile_id),
            )

    def _swap(self, observed: ObservedAssociation) -> Iterator[Change]:
        """EC2 replaces the profile of a running instance only; a stopped one takes two steps."""
        yield self._disassociate(observed)
        old = None if observed.is_stale else observed.profile_arn
        yield self._give(restore=self._associate(old) if old else None)

    def _give(self, restore: Call | None = None) -> Change:
        landed = Landed(SUPERSEDED, self._wait_for(LIVE))
        return Change(
            "+",
            f"{self.title} with {self.profile_name}",
            self._associate(self.profile_arn, landed),
            self._wait_for(("associated",)),
            restore,
        )

    def destroy(self, observed: ObservedAssociation | None) -> Iterator[Finding]:
        """Take our profile from the instance; any other stays, also one of the same name.

        A profile that was deleted gives the instance nothing, whoever had made it.
        """
        if observed is None or observed.profile_arn != self.profile_arn:
            return
        if observed.is_stale or self.ownership.has(observed.tags):
            yield self._disassociate(observed)
        else:
            yield Notice(f"The {self.title} with {observed.profile_arn} is not ours and stays.")

    def _former(self, observed: ObservedAssociation) -> str:
        deleted = "the deleted " if observed.is_stale else ""
        return f"{deleted}{observed.profile_arn}"

    @property
    def _profile(self) -> dict[str, str]:
        return {"Arn": self.profile_arn}

    def _wait_for(self, states: tuple[str, ...], former_id: str = "") -> Wait:
        """Wait for our profile; one that replaces a deleted one differs from it in its id only."""
        return Wait(
            f"{self.instance_id} to have the profile",
            self._describe(),
            lambda response: any(
                association["State"] in states
                and association["IamInstanceProfile"]["Arn"] == self.profile_arn
                and association["IamInstanceProfile"]["Id"] != former_id
                for association in response[_MEMBER]
            ),
        )

    def _associate(self, profile_arn: str, landed: Landed | None = None) -> Call:
        parameters = {
            "InstanceId": self.instance_id,
            "IamInstanceProfile": {"Arn": profile_arn},
        }
        return Call(
            "ec2", "associate_iam_instance_profile", parameters, not_yet=NOT_YET, landed=landed
        )

    def _disassociate(self, observed: ObservedAssociation) -> Change:
        def gone(response: Mapping[str, Any]) -> bool:
            return not any(
                association["AssociationId"] == observed.id
                and association["State"] != "disassociated"
                for association in response[_MEMBER]
            )

        return Change(
            "-",
            f"{self.title} with {observed.profile_arn}",
            Call(
                "ec2",
                "disassociate_iam_instance_profile",
                {"AssociationId": observed.id},
                already=(ErrorPattern("InvalidAssociationID.NotFound"),),
            ),
            Wait(f"{self.instance_id} to let the profile go", self._describe(), gone),
        )

    def _describe(self) -> Call:
        return Call("ec2", DESCRIBE, {"Filters": self._filter()})

    def _filter(self) -> list[dict[str, Any]]:
        return [{"Name": "instance-id", "Values": [self.instance_id]}]


_MEMBER = "IamInstanceProfileAssociations"
