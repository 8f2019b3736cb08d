"""The table, which must exist and is never changed."""

from collections.abc import Iterator
from dataclasses import dataclass

from botocore.exceptions import ClientError

from dynamodb_items_deploy.aws.client import Aws
from dynamodb_items_deploy.planning.findings import Blocker, Finding, Notice

UNREADABLE = "unreadable"
_USABLE = ("ACTIVE", "UPDATING", UNREADABLE)
# The other values of TableStatus, and what to do.
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
_ADVICE = {
    "CREATING": "Wait until it is ACTIVE: aws dynamodb wait table-exists --table-name {table}.",
    "DELETING": "Check --table. To deploy for a new table of that name, wait until this one is "
    "deleted and create the new one first.",
    "ARCHIVING": "DynamoDB archives a table whose KMS key was unusable for a week. Restore the "
    "table from the backup that DynamoDB made, and deploy for the restored table.",
    "INACCESSIBLE_ENCRYPTION_CREDENTIALS": "Enable the table's KMS key again, or allow DynamoDB in "
    "the key's policy. After a week DynamoDB archives the table.",
    "REPLICATION_NOT_AUTHORIZED": "Allow DynamoDB to replicate in the table's resource policy and "
    "its KMS keys.",
}
_ADVICE["ARCHIVED"] = _ADVICE["ARCHIVING"]


@dataclass(frozen=True)
class Table:
    """The table, which must exist before a policy names it.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTable.html
    """

    name: str
    """The name, or the ARN of a table that may belong to another account."""
    arn: str
    account_id: str
    """The account of the deployment."""

    @property
    def title(self) -> str:
        """The kind and name of the resource."""
        return f"table {self.name}"

    def observe(self, aws: Aws) -> str | None:
        """Return the table's status, or ``unreadable`` without permission to describe the table."""
        try:
            found = aws.find(
                "dynamodb", "describe_table", ("ResourceNotFoundException",), TableName=self.name
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "AccessDeniedException":
                return UNREADABLE
            raise
        return found["Table"]["TableStatus"] if found else None

    def converge(self, observed: str | None) -> Iterator[Finding]:
        """Yield a blocker if the table does not exist or cannot be used.

        The owner of another account's table has to allow the role: a notice contains how.
        """
        owner = self.arn.split(":")[4]
        if owner != self.account_id:
            yield Notice(
                f"The {self.title} belongs to account {owner}, whose administrators must attach "
                "the policy that `items-deploy render resource-policy` writes."
            )
        if observed is None:
            region = self.arn.split(":")[3]
            yield Blocker(
                f"The table {self.name} does not exist in {region}.",
                "Check --table and --region, or create the table first.",
            )
        elif observed not in _USABLE:
            default = "Wait until it is ACTIVE, or choose another --table."
            yield Blocker(
                f"The table {self.name} is in status {observed}.",
                _ADVICE.get(observed, default).format(table=self.name),
            )

    def destroy(self, observed: str | None) -> Iterator[Finding]:
        """Yield nothing: the table is never removed."""
        _ = observed
        yield from ()
