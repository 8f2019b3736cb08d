"""How often each caller may ask: counted for all workers in Redis, or by each for itself.

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
"""What counting may take; a request that waits longer is counted by the worker alone."""
AWAY_SECONDS = 5.0
"""For so long a storage that did not answer is left alone."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one caller has left of one limit."""

    limit: str
    """The limit in words, such as ``100 per 1 minute``."""

    amount: int
    seconds: int
    remaining: int
    reset_seconds: int
    """How long until there is more."""

    is_used_up: bool
    """Whether the request counted last is over the limit."""


class Allowances:
    """Counts requests against the limits, one or several for each caller."""

    def __init__(self, limits: str, storage: str) -> None:
        """Limits such as ``100/minute``, and where they are counted: ``memory://``, ``redis://…``.

        Raises:
            ValueError: what the storage needs is not installed.
        """
        # The tightest last: it is the one to tell of.
        self._limits = sorted(parse_many(limits), key=_requests_a_second, reverse=True)
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared = None if storage.startswith("memory:") else _shared(storage)
        self._is_away = False
        self._ask_again_at = 0.0

    def use(self, caller: str) -> Allowance:
        """Count one request of a caller. Of several limits the first that it is over is told, or
        else the tightest.

        Where the storage does not answer, this worker goes on alone, from nothing.
        """
        if self._shared is None or time.monotonic() < self._ask_again_at:
            return self._count(self._own, caller)
        if self._is_away:  # one request looks whether it is back, the others do not wait
            self._ask_again_at = time.monotonic() + AWAY_SECONDS
        try:
            with time_limit(STORAGE_SECONDS):
                allowance = self._count(self._shared, caller)
        except Exception as error:  # noqa: BLE001 - whatever it raises, requests are answered
            self._ask_again_at = time.monotonic() + AWAY_SECONDS
            if not self._is_away:
                self._is_away = True
                log.error("rate limit storage away", error=type(error).__name__)  # noqa: TRY400
            return self._count(self._own, caller)
        if self._is_away:
            self._is_away, self._ask_again_at = False, 0.0
            log.info("rate limit storage back")
        return allowance

    def _count(self, limiter: RateLimiter, caller: str) -> Allowance:
        for limit in self._limits:
            is_used_up = not limiter.hit(limit, caller)
            if is_used_up:
                break
        window = limiter.get_window_stats(limit, caller)
        return Allowance(
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
        from redis.backoff import NoBackoff  # noqa: PLC0415 - an extra, for those who share limits
        from redis.retry import Retry  # noqa: PLC0415

        options: dict[str, Any] = {
            "socket_connect_timeout": STORAGE_SECONDS,
            "socket_timeout": STORAGE_SECONDS,
            # Once more at once: a connection that was idle may have been closed.
            "retry": Retry(NoBackoff(), 1),
        }
        return SlidingWindowCounterRateLimiter(storage_from_string(storage, **options))
    except (ImportError, ConfigurationError) as error:
        raise ValueError(f"it needs the extra redis: {error}") from error
