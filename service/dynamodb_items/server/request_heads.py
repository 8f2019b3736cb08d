"""A parser of plain request heads, several times as fast as gunicorn's.

It leaves everything unusual to gunicorn: another version of HTTP, a chunked body, a repeated
header, an expectation, an upgrade, a name with an underscore, anything malformed. What it parses,
gunicorn would parse to the same result; a test compares the two.

https://www.rfc-editor.org/rfc/rfc9112
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from dynamodb_items.server.checked_requests import HOST

MAX_PLAIN_HEAD_BYTES = 8000
"""Longer heads are left to gunicorn, which has a limit for each part."""
_MAX_FIELDS = 100
_MAX_CACHED_NAMES = 1000

# An origin-form target: without a fragment, and without // at its start, which may be an authority.
_PLAIN_REQUEST_LINE = re.compile(
    r"(GET|HEAD|PUT|PATCH|POST|DELETE|OPTIONS) (/(?!/)[!\"$-~]*) HTTP/1\.1", re.ASCII
)
_PLAIN_NAME = re.compile(r"[A-Za-z0-9-]+", re.ASCII)
_CONTENT_LENGTH = re.compile(r"[0-9]{1,10}", re.ASCII)
_CONTROLS = bytes({*range(0x20), 0x7F} - {ord("\t"), ord("\r"), ord("\n")})
# These headers change the framing of the message, or the protocol.
_LEFT_TO_GUNICORN = frozenset(
    {"TRANSFER-ENCODING", "EXPECT", "UPGRADE", "HTTP2-SETTINGS", "TE", "TRAILER"}
)
_OWN_KEYS = {"CONTENT-TYPE": "CONTENT_TYPE", "CONTENT-LENGTH": "CONTENT_LENGTH"}

# Cached by the names as clients spell them, which are few; None for what is left to gunicorn.
_environment_keys: dict[str, str | None] = {}


def environment_of(head: bytes, constants: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the WSGI environment of a request, without ``wsgi.input``; None if it is not plain.

    ``constants`` are the values that all requests of the connection share; ``head`` ends before
    the empty line. https://peps.python.org/pep-3333/#environ-variables
    """
    if len(head) > MAX_PLAIN_HEAD_BYTES or len(head.translate(None, _CONTROLS)) < len(head):
        return None
    text = head.decode("latin-1")
    request_line, *fields = text.split("\r\n")
    lines = len(fields)
    if lines > _MAX_FIELDS or text.count("\n") != lines or text.count("\r") != lines:
        return None
    match = _PLAIN_REQUEST_LINE.fullmatch(request_line)
    if match is None:
        return None
    environment = dict(constants)
    for field in fields:
        name, colon, value = field.partition(":")
        try:
            key = _environment_keys[name]
        except KeyError:
            key = _environment_key(name)
        if not colon or key is None or key in environment:
            return None
        environment[key] = value.strip(" \t")
    if not _is_framed_plainly(environment):
        return None
    method, target = match.groups()
    path, _, query = target.partition("?")
    environment["REQUEST_METHOD"] = method
    environment["RAW_URI"] = target
    environment["QUERY_STRING"] = query
    environment["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1") if "%" in path else path
    return environment


def _is_framed_plainly(environment: Mapping[str, Any]) -> bool:
    length = environment.get("CONTENT_LENGTH")
    if length is not None and not _CONTENT_LENGTH.fullmatch(length):
        return False
    connection = environment.get("HTTP_CONNECTION")
    if connection is not None and connection.lower() not in ("keep-alive", "close"):
        return False
    return HOST.fullmatch(environment.get("HTTP_HOST", "")) is not None


def _environment_key(name: str) -> str | None:
    upper = name.upper()
    is_plain = _PLAIN_NAME.fullmatch(name) and upper not in _LEFT_TO_GUNICORN
    key = _OWN_KEYS.get(upper, f"HTTP_{upper.replace('-', '_')}") if is_plain else None
    if len(_environment_keys) < _MAX_CACHED_NAMES:  # clients may send any number of names
        _environment_keys[name] = key
    return key
