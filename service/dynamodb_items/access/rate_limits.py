"""Rate limits per caller, counted for all workers in Redis or by each worker alone.

https://limits.readthedocs.io/en/stable/strategies.html#sliding-window-counter
"""

import math
import time
from dataclasses import dataclass
from typing import Any

import structlog
from limits import RateLimitItem, parse_many
from limits.errors import ConfigurationError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import RateLimiter, SlidingWindowCounterRateLimiter

from dynamodb_items.runtime.deadline import time_limit

STORAGE_SECONDS = 0.5
"""The time limit of counting; a request that exceeds it is counted by the worker alone."""
STORAGE_RETRY_SECONDS = 5.0
"""How long a storage that did not respond is not called again."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RateLimitStatus:
    """The use that one caller has made of one limit."""

    limit: str
    """The limit as text, such as ``100 per 1 minute``."""

    amount: int
    seconds: int
    remaining: int
    reset_seconds: int
    """The time until more requests are permitted."""

    is_used_up: bool
    """Whether the latest request exceeds the limit."""


class RateLimits:
    """A counter of each caller's requests against one or several limits."""

    def __init__(self, limits: str, storage: str) -> None:
        """Take limits such as ``100/minute`` and a storage, ``memory://`` or ``redis://…``.

        Raises:
            ValueError: a package that the storage requires is not installed.
        """
        # The strictest is last: it is reported while none is exceeded.
        self._limits = sorted(parse_many(limits), key=_requests_a_second, reverse=True)
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared = None if storage.startswith("memory:") else _shared(storage)
        self._is_unavailable = False
        self._retry_at = 0.0

    def count(self, caller: str) -> RateLimitStatus:
        """Count one request of a caller.

        Return the first limit that it exceeds, or else the strictest one. While the storage does
        not respond, this worker counts alone, from zero.
        """
        if self._shared is None or time.monotonic() < self._retry_at:
            return self._count(self._own, caller)
        if self._is_unavailable:  # one request tries the storage; the others do not wait
            self._retry_at = time.monotonic() + STORAGE_RETRY_SECONDS
        try:
            with time_limit(STORAGE_SECONDS):
                status = self._count(self._shared, caller)
        except Exception as error:  # noqa: BLE001 - requests are served after any failure
            self._retry_at = time.monotonic() + STORAGE_RETRY_SECONDS
            if not self._is_unavailable:
                self._is_unavailable = True
                log.error("rate limit storage unavailable", error=type(error).__name__)  # noqa: TRY400
            return self._count(self._own, caller)
        if self._is_unavailable:
            self._is_unavailable, self._retry_at = False, 0.0
            log.info("rate limit storage available")
        return status

    def _count(self, limiter: RateLimiter, caller: str) -> RateLimitStatus:
        for limit in self._limits:
            is_used_up = not limiter.hit(limit, caller)
            if is_used_up:
                break
        window = limiter.get_window_stats(limit, caller)
        return RateLimitStatus(
            limit=str(limit),
            amount=limit.amount,
            seconds=limit.get_expiry(),
            remaining=max(0, window.remaining),
            reset_seconds=max(1, math.ceil(window.reset_time - time.time())),
            is_used_up=is_used_up,
        )


def _requests_a_second(limit: RateLimitItem) -> float:
    return limit.amount / limit.get_expiry()


def _shared(storage: str) -> RateLimiter:
    try:
        from redis.backoff import NoBackoff  # noqa: PLC0415 - an extra that only shared limits need
        from redis.retry import Retry  # noqa: PLC0415

        options: dict[str, Any] = {
            "socket_connect_timeout": STORAGE_SECONDS,
            "socket_timeout": STORAGE_SECONDS,
            # One retry without a pause: a connection that was idle may have been closed.
            "retry": Retry(NoBackoff(), 1),
        }
        return SlidingWindowCounterRateLimiter(storage_from_string(storage, **options))
    except (ImportError, ConfigurationError) as error:
        raise ValueError(f"it requires the extra redis: {error}") from error
