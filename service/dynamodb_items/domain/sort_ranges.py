"""Ranges of sort keys, and the order of sort keys."""

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from dynamodb_items.domain.items import AttributeValue

SortPosition: TypeAlias = Decimal | bytes


def sort_position(value: AttributeValue) -> SortPosition:
    """Return what orders sort keys of one type: numbers by value, text by its UTF-8 bytes.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html#DDB-Query-request-ScanIndexForward
    """
    ((type_, content),) = value.items()
    if type_ == "N":
        return Decimal(content)
    return content if isinstance(content, bytes) else str(content).encode()


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a range of sort keys."""

    value: AttributeValue
    is_inclusive: bool


@dataclass(frozen=True, slots=True)
class SortRange:
    """The sort keys that a list is limited to: those with a prefix, or those between two bounds."""

    prefix: AttributeValue | None = None
    low: Bound | None = None
    high: Bound | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no sort key is in the range."""
        if self.low is None or self.high is None:
            return False
        low, high = sort_position(self.low.value), sort_position(self.high.value)
        return not _are_in_order(low, high, self.low.is_inclusive and self.high.is_inclusive)

    def contains(self, value: AttributeValue) -> bool:
        """Return whether a sort key is in the range."""
        position, low, high = sort_position(value), self.low, self.high
        if self.prefix is not None:
            return position.startswith(sort_position(self.prefix))  # type: ignore[union-attr, arg-type]
        is_above = low is None or _are_in_order(
            sort_position(low.value), position, low.is_inclusive
        )
        return is_above and (
            high is None or _are_in_order(position, sort_position(high.value), high.is_inclusive)
        )


def _are_in_order(low: SortPosition, high: SortPosition, may_be_equal: bool) -> bool:
    return low < high or (low == high and may_be_equal)  # type: ignore[operator]


ALL_SORT_KEYS = SortRange()
"""The range of a list without conditions on its sort key."""
