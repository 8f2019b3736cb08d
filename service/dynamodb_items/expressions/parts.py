"""The parts of DynamoDB's expressions: templates, and the placeholders that they are written with.

An expression is a template: fixed text, attribute names and attribute values. It becomes text
with the placeholders of the call that it is part of, so that a client's placeholder cannot
collide with one of the service's, and reserved words work as names.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, cast

from dynamodb_items.domain.items import AttributeValue

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Limits.html#limits-expression-parameters
MAX_EXPRESSION_BYTES = 4096
MAX_OPERATORS = 300
UPDATE, CONDITION = "UpdateExpression", "ConditionExpression"
FILTER = "FilterExpression"
NAMES, VALUES = "ExpressionAttributeNames", "ExpressionAttributeValues"

# Comparisons, words and functions, where all names and values are placeholders; BETWEEN is counted
# by its AND.
_IN_CONDITION = re.compile(r"[<>=]+|\b(?:AND|OR|NOT|IN)\b|\b[a-z_]+\(")
_OPERATORS = {
    CONDITION: _IN_CONDITION,
    FILTER: _IN_CONDITION,
    UPDATE: re.compile(r"[+-]|\b[a-z_]+\("),
}


class ExpressionError(Exception):
    """The text is not an expression that DynamoDB accepts; the message contains the reason."""


class Name(NamedTuple):
    """An attribute's name, anywhere in an expression."""

    attribute: str


class Value(NamedTuple):
    """An attribute value in an expression."""

    value: AttributeValue


Template: TypeAlias = tuple["str | Name | Value", ...]
Path: TypeAlias = tuple["str | int", ...]
"""An attribute's name, and the map members and list indexes inside it."""


class Literal(NamedTuple):
    """An expression that returns a value of the client."""

    value: AttributeValue


class Stored(NamedTuple):
    """An expression that returns the stored value at a path."""

    path: Path


class IfNotExists(NamedTuple):
    """An expression that returns the first stored value of several paths, or else another one."""

    paths: tuple[Path, ...]
    otherwise: "ValueExpression"


class ListAppend(NamedTuple):
    """An expression that joins two lists."""

    first: "ValueExpression"
    second: "ValueExpression"


class Sum(NamedTuple):
    """An expression that adds or subtracts two numbers."""

    sign: str
    first: "ValueExpression"
    second: "ValueExpression"


ValueExpression: TypeAlias = Literal | Stored | IfNotExists | ListAppend | Sum
"""What an operand of an update returns."""


@dataclass(frozen=True, slots=True)
class Action:
    """One action of an update: the path that it changes, its template, and its operand."""

    path: Path
    template: Template
    value: ValueExpression | None = None
    """The operand; None for REMOVE."""


@dataclass(frozen=True, slots=True)
class Operand:
    """An operand of an operator or a function."""

    template: Template
    path: Path | None = None
    """The document path, where the operand is one."""
    placeholder: str | None = None
    """The client's placeholder, where the operand is a literal value."""
    type: str | None = None
    """The type, such as ``N``, where it does not depend on the stored item."""
    composed: ValueExpression | None = None
    """What a function or a sum returns."""

    @property
    def expression(self) -> ValueExpression:
        """What the operand returns."""
        if self.composed is not None:
            return self.composed
        if self.path is not None:
            return Stored(self.path)
        (literal,) = self.template
        return Literal(cast("Value", literal).value)


def is_in_parentheses(template: Template) -> bool:
    """Return whether one pair of parentheses encloses the whole template."""
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
    """The values of a client's placeholders, and which of them its expressions use."""

    def __init__(self, names: Mapping[str, str], values: Mapping[str, AttributeValue]) -> None:
        self._names = names
        self._values = values
        self._used: set[str] = set()
        self.entered: set[str] = set()
        """The top-level attributes that have a path into them."""
        self.attributes: set[str] = set()
        """The top-level attributes that the expressions use."""

    @property
    def unused(self) -> list[str]:
        """The placeholders that no expression has used."""
        return [each for each in (*self._names, *self._values) if each not in self._used]

    def name(self, placeholder: str) -> str:
        """Return the attribute's name.

        Raises:
            ExpressionError: the placeholder is not defined.
        """
        if placeholder not in self._names:
            raise ExpressionError(f"{placeholder} is not in {NAMES}")
        self._used.add(placeholder)
        return self._names[placeholder]

    def value(self, placeholder: str) -> AttributeValue:
        """Return the attribute value.

        Raises:
            ExpressionError: the placeholder is not defined.
        """
        if placeholder not in self._values:
            raise ExpressionError(f"{placeholder} is not in {VALUES}")
        self._used.add(placeholder)
        return self._values[placeholder]


class Placeholders:
    """The ``#n`` and ``:n`` of one call's expressions, and what they stand for."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, AttributeValue] = {}
        self._by_identity: dict[int, str] = {}

    def text(self, template: Template) -> str:
        """Return the text of a template.

        A name has the same placeholder each time, and so has a value that is the same object: an
        expression that uses a large value often sends it once.
        """
        return "".join(
            [
                part
                if isinstance(part, str)
                else self._name(part.attribute)
                if isinstance(part, Name)
                else self._value(part.value)
                for part in template
            ]
        )

    @property
    def parameters(self) -> dict[str, Mapping[str, Any]]:
        """The names and values of the placeholders, as parameters of the call."""
        parameters: dict[str, Mapping[str, Any]] = {}
        if self._names:
            parameters[NAMES] = {placeholder: name for name, placeholder in self._names.items()}
        if self._values:
            parameters[VALUES] = self._values
        return parameters

    def _name(self, attribute: str) -> str:
        return self._names.setdefault(attribute, f"#{len(self._names)}")

    def _value(self, value: AttributeValue) -> str:
        placeholder = self._by_identity.setdefault(id(value), f":{len(self._values)}")
        self._values[placeholder] = value
        return placeholder


def fits(name: str, text: str) -> bool:
    """Return whether DynamoDB accepts an expression of this length and with its operators."""
    return len(text) <= MAX_OPERATORS or (  # each operator takes a byte
        len(text) <= MAX_EXPRESSION_BYTES and len(_OPERATORS[name].findall(text)) <= MAX_OPERATORS
    )
