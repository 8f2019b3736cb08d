"""What a deployment should consist of, from what its operator asked for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dynamodb_items.domain.defaults import DEFAULT_TABLE
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation

from dynamodb_items_deploy.aws.account import Account
from dynamodb_items_deploy.planning.documents import key_statement, policy_document, trust_document
from dynamodb_items_deploy.planning.ownership import (
    MAX_TAG_KEY_LENGTH,
    MAX_TAG_VALUE_LENGTH,
    MAX_TAGS,
    OWNER_TAG,
    Ownership,
)
from dynamodb_items_deploy.resources import Resource
from dynamodb_items_deploy.resources.association import Association
from dynamodb_items_deploy.resources.instance import Instance
from dynamodb_items_deploy.resources.instance_profile import InstanceProfile
from dynamodb_items_deploy.resources.metadata_options import MetadataOptions
from dynamodb_items_deploy.resources.policy import Policy
from dynamodb_items_deploy.resources.role import Role
from dynamodb_items_deploy.resources.table import Table

POLICY_NAME = "DynamoDBAccessPolicy"
ROLE_NAME = "EC2RoleToAccessDynamoDBTable"

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_FORMS = {
    "table": ("[a-zA-Z0-9_.-]{3,255}", "3 to 255 letters, digits, _ . -"),
    "instance_id": ("i-[0-9a-f]{8,17}", "an instance id such as i-0123456789abcdef0"),
    "name_prefix": (r"[\w+=,.@-]{0,36}", "at most 36 letters, digits, _ + = , . @ -"),
    "path": ("/|/[!-~]{1,510}/", "a path that begins and ends with /"),
    "permissions_boundary": (r"arn:[\w-]+:iam::(\d{12}|aws):policy/.+", "a policy's ARN"),
    "kms_key": (r"arn:[\w-]+:kms:[\w-]+:\d{12}:key/.+", "a key's ARN (an alias's is none)"),
}


def _is_tag(text: str, max_length: int) -> bool:
    return len(text) <= max_length and all(
        character.isalnum() or character in " _.:/=+-@" for character in text
    )


@dataclass(frozen=True)
class Request:
    """What the operator requested; the defaults are the tutorial's names.

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
    replace: bool = False
    container: bool = False
    kms_key: str | None = None

    def __post_init__(self) -> None:
        mistakes = [
            f"--{name.replace('_', '-')} {getattr(self, name)!r} is not {form}."
            for name, (pattern, form) in _FORMS.items()
            if getattr(self, name) is not None
            and not re.fullmatch(pattern, getattr(self, name), re.ASCII)
        ]
        mistakes += [
            f"--tag {name!r} is AWS's or this tool's own; choose another key."
            for name in self.tags
            if name.lower() == OWNER_TAG or name.lower().startswith("aws:")
        ]
        mistakes += [
            f"--tag {name}={text} is too long (key {MAX_TAG_KEY_LENGTH}, value "
            f"{MAX_TAG_VALUE_LENGTH} characters) or has other characters than letters, digits, "
            "spaces and _ . : / = + - @."
            for name, text in self.tags.items()
            if not _is_tag(name, MAX_TAG_KEY_LENGTH) or not _is_tag(text, MAX_TAG_VALUE_LENGTH)
        ]
        if len(self.tags) >= MAX_TAGS:
            mistakes.append(
                f"--tag is given {len(self.tags)} times; IAM allows {MAX_TAGS} tags, and one of "
                "them is this tool's own."
            )
        if Operation.GET_ITEM not in self.operations:
            mistakes.append("--operations must include GetItem: the service's readiness reads.")
        if mistakes:
            raise ValueError("\n".join(mistakes))

    @property
    def policy_name(self) -> str:
        """The policy's name."""
        return self.name_prefix + POLICY_NAME

    @property
    def role_name(self) -> str:
        """The role's name."""
        return self.name_prefix + ROLE_NAME

    @property
    def instance_profile_name(self) -> str:
        """The profile is named as its role, which is how the EC2 console knows it too."""
        return self.role_name


@dataclass(frozen=True)
class Stack:
    """That request, in one account and region.

    Raises:
        ValueError: IAM allows the request in no account like this, or not in this one.
    """

    request: Request
    account: Account

    def __post_init__(self) -> None:
        longest = MAX_TAG_VALUE_LENGTH - len(self.account.table_arn(""))
        if len(self.request.table) > longest:
            raise ValueError(
                f"--table has {len(self.request.table)} characters, and the tag by which this tool "
                f"knows its own holds the table's ARN: it has room for {longest} here. "
                "`items-deploy render cloudformation` makes the same without that tag."
            )
        boundary = (self.request.permissions_boundary or "").split(":")
        if boundary[4:] and boundary[4] not in ("aws", self.account.id):
            raise ValueError(
                f"--permissions-boundary names a policy of account {boundary[4]}; it must be AWS's "
                f"or one of this account, {self.account.id}."
            )

    @property
    def table_arn(self) -> str:
        """The one table that the policy names."""
        return self.account.table_arn(self.request.table)

    @property
    def policy_document(self) -> dict[str, Any]:
        """What the role may do."""
        key = self.request.kms_key
        statement = key_statement(key, self.account.dynamodb_host) if key else None
        return policy_document(self.table_arn, self.request.operations, statement)

    @property
    def trust_document(self) -> dict[str, Any]:
        """Who may assume the role."""
        return trust_document(self.account.ec2_principal)

    @property
    def resources(self) -> tuple[Resource, ...]:
        """In the order in which they are made; they are removed in the opposite one."""
        request = self.request
        path = request.path
        ownership = Ownership(self.table_arn, request.tags)
        policy_arn = self.account.iam_arn("policy", path, request.policy_name)
        profile_name = request.instance_profile_name
        profile_arn = self.account.iam_arn("instance-profile", path, profile_name)
        resources: tuple[Resource, ...] = (
            Table(request.table, self.table_arn),
            Policy(
                request.policy_name,
                path,
                ownership,
                policy_arn,
                self.policy_document,
                request.role_name,
            ),
            Role(
                request.role_name,
                path,
                ownership,
                self.trust_document,
                request.permissions_boundary,
                policy_arn,
                profile_name,
            ),
            InstanceProfile(
                profile_name, path, ownership, profile_arn, request.role_name, request.instance_id
            ),
        )
        if request.instance_id is None:
            return resources
        instance_id = request.instance_id
        # Before the profile comes: its credentials are never to be had by IMDSv1.
        return (
            Instance(instance_id, self.account.region),
            *resources,
            MetadataOptions(instance_id, request.container),
            Association(instance_id, profile_name, profile_arn, ownership, request.replace),
        )
