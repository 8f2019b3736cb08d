"""The changes that a write makes to an item: plain values."""

from dataclasses import dataclass, field

from dynamodb_items.domain.items import Attributes


@dataclass(frozen=True, slots=True)
class Changes:
    """The attributes that an update sets, and those that it removes."""

    set: Attributes = field(default_factory=dict)
    remove: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Return whether anything changes."""
        return bool(self.set or self.remove)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the attributes that change."""
        return (*self.set, *self.remove)

    def applied_to(self, attributes: Attributes) -> Attributes:
        """Return the attributes after the changes."""
        removed = set(self.remove)
        kept = {name: value for name, value in attributes.items() if name not in removed}
        return {**kept, **self.set}
