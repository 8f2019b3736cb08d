"""The resources of a deployment, from the request of its operator."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dynamodb_items.domain.indexes import Index
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation
from dynamodb_items.domain.tables import (
    DEFAULT_TABLE,
    TABLE_ARN_PATTERN,
    TABLE_NAME_PATTERN,
    TableArn,
)

from dynamodb_items_deploy.aws.account import Account
from dynamodb_items_deploy.planning.documents import key_statement, policy_document, trust_document
from dynamodb_items_deploy.planning.ownership import (
    MAX_TAG_KEY_LENGTH,
    MAX_TAG_VALUE_LENGTH,
    MAX_TAGS,
    OWNER_TAG,
    Ownership,
)
from dynamodb_items_deploy.planning.principals import Principal
from dynamodb_items_deploy.resources import Resource
from dynamodb_items_deploy.resources.association import Association
from dynamodb_items_deploy.resources.instance import Instance
from dynamodb_items_deploy.resources.instance_profile import InstanceProfile
from dynamodb_items_deploy.resources.metadata_options import MetadataOptions
from dynamodb_items_deploy.resources.policy import Policy
from dynamodb_items_deploy.resources.role import Role
from dynamodb_items_deploy.resources.table import Table

PROFILE_NAME = "EC2RoleToAccessDynamoDBTableInstProfile"
_OF_AN_INSTANCE = ("instance_id", "instance_profile_name", "replace", "container")
MAX_ROLE_NAME_LENGTH = 64
MAX_POLICY_LENGTH = 6144

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_FORMS = {
    "table": (
        f"{TABLE_NAME_PATTERN}|{TABLE_ARN_PATTERN}",
        "3 to 255 letters, digits, _ . -, or a table's ARN",
    ),
    "instance_id": ("i-[0-9a-f]{8,17}", "an instance id such as i-0123456789abcdef0"),
    "name_prefix": (r"[\w+=,.@-]*", "letters, digits, _ + = , . @ -"),
    "instance_profile_name": (r"[\w+=,.@-]{1,128}", "1 to 128 letters, digits, _ + = , . @ -"),
    "path": ("/|/[!-~]{1,510}/", "a path that begins and ends with /"),
    "permissions_boundary": (r"arn:[\w-]+:iam::(\d{12}|aws):policy/.+", "a policy's ARN"),
    "kms_key": (
        r"arn:[\w-]+:kms:[\w-]+:\d{12}:key/.+",
        "a key's ARN (the ARN of an alias is not valid)",
    ),
}


def _is_tag(text: str, max_length: int) -> bool:
    return len(text) <= max_length and all(
        character.isalnum() or character in " _.:/=+-@" for character in text
    )


@dataclass(frozen=True)
class Request:
    """What the operator requested; the defaults are the names of AWS's tutorial.

    Raises:
        ValueError: with every error found, a line each.
    """

    table: str = DEFAULT_TABLE
    instance_id: str | None = None
    name_prefix: str = ""
    path: str = "/"
    permissions_boundary: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    operations: frozenset[Operation] = DEFAULT_OPERATIONS
    indexes: tuple[Index, ...] = ()
    replace: bool = False
    container: bool = False
    kms_key: str | None = None
    principal: Principal = Principal.EC2
    instance_profile_name: str | None = None
    """The name of the instance profile, if it is not the default one."""
    adopt: bool = False

    def __post_init__(self) -> None:
        errors = [
            f"--{name.replace('_', '-')} {getattr(self, name)!r} is not {form}."
            for name, (pattern, form) in _FORMS.items()
            if getattr(self, name) is not None
            and not re.fullmatch(pattern, getattr(self, name), re.ASCII)
        ]
        errors += self._contradictions()
        errors += [
            f"--tag {name!r} is reserved by AWS or this tool. Choose another key."
            for name in self.tags
            if name.lower() == OWNER_TAG or name.lower().startswith("aws:")
        ]
        errors += [
            f"--tag {name}={text} is invalid: a key has at most {MAX_TAG_KEY_LENGTH} characters, "
            f"a value {MAX_TAG_VALUE_LENGTH}; use only letters, digits, spaces and _ . : / = + - @."
            for name, text in self.tags.items()
            if not _is_tag(name, MAX_TAG_KEY_LENGTH) or not _is_tag(text, MAX_TAG_VALUE_LENGTH)
        ]
        if len(self.tags) >= MAX_TAGS:
            errors.append(
                f"--tag is given {len(self.tags)} times. Use at most {MAX_TAGS - 1}: IAM allows "
                f"{MAX_TAGS} tags, and this tool adds one."
            )
        if errors:
            raise ValueError("\n".join(errors))

    def _contradictions(self) -> Iterator[str]:
        if self.indexes and Operation.QUERY not in self.operations:
            yield "--indexes is set, but has no effect without Query in --operations."
        if self.principal is not Principal.EC2:
            for name in _OF_AN_INSTANCE:
                if getattr(self, name):
                    yield (
                        f"--{name.replace('_', '-')} needs an instance. Leave it out with "
                        f"--principal {self.principal}."
                    )
        longest = MAX_ROLE_NAME_LENGTH - len(self.principal.role_name)
        if len(self.name_prefix) > longest:
            yield (
                f"--name-prefix has {len(self.name_prefix)} characters; use at most {longest}: a "
                f"role's name has at most {MAX_ROLE_NAME_LENGTH}."
            )

    @property
    def policy_name(self) -> str:
        """The name of the policy."""
        return self.name_prefix + self.principal.policy_name

    @property
    def role_name(self) -> str:
        """The name of the role."""
        return self.name_prefix + self.principal.role_name

    @property
    def profile_name(self) -> str | None:
        """The name of the instance profile, or None for a principal that needs none."""
        if self.principal is not Principal.EC2:
            return None
        return self.instance_profile_name or self.name_prefix + PROFILE_NAME


@dataclass(frozen=True)
class Stack:
    """The resources of a request in one account and region.

    Raises:
        ValueError: the request is not valid in this account.
    """

    request: Request
    account: Account

    def __post_init__(self) -> None:
        if len(self.table_arn) > MAX_TAG_VALUE_LENGTH:
            name = self.table_arn.partition("/")[2]
            longest = MAX_TAG_VALUE_LENGTH - len(self.table_arn) + len(name)
            raise ValueError(
                f"--table has {len(name)} characters; at most {longest} are possible "
                "here, since a tag of every resource holds the table's ARN. Use `items-deploy "
                "render cloudformation`, which sets no such tag."
            )
        length = len(json.dumps(self.policy_document, separators=(",", ":")))
        if length > MAX_POLICY_LENGTH:
            raise ValueError(
                f"--indexes makes a policy of {length} characters, and IAM allows "
                f"{MAX_POLICY_LENGTH}. Name fewer indexes."
            )
        self._check_place()
        boundary = (self.request.permissions_boundary or "").split(":")
        if boundary[4:] and boundary[4] not in ("aws", self.account.id):
            raise ValueError(
                f"--permissions-boundary is a policy of account {boundary[4]}. Use a policy of "
                f"this account, {self.account.id}, or an AWS managed policy."
            )

    def _check_place(self) -> None:
        arn = TableArn.of(self.table_arn)
        here = (self.account.partition, self.account.region)
        if arn and (arn.partition, arn.region) != here:
            raise ValueError(
                f"--table is a table in {arn.region} of partition {arn.partition}, but the region "
                f"is {self.account.region} in {self.account.partition}. Correct the ARN."
            )

    @property
    def table_arn(self) -> str:
        """The ARN of the table; the policy has no other one, except those of its indexes."""
        table = self.request.table
        return table if TableArn.of(table) else self.account.table_arn(table)

    @property
    def policy_arn(self) -> str:
        """The ARN of the policy."""
        return self.account.iam_arn("policy", self.request.path, self.request.policy_name)

    @property
    def role_arn(self) -> str:
        """The ARN of the role."""
        return self.account.iam_arn("role", self.request.path, self.request.role_name)

    @property
    def policy_document(self) -> dict[str, Any]:
        """The permissions policy of the role."""
        key = self.request.kms_key
        statement = key_statement(key, self.account.dynamodb_host) if key else None
        request = self.request
        return policy_document(self.table_arn, request.operations, request.indexes, statement)

    @property
    def trust_document(self) -> dict[str, Any]:
        """The trust policy of the role."""
        return trust_document(self.request.principal, self.account.dns_suffix)

    @property
    def ownership(self) -> Ownership:
        """The tags of the deployment's resources."""
        return Ownership(self.table_arn, self.request.tags, self.request.adopt)

    @property
    def resources(self) -> tuple[Resource, ...]:
        """The resources in the order of their creation; they are removed in reverse order."""
        request = self.request
        table = Table(request.table, self.table_arn, self.account.id)
        of_role = (table, self._policy(), self._role())
        instance_id, profile_name = request.instance_id, request.profile_name
        if profile_name is None:
            return of_role
        profile_arn = self.account.iam_arn("instance-profile", request.path, profile_name)
        profile = InstanceProfile(
            profile_name, request.path, self.ownership, profile_arn, request.role_name, instance_id
        )
        if instance_id is None:
            return (*of_role, profile)
        # IMDSv2 is required before the association, so that IMDSv1 never returns credentials.
        return (
            Instance(instance_id, self.account.region),
            *of_role,
            profile,
            MetadataOptions(instance_id, request.container),
            Association(instance_id, profile_name, profile_arn, self.ownership, request.replace),
        )

    def _policy(self) -> Policy:
        request = self.request
        return Policy(
            request.policy_name,
            request.path,
            self.ownership,
            self.policy_arn,
            self.policy_document,
            request.role_name,
        )

    def _role(self) -> Role:
        request = self.request
        return Role(
            request.role_name,
            request.path,
            self.ownership,
            request.principal,
            self.trust_document,
            request.permissions_boundary,
            self.policy_arn,
            request.profile_name,
        )
