"""The story's calls arrive as lines of JSON; each gets one in return."""

import json
import sys
from collections.abc import Callable
from typing import Any, NotRequired, TypedDict

TYPED_JSON = "application/vnd.dynamodb+json"


class Call(TypedDict):
    operation: str
    id: str
    name: str
    item: dict[str, Any]
    typed: bool
    fields: list[str] | None
    if_match: str | None
    if_none_match: str | None
    prefer: str | None
    limit: int | None
    cursor: str | None
    prefix: str | None
    order: str | None


class Page(TypedDict):
    items: list[dict[str, Any]]
    next: str | None
    evaluated: int


class Result(TypedDict):
    status: int
    etag: str | None
    item: dict[str, Any] | None
    problem: dict[str, Any] | None
    page: NotRequired[Page]


def converse(result: Callable[[Call], Result]) -> None:
    for line in sys.stdin:
        sys.stdout.write(json.dumps(result(json.loads(line))) + "\n")
        sys.stdout.flush()
