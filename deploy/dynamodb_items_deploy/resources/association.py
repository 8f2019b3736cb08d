"""The association of the instance with the instance profile."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dynamodb_items_deploy.aws.client import Aws
from dynamodb_items_deploy.planning.findings import (
    Blocker,
    Call,
    Change,
    ErrorPattern,
    Finding,
    Landed,
    Notice,
    Wait,
)
from dynamodb_items_deploy.planning.ownership import Ownership, from_tag_list
from dynamodb_items_deploy.resources.instance import observe_instance

DESCRIBE = "describe_iam_instance_profile_associations"
LIVE = ("associating", "associated")
NOT_ASSOCIATED_YET = (
    # EC2 sees a new profile and its role some seconds after IAM has created them.
    ErrorPattern("InvalidParameterValue", "Invalid IAM Instance Profile"),
    ErrorPattern("InvalidParameterValue", "has no associated IAM Roles"),
    ErrorPattern("IncorrectState"),
    # The instance is starting or stopping.
    ErrorPattern("IncorrectInstanceState"),
)
# The errors of a retry after a call that succeeded: the old association no longer exists.
SUPERSEDED = (ErrorPattern("IncorrectState"), ErrorPattern("InvalidAssociationID.NotFound"))


@dataclass(frozen=True)
class ObservedAssociation:
    """The profile that is associated with the instance, or is being associated."""

    id: str
    profile_arn: str
    profile_id: str
    is_stopped: bool
    is_stale: bool
    """Whether the associated profile was deleted; one of the same name may exist again."""
    tags: Mapping[str, str]
    """The tags of the profile that has the name now; empty if it does not exist."""


@dataclass(frozen=True)
class Association:
    """The association of an instance with an instance profile.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateIamInstanceProfile.html
    """

    instance_id: str
    profile_name: str
    profile_arn: str
    ownership: Ownership
    replace: bool

    @property
    def title(self) -> str:
        """The kind of resource and the ID of the instance."""
        return f"association of {self.instance_id}"

    def observe(self, aws: Aws) -> ObservedAssociation | None:
        """Return the association of the instance, or None."""
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
        """Yield the change that associates the profile; only ``--replace`` replaces another."""
        if observed is None:
            yield self._give()
        elif observed.profile_arn == self.profile_arn and not observed.is_stale:
            return
        elif not self.replace and not observed.is_stale:
            yield Blocker(
                f"The instance {self.instance_id} has the profile {observed.profile_arn}.",
                "Use --replace to replace it.",
            )
        elif observed.is_stopped:
            yield from self._swap(observed)
        else:
            yield Change(
                "~",
                f"{self.title}: {self.profile_name} replaces {self._former(observed)}",
                Call(
                    "ec2",
                    "replace_iam_instance_profile_association",
                    {"AssociationId": observed.id, "IamInstanceProfile": self._profile},
                    not_yet=NOT_ASSOCIATED_YET,
                    landed=Landed(SUPERSEDED, self._wait_for(LIVE, observed.profile_id)),
                ),
                self._wait_for(("associated",), observed.profile_id),
            )

    def _swap(self, observed: ObservedAssociation) -> Iterator[Change]:
        """Yield two changes: EC2 cannot replace the profile of a stopped instance in one."""
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
        """Yield the change that removes the profile from the instance.

        A profile of others stays, even one of the same name. A deleted profile is removed: it gives
        the instance no permissions.
        """
        if observed is None or observed.profile_arn != self.profile_arn:
            return
        if observed.is_stale or self.ownership.has(observed.tags):
            yield self._disassociate(observed)
        else:
            yield Notice(
                f"The {self.title} with {observed.profile_arn} was not made by this tool. "
                "It is kept."
            )

    def _former(self, observed: ObservedAssociation) -> str:
        deleted = "the deleted " if observed.is_stale else ""
        return f"{deleted}{observed.profile_arn}"

    @property
    def _profile(self) -> dict[str, str]:
        return {"Arn": self.profile_arn}

    def _wait_for(self, states: tuple[str, ...], former_id: str = "") -> Wait:
        """Return the wait for the profile; a deleted one has the same ARN and a different ID."""
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
            "ec2",
            "associate_iam_instance_profile",
            parameters,
            not_yet=NOT_ASSOCIATED_YET,
            landed=landed,
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
            Wait(f"{self.instance_id} to lose the profile", self._describe(), gone),
        )

    def _describe(self) -> Call:
        return Call("ec2", DESCRIBE, {"Filters": self._filter()})

    def _filter(self) -> list[dict[str, Any]]:
        return [{"Name": "instance-id", "Values": [self.instance_id]}]


_MEMBER = "IamInstanceProfileAssociations"
