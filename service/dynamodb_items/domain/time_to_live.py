"""Time to live: when an item expires, and which items have expired at one moment.

DynamoDB deletes an expired item within days. For the service it is absent from the second that its
attribute names.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from dynamodb_items.domain.items import Attributes, AttributeValue
from dynamodb_items.domain.numbers import decimal_of

Clock: TypeAlias = Callable[[], float]
"""Returns the seconds since 1970, as ``time.time`` does."""

MAX_ATTRIBUTE_BYTES = 255
"""The longest name that DynamoDB accepts for the attribute of a table's time to live.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TimeToLiveSpecification.html
"""


@dataclass(frozen=True, slots=True)
class Expiry:
    """The rule by which items have expired at one moment; it is false where no item expires."""

    attribute: str
    """The top-level attribute with an item's time, in seconds since 1970."""
    moment: AttributeValue
    """The moment, a number of whole seconds since 1970."""

    def __bool__(self) -> bool:
        """Return whether items can expire."""
        return bool(self.attribute)

    def has_passed(self, attributes: Attributes) -> bool:
        """Return whether an item has expired: its time is a number, and not after the moment."""
        if not self.attribute:
            return False
        time_of_item = attributes.get(self.attribute, {}).get("N")
        return time_of_item is not None and decimal_of(time_of_item) <= decimal_of(self.moment["N"])

    def visible(self, attributes: Attributes | None) -> Attributes | None:
        """Return an item's attributes; None for an expired item, as for an absent one."""
        return None if attributes is None or self.has_passed(attributes) else attributes

    def as_read(self, attributes: Attributes | None) -> "Expiry":
        """Return the rule by which this stored item has expired, at any moment the same.

        It is false if the item has not expired.
        """
        if attributes is None or not self.has_passed(attributes):
            return NO_EXPIRY
        return Expiry(self.attribute, attributes[self.attribute])


NO_EXPIRY = Expiry("", {})
"""The rule of a table whose items do not expire."""


@dataclass(frozen=True, slots=True)
class TimeToLive:
    """The attribute with the time at which an item expires; without one, its name is empty."""

    attribute: str
    clock: Clock = time.time

    def now(self) -> Expiry:
        """Return the rule by which items have expired now; the second that has begun counts."""
        if not self.attribute:
            return NO_EXPIRY
        return Expiry(self.attribute, {"N": str(int(self.clock()))})


NO_TIME_TO_LIVE = TimeToLive("")
"""The time to live of a table whose items do not expire."""
