"""Rates that limit callers: requests, or capacity units of DynamoDB, per unit of time."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from limits import RateLimitItem

_UNITS = re.compile(r"(?<=[0-9])\s*units?(?=\s*(?:/|per\b))", re.IGNORECASE)
_SEPARATORS = re.compile(r"[,;|]")
HALVES = 2
"""How many halves a capacity unit has."""
_UNITS_NAMESPACE = "UNITS"


@dataclass(frozen=True, slots=True)
class Rate:
    """A limit on what a caller may use in a period."""

    amount: int
    counts_units: bool
    """Whether it limits capacity units; otherwise it limits requests."""
    item: "RateLimitItem"
    """The limit as it is counted: units in halves, since a small read takes half a unit."""
    text: str
    """The limit in words, such as ``500 units per 1 minute``."""

    @property
    def per_second(self) -> float:
        """The amount in a second."""
        return self.amount / self.item.get_expiry()


def parse_rates(value: str) -> tuple[Rate, ...]:
    """Parse rates such as ``100/minute;500units/minute``.

    Raises:
        ValueError: a rate is not valid.
    """
    return tuple(_rate(part) for part in _SEPARATORS.split(value))


def _rate(part: str) -> Rate:
    from limits import parse  # noqa: PLC0415 - most deployments have no rate limit

    text, count = _UNITS.subn("", part)
    item = parse(text)
    if not count:
        return Rate(item.amount, counts_units=False, item=item, text=str(item))
    counted = type(item)(item.amount * HALVES, item.multiples, _UNITS_NAMESPACE)
    words = str(item).replace(" per ", " units per ", 1)
    return Rate(item.amount, counts_units=True, item=counted, text=words)


def in_halves(units: float) -> int:
    """Return a number of capacity units in halves, rounded up."""
    return -int(-units * HALVES // 1)
