"""When a request to the service is sent again, and after how long."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

# 408, 429 and 503 wrote nothing; after 502 and 504 the outcome is unknown, and repeating a PUT of
# the same item changes nothing.
RETRIED_STATUSES = frozenset({408, 429, 502, 503, 504})
# A defect that one item triggers must not block all others.
MAX_INTERNAL_ERRORS = 3
MAX_RETRY_AFTER_SECONDS = 60.0
_FIRST_BACKOFF_SECONDS = 0.2
_MAX_BACKOFF_SECONDS = 20.0
_MAX_DOUBLINGS = 10
_MAX_DIGITS = 9


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The retries of one request."""

    max_seconds: float
    """How long a request is retried, counted from its first attempt."""

    def retries(self, status: int | None, attempts: int) -> bool:
        """Return whether a response is worth a retry; ``status`` is None without a response."""
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            return attempts < MAX_INTERNAL_ERRORS
        return status is None or status in RETRIED_STATUSES

    def delay_seconds(self, attempts: int, retry_after: float | None) -> float:
        """Return the time to wait after a number of attempts.

        It is at least ``retry_after``, and random, so that requests that failed together do not
        return together.
        """
        if retry_after is not None:
            return retry_after * random.uniform(1, 1.25)  # noqa: S311 - not for secrets
        longest = _FIRST_BACKOFF_SECONDS * 2.0 ** min(attempts - 1, _MAX_DOUBLINGS)
        return min(longest, _MAX_BACKOFF_SECONDS) * random.uniform(0.5, 1)  # noqa: S311 - as above


def retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the time in ``Retry-After``, from 0 to 60 seconds; None if it is absent or invalid.

    https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
    """
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:_MAX_DIGITS]), MAX_RETRY_AFTER_SECONDS)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return min(max((date - now).total_seconds(), 0.0), MAX_RETRY_AFTER_SECONDS)
