"""The grammar of condition expressions: from text to a template.

A condition is read as a sequence, not as a tree: AND, OR and NOT keep their order, so that DynamoDB
applies its own precedence.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from collections.abc import Callable
from typing import Any

from dynamodb_items.domain.numbers import parse_number
from dynamodb_items.expressions.parts import Bindings, ExpressionError, Operand, Template
from dynamodb_items.expressions.reader import REDUNDANT_PARENTHESES, ExpressionReader

MAX_MEMBERS = 100
MAX_NESTING = 150
"""DynamoDB's 300 operators allow no more: each pair needs a comparison and an AND, OR or NOT."""

_COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
_ORDERED_TYPES = ("S", "N", "B")
_SIZED_TYPES = ("S", "B", "SS", "NS", "BS", "L", "M")
_TYPE_NAMES = ("S", "SS", "N", "NS", "B", "BS", "BOOL", "NULL", "L", "M")


def parse_condition(text: str, bindings: Bindings) -> Template:
    """Return the template of a condition expression.

    Raises:
        ExpressionError: DynamoDB would reject it.
    """
    return _ConditionReader(text, bindings).whole_condition()


class _ConditionReader(ExpressionReader):
    keywords = frozenset(("AND", "OR", "NOT", "BETWEEN", "IN"))

    def __init__(self, text: str, bindings: Bindings) -> None:
        super().__init__(text, bindings)
        self._template: list[Any] = []
        self._groups: list[tuple[int, int]] = []
        """The positions of each open parenthesis, in the template and in the tokens."""
        self._last_group = (0, 0, 0)
        """The last closed pair: its begin and end in the template, its begin in the tokens."""

    def whole_condition(self) -> Template:
        while True:
            self._term()
            self._close_groups()
            word = next((word for word in ("AND", "OR") if self._take(word)), None)
            if word is None:
                break
            self._operator()
            self._template.append(f" {word} ")
        if self._groups:
            self._fail(") was expected")
        self._expect_end()
        return tuple(self._template)

    def _term(self) -> None:
        """Read a comparison or a function, and each NOT and parenthesis before it."""
        opened = 0
        while True:
            if self._take("NOT"):
                self._read_not()
                opened = 0
            elif self._take("("):
                self._groups.append((len(self._template), self._position))
                self._template.append("(")
                opened += 1
                if len(self._groups) > MAX_NESTING:
                    raise ExpressionError(f"parentheses nest at most {MAX_NESTING} levels deep")
            else:
                break
        if self._called() not in (None, "size"):
            self._template += self._function()
            return
        left, still_open = self._closed(self._bare_operand(), opened)
        for _ in range(opened - still_open):  # these enclosed only the operand
            del self._template[self._groups.pop()[0]]
        self._template += self._compared(left)

    def _read_not(self) -> None:
        self._operator()
        if self._template[-1:] == ["NOT "]:
            del self._template[-1]  # two of them cancel out
        else:
            self._template.append("NOT ")

    def _close_groups(self) -> None:
        while self._groups and self._take(")"):
            start, position = self._groups.pop()
            if self._last_group == (start + 1, len(self._template), position + 1):
                raise ExpressionError(REDUNDANT_PARENTHESES)
            if self._last_group[:2] == (start + 1, len(self._template)):
                del self._template[start]  # only a pair of NOT was between the two
            else:
                self._template.append(")")
            self._last_group = (start, len(self._template), position)

    def _function(self) -> Template:
        functions: dict[str, Callable[[], Template]] = {
            "attribute_exists": self._path_in_call,
            "attribute_not_exists": self._path_in_call,
            "attribute_type": self._attribute_type,
            "begins_with": self._begins_with,
            "contains": lambda: self._two_operands()[2],
        }
        function = self._called() or ""
        if function not in functions:
            self._fail("a condition function such as attribute_exists was expected")
        self._open_call()
        arguments = functions[function]()
        self._expect(")")
        return (f"{function}(", *arguments, ")")

    def _compared(self, left: Operand) -> Template:
        self._operator()
        kind, token = self._peek()
        if kind == "sign" and token in _COMPARATORS:
            self._position += 1
            right = self._operand()
            if token not in ("=", "<>"):
                for operand in (left, right):
                    self._check_type(operand, _ORDERED_TYPES, f"{token} compares S, N or B")
            self._check_distinct(left, right)
            return (*left.template, token, *right.template)
        if self._take("BETWEEN"):
            least = self._operand()
            self._expect("AND")
            most = self._operand()
            self._check_bounds(left, least, most)
            return (*left.template, " BETWEEN ", *least.template, " AND ", *most.template)
        if not self._take("IN"):
            self._fail("a comparison was expected")
        return (*left.template, " IN (", *self._members(), ")")

    def _members(self) -> Template:
        self._expect("(")
        template = list(self._operand().template)
        count = 1
        while self._take(","):
            count += 1
            template += (",", *self._operand().template)
        self._expect(")")
        if count > MAX_MEMBERS:
            raise ExpressionError(f"IN accepts at most {MAX_MEMBERS} operands")
        return tuple(template)

    # Operands

    def _operand(self, *, may_be_size: bool = True) -> Operand:
        opened = 0
        while self._take("("):
            opened += 1
        operand, still_open = self._closed(self._bare_operand(may_be_size=may_be_size), opened)
        if still_open:
            self._fail(") was expected")
        return operand

    def _closed(self, operand: Operand, opened: int) -> tuple[Operand, int]:
        """Return the operand, and how many of the parentheses before it are still open.

        A path may continue after its parenthesis, as in ``(a.b).c``.
        """
        is_enclosed = False
        while opened and self._take(")"):
            if is_enclosed:
                raise ExpressionError(REDUNDANT_PARENTHESES)
            is_enclosed = True
            opened -= 1
            if operand.path is not None and (self._at(".") or self._at("[")):
                path, template = self._rest_of_path(operand.path, operand.template)
                operand, is_enclosed = Operand(template, path), False
        return operand, opened

    def _bare_operand(self, *, may_be_size: bool = True) -> Operand:
        if self._peek()[0] == "value":
            return self._literal()
        function = self._called()
        if function is None:
            return self._path_operand()
        if function != "size" or not may_be_size:
            self._fail("a function cannot be used here")
        self._open_call()
        operand = self._operand(may_be_size=False)
        self._check_type(operand, _SIZED_TYPES, "size accepts S, B, sets, L or M")
        self._expect(")")
        return Operand(("size(", *operand.template, ")"), type="N")

    def _path_in_call(self) -> Template:
        operand = self._operand(may_be_size=False)
        if operand.path is None:
            raise ExpressionError(f"a path was expected, but {operand.placeholder} is a value")
        return operand.template

    def _two_operands(self) -> tuple[Operand, Operand, Template]:
        first = self._operand()
        self._expect(",")
        second = self._operand()
        self._check_distinct(first, second)
        return first, second, (*first.template, ",", *second.template)

    def _begins_with(self) -> Template:
        first, second, template = self._two_operands()
        for operand in (first, second):
            self._check_type(operand, ("S", "B"), "begins_with accepts S or B")
        return template

    def _attribute_type(self) -> Template:
        _, second, template = self._two_operands()
        placeholder = second.placeholder
        if placeholder is None or self._bindings.value(placeholder).get("S") not in _TYPE_NAMES:
            raise ExpressionError(
                "attribute_type needs a value that is the name of a type, such as S"
            )
        return template

    def _check_distinct(self, left: Operand, right: Operand) -> None:
        if left.path is not None and left.path == right.path:
            raise ExpressionError("the two paths of an operator or function must differ")

    def _check_bounds(self, compared: Operand, least: Operand, most: Operand) -> None:
        for operand in (compared, least, most):
            self._check_type(operand, _ORDERED_TYPES, "BETWEEN compares S, N or B")
        if least.placeholder is None or most.placeholder is None:
            return
        if least.type != most.type:
            raise ExpressionError("the bounds of BETWEEN must have the same type")
        ((type_, lower),) = self._bindings.value(least.placeholder).items()
        ((_, upper),) = self._bindings.value(most.placeholder).items()
        if _order(type_, lower) > _order(type_, upper):
            raise ExpressionError("the lower bound of BETWEEN is above the upper one")


def _order(type_: str, content: Any) -> Any:
    match type_:
        case "N":
            return parse_number(content)
        case "S":
            return content.encode()
        case _:
            return content
