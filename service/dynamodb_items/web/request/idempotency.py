"""Idempotency-Key: a request that is carried out once, however often it comes.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

import re

from flask import Request

from dynamodb_items.domain.errors import InvalidRequest
from dynamodb_items.domain.write_tokens import WriteToken
from dynamodb_items.web.middleware.authentication import current_caller

# The draft has a quoted string; what most clients send is the bare one.
_KEY = re.compile(r'"([\x20\x21\x23-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255})', re.ASCII)

# What makes two requests of one key different requests, besides the body.
_TELLING_HEADERS = ("Content-Type", "If-Match", "If-None-Match")


def idempotency_key(request: Request) -> str | None:
    """The request's Idempotency-Key, None where it has none.

    Raises:
        InvalidRequest: it is not 1 to 255 printable ASCII characters.
    """
    header = request.environ.get("HTTP_IDEMPOTENCY_KEY")
    if header is None:
        return None
    match = _KEY.fullmatch(header.strip(" \t"))
    if match is None:
        raise InvalidRequest(
            "Idempotency-Key takes 1 to 255 printable ASCII characters, in quotes where there is a "
            "space among them."
        )
    return match[1] or match[2]


def write_token(request: Request, key: str, table: str, path: str) -> WriteToken:
    """The write token of a request with an Idempotency-Key, the same each time it comes. The key
    is valid for one table, one caller, one method and one canonical path.
    """
    headers = [request.headers.get(name, "").encode() for name in _TELLING_HEADERS]
    return WriteToken.of_request(
        (table, current_caller().id, request.method, path, key), (request.get_data(), *headers)
    )
