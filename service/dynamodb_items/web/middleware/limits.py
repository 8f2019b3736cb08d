"""The limits of one worker: size and time of bodies, bytes in memory, requests in flight.

A body is read whole before its request counts, so slow clients occupy no slot. A request over
the limit is rejected at once: it waits for nothing, and costs very little.
"""

import io
import time
from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import structlog
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, RequestTimeout

from dynamodb_items.config.settings import Settings
from dynamodb_items.runtime.deadline import TimeIsUp, give_way, request_deadline, time_limit
from dynamodb_items.web.gzip_bodies import (
    DecodedTooLarge,
    InvalidCoding,
    content_codings_of,
    decoded_gzip,
    is_gzip,
)
from dynamodb_items.web.middleware.authentication import client_key
from dynamodb_items.web.middleware.context import context_of
from dynamodb_items.web.middleware.rejections import reject
from dynamodb_items.web.response import problem_responses

log = structlog.get_logger(__name__)

MAX_REQUEST_BODY_BYTES = 1024 * 1024
MAX_BUFFERED_BYTES = 32 * 1024 * 1024
"""The limit on all bodies in one worker's memory, so that slow clients cannot fill it.

One client may hold as much as it leaves free: half of it alone, a third next to another client
that does the same.
"""
UNLIMITED_PATHS = frozenset({"/live", "/ready"})
# A body has no meaning in these methods, so none is read.
_UNREAD_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_CHUNK_BYTES = 16 * 1024
_MAX_LENGTH_DIGITS = 9


class _Overloaded(Exception):
    """The worker has no capacity for this request."""


class Limits:
    """The innermost middleware, next to Flask."""

    def __init__(self, app: WSGIApplication, settings: Settings) -> None:
        self._app = app
        self._deadline_seconds = settings.deadline_seconds
        self._body_seconds = settings.body_timeout_seconds
        # Popping a list is atomic in threads too, and costs less than a semaphore.
        self._free_slots = [None] * settings.max_in_flight
        self._free_bytes = MAX_BUFFERED_BYTES
        self._held_bytes: dict[str, int] = {}
        self._shed_count = 0
        self._logged_at = 0.0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass the request on with its body read and its deadline set, or shed it."""
        if environ.get("PATH_INFO") in UNLIMITED_PATHS:
            return self._app(environ, start_response)
        body = _Body(self)
        try:
            body.read(environ, self._body_seconds)
            return self._respond(environ, start_response)
        except _Overloaded:
            return self._shed(environ, start_response)
        finally:
            if body.size:
                self._release(body)

    def hold(self, client: str, count: int) -> None:
        """Reserve memory for more bytes of a client's bodies.

        Raises:
            _Overloaded: it is used up, or the client would hold more than it leaves free.
        """
        held = self._held_bytes.get(client, 0) + count
        free = self._free_bytes - count
        if held > free:
            raise _Overloaded
        self._held_bytes[client], self._free_bytes = held, free

    def _release(self, body: "_Body") -> None:
        self._free_bytes += body.size
        self._held_bytes[body.client] -= body.size
        if not self._held_bytes[body.client]:
            del self._held_bytes[body.client]

    def _respond(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            slot = self._free_slots.pop()
        except IndexError:
            raise _Overloaded from None
        try:
            with request_deadline(self._deadline_seconds):
                return self._app(environ, start_response)
        finally:
            self._free_slots.append(slot)

    def _shed(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self._shed_count += 1
        now = time.monotonic()
        if now - self._logged_at >= 1:  # one line a second: logging must not add to the load
            log.warning("overloaded", rejected=self._shed_count)
            self._logged_at, self._shed_count = now, 0
        context_of(environ).record.shed = True
        status, headers, content = problem_responses.overloaded(environ)
        start_response(status, headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [content]


class _Body:
    """The body of one request while it is read into memory."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.client = ""
        self.size = 0

    def read(self, environ: WSGIEnvironment, seconds: float) -> None:
        """Replace the stream in the environment by the whole body.

        Flask rejects a body whose length is over the limit. An incomplete body or one that
        arrives too late rejects the request.
        """
        expected = self._expected_bytes(environ)
        if not expected:
            return
        self.client = client_key(environ)
        stream = environ["wsgi.input"]
        is_buffered = isinstance(stream, io.BytesIO)  # a small body that arrived with its head
        try:
            with nullcontext() if is_buffered else time_limit(seconds):
                content = self._content(stream, expected)
        except TimeIsUp:
            reject(environ, RequestTimeout("The body did not arrive in time."))
        except _Overloaded:
            raise
        except Exception:  # noqa: BLE001 - servers raise anything for a body that they cannot read
            reject(environ, BadRequest("The body is incomplete, or its chunks are malformed."))
        else:
            if len(content) < expected and "HTTP_TRANSFER_ENCODING" not in environ:
                reject(environ, BadRequest("The body is incomplete."))
                return
            environ.pop("HTTP_TRANSFER_ENCODING", None)
            if "HTTP_CONTENT_ENCODING" in environ and len(content) <= MAX_REQUEST_BODY_BYTES:
                self._decode(environ, content)
            else:
                _set_body(environ, content)

    def _decode(self, environ: WSGIEnvironment, content: bytes) -> None:
        """Decode a body that is encoded with gzip; another coding is rejected by its resource."""
        if not is_gzip(content_codings_of(environ["HTTP_CONTENT_ENCODING"])):
            _set_body(environ, content)
            return
        try:
            decoded = decoded_gzip(content, MAX_REQUEST_BODY_BYTES)
        except InvalidCoding as error:
            reject(environ, BadRequest(str(error)))
            return
        except DecodedTooLarge as error:
            reject(environ, RequestEntityTooLarge(str(error)))
            return
        del environ["HTTP_CONTENT_ENCODING"]
        self._hold(len(decoded))
        _set_body(environ, decoded)

    @staticmethod
    def _expected_bytes(environ: WSGIEnvironment) -> int:
        """Return how many bytes to read at most; 0 where no body is read here."""
        if environ["REQUEST_METHOD"] in _UNREAD_METHODS:
            return 0
        if "HTTP_TRANSFER_ENCODING" in environ and environ.get("wsgi.input_terminated"):
            return MAX_REQUEST_BODY_BYTES + 1
        length = (environ.get("CONTENT_LENGTH") or "").lstrip("0")
        if 0 < len(length) <= _MAX_LENGTH_DIGITS and int(length) <= MAX_REQUEST_BODY_BYTES:
            return int(length)
        return 0

    def _content(self, stream: Any, expected: int) -> bytes:
        chunks: list[bytes] = []
        received = 0
        while received < expected:
            if chunks:
                give_way()
            chunk = stream.read(min(_CHUNK_BYTES, expected - received))
            if not chunk:
                break
            self._hold(len(chunk))
            received += len(chunk)
            chunks.append(chunk)
        return b"".join(chunks)

    def _hold(self, count: int) -> None:
        self._limits.hold(self.client, count)
        self.size += count


def _set_body(environ: WSGIEnvironment, content: bytes) -> None:
    environ["wsgi.input"] = io.BytesIO(content)
    environ["CONTENT_LENGTH"] = str(len(content))
