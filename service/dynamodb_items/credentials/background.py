"""AWS credentials, looked up and renewed in the background.

botocore renews credentials in the request that finds them too old. If the metadata service is
unavailable then, that request fails, although the current credentials are valid for minutes. Here
no request waits or fails for that: a thread looks credentials up in botocore's own chain, and again
well before they expire. Requests sign with the current ones.

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
"""The pause between two looks at the clock, and the longest one between failed lookups."""
FIRST_LOOKUP_RETRY_SECONDS = 0.5
STILL_OLD_RETRY_SECONDS = 60.0
"""The pause where the source still has no newer credentials than those about to expire."""
RENEW_INTERVAL_SECONDS = 5.0
"""The shortest pause between two renewals of credentials that AWS rejects."""


class BackgroundCredentials(Credentials):
    """The current credentials, in the form that botocore's signer needs.

    One thread per process looks them up, from the first use on, so that no thread crosses a fork.
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
        self._current: ReadOnlyCredentials | None = None
        self._renewed_at = -math.inf
        self._failures = 0
        self._logged_cause: str | None = None
        self._next_lookup = -math.inf
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._looked_up = threading.Event()
        self._renewal: threading.Event | None = None

    def current(self) -> ReadOnlyCredentials:
        """Return the current credentials; never wait.

        Raises:
            botocore.exceptions.NoCredentialsError: none were found yet, or they have expired.
        """
        if self._current is None:
            raise NoCredentialsError
        return self._current

    def load_credentials(self) -> Self:
        """Return itself: a botocore session calls this method of its chain of providers."""
        return self

    get_frozen_credentials = current
    access_key = property(lambda self: self.current().access_key)
    secret_key = property(lambda self: self.current().secret_key)
    token = property(lambda self: self.current().token)
    account_id = property(lambda self: self.current().account_id)

    def start(self, timeout_seconds: float) -> None:
        """Start looking credentials up; wait at most so long for the first lookup to end."""
        with self._lock:
            if self._thread is None:
                self._thread = run_in_background("credentials", self._step)
        self._looked_up.wait(timeout_seconds)

    def renew(self, timeout_seconds: float) -> None:
        """Replace credentials that AWS has rejected; wait at most so long.

        Concurrent callers share one lookup, and none is made shortly after another. Without
        current credentials a lookup is already due, and there is nothing to wait for.
        """
        if self._current is None:
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
        """Look credentials up if that is due, then wait until it may be due again."""
        if self._renewal is not None or (
            time.monotonic() >= self._next_lookup and self._is_old(RENEW_BEFORE_EXPIRY_SECONDS)
        ):
            try:
                self._look_up()
            finally:
                self._next_lookup = time.monotonic() + self._pause_seconds()
        self._wake.wait(min(CHECK_SECONDS, self._pause_seconds()))
        self._wake.clear()

    def _look_up(self) -> None:
        with self._lock:
            renewal = self._renewal
        try:
            self._find_newer()
        finally:
            self._looked_up.set()
            if renewal is not None:
                with self._lock:
                    self._renewal, self._renewed_at = None, time.monotonic()
                renewal.set()

    def _find_newer(self) -> None:
        try:
            found = self._find()
            current = found.get_frozen_credentials()
        except Exception as error:  # noqa: BLE001 - after any failure the lookup is retried
            self._fail(error)
            return
        is_new = current != self._current
        self._source, self._current = found, current
        self._failures, self._logged_cause = 0, None
        if is_new:
            log.info("credentials found", source=found.method)
            self._observer.credentials_found()

    def _fail(self, error: Exception) -> None:
        self._failures += 1
        expired = self._current is not None and self._is_old(0)
        if expired:
            self._source = self._current = None
        cause, advice = str(error), ""
        if isinstance(error, CredentialsNotFound):
            cause, advice = error.cause, error.advice
        if expired or cause != self._logged_cause:
            self._logged_cause = cause
            log.error(
                "credentials not found",
                still_valid=self._current is not None,
                cause=cause,
                advice=advice,
            )

    def _is_old(self, seconds: int) -> bool:
        if self._current is None:
            return True
        source = self._source
        return isinstance(source, RefreshableCredentials) and source.refresh_needed(seconds)

    def _pause_seconds(self) -> float:
        if self._failures:
            longest = min(CHECK_SECONDS, FIRST_LOOKUP_RETRY_SECONDS * 2.0 ** min(self._failures, 8))
            return longest * random.uniform(0.5, 1)  # noqa: S311
        is_old = self._is_old(RENEW_BEFORE_EXPIRY_SECONDS)
        return STILL_OLD_RETRY_SECONDS if is_old else CHECK_SECONDS
