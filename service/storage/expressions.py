"""Pure: condition and update expressions. Every name is aliased, so reserved words work.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from service.errors import UnacceptableItem
from service.items import Attributes, AttributeValue, Item
from service.versions import LOG_LENGTH, VersionAttribute, WriteToken

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Limits.html#limits-expression-parameters
MAX_EXPRESSION_BYTES = 4096
MAX_OPERATORS = 300


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
            parameters["ExpressionAttributeValues"] = dict(self._values)
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


def unchanged(placeholders: Placeholders, item: Item, version: VersionAttribute) -> str:
    """The condition that the stored item is still the one that was read.

    With a version attribute: that it has not been rewritten by this service. Without one:
    that every attribute read is equal, which does not see attributes added since.
    """
    stamp = item.attributes.get(version.name)
    if stamp is not None:
        return _equal(placeholders, version.name, stamp)
    conditions = [_equal(placeholders, name, value) for name, value in item.attributes.items()]
    if version:
        conditions.insert(0, absent(placeholders, version.name))
    return all_of(*conditions)


def as_read(placeholders: Placeholders, item: Item, names: Iterable[str]) -> str:
    """The condition that some attributes are as they were read, absent ones among them."""
    return all_of(
        *(
            _equal(placeholders, name, item.attributes[name])
            if name in item.attributes
            else absent(placeholders, name)
            for name in names
        )
    )


def not_written_with(
    placeholders: Placeholders, version: VersionAttribute, token: WriteToken
) -> str:
    """The condition that the stored item is not one that a request of this token's family left."""
    name = placeholders.name(version.name)
    family = placeholders.value({"S": token.family})
    return f"(attribute_not_exists({name}) OR NOT begins_with({name},{family}))"


def not_logged(placeholders: Placeholders, version: VersionAttribute, token: WriteToken) -> str:
    """The condition that the log has not got the token of an update."""
    log, own = placeholders.name(version.log_name), placeholders.value(token.value)
    return f"NOT contains({log},{own})"


def log_reaches_back(
    placeholders: Placeholders, version: VersionAttribute, token: WriteToken
) -> str:
    """The condition that the log reaches back to before the token was made, so that the update
    with it has not been applied where the log has not got it.
    """
    log, own = placeholders.name(version.log_name), placeholders.value(token.value)
    last = f"{log}[{LOG_LENGTH - 1}]"
    return f"(attribute_not_exists({last}) OR {last}<{own})"


def all_of(*conditions: str | None) -> str:
    """The condition that all of these hold; those that are None ask nothing."""
    return " AND ".join(condition for condition in conditions if condition)


def fits(expression: str) -> bool:
    """Whether DynamoDB takes an expression of this length."""
    return len(expression) <= MAX_EXPRESSION_BYTES  # of ASCII alone


def checked(condition: str) -> str:
    """The condition, where DynamoDB takes it.

    Raises:
        UnacceptableItem: it compares more attributes than one condition can.
    """
    if fits(condition):
        return condition
    raise UnacceptableItem(
        "The stored item has no version attribute and too many attributes to compare in one "
        "condition. A PATCH without a precondition gives it a version where the deployment has "
        "one; read it then, and write with its new ETag."
    )


def _equal(placeholders: Placeholders, attribute: str, value: AttributeValue) -> str:
    return f"{placeholders.name(attribute)}={placeholders.value(value)}"
