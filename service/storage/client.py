"""The boto3 client: its timeouts, its connections, its credentials.

Credentials and region come from AWS's usual places, on EC2 from the instance role.
"""

import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import boto3.session
from botocore.config import Config
from botocore.exceptions import NoCredentialsError

from service import __version__
from service.operations import Operation, Transaction
from service.settings import Settings

DEFAULT_REGION = "us-east-2"
# Asking the instance metadata service again for absent credentials takes seconds in which a
# worker could refuse many requests.
CREDENTIALS_RETRY_SECONDS = 5.0


class DynamoDBClient:
    """The four operations on one account's endpoint, one attempt each.

    ``forget_credentials`` makes the next call find the credentials afresh: botocore
    itself never looks again once it has found none.
    """

    def __init__(self, settings: Settings) -> None:
        # Two attempts, each with its connect and read timeout, fit into the deadline.
        connect_seconds = min(1.0, settings.deadline_seconds / 5)
        read_seconds = 0.48 * settings.deadline_seconds - connect_seconds
        self.attempt_seconds = connect_seconds + read_seconds
        self._config = Config(
            connect_timeout=connect_seconds,
            read_timeout=read_seconds,
            retries={"total_max_attempts": 1, "mode": "standard"},  # attempts.py retries
            max_pool_connections=settings.max_connections,
            tcp_keepalive=True,
            parameter_validation=False,  # everything was checked on the way in
            user_agent_extra=f"dynamodb-items/{__version__}",
        )
        self._lock = threading.Lock()
        self._methods: Mapping[str, Callable[..., dict[str, Any]]] | None = None
        self._no_credentials_until = 0.0

    def call(
        self, operation: Operation | Transaction, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """One attempt at one operation, answering what boto3 answers.

        Raises:
            botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError: as boto3 does;
                ``service.storage.failures`` says what each means.
        """
        return self._connected()[operation](**parameters)

    def forget_credentials(self) -> None:
        """Find the credentials afresh before the next call."""
        with self._lock:
            self._methods = None

    def _connected(self) -> Mapping[str, Callable[..., dict[str, Any]]]:
        methods = self._methods
        if methods is not None:
            return methods
        with self._lock:
            if self._methods is None:
                self._methods = self._connect()
            return self._methods

    def _connect(self) -> Mapping[str, Callable[..., dict[str, Any]]]:
        if time.monotonic() < self._no_credentials_until:
            raise NoCredentialsError
        session = boto3.session.Session()
        if session.get_credentials() is None:
            self._no_credentials_until = time.monotonic() + CREDENTIALS_RETRY_SECONDS
            raise NoCredentialsError
        # botocore knows AWS_DEFAULT_REGION and profiles; AWS_REGION is what other SDKs read.
        region = os.environ.get("AWS_REGION") or session.region_name or DEFAULT_REGION
        client: Any = session.client("dynamodb", region_name=region, config=self._config)
        return {
            Operation.GET_ITEM: client.get_item,
            Operation.PUT_ITEM: client.put_item,
            Operation.UPDATE_ITEM: client.update_item,
            Operation.DELETE_ITEM: client.delete_item,
            Transaction.GET_ITEMS: client.transact_get_items,
            Transaction.WRITE_ITEMS: client.transact_write_items,
        }
