"""The issuer's JSON Web Key Set (JWKS), from a URL or a file, fetched again as keys rotate.

https://www.rfc-editor.org/rfc/rfc7517
"""

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import orjson
import structlog
import urllib3

from dynamodb_items.access.public_keys import Jwks, parse_jwks
from dynamodb_items.access.watched_file import WatchedFile
from dynamodb_items.config.addresses import check_url
from dynamodb_items.domain.errors import IssuerUnavailable
from dynamodb_items.runtime.deadline import time_limit

FETCH_SECONDS = 3.0
"""For the discovery document and the JWKS together: less than a request's deadline."""
MAX_DOCUMENT_BYTES = 512 * 1024
REFETCH_SECONDS = 30.0
"""The pause after a failed fetch while keys of an earlier one are in use."""
FIRST_FETCH_RETRY_SECONDS = 1.0
"""The pause after a failed fetch while no keys are known: every token is rejected until then."""
MAX_RENEWALS = 5
RENEWAL_INTERVAL_SECONDS = 10.0
"""Unknown key ids cause at most ``MAX_RENEWALS`` fetches at once, then one in each interval, so
that forged tokens do not make the service flood its issuer."""

log = structlog.get_logger(__name__)


class JwksSource(Protocol):
    """A source of public keys."""

    def current(self) -> Jwks:
        """Return the known keys; the same object while they are the same.

        Raises:
            IssuerUnavailable: no keys have been fetched yet.
        """

    def renewed(self) -> Jwks:
        """Return the keys, read again because a token has an unknown key id."""


class FileJwksSource:
    """A JWKS in a file."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            OSError, ValueError: the file cannot be read or is not a JWKS.
        """
        self._file = WatchedFile(path, parse_jwks)

    def current(self) -> Jwks:
        """Return the keys as of at most a second ago."""
        return self._file.current()

    def renewed(self) -> Jwks:
        """Return the keys that the file contains now."""
        return self._file.check()


class RemoteJwksSource:
    """A JWKS that is fetched at intervals, and also when a token has an unknown key id.

    While the issuer cannot be reached, the known keys stay in use. Before the first successful
    fetch no token can be verified.
    """

    def __init__(self, fetch: Callable[[], bytes], refresh_seconds: float) -> None:
        self._fetch = fetch
        self._refresh_seconds = refresh_seconds
        self._keys: Jwks | None = None
        self._content: bytes | None = None
        self._lock = threading.Lock()
        self._fetched_at = 0.0
        self._next_fetch = 0.0
        self._renewals = float(MAX_RENEWALS)
        self._renewals_as_of = time.monotonic()

    def current(self) -> Jwks:
        """Return the known keys.

        When they are due, one request waits for the fetch; all requests wait for the first fetch.

        Raises:
            IssuerUnavailable: no keys have been fetched yet.
        """
        nothing_known = self._keys is None
        if time.monotonic() >= self._next_fetch and self._lock.acquire(blocking=nothing_known):
            try:
                if time.monotonic() >= self._next_fetch:
                    self._update()
            finally:
                self._lock.release()
        return self._known()

    def renewed(self) -> Jwks:
        """Fetch the keys; return the known ones where that has happened too often lately."""
        called_at = time.monotonic()
        with self._lock:
            if self._fetched_at < called_at and self._may_renew():
                self._update()
        return self._known()

    def _known(self) -> Jwks:
        if self._keys is None:
            raise IssuerUnavailable(
                "The issuer's keys have not been fetched yet, so no token can be verified."
            )
        return self._keys

    def _may_renew(self) -> bool:
        now = time.monotonic()
        earned = (now - self._renewals_as_of) / RENEWAL_INTERVAL_SECONDS
        self._renewals = min(MAX_RENEWALS, self._renewals + earned)
        self._renewals_as_of = now
        if self._renewals < 1:
            return False
        self._renewals -= 1
        return True

    def _update(self) -> None:
        pause_seconds = self._refresh_seconds
        try:
            with time_limit(FETCH_SECONDS):
                content = self._fetch()
            if content != self._content:
                self._keys = parse_jwks(content)
                self._content = content
                log.info("key set fetched", keys=len(self._keys))
        except Exception as error:  # noqa: BLE001 - after any failure the known keys stay in use
            pause = FIRST_FETCH_RETRY_SECONDS if self._keys is None else REFETCH_SECONDS
            pause_seconds = min(pause, pause_seconds)
            log.error(  # noqa: TRY400
                "key set fetch failed",
                known_keys=0 if self._keys is None else len(self._keys),
                error=str(error) or "no response in time",
            )
        self._fetched_at = time.monotonic()
        self._next_fetch = self._fetched_at + pause_seconds


def jwks_source(issuer: str, location: str, refresh_seconds: float) -> JwksSource:
    """Return the JWKS at a URL or in a file, or else the one of the issuer's discovery document.

    Raises:
        OSError, ValueError: the file cannot be read or is not a JWKS.
    """
    if location and not location.startswith(("http://", "https://")):
        return FileJwksSource(Path(location))
    if location:
        return RemoteJwksSource(lambda: fetch(location), refresh_seconds)
    return RemoteJwksSource(lambda: fetch(discover(issuer)), refresh_seconds)


def discover(issuer: str) -> str:
    """Return the URL of the issuer's JWKS.

    Raises:
        ValueError, urllib3.exceptions.HTTPError: as ``discovery_document``.
    """
    return str(discovery_document(issuer).get("jwks_uri"))


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
