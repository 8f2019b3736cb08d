"""Rate limits per caller, counted for all workers in Redis or by each worker alone.

https://limits.readthedocs.io/en/stable/strategies.html#sliding-window-counter
"""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import structlog
from limits.errors import ConfigurationError
from limits.storage import MemoryStorage, SlidingWindowCounterSupport, storage_from_string
from limits.strategies import RateLimiter, SlidingWindowCounterRateLimiter

from dynamodb_items.config.rates import HALVES, Rate, in_halves
from dynamodb_items.runtime.deadline import time_limit

STORAGE_SECONDS = 0.5
"""The time limit of counting; a request that exceeds it is counted by the worker alone."""
STORAGE_RETRY_SECONDS = 5.0
"""How long a storage that did not respond is not called again."""

_UNLIMITED = 2**53  # what a caller has consumed counts in any case

_T = TypeVar("_T")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RateLimitStatus:
    """The use that one caller has made of one limit."""

    limit: str
    """The limit as text, such as ``100 per 1 minute``."""

    amount: int
    counts_units: bool
    """Whether it limits capacity units; otherwise it limits requests."""

    seconds: int
    remaining: int
    reset_seconds: int
    """The time until more is permitted."""

    is_used_up: bool
    """Whether the latest request exceeds the limit."""


class RateLimits:
    """A counter of each caller's requests and capacity units against one or several limits."""

    def __init__(self, rates: Iterable[Rate], storage: str) -> None:
        """Take the rates and a storage, ``memory://`` or ``redis://…``.

        Raises:
            ValueError: a package that the storage requires is not installed.
        """
        # The strictest is last: it is reported while none is exceeded.
        by_rate = sorted(rates, key=lambda rate: rate.per_second, reverse=True)
        self._units = [rate for rate in by_rate if rate.counts_units]
        self._requests = [rate for rate in by_rate if not rate.counts_units]
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared = None if storage.startswith("memory:") else _shared(storage)
        self._is_unavailable = False
        self._retry_at = 0.0

    def count(self, caller: str) -> RateLimitStatus:
        """Count one request of a caller.

        Return the first limit that is used up, or else the strictest one, of requests if there is
        one. While the storage does not respond, this worker counts alone, from zero.
        """
        return self._with_storage(lambda limiter: self._count(limiter, caller))

    def charge(self, caller: str, units: float) -> None:
        """Add the capacity units of a request, which are known when it ends, also over the limit.

        What exceeds the limit delays the caller's next request.
        """
        if self._units and units:
            self._with_storage(lambda limiter: self._charge(limiter, caller, in_halves(units)))

    def _with_storage(self, use: Callable[[RateLimiter], _T]) -> _T:
        if self._shared is None or time.monotonic() < self._retry_at:
            return use(self._own)
        if self._is_unavailable:  # one request tries the storage; the others do not wait
            self._retry_at = time.monotonic() + STORAGE_RETRY_SECONDS
        try:
            with time_limit(STORAGE_SECONDS):
                used = use(self._shared)
        except Exception as error:  # noqa: BLE001 - requests are served after any failure
            self._retry_at = time.monotonic() + STORAGE_RETRY_SECONDS
            if not self._is_unavailable:
                self._is_unavailable = True
                log.error("rate limit storage unavailable", error=type(error).__name__)  # noqa: TRY400
            return use(self._own)
        if self._is_unavailable:
            self._is_unavailable, self._retry_at = False, 0.0
            log.info("rate limit storage available")
        return used

    def _count(self, limiter: RateLimiter, caller: str) -> RateLimitStatus:
        # Units first: a request that they reject does not count as one.
        for rate in (*self._units, *self._requests):
            consume = limiter.test if rate.counts_units else limiter.hit
            is_used_up = not consume(rate.item, caller)
            if is_used_up:
                break
        return _status(limiter, rate, caller, is_used_up=is_used_up)

    def _charge(self, limiter: RateLimiter, caller: str, halves: int) -> None:
        for rate in self._units:
            key, seconds = rate.item.key_for(caller), rate.item.get_expiry()
            _storage_of(limiter).acquire_sliding_window_entry(key, _UNLIMITED, seconds, halves)


def _status(limiter: RateLimiter, rate: Rate, caller: str, *, is_used_up: bool) -> RateLimitStatus:
    window = limiter.get_window_stats(rate.item, caller)
    remaining = max(0, window.remaining)
    reset_seconds = (
        _seconds_of_debt(limiter, rate, caller)
        if is_used_up and rate.counts_units
        else window.reset_time - time.time()
    )
    return RateLimitStatus(
        limit=rate.text,
        amount=rate.amount,
        counts_units=rate.counts_units,
        seconds=rate.item.get_expiry(),
        remaining=remaining // HALVES if rate.counts_units else remaining,
        reset_seconds=max(1, math.ceil(reset_seconds)),
        is_used_up=is_used_up,
    )


def _seconds_of_debt(limiter: RateLimiter, rate: Rate, caller: str) -> float:
    """Return the time until a caller that has consumed more than the limit may go on.

    The window before the current one counts less and less as it moves out of sight.
    """
    amount, period = rate.item.amount, rate.item.get_expiry()
    window = _storage_of(limiter).get_sliding_window(rate.item.key_for(caller), period)
    previous, previous_seconds, current, current_seconds = window
    if current < amount:
        return previous_seconds - (amount - current) * period / previous if previous else 0.0
    until_next_window = current_seconds % period or period
    return until_next_window + period * (1 - amount / current)


def _storage_of(limiter: RateLimiter) -> SlidingWindowCounterSupport:
    return cast("SlidingWindowCounterSupport", limiter.storage)


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
