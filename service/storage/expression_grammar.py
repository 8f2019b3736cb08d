"""The grammar of DynamoDB's update and condition expressions: from text to its parts.

A parsed expression is a template: fixed text, attribute names and attribute values. It is written
out anew with the placeholders of the request that it becomes part of, so that no placeholder of
the client's can meet one of the service's, and bare names may be reserved words.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

from service.items import AttributeValue
from service.numbers import parse_number
from service.storage.expressions import MAX_EXPRESSION_BYTES, MAX_OPERATORS, Placeholders

MAX_NESTING = 50
MAX_INDEX_DIGITS = 9

_TOKEN = re.compile(
    r"\s*(?:(?P<name>#[A-Za-z0-9_]+)|(?P<value>:[A-Za-z0-9_]+)|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<index>[0-9]+)|(?P<sign><=|>=|<>|[=<>+\-,.()\[\]]))",
    re.ASCII,
)
_COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
_ORDERED_TYPES = ("S", "N", "B")
_SETS = ("SS", "NS", "BS")
_TYPE_NAMES = ("S", "SS", "N", "NS", "B", "BS", "BOOL", "NULL", "L", "M")


class ExpressionError(Exception):
    """The expression is not one of DynamoDB's; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Name:
    """An attribute's name, wherever it stands in an expression."""

    attribute: str


@dataclass(frozen=True, slots=True)
class Value:
    """An attribute value of the client's, by its placeholder."""

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
    """What stands beside an operator or in a function."""

    template: Template
    placeholder: str | None = None
    """That of a literal value."""


class Bindings:
    """What the client's placeholders stand for, and which of them are in use."""

    def __init__(self, names: Mapping[str, str], values: Mapping[str, AttributeValue]) -> None:
        self._names = names
        self._values = values
        self._used: set[str] = set()

    @property
    def unused(self) -> list[str]:
        """Placeholders that no expression has used."""
        return [each for each in (*self._names, *self._values) if each not in self._used]

    def name(self, placeholder: str) -> str:
        """The attribute's name."""
        if placeholder not in self._names:
            raise ExpressionError(f"{placeholder} is not in ExpressionAttributeNames")
        self._used.add(placeholder)
        return self._names[placeholder]

    def value(self, placeholder: str) -> AttributeValue:
        """The attribute value."""
        if placeholder not in self._values:
            raise ExpressionError(f"{placeholder} is not in ExpressionAttributeValues")
        self._used.add(placeholder)
        return self._values[placeholder]


def render(
    template: Template, placeholders: Placeholders, values: Mapping[str, AttributeValue]
) -> str:
    """The text of a template, with the placeholders of the request that it is part of."""
    return "".join(
        placeholders.name(part.attribute)
        if isinstance(part, Name)
        else placeholders.value(values[part.placeholder])
        if isinstance(part, Value)
        else part
        for part in template
    )


def parse_update(text: str, bindings: Bindings) -> dict[str, list[Action]]:
    """The actions of an update expression by clause: SET, REMOVE, ADD, DELETE.

    Raises:
        ExpressionError: DynamoDB would refuse it.
    """
    return _Parser(text, bindings).update()


def parse_condition(text: str, bindings: Bindings) -> Template:
    """A condition expression.

    Raises:
        ExpressionError: DynamoDB would refuse it.
    """
    return _Parser(text, bindings).whole_condition()


