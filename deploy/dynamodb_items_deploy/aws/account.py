"""Where a deployment lives: account, partition and region, and the names that follow from them."""

import functools
from dataclasses import dataclass
from typing import Any, Self

import botocore.session


@dataclass(frozen=True)
class Account:
    """One account in one region of one partition (``aws``, ``aws-cn``, ``aws-us-gov``, …)."""

    id: str
    partition: str
    region: str
    dns_suffix: str

    @classmethod
    def of(cls, caller_arn: str, region: str) -> Self:
        """The account of the ARN that STS gives for the caller.

        https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html

        Raises:
            ValueError: the credentials belong to another partition than the region.
        """
        _, partition, _, _, account_id, _ = caller_arn.split(":", 5)
        facts = _partition_of(region)
        if partition != facts["partition"]:
            raise ValueError(
                f"The credentials are of partition {partition}, but {region} is in "
                f"{facts['partition']}: choose the other profile or region."
            )
        return cls(account_id, partition, region, facts["dnsSuffix"])

    @property
    def ec2_principal(self) -> str:
        """EC2's service principal, which follows the partition's domain."""
        return f"ec2.{self.dns_suffix}"

    @property
    def dynamodb_host(self) -> str:
        """DynamoDB's name in this region, as KMS's ``ViaService`` condition wants it."""
        return f"dynamodb.{self.region}.{self.dns_suffix}"

    def table_arn(self, table: str) -> str:
        """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html"""
        return f"arn:{self.partition}:dynamodb:{self.region}:{self.id}:table/{table}"

    def iam_arn(self, kind: str, path: str, name: str) -> str:
        """The ARN of an IAM ``policy``, ``role`` or ``instance-profile``; IAM has no regions."""
        return f"arn:{self.partition}:iam::{self.id}:{kind}{path}{name}"


@functools.cache
def _partition_of(region: str) -> dict[str, Any]:
    session = botocore.session.get_session()
    name = session.get_partition_for_region(region)
    partitions = session.get_component("data_loader").load_data("partitions")["partitions"]
    facts = next(entry["outputs"] for entry in partitions if entry["id"] == name)
    return {"partition": name, "dnsSuffix": facts["dnsSuffix"]}
