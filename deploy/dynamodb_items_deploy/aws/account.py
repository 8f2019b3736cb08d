"""The account, partition and region of a deployment, and the names that depend on them."""

import functools
from dataclasses import dataclass
from typing import Any, Self

import botocore.session
from dynamodb_items.domain.tables import TableArn


@dataclass(frozen=True)
class Account:
    """One account in one region of one partition (``aws``, ``aws-cn``, ``aws-us-gov``, …)."""

    id: str
    partition: str
    region: str
    dns_suffix: str

    @classmethod
    def of(cls, caller_arn: str, region: str) -> Self:
        """Return the account of the caller's ARN, which STS returns.

        https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html

        Raises:
            ValueError: the credentials belong to a different partition than the region.
        """
        _, partition, _, _, account_id, _ = caller_arn.split(":", 5)
        facts = _partition_of(region)
        if partition != facts["partition"]:
            raise ValueError(
                f"The credentials belong to partition {partition}, but the region {region} is in "
                f"{facts['partition']}. Choose another profile or --region."
            )
        return cls(account_id, partition, region, facts["dnsSuffix"])

    @classmethod
    def of_table(cls, arn: TableArn) -> Self:
        """Return the account of a table.

        Raises:
            ValueError: the ARN's region is not in its partition.
        """
        facts = _partition_of(arn.region)
        if arn.partition != facts["partition"]:
            raise ValueError(
                f"--table is in partition {arn.partition}, but the region {arn.region} is in "
                f"{facts['partition']}. Correct the ARN."
            )
        return cls(arn.account_id, arn.partition, arn.region, facts["dnsSuffix"])

    @property
    def dynamodb_host(self) -> str:
        """DynamoDB's host in this region, for the condition ``kms:ViaService``."""
        return f"dynamodb.{self.region}.{self.dns_suffix}"

    def table_arn(self, table: str) -> str:
        """Return the ARN of a table.

        https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
        """
        return f"arn:{self.partition}:dynamodb:{self.region}:{self.id}:table/{table}"

    def iam_arn(self, kind: str, path: str, name: str) -> str:
        """Return the ARN of an IAM ``policy``, ``role`` or ``instance-profile``."""
        return f"arn:{self.partition}:iam::{self.id}:{kind}{path}{name}"


def dns_suffix_of(region: str) -> str:
    """Return the suffix of AWS's host names in the partition of the region."""
    return str(_partition_of(region)["dnsSuffix"])


@functools.cache
def _partition_of(region: str) -> dict[str, Any]:
    session = botocore.session.get_session()
    name = session.get_partition_for_region(region)
    partitions = session.get_component("data_loader").load_data("partitions")["partitions"]
    facts = next(entry["outputs"] for entry in partitions if entry["id"] == name)
    return {"partition": name, "dnsSuffix": facts["dnsSuffix"]}
