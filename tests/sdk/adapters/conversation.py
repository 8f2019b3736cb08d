"""The story's calls come in as lines of JSON, and each is answered with one."""

import json
import sys
from collections.abc import Callable
from typing import Any, TypedDict

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


class Answer(TypedDict):
    status: int
    etag: str | None
    item: dict[str, Any] | None
    problem: dict[str, Any] | None


def converse(answer: Callable[[Call], Answer]) -> None:
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()
