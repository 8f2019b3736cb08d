"""DynamoDB calls as botocore prepares them, without sending them.

botocore decides endpoint rules, FIPS and dual-stack names, account endpoints, user agent and
signing region. If it prepares a call in a form that this module does not support, botocore makes
the calls itself.
"""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any
from urllib.parse import SplitResult, urlsplit

from botocore import xform_name
from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies

from dynamodb_items.domain.operations import CALLS, ApiCall, Operation, Transaction
from dynamodb_items.dynamodb.fast.pool import Endpoint
from dynamodb_items.dynamodb.fast.signing import Signer

_HEADERS = {"X-Amz-Target", "Content-Type", "User-Agent"}
_DEFAULT_PORTS = {"http": 80, "https": 443}


class UnsupportedClient(Exception):
    """Only botocore can make the call; the message contains the reason."""


@dataclass(frozen=True, slots=True)
class PreparedCalls:
    """The constant parts of a table's calls."""

    endpoint: Endpoint
    signer: Signer
    targets: Mapping[ApiCall, str]
    """The value of ``X-Amz-Target``."""
    heads: Mapping[ApiCall, str]
    """The start of each request, without the lines that depend on its body."""


def prepared_calls(client: Any, table: str, verify: str | bool | None) -> PreparedCalls:
    """Return the calls of a boto3 client for a table.

    ``verify`` is botocore's: the path of certificate authorities, or True for botocore's own.

    Raises:
        UnsupportedClient: only botocore supports the client's configuration.
    """
    calls = {operation: _prepared_by_botocore(client, operation, table) for operation in CALLS}
    call = calls[Operation.GET_ITEM]
    url = call["url"]
    parts = urlsplit(url)
    for other in calls.values():
        _check_call(other, parts)
        if other["url"] != url:
            raise UnsupportedClient("the operations have different endpoints")
    _check_client(client, url)
    host = _host_header(parts)
    return PreparedCalls(
        Endpoint(
            url,
            parts.hostname or "",
            parts.port or _DEFAULT_PORTS[parts.scheme],
            _tls(verify) if parts.scheme == "https" else None,
        ),
        Signer(call["signing_region"], call["signing_name"], host, call["headers"]["Content-Type"]),
        {operation: call["headers"]["X-Amz-Target"] for operation, call in calls.items()},
        {operation: _head(host, call["headers"]) for operation, call in calls.items()},
    )


def _head(host: str, headers: Mapping[str, str]) -> str:
    return f"POST / HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: identity\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in headers.items()
    )


def _prepared_by_botocore(client: Any, operation: ApiCall, table: str) -> dict[str, Any]:
    """Return the request that botocore would send, without its signature, and how it would sign.

    The handler returns a response in place of the endpoint's, so nothing is sent.
    https://boto3.amazonaws.com/v1/documentation/api/latest/guide/events.html
    """
    prepared: dict[str, Any] = {}

    def capture(
        params: dict[str, Any], request_signer: Any, context: dict[str, Any], **_: Any
    ) -> tuple[Any, dict[str, Any]]:
        signing = context.get("signing", {})
        prepared.update(
            params,
            signature=context.get("auth_type") or request_signer.signature_version,
            signing_region=signing.get("region", request_signer.region_name),
            signing_name=signing.get("signing_name", request_signer.signing_name),
        )
        return SimpleNamespace(status_code=HTTPStatus.OK, headers={}), {}

    event = f"before-call.{client.meta.service_model.service_id.hyphenize()}.{operation}"
    client.meta.events.register_first(event, capture)
    try:
        getattr(client, xform_name(operation))(**_parameters(operation, table))
    finally:
        client.meta.events.unregister(event, capture)
    return prepared


def _parameters(operation: ApiCall, table: str) -> dict[str, Any]:
    """Return the parameters from which botocore derives the endpoint."""
    match operation:
        case Transaction.GET_ITEMS:
            return {"TransactItems": [{"Get": {"TableName": table}}]}
        case Transaction.WRITE_ITEMS:
            return {"TransactItems": [{"Delete": {"TableName": table}}]}
        case _:
            return {"TableName": table}


def _check_call(call: Mapping[str, Any], parts: SplitResult) -> None:
    """Check that this module sends the call exactly as botocore does.

    Raises:
        UnsupportedClient: it does not.
    """
    if call["method"] != "POST" or call["url_path"] != "/" or call["query_string"]:
        raise UnsupportedClient("botocore does not send a POST to the endpoint's root")
    if call["signature"] != "v4":
        raise UnsupportedClient(f"botocore signs with {call['signature']!r}")
    if set(call["headers"]) != _HEADERS:
        raise UnsupportedClient(f"botocore sends the headers {', '.join(call['headers'])}")
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise UnsupportedClient("the endpoint is not an HTTP URL")
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        raise UnsupportedClient("the endpoint's URL has more than a host and a port")


def _check_client(client: Any, url: str) -> None:
    """Check that a client connects directly and has no plugins.

    Raises:
        UnsupportedClient: it does not connect directly, or is extended.
    """
    config = client.meta.config
    if (config.proxies or get_environ_proxies(url)).get(urlsplit(url).scheme):
        raise UnsupportedClient("a proxy is configured")
    if config.client_cert:
        raise UnsupportedClient("a client certificate is configured")
    if client.meta.service_model.resolved_protocol != "json":
        raise UnsupportedClient("the protocol is not JSON")
    if os.environ.get("BOTOCORE_EXPERIMENTAL__PLUGINS"):
        raise UnsupportedClient("botocore has plugins")


def _tls(verify: str | bool | None) -> ssl.SSLContext:
    if verify is False:
        raise UnsupportedClient("verification of certificates is off")
    authorities = get_cert_path(True) if verify is None or verify is True else verify
    try:
        return ssl.create_default_context(cafile=authorities)
    except OSError as error:
        raise UnsupportedClient("the certificate authorities cannot be read") from error


def _host_header(parts: SplitResult) -> str:
    """Return the host as botocore signs it: lower case, without the scheme's default port."""
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    default = parts.port in (None, _DEFAULT_PORTS[parts.scheme])
    return host if default else f"{host}:{parts.port}"
