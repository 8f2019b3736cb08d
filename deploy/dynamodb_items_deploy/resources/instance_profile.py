"""The instance profile, which gives the role to an instance."""

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
from dynamodb_items_deploy.planning.ownership import as_tag_list, from_tag_list
from dynamodb_items_deploy.resources.iam import NO_SUCH_ENTITY, STILL_ATTACHED, IamResource


@dataclass(frozen=True)
class ObservedInstanceProfile:
    """The actual state: roles by name, and the region's instances that use the profile by ID."""

    path: str
    tags: Mapping[str, str]
    roles: tuple[str, ...]
    instances: tuple[str, ...]


@dataclass(frozen=True)
class InstanceProfile(IamResource[ObservedInstanceProfile]):
    """The instance profile.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateInstanceProfile.html
    """

    kind = "instance profile"
    tagged_by = "tag_instance_profile"
    listed_by = "list_instance_profiles"
    list_member = "InstanceProfiles"
    name_member = "InstanceProfileName"

    arn: str
    role_name: str
    instance_id: str | None

    @property
    def identity(self) -> Mapping[str, str]:
        """The parameter that identifies the profile in IAM's operations."""
        return {"InstanceProfileName": self.name}

    def _find(self, aws: Aws) -> ObservedInstanceProfile | None:
        """Return the profile, its roles and the instances that use it in the region."""
        found = aws.find("iam", "get_instance_profile", ("NoSuchEntity",), **self.identity)
        if found is None:
            return None
        profile = found["InstanceProfile"]
        associations = aws.all(
            "ec2", "describe_iam_instance_profile_associations", "IamInstanceProfileAssociations"
        )
        return ObservedInstanceProfile(
            path=profile["Path"],
            tags=from_tag_list(profile.get("Tags", [])),
            roles=tuple(role["RoleName"] for role in profile["Roles"]),
            instances=tuple(
                association["InstanceId"]
                for association in associations
                if association["IamInstanceProfile"]["Arn"] == self.arn
                and association["State"] in ("associating", "associated")
            ),
        )

    def _converge(self, observed: ObservedInstanceProfile | None) -> Iterator[Finding]:
        """Yield the changes that create the profile with its role, or correct its tags."""
        if observed is None:
            yield self._change(
                "+",
                "",
                "create_instance_profile",
                landed=self._is_ours("get_instance_profile", "InstanceProfile"),
                Path=self.path,
                Tags=as_tag_list(self.ownership.tags),
            )
            yield self._add_role()
        elif observed.path != self.path:
            yield self._on_path(observed.path)
        elif others := self._other_roles(observed):
            yield self._holds_another(others)
        else:
            yield from self._converge_tags(observed.tags)
            if not observed.roles:
                yield self._add_role()

    def _destroy(self, observed: ObservedInstanceProfile) -> Iterator[Finding]:
        """Yield the changes that remove the profile, unless another instance uses it."""
        users = [instance for instance in observed.instances if instance != self.instance_id]
        if not self.ownership.has(observed.tags):
            if self.role_name in observed.roles:
                yield Blocker(
                    f"The {self.title} was not made by this tool and contains the role "
                    f"{self.role_name}.",
                    "Remove the role from it first.",
                )
            else:
                yield Notice(f"The {self.title} was not made by this tool. It is kept.")
        elif others := self._other_roles(observed):
            yield self._holds_another(others)
        elif users:
            yield Blocker(
                f"The {self.title} is used by {', '.join(users)}.",
                "Set --instance-id to the instance, and disassociate any other instance first.",
            )
        else:
            if observed.roles:
                yield self._change(
                    "-",
                    f"the role {self.role_name} in it",
                    "remove_role_from_instance_profile",
                    already=NO_SUCH_ENTITY,
                    RoleName=self.role_name,
                )
            yield self._change(
                "-", "", "delete_instance_profile", not_yet=STILL_ATTACHED, already=NO_SUCH_ENTITY
            )

    def _other_roles(self, observed: ObservedInstanceProfile) -> list[str]:
        return [role for role in observed.roles if role != self.role_name]

    def _holds_another(self, roles: list[str]) -> Blocker:
        return Blocker(
            f"The {self.title} contains the role {', '.join(roles)}, and can contain only one.",
            "Remove that role from it, or choose other names with --name-prefix.",
        )

    def _add_role(self) -> Change:
        return self._change(
            "+",
            f"the role {self.role_name} in it",
            "add_role_to_instance_profile",
            not_yet=NO_SUCH_ENTITY,
            landed=self._holds_our_role(),
            RoleName=self.role_name,
        )

    def _holds_our_role(self) -> Landed:
        """Return the read that shows whether an earlier attempt added the role."""

        def holds(response: Mapping[str, Any]) -> bool:
            roles = response["InstanceProfile"]["Roles"]
            return [role["RoleName"] for role in roles] == [self.role_name]

        call = Call("iam", "get_instance_profile", self.identity)
        read = Wait(f"the role in the {self.title} to be visible", call, holds)
        # A profile contains at most one role, so the retry of a successful call exceeds the quota.
        return Landed((ErrorPattern("LimitExceeded"),), read)
