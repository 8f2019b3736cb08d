"""Documents of the tokens' issuer, fetched again at intervals."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import orjson
import urllib3

from dynamodb_items.config.addresses import check_url
from dynamodb_items.runtime.deadline import time_limit

FETCH_SECONDS = 3.0
"""For the discovery document and the JWKS together: less than a request's deadline."""
MAX_DOCUMENT_BYTES = 512 * 1024

Value = TypeVar("Value")


class FetchedValue(Generic[Value]):
    """A value that is fetched when it is first needed and again at intervals.

    While it cannot be fetched, the known value stays in use.
    """

    def __init__(
        self,
        fetch: Callable[[Value | None], Value],
        refresh_seconds: float,
        failed: Callable[[Value | None, str], float],
    ) -> None:
        """``fetch`` and ``failed`` are called with the known value, None before the first.

        ``failed`` logs the reason of a failure and returns the seconds until the next fetch.
        """
        self._fetch = fetch
        self._refresh_seconds = refresh_seconds
        self._failed = failed
        self._known: Value | None = None
        self._lock = threading.Lock()
        self._fetched_at = 0.0
        self._next_fetch = 0.0

    def current(self) -> Value | None:
        """Return the known value; None as long as none has been fetched.

        When it is due, one request waits for the fetch; all requests wait for the first fetch.
        """
        nothing_known = self._known is None
        if time.monotonic() >= self._next_fetch and self._lock.acquire(blocking=nothing_known):
            try:
                if time.monotonic() >= self._next_fetch:
                    self._update()
            finally:
                self._lock.release()
        return self._known

    def renewed(self, may_renew: Callable[[], bool]) -> Value | None:
        """Fetch the value if that is permitted and no other request has just done it."""
        called_at = time.monotonic()
        with self._lock:
            if self._fetched_at < called_at and may_renew():
                self._update()
        return self._known

    def _update(self) -> None:
        pause_seconds = self._refresh_seconds
        try:
            with time_limit(FETCH_SECONDS):
                self._known = self._fetch(self._known)
        except Exception as error:  # noqa: BLE001 - after any failure the known value stays in use
            failed = self._failed(self._known, str(error) or "no response in time")
            pause_seconds = min(failed, pause_seconds)
        self._fetched_at = time.monotonic()
        self._next_fetch = self._fetched_at + pause_seconds


def discovery_document(issuer: str) -> Mapping[str, Any]:
    """Return the issuer's discovery document.

    Raises:
        ValueError: the document is not valid or belongs to another issuer.
        urllib3.exceptions.HTTPError: the issuer cannot be reached.

    https://openid.net/specs/openid-connect-discovery-1_0.html
    """
    document: Any = orjson.loads(fetch(f"{issuer.rstrip('/')}/.well-known/openid-configuration"))
    if not isinstance(document, dict) or document.get("issuer") != issuer:
        raise ValueError(f"the discovery document is not that of {issuer}")
    return document


def fetch(url: str) -> bytes:
    """Return the content of a URL, without following redirects.

    Raises:
        ValueError: the URL is not to be trusted, the status is not 200, or the content is too long.
        urllib3.exceptions.HTTPError: the URL cannot be reached.
    """
    check_url(url)
    response = urllib3.request(
        "GET",
        url,
        redirect=False,
        retries=False,
        timeout=urllib3.Timeout(total=FETCH_SECONDS),
        preload_content=False,
    )
    try:
        if response.status != 200:  # noqa: PLR2004
            raise ValueError(f"{url} returns status {response.status}")
        content: bytes = response.read(MAX_DOCUMENT_BYTES + 1)
    finally:
        response.release_conn()
    if len(content) > MAX_DOCUMENT_BYTES:
        raise ValueError(f"{url} is over {MAX_DOCUMENT_BYTES} bytes")
    return content
