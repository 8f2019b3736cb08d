"""The clients that deploying reads and writes with, and the few ways in which it reads."""

import os
from collections.abc import Mapping
from typing import Any

import boto3.session
from botocore.config import Config
from botocore.exceptions import ClientError

from deploy.account import Account
from deploy.findings import Call
from service.aws_credentials import DEFAULT_REGION

SERVICES = ("iam", "ec2", "sts", "dynamodb")


class Aws:
    """One account's IAM, EC2, STS and DynamoDB in one region, with botocore's retries."""

    def __init__(
        self,
        region: str | None = None,
        *,
        max_attempts: int = 8,
        session: boto3.session.Session | None = None,
    ) -> None:
        self.session = session or boto3.session.Session()
        self.region = (
            region or os.environ.get("AWS_REGION") or self.session.region_name or DEFAULT_REGION
        )
        config = Config(
            connect_timeout=5,
            read_timeout=30,
            retries={"total_max_attempts": max_attempts, "mode": "standard"},
            user_agent_extra="dynamodb-items-deploy",
        )
        self.clients: Mapping[str, Any] = {
            service: self.session.client(service, region_name=self.region, config=config)  # type: ignore[call-overload]
            for service in SERVICES
        }

    def account(self) -> Account:
        """Whose credentials these are; needs no permission.

        Raises:
            ValueError: they are of another partition than the region.
        """
        return Account.of(self.read("sts", "get_caller_identity")["Arn"], self.region)

    def write(self, call: Call) -> dict[str, Any]:
        """Make that call."""
        return self.read(call.service, call.operation, **call.parameters)

    def read(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """What boto3 answers, and raises."""
        answer: dict[str, Any] = getattr(self.clients[service], operation)(**parameters)
        return answer

    def find(
        self, service: str, operation: str, absent: tuple[str, ...], **parameters: Any
    ) -> dict[str, Any] | None:
        """The same, and None where the error code says that there is no such thing."""
        try:
            return self.read(service, operation, **parameters)
        except ClientError as error:
            if error.response["Error"]["Code"] in absent:
                return None
            raise

    def all(self, service: str, operation: str, member: str, **parameters: Any) -> list[Any]:
        """One list out of all the pages of an answer."""
        pages = self.clients[service].get_paginator(operation).paginate(**parameters)
        return [entry for page in pages for entry in page.get(member, [])]
