"""The AWS clients, and the reads and writes of a deployment."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3.session
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from dynamodb_items.credentials.lookup import DEFAULT_REGION

from dynamodb_items_deploy.aws.account import Account
from dynamodb_items_deploy.aws.responses import UnreadableResponse, reject_foreign_response
from dynamodb_items_deploy.planning.findings import Call

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
        self.region = region or configured_region(self.session)
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
        for client in self.clients.values():
            client.meta.events.register("before-parse", reject_foreign_response)

    def account(self) -> Account:
        """Return the account of the credentials; this requires no permission.

        Raises:
            ValueError: the credentials belong to a different partition than the region.
        """
        return Account.of(self.read("sts", "get_caller_identity")["Arn"], self.region)

    def write(self, call: Call) -> dict[str, Any]:
        """Make the call and return its response."""
        return self.read(call.service, call.operation, **call.parameters)

    def read(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call an operation and return its response.

        Raises:
            ClientError, BotoCoreError: as boto3 raises them.
            UnreadableResponse: the response is not from AWS, or is incomplete.
        """
        with _parsing(operation):
            response: dict[str, Any] = getattr(self.clients[service], operation)(**parameters)
            return response

    def find(
        self, service: str, operation: str, absent: tuple[str, ...], **parameters: Any
    ) -> dict[str, Any] | None:
        """Return the response, or None if its error code is one of ``absent``."""
        try:
            return self.read(service, operation, **parameters)
        except ClientError as error:
            if error.response["Error"]["Code"] in absent:
                return None
            raise

    def all(self, service: str, operation: str, member: str, **parameters: Any) -> list[Any]:
        """Return the entries of ``member`` from all pages of a list."""
        pages = self.clients[service].get_paginator(operation).paginate(**parameters)
        with _parsing(operation):
            return [entry for page in pages for entry in page.get(member, [])]


def configured_region(session: boto3.session.Session) -> str:
    """Return the region of the AWS configuration, or the default one."""
    return os.environ.get("AWS_REGION") or session.region_name or DEFAULT_REGION


@contextmanager
def _parsing(operation: str) -> Iterator[None]:
    try:
        yield
    except ResponseParserError:
        raise UnreadableResponse(operation=operation, status=200, what="incomplete") from None
