"""What a write changes in an item: plain values."""

from dataclasses import dataclass, field

from dynamodb_items.domain.items import Attributes


@dataclass(frozen=True, slots=True)
class Changes:
    """What an update does to an item: attributes to set, attributes to remove."""

    set: Attributes = field(default_factory=dict)
    remove: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything changes at all."""
        return bool(self.set or self.remove)

    @property
    def names(self) -> tuple[str, ...]:
        """The attributes that change."""
        return (*self.set, *self.remove)

    def applied_to(self, attributes: Attributes) -> Attributes:
        """The attributes after the changes."""
        gone = set(self.remove)
        kept = {name: value for name, value in attributes.items() if name not in gone}
        return {**kept, **self.set}
