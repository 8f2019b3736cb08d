"""AWS credentials, found and renewed in the background.

botocore renews credentials inside the request that finds them too old, and fails that request when
the metadata service is away, although the credentials in hand are good for minutes yet. Here no
request waits or fails for that: a thread finds credentials in botocore's own chain, and finds them
again well before they expire; requests sign with those in hand.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
"""

import math
import random
import threading
import time
from collections.abc import Callable
from typing import Self

import structlog
from botocore.credentials import Credentials, ReadOnlyCredentials, RefreshableCredentials
from botocore.exceptions import NoCredentialsError

from dynamodb_items.credentials.lookup import CredentialsNotFound, find_credentials
from dynamodb_items.observability.events import UNOBSERVED, Observer
from dynamodb_items.runtime.background import run_in_background

log = structlog.get_logger(__name__)

RENEW_BEFORE_EXPIRY_SECONDS = 15 * 60
"""EC2 has new credentials ready at least 5 minutes before the old ones expire."""
CHECK_SECONDS = 5.0
"""How often the clock is looked at, and the longest pause before absent ones are asked for anew."""
FIRST_RETRY_SECONDS = 0.5
STILL_OLD_RETRY_SECONDS = 60.0
"""When what was found is about to expire as well: the source has nothing newer yet."""
RENEW_INTERVAL_SECONDS = 5.0
"""Credentials that AWS refuses are not asked for more often than this."""


class BackgroundCredentials(Credentials):
    """The credentials in hand, in the form that botocore's signer takes.

    One thread in each process finds them, from the first use on; so nothing crosses a fork.
    """

    def __init__(
        self,
        find: Callable[[], Credentials] = find_credentials,
        observer: Observer = UNOBSERVED,
    ) -> None:
        self._observer = observer
        self.method = "background"
        self._find = find
        self._source: Credentials | None = None
        self._in_hand: ReadOnlyCredentials | None = None
        self._renewed_at = -math.inf
        self._failures = 0
        self._logged_cause: str | None = None
        self._next_look = -math.inf
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._looked = threading.Event()
        self._renewal: threading.Event | None = None

    def current(self) -> ReadOnlyCredentials:
        """The credentials in hand; costs nothing and never waits.

        Raises:
            botocore.exceptions.NoCredentialsError: none were found yet, or they have expired.
        """
        if self._in_hand is None:
            raise NoCredentialsError
        return self._in_hand

    def load_credentials(self) -> Self:
        """Itself: what a botocore session asks of its chain of providers."""
        return self

    get_frozen_credentials = current
    access_key = property(lambda self: self.current().access_key)
    secret_key = property(lambda self: self.current().secret_key)
    token = property(lambda self: self.current().token)
    account_id = property(lambda self: self.current().account_id)

    def start(self, timeout_seconds: float) -> None:
        """Look for credentials from now on; wait at most so long for the first look to end."""
        with self._lock:
            if self._thread is None:
                self._thread = run_in_background("credentials", self._step)
        self._looked.wait(timeout_seconds)

    def renew(self, timeout_seconds: float) -> None:
        """AWS has refused those in hand: have others found, unless that was done a moment ago,
        and wait at most so long. However many ask at once, one look is made. Where none are in
        hand they are being looked for already, and there is nothing to wait for.
        """
        if self._in_hand is None:
            return
        with self._lock:
            if time.monotonic() - self._renewed_at < RENEW_INTERVAL_SECONDS:
                return
            if self._renewal is None:
                self._renewal = threading.Event()
            renewal = self._renewal
        self._wake.set()
        renewal.wait(timeout_seconds)

    def _step(self) -> None:
        """Look for credentials when it is time, then wait until it may be again."""
        if self._renewal is not None or (
            time.monotonic() >= self._next_look and self._is_old(RENEW_BEFORE_EXPIRY_SECONDS)
        ):
            try:
                self._look()
            finally:
                self._next_look = time.monotonic() + self._pause_seconds()
        self._wake.wait(min(CHECK_SECONDS, self._pause_seconds()))
        self._wake.clear()

    def _look(self) -> None:
        with self._lock:
            renewal = self._renewal
        try:
            self._take_what_is_found()
        finally:
            self._looked.set()
            if renewal is not None:
                with self._lock:
                    self._renewal, self._renewed_at = None, time.monotonic()
                renewal.set()

    def _take_what_is_found(self) -> None:
        try:
            found = self._find()
            in_hand = found.get_frozen_credentials()
        except Exception as error:  # noqa: BLE001 - whatever fails, it is tried again
            self._fail(error)
            return
        is_new = in_hand != self._in_hand
        self._source, self._in_hand = found, in_hand
        self._failures, self._logged_cause = 0, None
        if is_new:
            log.info("credentials found", source=found.method)
            self._observer.credentials_found()

    def _fail(self, error: Exception) -> None:
        self._failures += 1
        expired = self._in_hand is not None and self._is_old(0)
        if expired:
            self._source = self._in_hand = None
        cause, advice = str(error), ""
        if isinstance(error, CredentialsNotFound):
            cause, advice = error.cause, error.advice
        if expired or cause != self._logged_cause:
            self._logged_cause = cause
            log.error(
                "credentials not found",
                still_in_hand=self._in_hand is not None,
                cause=cause,
                advice=advice,
            )

    def _is_old(self, seconds: int) -> bool:
        if self._in_hand is None:
            return True
        source = self._source
        return isinstance(source, RefreshableCredentials) and source.refresh_needed(seconds)

    def _pause_seconds(self) -> float:
        if self._failures:
            longest = min(CHECK_SECONDS, FIRST_RETRY_SECONDS * 2.0 ** min(self._failures, 8))
            return longest * random.uniform(0.5, 1)  # noqa: S311
        return STILL_OLD_RETRY_SECONDS
