"""Routing on the path as the client sent it, so that every legal key has its own URL.

WSGI servers decode the path before an application sees it: ``%2F`` becomes a separator, and
invalid UTF-8 is replaced. Here the router sees the encoded path, and each key segment is decoded
strictly on its own.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote_to_bytes
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter

from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.errors import InvalidKey

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ASCII = bytes(range(0x80)).decode()
_ABSOLUTE_FORM = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


def path_prefix(environ: Mapping[str, Any]) -> str:
    """Return the path prefix of the service as in URLs; empty for the root."""
    return quote(environ.get("SCRIPT_NAME", "").rstrip("/"))


class RawPath:
    """Puts the request target's path, still percent-encoded, where the router reads it."""

    def __init__(self, app: WSGIApplication, _settings: Settings) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass the request on with its raw path, or where the server hides it, the encoded path."""
        target = environ.get("RAW_URI") or environ.get("REQUEST_URI")
        if target:
            path = target.partition("?")[0]
            if not path.startswith("/"):
                path = _ABSOLUTE_FORM.sub("", path, count=1) or "/"
            prefix = path_prefix(environ)
            if prefix and path.startswith(f"{prefix}/"):
                path = path[len(prefix) :]
        else:
            path = quote(environ.get("PATH_INFO", "").encode("latin-1"), safe="/!$&'()*+,;=:@~")
        if not path.isascii():  # bytes that the client did not encode
            path = quote(path.encode("latin-1"), safe=_ASCII)
        if path != "*" and not path.startswith("/"):
            # The router would add the slash, but only after the access rules.
            path = f"/{path}"
        if path.startswith("//"):  # the router would drop the empty segment and find an item
            path = f"/%2F{path[2:]}"
        environ["PATH_INFO"] = path
        return self._app(environ, start_response)


def decoded_strictly(encoded: str) -> str:
    """Return the text of percent-encoded UTF-8.

    Raises:
        ValueError: a broken escape, or bytes that are not UTF-8.
    """
    if "%" not in encoded:
        return encoded
    if _BROKEN_ESCAPE.search(encoded):
        raise ValueError("a % is not followed by two hexadecimal digits")
    try:
        return unquote_to_bytes(encoded).decode()
    except UnicodeError:
        raise ValueError("it is not percent-encoded UTF-8") from None


class InvalidKeySegment(HTTPException):
    """An InvalidKey as an HTTP exception, since the router passes on no other errors."""

    code = 400

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.error = InvalidKey(detail)


class KeySegmentConverter(BaseConverter):
    """A path segment that is a key: percent-encoded UTF-8, decoded strictly."""

    regex = "[^/]+"
    part_isolating = True

    def to_python(self, value: str) -> str:
        """Return the decoded text.

        Raises:
            InvalidKeySegment: a broken escape, bytes that are not UTF-8, or a bare ``#``.
        """
        if "#" in value:  # never part of a request target (RFC 9112 section 3.2)
            raise InvalidKeySegment("A # in a key must be sent as %23.")
        try:
            return decoded_strictly(value)
        except ValueError as error:
            raise InvalidKeySegment(f"Invalid key in the path: {error}.") from None

    def to_url(self, value: str) -> str:
        """Return the text as a path segment."""
        return quote(value, safe="")
