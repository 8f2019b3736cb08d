"""Names and ARNs of tables, which the service and the deploy tool share."""

import re
from dataclasses import dataclass
from typing import Self

DEFAULT_TABLE = "my-dynamodb-table"
"""The table of AWS's tutorial."""

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
TABLE_NAME_PATTERN = "[a-zA-Z0-9_.-]{3,255}"
TABLE_ARN_PATTERN = f"arn:[a-z0-9-]+:dynamodb:[a-z0-9-]+:[0-9]{{12}}:table/{TABLE_NAME_PATTERN}"


@dataclass(frozen=True, slots=True)
class TableArn:
    """The parts of a table's ARN.

    DynamoDB takes the ARN in place of the name, for a table of this or of another account.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-iam-actions.html
    """

    partition: str
    region: str
    account_id: str
    name: str

    @classmethod
    def of(cls, table: str) -> Self | None:
        """Return the ARN in this text, or None for the name of a table."""
        if not re.fullmatch(TABLE_ARN_PATTERN, table):
            return None
        _, partition, _, region, account_id, resource = table.split(":", 5)
        return cls(partition, region, account_id, resource.removeprefix("table/"))

    def __str__(self) -> str:
        return f"arn:{self.partition}:dynamodb:{self.region}:{self.account_id}:table/{self.name}"
