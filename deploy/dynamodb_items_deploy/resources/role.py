"""The role that EC2 or another service assumes, with the policy attached."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dynamodb_items_deploy.aws.client import Aws
from dynamodb_items_deploy.planning.documents import same_document
from dynamodb_items_deploy.planning.findings import Blocker, Call, Change, Finding, Notice
from dynamodb_items_deploy.planning.ownership import as_tag_list, from_tag_list
from dynamodb_items_deploy.planning.principals import Principal
from dynamodb_items_deploy.resources.iam import NO_SUCH_ENTITY, STILL_ATTACHED, IamResource


@dataclass(frozen=True)
class ObservedRole:
    """The actual state: policies by ARN, inline policies and instance profiles by name."""

    path: str
    trust: Mapping[str, Any]
    tags: Mapping[str, str]
    permissions_boundary: str | None
    attached: tuple[str, ...]
    inline: tuple[str, ...]
    instance_profiles: tuple[str, ...]


@dataclass(frozen=True)
class Role(IamResource[ObservedRole]):
    """The role.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
    """

    kind = "role"
    tagged_by = "tag_role"
    listed_by = "list_roles"
    list_member = "Roles"
    name_member = "RoleName"

    principal: Principal
    trust: Mapping[str, Any]
    permissions_boundary: str | None
    policy_arn: str
    instance_profile_name: str | None
    """The profile that holds the role; only EC2 needs one."""

    @property
    def identity(self) -> Mapping[str, str]:
        """The parameter that identifies the role in IAM's operations."""
        return {"RoleName": self.name}

    def _find(self, aws: Aws) -> ObservedRole | None:
        """Return the role with its policies and instance profiles."""
        named = self.identity
        found = aws.find("iam", "get_role", ("NoSuchEntity",), **named)
        if found is None:
            return None
        role = found["Role"]
        attached = aws.all("iam", "list_attached_role_policies", "AttachedPolicies", **named)
        profiles = aws.all("iam", "list_instance_profiles_for_role", "InstanceProfiles", **named)
        return ObservedRole(
            path=role["Path"],
            trust=role["AssumeRolePolicyDocument"],
            tags=from_tag_list(role.get("Tags", [])),
            permissions_boundary=role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            attached=tuple(policy["PolicyArn"] for policy in attached),
            inline=tuple(aws.all("iam", "list_role_policies", "PolicyNames", **named)),
            instance_profiles=tuple(profile["InstanceProfileName"] for profile in profiles),
        )

    def _converge(self, observed: ObservedRole | None) -> Iterator[Finding]:
        """Yield the changes that create or correct the role and attach the policy."""
        if observed is None:
            yield Change("+", f"{self.title}, for {self.principal.label} to assume", self._create())
            yield self._attach()
        elif observed.path != self.path:
            yield self._on_path(observed.path)
        else:
            yield from self._restore(observed)
            if self.policy_arn not in observed.attached:
                yield self._attach()
            for foreign in self._foreign(observed):
                yield Notice(
                    f"The {self.title} also has {foreign}, which this tool did not attach. "
                    "It is kept.",
                    foreign=True,
                )

    def _restore(self, observed: ObservedRole) -> Iterator[Finding]:
        if not same_document(observed.trust, self.trust):
            yield self._change(
                "~",
                f"trust: {self.principal.label} only",
                "update_assume_role_policy",
                PolicyDocument=json.dumps(self.trust),
            )
        # A boundary that others set is a limit on purpose, so it is never removed.
        if self.permissions_boundary not in (None, observed.permissions_boundary):
            yield self._change(
                "~",
                f"permissions boundary {self.permissions_boundary}",
                "put_role_permissions_boundary",
                PermissionsBoundary=self.permissions_boundary,
            )
        yield from self._converge_tags(observed.tags)

    def _destroy(self, observed: ObservedRole) -> Iterator[Finding]:
        """Yield the changes that remove the role, unless it has policies or profiles of others."""
        if not self.ownership.has(observed.tags):
            yield self._not_ours(observed)
            return
        foreign = self._foreign(observed) + [
            f"the instance profile {name}"
            for name in observed.instance_profiles
            if name != self.instance_profile_name
        ]
        if foreign:
            yield Blocker(
                f"The {self.title} also has {', '.join(foreign)}, which this tool did not make.",
                "Detach or remove them first.",
            )
            return
        if self.policy_arn in observed.attached:
            yield self._change(
                "-",
                "the policy's attachment",
                "detach_role_policy",
                already=NO_SUCH_ENTITY,
                PolicyArn=self.policy_arn,
            )
        yield self._change("-", "", "delete_role", not_yet=STILL_ATTACHED, already=NO_SUCH_ENTITY)

    def _not_ours(self, observed: ObservedRole) -> Finding:
        if self.policy_arn in observed.attached:
            return Blocker(
                f"The {self.title} was not made by this tool and has {self.policy_arn} attached.",
                "Detach the policy from it first.",
            )
        return Notice(f"The {self.title} was not made by this tool. It is kept.")

    def _foreign(self, observed: ObservedRole) -> list[str]:
        attached = [arn for arn in observed.attached if arn != self.policy_arn]
        return [f"the policy {arn}" for arn in attached] + [
            f"the inline policy {name}" for name in observed.inline
        ]

    def _create(self) -> Call:
        parameters = {
            "RoleName": self.name,
            "Path": self.path,
            "AssumeRolePolicyDocument": json.dumps(self.trust),
            "Description": self.principal.role_description,
            "Tags": as_tag_list(self.ownership.tags),
        }
        if self.permissions_boundary:
            parameters["PermissionsBoundary"] = self.permissions_boundary
        return Call("iam", "create_role", parameters, landed=self._is_ours("get_role", "Role"))

    def _attach(self) -> Change:
        return self._change(
            "+",
            f"attached {self.policy_arn}",
            "attach_role_policy",
            not_yet=NO_SUCH_ENTITY,
            PolicyArn=self.policy_arn,
        )
