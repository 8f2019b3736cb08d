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
from dynamodb_items.domain.operations import Operation
from dynamodb_items.domain.tables import TableArn

from dynamodb_items_deploy.aws.client import Aws
from dynamodb_items_deploy.aws.failures import DENIED, explain

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
# The error of a single operation, and that of a transaction.
CONDITION_FAILED = ("ConditionalCheckFailedException", "TransactionCanceledException")
RESERVED: Mapping[str, str | bytes] = {"N": "0", "S": "_doctor", "B": b"_doctor"}


@dataclass(frozen=True)
class Check:
    """The result of a check; ``advice`` says what to do if it failed."""

    name: str
    is_well: bool
    found: str
    advice: str = ""


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
        chosen = filter(None, (self.partition, self.sort))
        pairs = (attribute.rpartition(":") for attribute in chosen)
        return {name: {type_: RESERVED[type_]} for name, _, type_ in pairs}

    @property
    def partition_name(self) -> str:
        """The name of the partition key."""
        return self.partition.rpartition(":")[0]


def examine(
    connect: Callable[[], Aws],
    table: str,
    keys: Keys,
    operations: frozenset[Operation],
    region: str | None = None,
) -> Iterator[Check]:
    """Check credentials, region, each operation on the table, and that another table is denied.

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
        outcome = _try(aws, table, keys, operation)
    except (ClientError, BotoCoreError) as error:
        return Check(name, False, *_explain(error, table))
    if outcome == "denied" and not is_wanted:
        return Check(name, True, "denied, as expected")
    if outcome == "denied":
        return Check(
            name,
            False,
            "denied",
            "Run items-deploy apply for this table and region. If it has nothing to do, check the "
            "permissions boundary, the policies of the organization, the table's KMS key "
            "(--kms-key) and, in another account, the table's resource-based policy "
            "(items-deploy render resource-policy).",
        )
    if not is_wanted:
        return Check(name, False, "allowed, but not in --operations", "Run items-deploy apply.")
    return Check(name, True, "allowed")


def _other_table(aws: Aws, table: str, keys: Keys) -> Check:
    # A random name: IAM evaluates the policy before DynamoDB looks for the table.
    arn = TableArn.of(table)
    other = f"{(arn.name if arn else table)[:240]}.{secrets.token_hex(6)}"
    if arn:
        other = str(dataclasses.replace(arn, name=other))
    name = "another table"
    try:
        outcome = _try(aws, other, keys, Operation.GET_ITEM)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            return Check(name, False, *explain(error))
        outcome = "allowed"
    except BotoCoreError as error:
        return Check(name, False, *explain(error))
    if outcome == "denied":
        return Check(name, True, "denied, as expected")
    return Check(
        name,
        False,
        "can be read as well",
        "The credentials have more permissions than the service needs. Run the service with the "
        "role that items-deploy makes, and remove other policies from it.",
    )


def _try(aws: Aws, table: str, keys: Keys, operation: Operation) -> str:
    """Return ``allowed`` or ``denied``, by one call that changes nothing."""
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
        Operation.QUERY: lambda: (
            "query",
            {
                "KeyConditionExpression": "#key = :value",
                "ExpressionAttributeNames": {"#key": keys.partition_name},
                "ExpressionAttributeValues": {":value": keys.reserved[keys.partition_name]},
                "Limit": 1,
            },
        ),
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
    if operation.is_call:
        parameters["TableName"] = table
    try:
        aws.read("dynamodb", method, **parameters)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in DENIED:
            return "denied"
        if code not in CONDITION_FAILED:
            raise
    return "allowed"


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