class _Parser:
    def __init__(self, text: str, bindings: Bindings) -> None:
        if len(text.encode()) > MAX_EXPRESSION_BYTES:
            raise ExpressionError(f"an expression takes at most {MAX_EXPRESSION_BYTES:,} bytes")
        self._tokens = _tokens(text)
        self._position = 0
        self._bindings = bindings
        self._operators = 0
        self._nesting = 0

    # Tokens

    def _peek(self, ahead: int = 0) -> tuple[str, str]:
        position = self._position + ahead
        return self._tokens[position] if position < len(self._tokens) else ("end", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self._position += 1
        return token

    def _at(self, text: str) -> bool:
        kind, token = self._peek()
        return kind in ("word", "sign") and token.upper() == text

    def _take(self, text: str) -> bool:
        if not self._at(text):
            return False
        self._position += 1
        return True

    def _expect(self, text: str) -> None:
        if not self._take(text):
            self._fail(f"{text} was expected")

    def _fail(self, what: str) -> NoReturn:
        _, token = self._peek()
        raise ExpressionError(f"{what} {f'at {token[:40]!r}' if token else 'at the end'}")

    def _operator(self) -> None:
        self._operators += 1
        if self._operators > MAX_OPERATORS:
            raise ExpressionError(f"an expression has at most {MAX_OPERATORS} operators")

    def _nested(self, parse: Callable[[], Any]) -> Any:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise ExpressionError(f"parentheses and functions nest at most {MAX_NESTING} deep")
        parsed = parse()
        self._nesting -= 1
        return parsed

    # Update expressions

    def update(self) -> dict[str, list[Action]]:
        parsers: dict[str, Callable[[], Action]] = {
            "SET": self._assignment,
            "REMOVE": lambda: Action(*self._path()),
            "ADD": lambda: self._with_value(("N", *_SETS), "a number or a set"),
            "DELETE": lambda: self._with_value(_SETS, "a set"),
        }
        clauses: dict[str, list[Action]] = {}
        while self._peek()[0] != "end":
            clause = next((clause for clause in parsers if self._at(clause)), None)
            if clause is None:
                self._fail("SET, REMOVE, ADD or DELETE was expected")
            if clause in clauses:
                raise ExpressionError(f"there is more than one {clause} clause")
            self._position += 1
            actions = clauses[clause] = [parsers[clause]()]
            while self._take(","):
                actions.append(parsers[clause]())
        if not clauses:
            raise ExpressionError("it is empty")
        _check_overlaps([action.path for actions in clauses.values() for action in actions])
        return clauses

    def _assignment(self) -> Action:
        path, target = self._path()
        self._expect("=")
        value = self._set_operand()
        template = (*target, "=", *value.template)
        if self._at("+") or self._at("-"):
            _, sign = self._next()
            self._operator()
            other = self._set_operand()
            for operand in (value, other):
                self._check_literal(operand, ("N",), f"{sign} takes numbers")
            template = (*template, sign, *other.template)
        return Action(path, template)

    def _with_value(self, types: tuple[str, ...], wanted: str) -> Action:
        path, target = self._path()
        kind, _ = self._peek()
        if kind != "value":
            self._fail("a value such as :amount was expected")
        operand = self._literal()
        self._check_literal(operand, types, f"the action takes {wanted}")
        return Action(path, (*target, " ", *operand.template))

    def _set_operand(self) -> Operand:
        functions = {"if_not_exists": self._if_not_exists, "list_append": self._list_append}
        kind, token = self._peek()
        if kind == "word" and self._peek(1) == ("sign", "("):
            if token not in functions:
                self._fail("if_not_exists or list_append was expected")
            self._position += 2
            self._operator()
            arguments: Template = self._nested(functions[token])
            self._expect(")")
            return Operand((f"{token}(", *arguments, ")"))
        if kind == "value":
            return self._literal()
        return Operand(self._path()[1])

    def _if_not_exists(self) -> Template:
        _, path = self._path()
        self._expect(",")
        return (*path, ",", *self._set_operand().template)

    def _list_append(self) -> Template:
        first = self._set_operand()
        self._expect(",")
        second = self._set_operand()
        for operand in (first, second):
            self._check_literal(operand, ("L",), "list_append takes lists")
        return (*first.template, ",", *second.template)

    # Condition expressions

    def whole_condition(self) -> Template:
        template = self._or()
        if self._peek()[0] != "end":
            self._fail("the end was expected")
        return template

    def _or(self) -> Template:
        return self._chain("OR", self._and)

    def _and(self) -> Template:
        return self._chain("AND", self._not)

    def _chain(self, word: str, parse: Callable[[], Template]) -> Template:
        template = parse()
        while self._take(word):
            self._operator()
            template = (*template, f" {word} ", *parse())
        return template

    def _not(self) -> Template:
        if self._take("NOT"):
            self._operator()
            return ("NOT ", *self._nested(self._not))
        if self._take("("):
            inner: Template = self._nested(self._or)
            self._expect(")")
            return ("(", *inner, ")")
        return self._comparison()

    def _comparison(self) -> Template:
        functions: dict[str, Callable[[], Template]] = {
            "attribute_exists": lambda: self._path()[1],
            "attribute_not_exists": lambda: self._path()[1],
            "attribute_type": self._attribute_type,
            "begins_with": self._begins_with,
            "contains": lambda: self._two_operands()[2],
        }
        kind, token = self._peek()
        is_function = kind == "word" and self._peek(1) == ("sign", "(")
        if is_function and not self._at("SIZE"):
            if token not in functions:
                self._fail("a condition's function was expected")
            self._position += 2
            self._operator()
            arguments = functions[token]()
            self._expect(")")
            return (f"{token}(", *arguments, ")")
        return self._compared(self._operand())

    def _compared(self, left: Operand) -> Template:
        self._operator()
        kind, token = self._peek()
        if kind == "sign" and token in _COMPARATORS:
            self._position += 1
            right = self._operand()
            if token not in ("=", "<>"):
                for operand in (left, right):
                    self._check_literal(operand, _ORDERED_TYPES, f"{token} compares S, N or B")
            self._check_distinct(left, right)
            return (*left.template, token, *right.template)
        if self._take("BETWEEN"):
            least = self._operand()
            self._expect("AND")
            most = self._operand()
            self._check_bounds(least, most)
            return (*left.template, " BETWEEN ", *least.template, " AND ", *most.template)
        if not self._take("IN"):
            self._fail("a comparison was expected")
        return (*left.template, " IN (", *self._members(), ")")

    def _members(self) -> Template:
        self._expect("(")
        template = self._operand().template
        count = 1
        while self._take(","):
            count += 1
            template = (*template, ",", *self._operand().template)
        self._expect(")")
        if count > 100:  # noqa: PLR2004 - DynamoDB's own limit
            raise ExpressionError("IN takes at most 100 operands")
        return template

    def _operand(self) -> Operand:
        kind, token = self._peek()
        if (kind, token, self._peek(1)) == ("word", "size", ("sign", "(")):
            self._position += 2
            self._operator()
            _, path = self._path()
            self._expect(")")
            return Operand(("size(", *path, ")"))
        if kind == "value":
            return self._literal()
        return Operand(self._path()[1])

    def _two_operands(self) -> tuple[Operand, Operand, Template]:
        first = self._operand()
        self._expect(",")
        second = self._operand()
        self._check_distinct(first, second)
        return first, second, (*first.template, ",", *second.template)

    def _begins_with(self) -> Template:
        first, second, template = self._two_operands()
        for operand in (first, second):
            self._check_literal(operand, ("S", "B"), "begins_with takes strings or binary")
        return template

    def _attribute_type(self) -> Template:
        _, path = self._path()
        self._expect(",")
        operand = self._literal()
        placeholder = operand.placeholder or ""
        if self._bindings.value(placeholder).get("S") not in _TYPE_NAMES:
            raise ExpressionError(f"{placeholder} must be a type's name, such as S")
        return (*path, ",", *operand.template)

    # Paths and literals

    def _path(self) -> tuple[Path, Template]:
        path: list[str | int] = [self._path_name()]
        template: list[str | Name | Value] = [Name(str(path[0]))]
        while True:
            if self._take("."):
                name = self._path_name()
                path.append(name)
                template += (".", Name(name))
            elif self._take("["):
                kind, digits = self._next()
                if kind != "index" or len(digits) > MAX_INDEX_DIGITS:
                    raise ExpressionError("a list index is a whole number")
                self._expect("]")
                path.append(int(digits))
                template.append(f"[{int(digits)}]")
            else:
                return tuple(path), tuple(template)

    def _path_name(self) -> str:
        kind, token = self._peek()
        if kind not in ("name", "word"):
            self._fail("an attribute's name was expected")
        self._position += 1
        return self._bindings.name(token) if kind == "name" else token

    def _literal(self) -> Operand:
        kind, token = self._peek()
        if kind != "value":
            self._fail("a value such as :amount was expected")
        self._position += 1
        self._bindings.value(token)
        return Operand((Value(token),), token)

    def _check_literal(self, operand: Operand, types: tuple[str, ...], rule: str) -> None:
        if operand.placeholder is None:
            return
        (type_,) = self._bindings.value(operand.placeholder)
        if type_ not in types:
            raise ExpressionError(f"{rule}, and {operand.placeholder} is of type {type_}")

    def _check_distinct(self, left: Operand, right: Operand) -> None:
        if left.template == right.template:
            raise ExpressionError("the two operands of an operator or function must differ")

    def _check_bounds(self, least: Operand, most: Operand) -> None:
        for operand in (least, most):
            self._check_literal(operand, _ORDERED_TYPES, "BETWEEN compares S, N or B")
        if least.placeholder is None or most.placeholder is None:
            return
        ((least_type, lower),) = self._bindings.value(least.placeholder).items()
        ((most_type, upper),) = self._bindings.value(most.placeholder).items()
        if least_type != most_type:
            raise ExpressionError("the bounds of BETWEEN must be of one type")
        if _order(least_type, lower) > _order(most_type, upper):
            raise ExpressionError("the lower bound of BETWEEN is above the upper one")


def _order(type_: str, content: Any) -> Any:
    match type_:
        case "N":
            return parse_number(content)
        case "S":
            return content.encode()
        case _:
            return content


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise ExpressionError(f"it cannot be read from {text[position:].lstrip()[:20]!r} on")
        kind = match.lastgroup or ""
        tokens.append((kind, match[kind]))
        position = match.end()
    return tokens


def _check_overlaps(paths: list[Path]) -> None:
    """No path may lead into what another one changes, nor see a list where it sees a map."""
    changed: set[Path] = set()
    inside: dict[Path, type] = {}
    for path in paths:
        if path in changed or path in inside:
            raise ExpressionError(f"two actions change {_spelled(path)}")
        for depth in range(1, len(path)):
            parent, kind = path[:depth], type(path[depth])
            if parent in changed:
                raise ExpressionError(f"two actions change {_spelled(parent)}")
            if inside.setdefault(parent, kind) is not kind:
                raise ExpressionError(f"{_spelled(parent)} cannot be both a map and a list")
        changed.add(path)


def _spelled(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)[1:]
