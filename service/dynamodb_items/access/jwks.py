"""The issuer's public keys: JSON Web Key Sets by URL or from a file, renewed as they rotate.

https://www.rfc-editor.org/rfc/rfc7517
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import orjson
import structlog
import urllib3

from dynamodb_items.access.public_keys import KeySet, parse_key_set
from dynamodb_items.access.watched_file import WatchedFile
from dynamodb_items.config.addresses import check_url
from dynamodb_items.domain.errors import IssuerUnavailable
from dynamodb_items.runtime.deadline import time_limit

FETCH_SECONDS = 3.0
"""For discovery and key set together: less than a request has."""
MAX_DOCUMENT_BYTES = 512 * 1024
RETRY_SECONDS = 30.0
"""After a failed look the known keys serve that long before the next."""
FIRST_RETRY_SECONDS = 1.0
"""The same while there are none: until then every token is refused."""
RENEWALS = 5
RENEWAL_INTERVAL_SECONDS = 10.0
"""Unknown key ids cause this many looks at once, and then one each interval: a token that is
made up must not turn the service against its issuer."""

log = structlog.get_logger(__name__)


class KeySource(Protocol):
    """Where public keys come from."""

    def current(self) -> KeySet:
        """The keys known; the same object for as long as they stay the same.

        Raises:
            IssuerUnavailable: there have never been any.
        """

    def renewed(self) -> KeySet:
        """The keys, looked for afresh because a token names one that is not known."""


class FileKeySource:
    """A key set in a file."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            OSError, ValueError: it cannot be read.
        """
        self._file = WatchedFile(path, parse_key_set)

    def current(self) -> KeySet:
        """The keys as of a second ago at most."""
        return self._file.current()

    def renewed(self) -> KeySet:
        """The keys as they are in the file now."""
        return self._file.check()


class RemoteKeySource:
    """A key set that is fetched, and fetched again from time to time and for an unknown key id.

    Where the issuer cannot be reached, the keys known serve on. Before the first set has been
    fetched, no token can be judged, whoever signed it.
    """

    def __init__(self, fetch: Callable[[], bytes], refresh_seconds: float) -> None:
        self._fetch = fetch
        self._refresh_seconds = refresh_seconds
        self._keys: KeySet | None = None
        self._content: bytes | None = None
        self._lock = threading.Lock()
        self._looked_at = 0.0
        self._next_look = 0.0
        self._renewals = float(RENEWALS)
        self._renewals_as_of = time.monotonic()

    def current(self) -> KeySet:
        """The keys known. Once in a while one caller waits until they are fetched; the first
        time, all do.

        Raises:
            IssuerUnavailable: they have never been fetched.
        """
        nothing_known = self._keys is None
        if time.monotonic() >= self._next_look and self._lock.acquire(blocking=nothing_known):
            try:
                if time.monotonic() >= self._next_look:
                    self._look()
            finally:
                self._lock.release()
        return self._known()

    def renewed(self) -> KeySet:
        """The keys fetched afresh; those known where that has been done too often lately."""
        asked_at = time.monotonic()
        with self._lock:
            if self._looked_at < asked_at and self._may_renew():
                self._look()
        return self._known()

    def _known(self) -> KeySet:
        if self._keys is None:
            raise IssuerUnavailable("The issuer's keys are not there yet, so no token is checked.")
        return self._keys

    def _may_renew(self) -> bool:
        now = time.monotonic()
        earned = (now - self._renewals_as_of) / RENEWAL_INTERVAL_SECONDS
        self._renewals = min(RENEWALS, self._renewals + earned)
        self._renewals_as_of = now
        if self._renewals < 1:
            return False
        self._renewals -= 1
        return True

    def _look(self) -> None:
        pause_seconds = self._refresh_seconds
        try:
            with time_limit(FETCH_SECONDS):
                content = self._fetch()
            if content != self._content:
                self._keys = parse_key_set(content)
                self._content = content
                log.info("key set fetched", keys=len(self._keys))
        except Exception as error:  # noqa: BLE001 - whatever fails, the known keys serve on
            longest = FIRST_RETRY_SECONDS if self._keys is None else RETRY_SECONDS
            pause_seconds = min(longest, pause_seconds)
            log.error(  # noqa: TRY400
                "key set not fetched",
                known_keys=0 if self._keys is None else len(self._keys),
                error=str(error) or "no answer in time",
            )
        self._looked_at = time.monotonic()
        self._next_look = self._looked_at + pause_seconds


def key_source(issuer: str, location: str, refresh_seconds: float) -> KeySource:
    """The keys at a URL or in a file; with neither, where the issuer's discovery document says.

    Raises:
        OSError, ValueError: the file cannot be read.
    """
    if location and not location.startswith(("http://", "https://")):
        return FileKeySource(Path(location))
    if location:
        return RemoteKeySource(lambda: fetch(location), refresh_seconds)
    return RemoteKeySource(lambda: fetch(discover(issuer)), refresh_seconds)


def discover(issuer: str) -> str:
    """The URL of the issuer's key set.

    Raises:
        ValueError, urllib3.exceptions.HTTPError: it cannot be found out.

    https://openid.net/specs/openid-connect-discovery-1_0.html
    """
    document: Any = orjson.loads(fetch(f"{issuer.rstrip('/')}/.well-known/openid-configuration"))
    if not isinstance(document, dict) or document.get("issuer") != issuer:
        raise ValueError(f"the discovery document is not that of {issuer}")
    return str(document.get("jwks_uri"))


def fetch(url: str) -> bytes:
    """What is at a URL; redirects are not followed.

    Raises:
        ValueError: it is no URL to trust, not found, or too large.
        urllib3.exceptions.HTTPError: it cannot be reached.
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
            raise ValueError(f"{url} answers {response.status}")
        content: bytes = response.read(MAX_DOCUMENT_BYTES + 1)
    finally:
        response.release_conn()
    if len(content) > MAX_DOCUMENT_BYTES:
        raise ValueError(f"{url} is over {MAX_DOCUMENT_BYTES} bytes")
    return content
