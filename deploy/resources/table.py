"""The table: there before and after, never touched."""

from collections.abc import Iterator
from dataclasses import dataclass

from botocore.exceptions import ClientError

from deploy.aws import Aws
from deploy.findings import Finding, Refusal

UNREADABLE = "unreadable"


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
        """The table's status; ``unreadable`` where the operator may not ask, which is no fault."""
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
        """Nothing, or a refusal: a policy on a misspelt table would grant nothing."""
        if observed is None:
            region = self.arn.split(":")[3]
            yield Refusal(
                f"There is no table {self.name} in {region}.",
                "Check --table and --region, or create the table first.",
            )

    def destroy(self, observed: str | None) -> Iterator[Finding]:
        """Nothing, ever."""
        _ = observed
        yield from ()
