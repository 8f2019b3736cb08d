"""The DynamoDB client of botocore: its timeouts, connections and credentials.

Credentials and region have AWS's usual sources, on EC2 the instance role; a table's ARN decides the
region. ``boto3.client`` would create the same client, but also import the transfer manager for S3.
"""

import functools
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any

import botocore.session
import structlog
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, InvalidConfigError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from dynamodb_items import __version__
from dynamodb_items.config.settings import Settings
from dynamodb_items.credentials.background import BackgroundCredentials
from dynamodb_items.credentials.lookup import find_credentials, new_session
from dynamodb_items.domain.operations import CALLS, ApiCall
from dynamodb_items.dynamodb.attribute_parser import AttributeParserFactory, write_bodies_at_once
from dynamodb_items.dynamodb.error_codes import BrokenResponse
from dynamodb_items.dynamodb.fast.prepared_requests import UnsupportedClient
from dynamodb_items.dynamodb.fast.transport import FastPath
from dynamodb_items.dynamodb.response_checks import check_response
from dynamodb_items.observability.events import UNOBSERVED, Observer
from dynamodb_items.runtime.deadline import Deadline, TimeIsUp, time_limit
from dynamodb_items.runtime.descriptors import is_out_of_descriptors

log = structlog.get_logger(__name__)


class DynamoDBClient:
    """The operations on one account's endpoint, one attempt per call.

    The first call creates the botocore client, so each process has its own connections.
    """

    def __init__(
        self,
        settings: Settings,
        observer: Observer = UNOBSERVED,
        credentials: BackgroundCredentials | None = None,
    ) -> None:
        self._attempt_seconds = settings.connect_timeout_seconds + settings.read_timeout_seconds
        self._config = Config(
            connect_timeout=settings.connect_timeout_seconds,
            read_timeout=settings.read_timeout_seconds,
            retries={"total_max_attempts": 1, "mode": "standard"},  # retries.py retries
            # One connection for each concurrent request, and one for the probe.
            max_pool_connections=settings.max_in_flight + 1,
            tcp_keepalive=True,
            parameter_validation=False,  # every parameter was checked before
            user_agent_extra=f"dynamodb-items/{__version__}",
        )
        self._credentials = credentials or BackgroundCredentials(
            functools.partial(find_credentials, settings.table_region), observer
        )
        self._lock = threading.Lock()
        self._methods: Mapping[str, Callable[..., dict[str, Any]]] | None = None
        self._settings = settings
        self._fast_path: FastPath | None = None
        self.calls = {"fast": 0, "botocore": 0}
        """The number of calls over the fast path and over botocore."""

    def call(
        self,
        operation: ApiCall,
        parameters: Mapping[str, Any],
        deadline: Deadline,
    ) -> dict[str, Any]:
        """Make one attempt at one operation and return what boto3 returns.

        Raises:
            botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError: as boto3 does;
                ``dynamodb_items.dynamodb.error_codes`` maps each to a failure.
        """
        method = (self._methods or self._connect(deadline))[operation]
        try:
            return self._attempt(method, operation, parameters, deadline)
        except TimeIsUp:
            raise ReadTimeoutError(endpoint_url="DynamoDB") from None
        except (ResponseParserError, RecursionError) as error:  # botocore's parser recurses
            raise BrokenResponse(reason=str(error)) from error

    def _attempt(
        self,
        method: Callable[..., dict[str, Any]],
        operation: ApiCall,
        parameters: Mapping[str, Any],
        deadline: Deadline,
    ) -> dict[str, Any]:
        """Make the call over the fast path if it supports the call, otherwise over botocore."""
        if self._fast_path is not None:
            try:
                return self._call_fast(self._fast_path, operation, parameters, deadline)
            except UnsupportedClient as reason:
                log.warning("call left to botocore", operation=str(operation), reason=str(reason))
        self.calls["botocore"] += 1
        with time_limit(min(self._attempt_seconds, deadline.remaining_seconds)):
            return method(**parameters)

    def _call_fast(
        self,
        fast_path: FastPath,
        operation: ApiCall,
        parameters: Mapping[str, Any],
        deadline: Deadline,
    ) -> dict[str, Any]:
        credentials = self._credentials.current()
        if fast_path.account_id != credentials.account_id:
            self._methods = None  # an account may have its own endpoint: prepare calls again
            raise UnsupportedClient("the credentials belong to another account")
        request = fast_path.request(operation, parameters, credentials)
        self.calls["fast"] += 1
        return fast_path.send(
            operation,
            request,
            connect_seconds=self._settings.connect_timeout_seconds,
            read_seconds=self._settings.read_timeout_seconds,
            deadline=deadline,
        )

    def renew_credentials(self, timeout_seconds: float) -> None:
        """Find credentials again after AWS rejected them; wait at most ``timeout_seconds``."""
        self._credentials.renew(timeout_seconds)

    def _connect(self, deadline: Deadline) -> Mapping[str, Callable[..., dict[str, Any]]]:
        self._credentials.start(deadline.remaining_seconds)
        self._credentials.current()
        with self._lock:
            if self._methods is None:
                try:
                    self._methods = self._new_methods()
                except ValueError as error:  # an invalid region or endpoint
                    raise InvalidConfigError(error_msg=str(error)) from error
                except OSError as error:
                    if is_out_of_descriptors(error):
                        raise EndpointConnectionError(
                            endpoint_url="DynamoDB", error=error
                        ) from error
                    raise
            return self._methods

    def _new_methods(self) -> Mapping[str, Callable[..., dict[str, Any]]]:
        core = new_session(self._settings.table_region)
        core.register_component("credential_provider", self._credentials)
        core.register_component("response_parser_factory", AttributeParserFactory())
        client: Any = core.create_client("dynamodb", config=self._config)
        client.meta.events.register("before-parse.dynamodb", check_response)
        write_bodies_at_once(client)
        if self._settings.fast_path:
            self._fast_path = self._new_fast_path(client, core)
        return {operation: getattr(client, xform_name(operation)) for operation in CALLS}

    def _new_fast_path(self, client: Any, session: botocore.session.Session) -> FastPath | None:
        authorities = session.get_config_variable("ca_bundle")
        if authorities is None:
            authorities = os.environ.get("REQUESTS_CA_BUNDLE") or True
        try:
            return FastPath(
                client,
                self._settings.table,
                authorities,
                account_id=self._credentials.current().account_id,
                max_idle_connections=self._settings.max_in_flight + 1,
            )
        except UnsupportedClient as reason:
            log.info("no fast path", reason=str(reason))
            return None
