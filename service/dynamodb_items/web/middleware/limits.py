"""What one worker takes on: bodies of bounded size and time, so many requests at once, no more.

A body is read whole before its request counts, so that clients that send slowly hold no place. A
request over the limit is refused at once: it waits for nothing, and costs next to nothing.
"""

import io
import time
from collections.abc import Iterable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import structlog
from flask import Flask
from werkzeug.exceptions import BadRequest, RequestTimeout

from dynamodb_items.config.settings import Settings
from dynamodb_items.runtime.deadline import TimeIsUp, give_way, request_deadline, time_limit
from dynamodb_items.web.middleware.authentication import who_asks
from dynamodb_items.web.middleware.rejections import refuse
from dynamodb_items.web.middleware.telemetry import record_of
from dynamodb_items.web.response import problem_responses

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = structlog.get_logger(__name__)

MAX_BODY_BYTES = 1024 * 1024
MAX_BUFFERED_BYTES = 32 * 1024 * 1024
"""All the bodies together that one worker holds; slow clients cannot fill its memory. One caller
may hold as much as it leaves free: alone a half, beside another that does the same a third.
"""
UNLIMITED_PATHS = frozenset({"/live", "/ready"})
# A body means nothing to these, so that none is waited for or held.
_UNREAD_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_STEP_BYTES = 16 * 1024
_MOST_DIGITS = 9


def install(app: Flask, settings: Settings) -> None:
    """Hold the app to the limits."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.wsgi_app = Limits(app.wsgi_app, settings)  # type: ignore[method-assign]


class _Overloaded(Exception):
    """This request is one too many."""


class Limits:
    """The innermost middleware, next to Flask."""

    def __init__(self, app: "WSGIApplication", settings: Settings) -> None:
        self._app = app
        self._deadline_seconds = settings.deadline_seconds
        self._body_seconds = settings.body_timeout_seconds
        # Taking one is one step for threads too, and costs less than a semaphore.
        self._free_places = [None] * settings.max_in_flight
        self._free_bytes = MAX_BUFFERED_BYTES
        self._held_bytes: dict[str, int] = {}
        self._refused = 0
        self._said_at = 0.0

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass the request on with its body read and its deadline set, or refuse it."""
        if environ.get("PATH_INFO") in UNLIMITED_PATHS:
            return self._app(environ, start_response)
        body = _Body(self)
        try:
            body.read(environ, self._body_seconds)
            return self._answer(environ, start_response)
        except _Overloaded:
            return self._shed(environ, start_response)
        finally:
            if body.size:
                self._release(body)

    def hold(self, caller: str, count: int) -> None:
        """Make room for so many more bytes of a caller's bodies.

        Raises:
            _Overloaded: there is none, or the caller would hold more than it leaves free.
        """
        held = self._held_bytes.get(caller, 0) + count
        free = self._free_bytes - count
        if held > free:
            raise _Overloaded
        self._held_bytes[caller], self._free_bytes = held, free

    def _release(self, body: "_Body") -> None:
        self._free_bytes += body.size
        self._held_bytes[body.caller] -= body.size
        if not self._held_bytes[body.caller]:
            del self._held_bytes[body.caller]

    def _answer(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        try:
            place = self._free_places.pop()
        except IndexError:
            raise _Overloaded from None
        try:
            with request_deadline(self._deadline_seconds):
                return self._app(environ, start_response)
        finally:
            self._free_places.append(place)

    def _shed(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        self._refused += 1
        now = time.monotonic()
        if now - self._said_at >= 1:  # one line a second: logging must not add to the load
            log.warning("overloaded", refused=self._refused)
            self._said_at, self._refused = now, 0
        record_of(environ).shed = True
        status, headers, content = problem_responses.overloaded(environ)
        start_response(status, headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [content]


class _Body:
    """One request's body on its way into memory."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.caller = ""
        self.size = 0

    def read(self, environ: "WSGIEnvironment", seconds: float) -> None:
        """Put the whole body into the environment in place of the stream.

        One over the limit is left to Flask, which refuses it for its length. One that does not
        come, or not whole, is refused once the request has an id.
        """
        if environ["REQUEST_METHOD"] in _UNREAD_METHODS:
            return
        length = (environ.get("CONTENT_LENGTH") or "").lstrip("0")
        if "HTTP_TRANSFER_ENCODING" in environ and environ.get("wsgi.input_terminated"):
            expected = MAX_BODY_BYTES + 1
        elif 0 < len(length) <= _MOST_DIGITS and int(length) <= MAX_BODY_BYTES:
            expected = int(length)
        else:
            return
        self.caller = who_asks(environ)
        stream = environ["wsgi.input"]
        has_come = isinstance(stream, io.BytesIO)  # with its head, as small bodies do
        try:
            with nullcontext() if has_come else time_limit(seconds):
                content = self._content(stream, expected)
        except TimeIsUp:
            refuse(environ, RequestTimeout("The body did not come in time."))
        except _Overloaded:
            raise
        except Exception:  # noqa: BLE001 - whatever a server raises for a body it cannot read
            refuse(environ, BadRequest("The body broke off, or its chunks are malformed."))
        else:
            if len(content) < expected and "HTTP_TRANSFER_ENCODING" not in environ:
                refuse(environ, BadRequest("The body broke off."))
                return
            environ["wsgi.input"] = io.BytesIO(content)
            environ["CONTENT_LENGTH"] = str(len(content))
            environ.pop("HTTP_TRANSFER_ENCODING", None)

    def _content(self, stream: Any, expected: int) -> bytes:
        steps: list[bytes] = []
        while self.size < expected:
            if steps:
                give_way()
            step = stream.read(min(_STEP_BYTES, expected - self.size))
            if not step:
                break
            self._limits.hold(self.caller, len(step))
            self.size += len(step)
            steps.append(step)
        return b"".join(steps)
