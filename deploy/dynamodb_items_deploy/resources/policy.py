"""The managed policy that allows the operations on the table."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from dynamodb_items_deploy.aws.client import Aws
from dynamodb_items_deploy.planning.documents import same_document
from dynamodb_items_deploy.planning.findings import Blocker, Call, Change, Finding, Notice
from dynamodb_items_deploy.planning.ownership import as_tag_list, from_tag_list
from dynamodb_items_deploy.resources.iam import NO_SUCH_ENTITY, STILL_ATTACHED, IamResource

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MAX_VERSIONS = 5


@dataclass(frozen=True)
class PolicyVersion:
    """One of the at most five versions of a policy."""

    id: str
    is_default: bool
    document: Mapping[str, Any]

    @property
    def number(self) -> int:
        """The number of the version: 2 for ``v2``."""
        return int(self.id.removeprefix("v"))


@dataclass(frozen=True)
class ObservedPolicy:
    """The actual state; ``used_by`` lists attached entities, such as ``role NAME``."""

    tags: Mapping[str, str]
    versions: tuple[PolicyVersion, ...]
    used_by: tuple[str, ...]


@dataclass(frozen=True)
class Policy(IamResource[ObservedPolicy]):
    """The managed policy.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
    """

    kind = "policy"
    tagged_by = "tag_policy"
    listed_by = "list_policies"
    list_member = "Policies"
    list_parameters: ClassVar[Mapping[str, str]] = {"Scope": "Local"}
    name_member = "PolicyName"

    arn: str
    document: Mapping[str, Any]
    role_name: str

    @property
    def identity(self) -> Mapping[str, str]:
        """The parameter that identifies the policy in IAM's operations."""
        return {"PolicyArn": self.arn}

    def _find(self, aws: Aws) -> ObservedPolicy | None:
        """Return the policy with its versions, tags and attached entities."""
        found = aws.find("iam", "get_policy", ("NoSuchEntity",), PolicyArn=self.arn)
        if found is None:
            return None
        versions = aws.all("iam", "list_policy_versions", "Versions", PolicyArn=self.arn)
        return ObservedPolicy(
            tags=from_tag_list(aws.all("iam", "list_policy_tags", "Tags", PolicyArn=self.arn)),
            versions=tuple(self._version(aws, version) for version in versions),
            used_by=self._users(aws),
        )

    def _version(self, aws: Aws, version: Mapping[str, Any]) -> PolicyVersion:
        response = aws.read(
            "iam", "get_policy_version", PolicyArn=self.arn, VersionId=version["VersionId"]
        )
        return PolicyVersion(
            version["VersionId"],
            version["IsDefaultVersion"],
            response["PolicyVersion"]["Document"],
        )

    def _users(self, aws: Aws) -> tuple[str, ...]:
        found = []
        for kind in ("Role", "User", "Group"):
            entities = aws.all(
                "iam", "list_entities_for_policy", f"Policy{kind}s", PolicyArn=self.arn
            )
            found += [f"{kind.lower()} {entity[f'{kind}Name']}" for entity in entities]
        return tuple(found)

    def _converge(self, observed: ObservedPolicy | None) -> Iterator[Finding]:
        """Yield the changes that create the policy, or correct its document and tags."""
        if observed is None:
            yield Change("+", f"{self.title}: {self._actions()}", self._create())
        else:
            yield from self._converge_tags(observed.tags)
            yield from self._converge_document(observed.versions)

    def _converge_document(self, versions: tuple[PolicyVersion, ...]) -> Iterator[Finding]:
        equal = [version for version in versions if same_document(version.document, self.document)]
        if any(version.is_default for version in equal):
            return
        if equal:
            newest = max(equal, key=lambda version: version.number)
            yield self._change(
                "~",
                f"{newest.id}, which has the right document, becomes the default",
                "set_default_policy_version",
                VersionId=newest.id,
            )
            return
        if len(versions) >= MAX_VERSIONS:
            oldest = min(_others(versions), key=lambda version: version.number)
            yield self._delete_version(oldest, "the oldest, since a policy has at most five")
        # One call, so that an interruption cannot leave a new version that is not the default.
        yield self._change(
            "~",
            f"a new default version: {self._actions()}",
            "create_policy_version",
            PolicyDocument=json.dumps(self.document),
            SetAsDefault=True,
        )

    def _destroy(self, observed: ObservedPolicy) -> Iterator[Finding]:
        """Yield the changes that remove the policy, unless other entities use it."""
        if not self.ownership.has(observed.tags):
            yield Notice(f"The {self.title} was not made by this tool. It is kept.")
            return
        others = [user for user in observed.used_by if user != f"role {self.role_name}"]
        if others:
            yield Blocker(
                f"The {self.title} is also attached to {', '.join(others)}.",
                "Detach it from them first.",
            )
            return
        for version in _others(observed.versions):
            yield self._delete_version(version, "with the policy")
        yield self._change("-", "", "delete_policy", not_yet=STILL_ATTACHED, already=NO_SUCH_ENTITY)

    def _create(self) -> Call:
        parameters = {
            "PolicyName": self.name,
            "Path": self.path,
            "PolicyDocument": json.dumps(self.document),
            "Description": "Operations of the items service on its table.",
            "Tags": as_tag_list(self.ownership.tags),
        }
        return Call("iam", "create_policy", parameters, landed=self._is_ours("list_policy_tags"))

    def _delete_version(self, version: PolicyVersion, why: str) -> Change:
        return self._change(
            "-",
            f"version {version.id}, {why}",
            "delete_policy_version",
            already=NO_SUCH_ENTITY,
            VersionId=version.id,
        )

    def _actions(self) -> str:
        return ", ".join(map(_grant, self.document["Statement"]))


def _grant(statement: Mapping[str, Any]) -> str:
    actions, resources = ", ".join(statement["Action"]), statement["Resource"]
    if isinstance(resources, str):
        return actions
    # Only the statement of the indexes has a list of resources.
    return f"{actions} on the indexes {', '.join(arn.rpartition('/')[2] for arn in resources)}"


def _others(versions: tuple[PolicyVersion, ...]) -> list[PolicyVersion]:
    return [version for version in versions if not version.is_default]
