"""Compression of responses, on request; off unless the settings switch it on.

The ETag stays as it is: it names the state of an item, not the bytes of a response.
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from dynamodb_items.config.settings import Settings

if TYPE_CHECKING:
    from dynamodb_items.web.response.content_codings import ContentCoding

MIN_BYTES = 1024
"""Responses up to this size are sent as they are: a packet holds them anyway."""
MAX_BYTES = 16 * 1024 * 1024
"""More than any response of the service, so that no file of another size is read into memory."""

_COMPRESSIBLE_TYPES = ("application/json", "text/")
_COMPRESSIBLE_SUFFIXES = ("+json", "javascript")
# A range is one of the bytes as they are; the other two have no content.
_UNCHANGED = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.PARTIAL_CONTENT, HTTPStatus.NOT_MODIFIED})
# A range of the bytes as they are would not continue a compressed response.
_NOT_COMPRESSED = frozenset({"content-length", "accept-ranges"})

_Headers = list[tuple[str, str]]


def compression(app: WSGIApplication, settings: Settings) -> WSGIApplication:
    """Compress responses where the settings switch it on."""
    return _Compression(app) if settings.compression else app


class _Compression:
    """Compresses a response that is complete, in the coding that the client prefers."""

    def __init__(self, app: WSGIApplication) -> None:
        # Imported here: only a service that compresses needs the libraries.
        from dynamodb_items.web.response import content_codings  # noqa: PLC0415

        self._app = app
        self._codings = content_codings

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass the request on, and compress its response."""
        status, headers = "", []

        def start(given: str, fields: _Headers, *_exc_info: Any) -> Any:
            nonlocal status, headers
            status, headers = given, fields
            return None  # Flask never writes before it returns the content

        content = self._app(environ, start)
        coding = self._codings.accepted_coding(environ.get("HTTP_ACCEPT_ENCODING", ""))
        _add_vary(headers)
        if coding is not None and _is_compressible(int(status[:3]), headers):
            content = self._compressed(content, headers, coding, environ["REQUEST_METHOD"])
        start_response(status, headers)
        return content

    def _compressed(
        self, content: Iterable[bytes], headers: _Headers, coding: "ContentCoding", method: str
    ) -> Iterable[bytes]:
        if method == "HEAD":
            # The length in this coding is not known, and may be left out (RFC 9110, section 9.3.2).
            _set_encoding(headers, coding, None)
            return content
        try:
            whole = b"".join(content)
        finally:
            if hasattr(content, "close"):
                content.close()
        encoded = self._codings.encoded(whole, coding)
        _set_encoding(headers, coding, len(encoded))
        return [encoded]


def _is_compressible(status: int, headers: _Headers) -> bool:
    fields = {name.lower(): value for name, value in headers}
    length = fields.get("content-length", "")
    if status in _UNCHANGED or "content-encoding" in fields or not length.isdecimal():
        return False
    media_type = fields.get("content-type", "").partition(";")[0].strip(" \t").lower()
    return MIN_BYTES < int(length) <= MAX_BYTES and (
        media_type.startswith(_COMPRESSIBLE_TYPES) or media_type.endswith(_COMPRESSIBLE_SUFFIXES)
    )


def _set_encoding(headers: _Headers, coding: "ContentCoding", length: int | None) -> None:
    headers[:] = [field for field in headers if field[0].lower() not in _NOT_COMPRESSED]
    headers.append(("Content-Encoding", coding.value))
    if length is not None:
        headers.append(("Content-Length", str(length)))


def _add_vary(headers: _Headers) -> None:
    """Add Accept-Encoding to Vary, also where this response is not compressed.

    A cache must not send a compressed response of the same resource to a client that did not accept
    it, and a 304 has the same Vary as the response that it stands for (RFC 9110, section 15.4.5).
    """
    for index, (name, value) in enumerate(headers):
        if name.lower() == "vary":
            headers[index] = (name, f"{value}, Accept-Encoding")
            return
    headers.append(("Vary", "Accept-Encoding"))
