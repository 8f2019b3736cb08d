"""The tokens, paths and literals of an expression: what both grammars share.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.Attributes.html
"""

import re
from typing import ClassVar, NoReturn

from dynamodb_items.expressions.parts import (
    MAX_EXPRESSION_BYTES,
    MAX_OPERATORS,
    Bindings,
    ExpressionError,
    Name,
    Operand,
    Path,
    Template,
    Value,
)
from dynamodb_items.formats.limits import MAX_LEVELS

MAX_LIST_INDEX = 4_294_967_294
REDUNDANT_PARENTHESES = "the expression has redundant parentheses"

_WHITESPACE = " \t\r\n"
_TOKEN = re.compile(
    r"[ \t\r\n]*(?:(?P<name>#[A-Za-z0-9_]+)|(?P<value>:[A-Za-z0-9_]+)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<index>[0-9]+)|(?P<sign><=|>=|<>|[=<>+\-,.()\[\]]))"
)
_INDEX_DIGITS = len(str(MAX_LIST_INDEX))


class ExpressionReader:
    """A reader of an expression from left to right, which counts what DynamoDB limits.

    No method calls itself, however deep an expression nests. Each raises ExpressionError where
    DynamoDB would reject the expression.
    """

    keywords: ClassVar[frozenset[str]] = frozenset()
    """The words of the grammar in upper case; an attribute of such a name needs a placeholder."""

    def __init__(self, text: str, bindings: Bindings) -> None:
        if len(text.encode()) > MAX_EXPRESSION_BYTES:
            raise ExpressionError(f"an expression has at most {MAX_EXPRESSION_BYTES:,} bytes")
        self._tokens = _tokens(text)
        if not self._tokens:
            raise ExpressionError("the expression is empty")
        self._position = 0
        self._bindings = bindings
        self._operators = 0

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

    def _expect_end(self) -> None:
        if self._peek()[0] != "end":
            self._fail("the end was expected")

    def _fail(self, what: str) -> NoReturn:
        _, token = self._peek()
        raise ExpressionError(f"{what} {f'at {token[:40]!r}' if token else 'at the end'}")

    def _operator(self) -> None:
        self._operators += 1
        if self._operators > MAX_OPERATORS:
            raise ExpressionError(f"an expression has at most {MAX_OPERATORS} operators")

    # Functions

    def _called(self) -> str | None:
        """Return the name of the function that is called at this position, None without a call."""
        kind, token = self._peek()
        return token if kind == "word" and self._peek(1) == ("sign", "(") else None

    def _open_call(self) -> None:
        self._position += 2
        self._operator()

    # Paths and literals

    def _path(self) -> tuple[Path, Template]:
        name = self._path_name()
        return self._rest_of_path((name,), (Name(name),))

    def _rest_of_path(self, before: Path, written: Template) -> tuple[Path, Template]:
        path, template = list(before), list(written)
        while True:
            if self._take("."):
                name = self._path_name()
                path.append(name)
                template += (".", Name(name))
            elif self._take("["):
                index = self._list_index()
                path.append(index)
                template.append(f"[{index}]")
            else:
                break
            if len(path) > MAX_LEVELS:
                raise ExpressionError(f"a path has at most {MAX_LEVELS} levels")
        self._bindings.attributes.add(str(path[0]))
        if len(path) > 1:
            self._bindings.entered.add(str(path[0]))
        return tuple(path), tuple(template)

    def _list_index(self) -> int:
        kind, digits = self._peek()
        if kind != "index" or (digits[0] == "0" and digits != "0"):
            self._fail("a whole number without leading zeros was expected as a list index")
        if len(digits) > _INDEX_DIGITS or int(digits) > MAX_LIST_INDEX:
            self._fail(f"a list index is at most {MAX_LIST_INDEX}")
        self._position += 1
        self._expect("]")
        return int(digits)

    def _path_name(self) -> str:
        kind, token = self._peek()
        if kind not in ("name", "word"):
            self._fail("an attribute's name was expected")
        if kind == "word" and token.upper() in self.keywords:
            self._fail("an attribute's name or its placeholder was expected")
        self._position += 1
        return self._bindings.name(token) if kind == "name" else token

    def _literal(self) -> Operand:
        kind, token = self._peek()
        if kind != "value":
            self._fail("a value such as :amount was expected")
        self._position += 1
        value = self._bindings.value(token)
        (type_,) = value
        return Operand((Value(value),), placeholder=token, type=type_)

    def _path_operand(self) -> Operand:
        path, template = self._path()
        return Operand(template, path)

    def _check_type(self, operand: Operand, types: tuple[str, ...], rule: str) -> None:
        if operand.type is not None and operand.type not in types:
            which = operand.placeholder or "the function's result"
            raise ExpressionError(f"{rule}, but {which} has type {operand.type}")


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens = []
    position, end = 0, len(text.rstrip(_WHITESPACE))
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            rest = text[position:].lstrip(_WHITESPACE)
            raise ExpressionError(f"the expression has a syntax error at {rest[:20]!r}")
        kind = match.lastgroup or ""
        tokens.append((kind, match[kind]))
        position = match.end()
    return tokens
