"""Pure: condition and update expressions. Every name is aliased, so reserved words work.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from service.items import Attributes, AttributeValue, Item


@dataclass(frozen=True, slots=True)
class Changes:
    """What an update does to an item: attributes to set, attributes to remove."""

    set: Attributes = field(default_factory=dict)
    remove: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything changes at all."""
        return bool(self.set or self.remove)


class Placeholders:
    """The ``#n`` and ``:n`` of one request's expressions, and what they stand for."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, AttributeValue] = {}

    def name(self, attribute: str) -> str:
        """The placeholder of an attribute's name, the same one each time."""
        return self._names.setdefault(attribute, f"#{len(self._names)}")

    def value(self, value: AttributeValue) -> str:
        """A placeholder of an attribute value."""
        placeholder = f":{len(self._values)}"
        self._values[placeholder] = value
        return placeholder

    @property
    def parameters(self) -> dict[str, Mapping[str, Any]]:
        """ExpressionAttributeNames and ExpressionAttributeValues, each only where in use."""
        parameters: dict[str, Mapping[str, Any]] = {}
        if self._names:
            parameters["ExpressionAttributeNames"] = {
                placeholder: name for name, placeholder in self._names.items()
            }
        if self._values:
            parameters["ExpressionAttributeValues"] = self._values
        return parameters


def update_expression(placeholders: Placeholders, changes: Changes) -> str:
    """The UpdateExpression that makes these changes."""
    clauses = []
    if changes.set:
        assignments = (
            f"{placeholders.name(name)}={placeholders.value(value)}"
            for name, value in changes.set.items()
        )
        clauses.append(f"SET {','.join(assignments)}")
    if changes.remove:
        clauses.append(f"REMOVE {','.join(map(placeholders.name, changes.remove))}")
    return " ".join(clauses)


def exists(placeholders: Placeholders, key_attribute: str) -> str:
    """The condition that the item is there."""
    return f"attribute_exists({placeholders.name(key_attribute)})"


def absent(placeholders: Placeholders, attribute: str) -> str:
    """The condition that the attribute is not there; of a key attribute, that no item is."""
    return f"attribute_not_exists({placeholders.name(attribute)})"


def unchanged(placeholders: Placeholders, item: Item, version_attribute: str) -> str:
    """The condition that the stored item is still the one that was read.

    With a version attribute: that it has not been rewritten by this service. Without one:
    that every attribute read is equal, which does not see attributes added since.
    """
    version = item.attributes.get(version_attribute)
    if version is not None:
        return _equal(placeholders, version_attribute, version)
    equalities = [_equal(placeholders, name, value) for name, value in item.attributes.items()]
    if version_attribute:
        equalities.insert(0, absent(placeholders, version_attribute))
    return " AND ".join(equalities)


def _equal(placeholders: Placeholders, attribute: str, value: AttributeValue) -> str:
    return f"{placeholders.name(attribute)}={placeholders.value(value)}"
