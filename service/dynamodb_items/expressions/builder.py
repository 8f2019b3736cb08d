"""Pure: condition and update expressions. Every name is aliased, so reserved words work.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Self

from dynamodb_items.domain.changes import Changes
from dynamodb_items.domain.errors import UnacceptableItem
from dynamodb_items.domain.items import Attributes, AttributeValue, Item
from dynamodb_items.domain.write_tokens import LOG_LENGTH, LogCut, VersionAttribute, WriteToken

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Limits.html#limits-expression-parameters
MAX_EXPRESSION_BYTES = 4096
MAX_OPERATORS = 300
# Comparisons, words and functions, where all names and values are placeholders; BETWEEN is counted
# by its AND.
_OPERATOR = re.compile(r"[<>=]+|\b(?:AND|OR|NOT|IN)\b|\b[a-z_]+\(")
_UPDATE_OPERATOR = re.compile(r"[+-]|\b[a-z_]+\(")


class Placeholders:
    """The ``#n`` and ``:n`` of one request's expressions, and what they stand for."""

    def __init__(
        self, names: Mapping[str, str] | None = None, values: Attributes | None = None
    ) -> None:
        self._names = dict(names or {})
        self._values = dict(values or {})
        self._bound = {id(value): placeholder for placeholder, value in self._values.items()}

    def name(self, attribute: str) -> str:
        """The placeholder of an attribute's name, the same one each time."""
        return self._names.setdefault(attribute, f"#{len(self._names)}")

    def value(self, value: AttributeValue) -> str:
        """Return the placeholder of an attribute value, the same one for the same object.

        An expression that uses a large value often thus sends it once.
        """
        placeholder = self._bound.setdefault(id(value), f":{len(self._values)}")
        self._values[placeholder] = value
        return placeholder

    def copy(self) -> Self:
        """The same so far; what is added to one is not in the other."""
        return type(self)(self._names, self._values)

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


def not_logged(log: str, token: str) -> str:
    """The condition that the log has not got the token of an update; both are placeholders."""
    return f"NOT contains({log},{token})"


def log_reaches_back(log: str, token: str) -> str:
    """The condition that the log reaches back to before the token was made, so that the update
    with it has not been applied where the log has not got it. Both are placeholders.
    """
    last = f"{log}[{LOG_LENGTH - 1}]"
    return f"(attribute_not_exists({last}) OR {last}<{token})"


def log_cut(placeholders: Placeholders, log_name: str, cut: LogCut) -> tuple[str, str]:
    """The update expression and the condition of a cut.

    Removing an index beyond the end of a list does nothing.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html#Expressions.UpdateExpressions.REMOVE
    """
    log = placeholders.name(log_name)
    # From the end: some engines apply one action after the other, and each shifts what follows.
    update = f"REMOVE {','.join(f'{log}[{index}]' for index in reversed(cut.indexes))}"
    proof = f"{log}[{cut.proof_index}]"
    if cut.proof is None:
        return update, f"attribute_exists({proof})"
    return update, f"{proof}={placeholders.value(cut.proof)}"


def all_of(*conditions: str | None) -> str:
    """The condition that all of these hold; those that are None ask nothing."""
    return " AND ".join(condition for condition in conditions if condition)


def fits(condition: str) -> bool:
    """Whether DynamoDB takes a condition of this length with this many operators."""
    return _is_within_limits(condition, _OPERATOR)


def update_fits(expression: str) -> bool:
    """Whether DynamoDB takes an update of this length with this many operators."""
    return _is_within_limits(expression, _UPDATE_OPERATOR)


def _is_within_limits(expression: str, operator: re.Pattern[str]) -> bool:
    return (
        len(expression) <= MAX_EXPRESSION_BYTES  # of ASCII alone
        and len(operator.findall(expression)) <= MAX_OPERATORS
    )


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
