"""From the text of an expression to its tokens, paths and literals: what every grammar shares.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.Attributes.html
"""

import re
from collections.abc import Callable
from typing import Any, NoReturn

from service.storage.attributes import MAX_LEVELS
from service.storage.expression_parts import (
    Bindings,
    ExpressionError,
    Name,
    Operand,
    Path,
    Template,
    Value,
)
from service.storage.expressions import MAX_EXPRESSION_BYTES, MAX_OPERATORS

MAX_NESTING = 50
MAX_INDEX_DIGITS = 9

_TOKEN = re.compile(
    r"\s*(?:(?P<name>#[A-Za-z0-9_]+)|(?P<value>:[A-Za-z0-9_]+)|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<index>[0-9]+)|(?P<sign><=|>=|<>|[=<>+\-,.()\[\]]))",
    re.ASCII,
)


class ExpressionReader:
    """Reads an expression from left to right, and counts what DynamoDB limits.

    Its methods raise ExpressionError where DynamoDB would refuse the expression.
    """

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
            if len(path) > MAX_LEVELS:
                raise ExpressionError(f"a path leads at most {MAX_LEVELS} levels deep")

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
