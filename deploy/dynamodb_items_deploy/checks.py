"""The result of a check of the doctor, and calls that try a permission and change nothing."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from dynamodb_items_deploy.aws.client import Aws
from dynamodb_items_deploy.aws.failures import DENIED, explain

# The error of a single operation, and that of a transaction.
CONDITION_FAILED = ("ConditionalCheckFailedException", "TransactionCanceledException")
RESERVED: Mapping[str, str | bytes] = {"N": "0", "S": "_doctor", "B": b"_doctor"}
ALLOWED, DENIED_AS_EXPECTED = "allowed", "denied, as expected"
APPLY = (
    "Run items-deploy apply for this table and region. If it has nothing to do, check the "
    "permissions boundary, the policies of the organization, the table's KMS key (--kms-key) and, "
    "in another account, the table's resource-based policy (items-deploy render resource-policy)."
)


@dataclass(frozen=True)
class Check:
    """The result of a check; ``advice`` is what to do if it failed."""

    name: str
    is_well: bool
    found: str
    advice: str = ""


def is_allowed(aws: Aws, method: str, parameters: Mapping[str, Any]) -> bool:
    """Return whether the credentials may make a call of DynamoDB, by making it.

    Raises:
        ClientError: it failed for another reason than permissions or its condition.
    """
    try:
        aws.read("dynamodb", method, **parameters)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in DENIED:
            return False
        if code not in CONDITION_FAILED:
            raise
    return True


def must_be_denied(
    name: str, is_allowed: Callable[[], bool], absent: Collection[str], found: str, advice: str
) -> Check:
    """Check that a call of something that does not exist is denied.

    ``absent`` are the error codes of an allowed one; ``found`` and ``advice`` are for it.
    """
    try:
        allowed = is_allowed()
    except ClientError as error:
        if error.response["Error"]["Code"] not in absent:
            return Check(name, False, *explain(error))
        allowed = True
    except BotoCoreError as error:
        return Check(name, False, *explain(error))
    return Check(name, False, found, advice) if allowed else Check(name, True, DENIED_AS_EXPECTED)


def query_parameters(types: Mapping[str, str]) -> dict[str, Any]:
    """Return the parameters of a Query of at most one item with a reserved key.

    ``types`` has the type of each key attribute that the query names, such as ``N``.
    """
    numbered = dict(enumerate(types.items()))
    return {
        "KeyConditionExpression": " AND ".join(f"#k{each} = :v{each}" for each in numbered),
        "ExpressionAttributeNames": {f"#k{each}": name for each, (name, _) in numbered.items()},
        "ExpressionAttributeValues": {
            f":v{each}": {type_: RESERVED[type_]} for each, (_, type_) in numbered.items()
        },
        "Limit": 1,
    }
