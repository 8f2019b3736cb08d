"""A response without the header checks of Werkzeug."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Self
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Response
from werkzeug.datastructures import Headers


class _UncheckedHeaders(Headers):
    """Headers that need no check, because no value is a client's."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._list = fields


class LeanResponse(Response):
    """A response whose headers are complete when it is made."""

    @classmethod
    def of(
        cls,
        body: bytes,
        media_type: str,
        fields: Iterable[tuple[str, str]],
        status: HTTPStatus = HTTPStatus.OK,
    ) -> Self:
        """Return a response with a body."""
        headers = _UncheckedHeaders(
            [("Content-Type", media_type), ("Content-Length", str(len(body))), *fields]
        )
        return cls([body], status, headers)

    @property
    def _has_body(self) -> bool:
        return self._status_code in (HTTPStatus.OK, HTTPStatus.CREATED)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send the response by WSGI."""
        if not self._has_body or not isinstance(self.response, list):
            return super().__call__(environ, start_response)
        start_response(self._status, self.headers.to_wsgi_list())
        return self.response if environ["REQUEST_METHOD"] != "HEAD" else ()
