"""The table: it must exist, and nothing here changes it."""

from collections.abc import Iterator
from dataclasses import dataclass

from botocore.exceptions import ClientError

from dynamodb_items_deploy.aws.client import Aws
from dynamodb_items_deploy.planning.findings import Finding, Refusal

UNREADABLE = "unreadable"
_USABLE = ("ACTIVE", "UPDATING", UNREADABLE)
# The other values of TableStatus, and what to do.
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
_ADVICE = {
    "CREATING": "Wait until it is ACTIVE: aws dynamodb wait table-exists --table-name {table}.",
    "DELETING": "Check --table. To deploy for a new table of that name, create it first, once "
    "this one is gone.",
    "ARCHIVING": "DynamoDB archives a table whose KMS key has been unusable for a week: restore "
    "it from the backup that DynamoDB makes, and deploy for the restored table.",
    "INACCESSIBLE_ENCRYPTION_CREDENTIALS": "Enable the table's KMS key again, or let DynamoDB use "
    "it in the key's policy: after a week DynamoDB archives the table.",
    "REPLICATION_NOT_AUTHORIZED": "Allow DynamoDB to replicate: see the table's resource policy "
    "and its KMS keys.",
}
_ADVICE["ARCHIVED"] = _ADVICE["ARCHIVING"]


@dataclass(frozen=True)
class Table:
    """A table that must exist before a policy names it.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTable.html
    """

    name: str
    arn: str

    @property
    def title(self) -> str:
        """What it is and its name."""
        return f"table {self.name}"

    def observe(self, aws: Aws) -> str | None:
        """Return the table's status; ``unreadable`` where the operator may not describe it."""
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
        """Nothing, or a refusal: a policy on a missing or unusable table grants nothing."""
        if observed is None:
            region = self.arn.split(":")[3]
            yield Refusal(
                f"There is no table {self.name} in {region}.",
                "Check --table and --region, or create the table first.",
            )
        elif observed not in _USABLE:
            default = "Make it ACTIVE first, or choose another --table."
            yield Refusal(
                f"The table {self.name} is in status {observed}.",
                _ADVICE.get(observed, default).format(table=self.name),
            )

    def destroy(self, observed: str | None) -> Iterator[Finding]:
        """Nothing, ever."""
        _ = observed
        yield from ()
