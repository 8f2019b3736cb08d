"""The service as its clients see it: requests with retries, over HTTP."""

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import httpx

from dynamodb_items import __version__
from dynamodb_items.transfer.client.retries import RetryPolicy, retry_after_seconds
from dynamodb_items.transfer.errors import ExitStatus, Interrupted, TransferStopped

PLAIN_JSON = "application/json"
TYPED_JSON = "application/vnd.dynamodb+json"
# The service ends a request after its own deadline, at most some tens of seconds.
_TIMEOUT = httpx.Timeout(60.0, connect=10.0, pool=None)
_MAX_QUOTED_TEXT = 300


class Service:
    """A running service; several threads can send requests at once."""

    def __init__(
        self,
        client: httpx.Client,
        retry_policy: RetryPolicy,
        stop: threading.Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._retry_policy = retry_policy
        self._stop = stop
        self._clock = clock

    def document(self) -> dict[str, Any]:
        """Return the service's OpenAPI document.

        Raises:
            TransferStopped: the service is unavailable, or the URL is not that of such a service.
        """
        response = self.send("GET", "/openapi.json")
        try:
            document = response.json() if response.status_code == HTTPStatus.OK else None
        except ValueError:
            document = None
        if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
            raise TransferStopped(
                f"{self._client.base_url} is not the URL of the service: GET /openapi.json "
                f"returned {described(response)}",
                ExitStatus.NOT_ACCEPTED,
            )
        return document

    def send(
        self,
        method: str,
        target: str,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request until its response is not worth a retry, and return that response.

        Raises:
            TransferStopped: the service was unavailable for too long, or its certificate or the
                credential is not valid.
            Interrupted: the transfer was stopped during the wait for a retry.
        """
        started, attempts = self._clock(), 0
        while True:
            attempts += 1
            response, reason = self._attempt(method, target, content, headers)
            status = None if response is None else response.status_code
            if response is not None and not self._retry_policy.retries(status, attempts):
                _check_credential(response)
                return response
            after = None
            if response is not None:
                after = retry_after_seconds(response.headers, datetime.now(UTC))
            delay = self._retry_policy.delay_seconds(attempts, after)
            if self._clock() - started + delay > self._retry_policy.max_seconds:
                raise TransferStopped(
                    f"The service is unavailable. Attempts: {attempts:,}; the last: {reason}",
                    ExitStatus.UNAVAILABLE,
                )
            if self._stop.wait(delay):
                raise Interrupted

    def _attempt(
        self, method: str, target: str, content: bytes | None, headers: Mapping[str, str] | None
    ) -> tuple[httpx.Response | None, str]:
        try:
            response = self._client.request(method, target, content=content, headers=headers)
        except httpx.RequestError as error:
            _check_certificate(error)
            return None, f"{str(error) or type(error).__name__}."
        return response, described(response)


def described(response: httpx.Response) -> str:
    """Return a response as a sentence: its status, and the error in its body."""
    problem = problem_of(response)
    title, detail = problem.get("title", ""), problem.get("detail", "")
    return f"{response.status_code} {title}. {detail}".rstrip().rstrip(".") + "."


def problem_of(response: httpx.Response) -> dict[str, Any]:
    """Return the problem (RFC 9457) in a response; a proxy's response becomes one too."""
    try:
        problem = json.loads(response.content)
    except ValueError:
        problem = None
    if isinstance(problem, dict) and "title" in problem:
        return problem
    return {"title": response.reason_phrase, "detail": response.text[:_MAX_QUOTED_TEXT].strip()}


@contextmanager
def http_client(
    url: str, headers: list[tuple[str, str]], ca_file: str | None, connections: int
) -> Iterator[httpx.Client]:
    """Yield a client of the service at a URL, with so many connections.

    Raises:
        TransferStopped: the file of certificates cannot be used.
    """
    verify: ssl.SSLContext | bool = True
    if ca_file is not None:
        try:
            verify = ssl.create_default_context(cafile=ca_file)
        except OSError as error:
            raise TransferStopped(
                f"Cannot use {ca_file} as certificates: {error.strerror or error}.",
                ExitStatus.FILE_FAILED,
            ) from error
    with httpx.Client(
        base_url=url,
        headers=[("User-Agent", f"dynamodb-items/{__version__}"), *headers],
        verify=verify,
        timeout=_TIMEOUT,
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
    ) as client:
        yield client


def _check_credential(response: httpx.Response) -> None:
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        raise TransferStopped(
            "The service does not accept the credential. Set DYNAMODB_ITEMS_TOKEN or "
            f"DYNAMODB_ITEMS_API_KEY, or add --header: {described(response)}",
            ExitStatus.NOT_ACCEPTED,
        )


def _check_certificate(error: BaseException) -> None:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise TransferStopped(
                f"The service's certificate is not trusted: {cause.verify_message}. Add --ca-file "
                "with the certificate of its authority.",
                ExitStatus.NOT_ACCEPTED,
            ) from error
        cause = cause.__cause__ or cause.__context__
