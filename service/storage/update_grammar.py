"""The grammar of update expressions: from text to actions, by clause.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

from collections.abc import Callable

from service.storage.expression_parts import (
    Action,
    Bindings,
    ExpressionError,
    Operand,
    Path,
    Template,
)
from service.storage.expression_reader import ExpressionReader

_SETS = ("SS", "NS", "BS")


def parse_update(text: str, bindings: Bindings) -> dict[str, list[Action]]:
    """The actions of an update expression by clause: SET, REMOVE, ADD, DELETE.

    Raises:
        ExpressionError: DynamoDB would refuse it.
    """
    return _UpdateReader(text, bindings).update()


class _UpdateReader(ExpressionReader):
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
