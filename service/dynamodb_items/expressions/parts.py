"""The parts of DynamoDB's expressions, once they are parsed.

A parsed expression is a template: fixed text, attribute names and attribute values. It is rendered
with the placeholders of the request that it becomes part of, so that a client's placeholder cannot
collide with one of the service's, and bare names may be reserved words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from dynamodb_items.domain.items import AttributeValue
from dynamodb_items.expressions.builder import Placeholders


class ExpressionError(Exception):
    """The text is not an expression that DynamoDB accepts; the message says why."""


@dataclass(frozen=True, slots=True)
class Name:
    """An attribute's name, wherever it stands in an expression."""

    attribute: str


@dataclass(frozen=True, slots=True)
class Value:
    """An attribute value from the request, by its placeholder."""

    placeholder: str


Template: TypeAlias = tuple["str | Name | Value", ...]
Path: TypeAlias = tuple["str | int", ...]
"""An attribute's name, and the map members and list indexes inside it."""


@dataclass(frozen=True, slots=True)
class Action:
    """One action of an update: the path that it changes, and how it is written."""

    path: Path
    template: Template


@dataclass(frozen=True, slots=True)
class Operand:
    """What stands next to an operator or in a function."""

    template: Template
    path: Path | None = None
    """Where it is a document path."""
    placeholder: str | None = None
    """Where it is a literal value."""
    type: str | None = None
    """Its type, such as ``N``, where that does not depend on the stored item."""


def is_in_parentheses(template: Template) -> bool:
    """Whether one pair of parentheses is around all of it."""
    if template[:1] != ("(",):
        return False
    depth = 0
    for index, part in enumerate(template):
        if isinstance(part, str):
            depth += part.endswith("(") - (part == ")")
        if not depth:
            return index == len(template) - 1
    return False


class Bindings:
    """What the request's placeholders stand for, and what its expressions use."""

    def __init__(self, names: Mapping[str, str], values: Mapping[str, AttributeValue]) -> None:
        self._names = names
        self._values = values
        self._used: set[str] = set()
        self.entered: set[str] = set()
        """Top-level attributes that some path leads into."""

    @property
    def unused(self) -> list[str]:
        """Placeholders that no expression has used."""
        return [each for each in (*self._names, *self._values) if each not in self._used]

    def name(self, placeholder: str) -> str:
        """Return the attribute's name.

        Raises:
            ExpressionError: the placeholder is not defined.
        """
        if placeholder not in self._names:
            raise ExpressionError(f"{placeholder} is not in ExpressionAttributeNames")
        self._used.add(placeholder)
        return self._names[placeholder]

    def value(self, placeholder: str) -> AttributeValue:
        """Return the attribute value.

        Raises:
            ExpressionError: the placeholder is not defined.
        """
        if placeholder not in self._values:
            raise ExpressionError(f"{placeholder} is not in ExpressionAttributeValues")
        self._used.add(placeholder)
        return self._values[placeholder]


def render(
    template: Template, placeholders: Placeholders, values: Mapping[str, AttributeValue]
) -> str:
    """Return the text of a template, with the placeholders of the request that it is part of."""
    return "".join(
        placeholders.name(part.attribute)
        if isinstance(part, Name)
        else placeholders.value(values[part.placeholder])
        if isinstance(part, Value)
        else part
        for part in template
    )
