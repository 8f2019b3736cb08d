"""Idempotency-Key: a request that is applied once, however often the client sends it.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

import re

from flask import Request

from dynamodb_items.domain.errors import InvalidRequest
from dynamodb_items.domain.write_tokens import WriteToken
from dynamodb_items.web.middleware.authentication import current_caller

# The draft requires a quoted string, but most clients send the key without quotes.
_KEY = re.compile(r'"([\x20\x21\x23-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255})', re.ASCII)

# With another body or another value of these, a request with the same key is another request.
_HEADERS_IN_TOKEN = ("Content-Type", "If-Match", "If-None-Match")


def idempotency_key(request: Request) -> str | None:
    """Return the request's Idempotency-Key; None without one.

    Raises:
        InvalidRequest: the key is not 1 to 255 printable ASCII characters.
    """
    header = request.environ.get("HTTP_IDEMPOTENCY_KEY")
    if header is None:
        return None
    match = _KEY.fullmatch(header.strip(" \t"))
    if match is None:
        raise InvalidRequest(
            "Invalid Idempotency-Key. Send 1 to 255 printable ASCII characters, in double quotes "
            "if one of them is a space."
        )
    return match[1] or match[2]


def write_token(request: Request, key: str, table: str, path: str) -> WriteToken:
    """Return the write token of a request with an Idempotency-Key, the same for each repetition.

    The key is valid for one table, one caller, one method and one canonical path.
    """
    headers = [request.headers.get(name, "").encode() for name in _HEADERS_IN_TOKEN]
    # POST requests for one item differ in their route, and perhaps in nothing else.
    route = request.path.encode() if request.method == "POST" else b""
    return WriteToken.of_request(
        (table, current_caller().id, request.method, path, key),
        (request.get_data(), route, *headers),
    )
