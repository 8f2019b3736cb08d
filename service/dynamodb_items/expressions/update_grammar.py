"""The grammar of update expressions: from text to actions by clause.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

from collections.abc import Callable
from typing import Any

from dynamodb_items.expressions.parts import (
    Action,
    Bindings,
    ExpressionError,
    IfNotExists,
    ListAppend,
    Operand,
    Path,
    Sum,
    Template,
    ValueExpression,
)
from dynamodb_items.expressions.reader import REDUNDANT_PARENTHESES, ExpressionReader

_SETS = ("SS", "NS", "BS")


def parse_update(text: str, bindings: Bindings) -> dict[str, list[Action]]:
    """Return the actions of an update expression by clause: SET, REMOVE, ADD, DELETE.

    Raises:
        ExpressionError: DynamoDB would reject it.
    """
    return _UpdateReader(text, bindings).update()


class _UpdateReader(ExpressionReader):
    keywords = frozenset(("SET", "REMOVE", "ADD", "DELETE"))

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
        _check_overlaps([action.path for actions in clauses.values() for action in actions])
        return clauses

    def _assignment(self) -> Action:
        path, target = self._path()
        self._expect("=")
        template, value = self._assigned()
        return Action(path, (*target, "=", *template), value)

    def _assigned(self) -> tuple[Template, ValueExpression]:
        """Return an operand, or two with a sign between them: the template and the expression.

        Each operand and the whole may have one pair of parentheses. They do not change the meaning
        and are left out.
        """
        opened = 0
        while self._take("("):
            opened += 1
        first = self._function_or_operand()
        if opened and self._take(")"):
            opened -= 1
        if opened > 1:
            raise ExpressionError(REDUNDANT_PARENTHESES)
        template, expression = first.template, first.expression
        if self._at("+") or self._at("-"):
            _, sign = self._next()
            self._operator()
            second = self._operand()
            for operand in (first, second):
                self._check_type(operand, ("N",), f"{sign} needs numbers")
            template = (*template, sign, *second.template)
            expression = Sum(sign, expression, second.expression)
        if opened:
            self._expect(")")
        return template, expression

    def _with_value(self, types: tuple[str, ...], wanted: str) -> Action:
        path, target = self._path()
        operand = self._literal()
        self._check_type(operand, types, f"the action needs {wanted}")
        return Action(path, (*target, " ", *operand.template), operand.expression)

    def _operand(self) -> Operand:
        is_open = self._take("(")
        operand = self._nested_operand()
        if is_open:
            self._expect(")")
        return operand

    def _function_or_operand(self) -> Operand:
        if self._called() != "list_append":
            return self._nested_operand()
        self._open_call()
        first = self._operand()
        self._expect(",")
        second = self._operand()
        self._expect(")")
        for operand in (first, second):
            self._check_type(operand, ("L",), "list_append needs lists")
        template = ("list_append(", *first.template, ",", *second.template, ")")
        composed = ListAppend(first.expression, second.expression)
        return Operand(template, type="L", composed=composed)

    def _nested_operand(self) -> Operand:
        """Return a path or a value, enclosed in any number of if_not_exists."""
        template: list[Any] = []
        paths: list[Path] = []
        closing: list[str] = []
        while (function := self._called()) is not None:
            if function == "list_append":
                self._fail("list_append must be the whole of an assigned value")
            if function != "if_not_exists":
                self._fail("if_not_exists or list_append was expected")
            self._open_call()
            path, written = self._path_in_call()
            paths.append(path)
            template += ("if_not_exists(", *written, ",")
            closing.append(")")
            if self._take("("):
                closing.append("")
        leaf = self._literal() if self._peek()[0] == "value" else self._path_operand()
        for _ in closing:
            self._expect(")")
        if not closing:
            return leaf
        return Operand(
            (*template, *leaf.template, *(text for text in closing if text)),
            composed=IfNotExists(tuple(paths), leaf.expression),
        )

    def _path_in_call(self) -> tuple[Path, Template]:
        is_open = self._take("(")
        path, written = self._path()
        if is_open:
            self._expect(")")
        self._expect(",")
        return path, written


def _check_overlaps(paths: list[Path]) -> None:
    """Reject a path inside another one, and two paths that need both a map and a list."""
    root: dict[str | int, Any] = {}
    for path in paths:
        members: dict[str | int, Any] = root
        for depth, part in enumerate(path, start=1):
            kind = next((type(other) for other in members), type(part))
            if kind is not type(part):
                raise ExpressionError(
                    f"{_spelled(path[: depth - 1])} cannot be both a map and a list"
                )
            is_last = depth == len(path)
            if part in members and (is_last or members[part] is None):
                raise ExpressionError(f"two actions change {_spelled(path[:depth])}")
            inside = members.setdefault(part, None if is_last else {})
            members = {} if inside is None else inside


def _spelled(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)[1:]
