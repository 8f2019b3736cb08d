"""The grammar of condition expressions: from text to a template.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from collections.abc import Callable
from typing import Any

from service.numbers import parse_number
from service.storage.expression_parts import (
    Bindings,
    ExpressionError,
    Operand,
    Template,
    is_in_parentheses,
)
from service.storage.expression_reader import ExpressionReader

MAX_MEMBERS = 100

_COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
_ORDERED_TYPES = ("S", "N", "B")
_TYPE_NAMES = ("S", "SS", "N", "NS", "B", "BS", "BOOL", "NULL", "L", "M")


def parse_condition(text: str, bindings: Bindings) -> Template:
    """A condition expression.

    Raises:
        ExpressionError: DynamoDB would refuse it.
    """
    return _ConditionReader(text, bindings).whole_condition()


class _ConditionReader(ExpressionReader):
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
            if is_in_parentheses(inner):
                raise ExpressionError("two pairs of parentheses are around one condition")
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
        if count > MAX_MEMBERS:
            raise ExpressionError(f"IN takes at most {MAX_MEMBERS} operands")
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
