"""How DynamoDB calls look, learned from botocore: it prepares each one, and nothing is sent.

Endpoint rules, FIPS and dual-stack names, account endpoints, user agent and signing region are
botocore's to know. What it prepares in a way that is not known here stays its own.
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

from dynamodb_items.domain.operations import Operation
from dynamodb_items.dynamodb.fast.pool import Endpoint
from dynamodb_items.dynamodb.fast.signing import Signer

_HEADERS = {"X-Amz-Target", "Content-Type", "User-Agent"}
_DEFAULT_PORTS = {"http": 80, "https": 443}


class NotUnderstood(Exception):
    """Only botocore can carry this out; the message says why."""


@dataclass(frozen=True, slots=True)
class PreparedCalls:
    """Everything about a table's calls that stays the same from one to the next."""

    endpoint: Endpoint
    signer: Signer
    targets: Mapping[Operation, str]
    """The value of ``X-Amz-Target``."""
    heads: Mapping[Operation, str]
    """The start of each request, up to what its body and its signature decide."""


def prepared_calls(client: Any, table: str, verify: str | bool | None) -> PreparedCalls:
    """The calls of a boto3 client for a table.

    ``verify`` is botocore's: a path of certificate authorities, or True for those it ships.

    Raises:
        NotUnderstood: the client is set up in a way that is botocore's alone.
    """
    calls = {
        operation: _prepared_by_botocore(client, operation, table)
        for operation in Operation
        if operation.is_call
    }
    call = calls[Operation.GET_ITEM]
    url = call["url"]
    parts = urlsplit(url)
    for other in calls.values():
        _check_call(other, parts)
        if other["url"] != url:
            raise NotUnderstood("the operations have different endpoints")
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


def _prepared_by_botocore(client: Any, operation: Operation, table: str) -> dict[str, Any]:
    """What botocore would send, up to the signature, and how it would sign.

    The handler answers in place of the endpoint, so nothing leaves.
    https://boto3.amazonaws.com/v1/documentation/api/latest/guide/events.html
    """
    prepared: dict[str, Any] = {}

    def answer(
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
    client.meta.events.register_first(event, answer)
    try:
        getattr(client, xform_name(operation))(TableName=table)
    finally:
        client.meta.events.unregister(event, answer)
    return prepared


def _check_call(call: Mapping[str, Any], parts: SplitResult) -> None:
    """Let only pass what this module sends in the same way.

    Raises:
        NotUnderstood: it is anything else.
    """
    if call["method"] != "POST" or call["url_path"] != "/" or call["query_string"]:
        raise NotUnderstood("botocore does not post to the endpoint's root")
    if call["signature"] != "v4":
        raise NotUnderstood(f"botocore signs by {call['signature']!r}")
    if set(call["headers"]) != _HEADERS:
        raise NotUnderstood(f"botocore sends {', '.join(call['headers'])}")
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise NotUnderstood("the endpoint is no HTTP URL")
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        raise NotUnderstood("the endpoint's URL has more than a host and a port")


def _check_client(client: Any, url: str) -> None:
    """Let only pass a client that connects directly and is not extended.

    Raises:
        NotUnderstood: it is anything else.
    """
    config = client.meta.config
    if (config.proxies or get_environ_proxies(url)).get(urlsplit(url).scheme):
        raise NotUnderstood("a proxy stands between")
    if config.client_cert:
        raise NotUnderstood("there is a client certificate")
    if client.meta.service_model.resolved_protocol != "json":
        raise NotUnderstood("the protocol is not JSON")
    if os.environ.get("BOTOCORE_EXPERIMENTAL__PLUGINS"):
        raise NotUnderstood("botocore has plugins")


def _tls(verify: str | bool | None) -> ssl.SSLContext:
    if verify is False:
        raise NotUnderstood("certificates are not to be verified")
    authorities = get_cert_path(True) if verify is None or verify is True else verify
    try:
        return ssl.create_default_context(cafile=authorities)
    except OSError as error:
        raise NotUnderstood("the certificate authorities cannot be read") from error


def _host_header(parts: SplitResult) -> str:
    """The host as botocore signs it: lower case, the port only where it is not the scheme's."""
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    default = parts.port in (None, _DEFAULT_PORTS[parts.scheme])
    return host if default else f"{host}:{parts.port}"
