"""The issuer's JSON Web Key Set (JWKS), from a URL or a file, fetched again as keys rotate.

https://www.rfc-editor.org/rfc/rfc7517
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import structlog

from dynamodb_items.access.issuer import FetchedValue, discovery_document, fetch
from dynamodb_items.access.public_keys import Jwks, parse_jwks
from dynamodb_items.access.watched_file import WatchedFile
from dynamodb_items.domain.errors import IssuerUnavailable

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


class RemoteJwksSource:
    """A JWKS that is fetched at intervals, and also when a token has an unknown key id.

    While the issuer cannot be reached, the known keys stay in use. Before the first successful
    fetch no token can be verified.
    """

    def __init__(self, fetch: Callable[[], bytes], refresh_seconds: float) -> None:
        self._fetch = fetch
        self._content: bytes | None = None
        self._keys = FetchedValue(self._fetched_keys, refresh_seconds, _fetch_failed)
        self._renewals = float(MAX_RENEWALS)
        self._renewals_as_of = time.monotonic()

    def current(self) -> Jwks:
        """Return the known keys.

        When they are due, one request waits for the fetch; all requests wait for the first fetch.

        Raises:
            IssuerUnavailable: no keys have been fetched yet.
        """
        return _known(self._keys.current())

    def renewed(self) -> Jwks:
        """Fetch the keys; return the known ones where that has happened too often lately."""
        return _known(self._keys.renewed(self._may_renew))

    def _fetched_keys(self, known: Jwks | None) -> Jwks:
        content = self._fetch()
        if known is None or content != self._content:
            known = parse_jwks(content)
            log.info("key set fetched", keys=len(known))
            self._content = content  # last: the time limit may interrupt the log
        return known

    def _may_renew(self) -> bool:
        now = time.monotonic()
        earned = (now - self._renewals_as_of) / RENEWAL_INTERVAL_SECONDS
        self._renewals = min(MAX_RENEWALS, self._renewals + earned)
        self._renewals_as_of = now
        if self._renewals < 1:
            return False
        self._renewals -= 1
        return True


def _fetch_failed(known: Jwks | None, reason: str) -> float:
    log.error("key set fetch failed", known_keys=len(known or ()), error=reason)
    return FIRST_FETCH_RETRY_SECONDS if known is None else REFETCH_SECONDS


def _known(keys: Jwks | None) -> Jwks:
    if keys is None:
        raise IssuerUnavailable(
            "The issuer's keys have not been fetched yet, so no token can be verified."
        )
    return keys


def jwks_source(issuer: str, location: str, refresh_seconds: float) -> JwksSource:
    """Return the JWKS at a URL or in a file, or else the one of the issuer's discovery document.

    Raises:
        OSError, ValueError: the file cannot be read or is not a JWKS.
    """
    if location and not location.startswith(("http://", "https://")):
        return WatchedFile(Path(location), parse_jwks)
    if location:
        return RemoteJwksSource(lambda: fetch(location), refresh_seconds)
    return RemoteJwksSource(lambda: fetch(_jwks_url(issuer)), refresh_seconds)


def _jwks_url(issuer: str) -> str:
    return str(discovery_document(issuer).get("jwks_uri"))
