"""Checks of credentials and permissions on the instance, with the service's credentials.

Nothing is written: each write has a condition that no item can meet.
"""

import dataclasses
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from dynamodb_items.credentials.lookup import CredentialsNotFound, find_credentials
from dynamodb_items.domain.indexes import Index
from dynamodb_items.domain.operations import CALLS, Operation
from dynamodb_items.domain.tables import TableArn

from dynamodb_items_deploy.aws.client import Aws
from dynamodb_items_deploy.aws.failures import explain
from dynamodb_items_deploy.checks import (
    ALLOWED,
    APPLY,
    DENIED_AS_EXPECTED,
    RESERVED,
    Check,
    is_allowed,
    must_be_denied,
    query_parameters,
)
from dynamodb_items_deploy.index_checks import examine_indexes

SOURCES = {
    "iam-role": "the instance's role",
    "container-role": "the container's role",
    "env": "environment variables",
    "shared-credentials-file": "the shared credentials file",
    "config-file": "the AWS configuration file",
    "assume-role": "a profile that assumes a role",
    "assume-role-with-web-identity": "a web identity token",
    "sso": "single sign-on",
    "custom-process": "a credential process",
    "login": "aws login",
}
ROLE_FIRST = "On an instance remove them: they take precedence over its role and are not renewed."
# No item meets it: the key cannot be both present and absent.
IMPOSSIBLE = "attribute_exists(#key) AND attribute_not_exists(#key)"


@dataclass(frozen=True)
class Keys:
    """The table's key attributes as the service's settings name them: ``Id:N``, ``Name:S``.

    ``sort`` is empty for a table without a sort key.
    """

    partition: str
    sort: str

    @property
    def reserved(self) -> dict[str, dict[str, str | bytes]]:
        """The key that the checks use; they never write it."""
        types = {**self.partition_type, **_type_of(self.sort)}
        return {name: {type_: RESERVED[type_]} for name, type_ in types.items()}

    @property
    def partition_name(self) -> str:
        """The name of the partition key."""
        return self.partition.rpartition(":")[0]

    @property
    def partition_type(self) -> dict[str, str]:
        """The type of the partition key, under its name."""
        return _type_of(self.partition)


def _type_of(attribute: str) -> dict[str, str]:
    name, _, type_ = attribute.rpartition(":")
    return {name: type_} if name else {}


def examine(
    connect: Callable[[], Aws],
    table: str,
    keys: Keys,
    operations: frozenset[Operation],
    *,
    indexes: tuple[Index, ...] = (),
    region: str | None = None,
) -> Iterator[Check]:
    """Check credentials, region, each operation, each index, and that nothing else is allowed.

    ``connect`` is called after credentials are found in ``region``, by default the configured one.
    """
    try:
        credentials = find_credentials(region)
    except CredentialsNotFound as error:
        yield Check("credentials", False, error.cause, error.advice)
        return
    aws = connect()
    source = SOURCES.get(credentials.method, credentials.method)
    yield Check("credentials", True, f"from {source}", ROLE_FIRST if "role" not in source else "")
    yield _identity(aws)
    yield Check("region", True, aws.region)
    for operation in Operation:
        yield _operation(aws, table, keys, operation, operation in operations)
    yield from examine_indexes(aws, table, keys.partition_type, indexes)
    yield _other_table(aws, table, keys)


def _identity(aws: Aws) -> Check:
    try:
        return Check("identity", True, aws.read("sts", "get_caller_identity")["Arn"])
    except ClientError as error:
        return Check("identity", False, *explain(error))
    except BotoCoreError:
        # The service does not call STS, so it also works without a connection to it.
        return Check("identity", True, "unknown: STS is not reachable from here")


def _operation(aws: Aws, table: str, keys: Keys, operation: Operation, is_wanted: bool) -> Check:
    name = f"{operation} on {table}"
    try:
        allowed = _is_allowed(aws, table, keys, operation)
    except (ClientError, BotoCoreError) as error:
        return Check(name, False, *_explain(error, table))
    if not allowed and not is_wanted:
        return Check(name, True, DENIED_AS_EXPECTED)
    if not allowed:
        return Check(name, False, "denied", APPLY)
    if not is_wanted:
        return Check(name, False, "allowed, but not in --operations", "Run items-deploy apply.")
    return Check(name, True, ALLOWED)


def _other_table(aws: Aws, table: str, keys: Keys) -> Check:
    # A random name: IAM evaluates the policy before DynamoDB looks for the table.
    arn = TableArn.of(table)
    other = f"{(arn.name if arn else table)[:240]}.{secrets.token_hex(6)}"
    if arn:
        other = str(dataclasses.replace(arn, name=other))
    return must_be_denied(
        "another table",
        lambda: _is_allowed(aws, other, keys, Operation.GET_ITEM),
        ("ResourceNotFoundException",),
        "can be read as well",
        "The credentials have more permissions than the service needs. Run the service with the "
        "role that items-deploy makes, and remove other policies from it.",
    )


def _is_allowed(aws: Aws, table: str, keys: Keys, operation: Operation) -> bool:
    """Try an operation by one call that changes nothing."""
    calls: Mapping[Operation, Callable[[], tuple[str, dict[str, Any]]]] = {
        Operation.GET_ITEM: lambda: ("get_item", {"Key": keys.reserved}),
        Operation.PUT_ITEM: lambda: ("put_item", {"Item": keys.reserved, **_never(keys)}),
        Operation.UPDATE_ITEM: lambda: (
            "update_item",
            {
                "Key": keys.reserved,
                "UpdateExpression": "REMOVE #none",
                **_never(keys, **{"#none": "_doctor"}),
            },
        ),
        Operation.DELETE_ITEM: lambda: ("delete_item", {"Key": keys.reserved, **_never(keys)}),
        Operation.QUERY: lambda: ("query", query_parameters(keys.partition_type)),
        Operation.SCAN: lambda: ("scan", {"Limit": 1}),
        Operation.CONDITION_CHECK_ITEM: lambda: (
            "transact_write_items",
            {
                "TransactItems": [
                    {"ConditionCheck": {"TableName": table, "Key": keys.reserved, **_never(keys)}}
                ]
            },
        ),
    }
    method, parameters = calls[operation]()
    if operation in CALLS:
        parameters["TableName"] = table
    return is_allowed(aws, method, parameters)


def _never(keys: Keys, **names: str) -> dict[str, Any]:
    return {
        "ConditionExpression": IMPOSSIBLE,
        "ExpressionAttributeNames": {"#key": keys.partition_name, **names},
    }


def _explain(error: Exception, table: str) -> tuple[str, str]:
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    if code == "ResourceNotFoundException":
        return f"the table {table} does not exist in this region", "Check --table and --region."
    if code == "ValidationException":
        return (
            "the table has a different key schema",
            "Set --partition-key and --sort-key, and ITEMS_PARTITION_KEY and ITEMS_SORT_KEY of the "
            "service, to the key attributes of the table.",
        )
    return explain(error)
