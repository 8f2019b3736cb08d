"""A request id and one log line for every request, whichever part responds.

The line contains ``FIELDS`` and nothing else; at level debug also the path, and with it the key.
"""

import random
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from dynamodb_items.config.settings import Settings
from dynamodb_items.observability.events import Observer, RequestRecord, request_under_way
from dynamodb_items.observability.logs import write_request_line
from dynamodb_items.web.middleware.context import ensure_context

FIELDS = (
    *("request_id", "method", "route", "status", "milliseconds", "caller", "client"),
    *("dynamodb_calls", "dynamodb_milliseconds", "capacity_units"),
)

KNOWN_METHODS = frozenset({"GET", "HEAD", "PUT", "PATCH", "DELETE", "POST", "OPTIONS"})
OTHER_METHOD = "other"

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)
# https://www.w3.org/TR/trace-context/#traceparent-header
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*")


def request_id_of(environ: Mapping[str, Any]) -> str:
    """Return the client's X-Request-Id, or its trace id, or a new id."""
    given = environ.get("HTTP_X_REQUEST_ID", "")
    if given and _REQUEST_ID.fullmatch(given):
        return str(given)
    trace = _TRACEPARENT.fullmatch(environ.get("HTTP_TRACEPARENT", ""))
    if trace:
        return trace[1]
    return f"{random.getrandbits(64):016x}"


class Telemetry:
    """Records every request, also those that never reach Flask."""

    def __init__(self, app: WSGIApplication, settings: Settings, observer: Observer) -> None:
        self._app = app
        self._observer = observer
        self._with_path = settings.log_level == "debug"

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass the request on, and write its log line once the response is made."""
        began = time.perf_counter()
        method = environ["REQUEST_METHOD"]
        record = RequestRecord(
            request_id_of(environ), method if method in KNOWN_METHODS else OTHER_METHOD
        )
        request = ensure_context(environ)
        request.record = record
        token = request_under_way.set(record)
        self._observer.request_began(record, environ)
        try:
            return self._app(environ, start_response)
        finally:
            record.seconds = time.perf_counter() - began
            record.client = environ.get("REMOTE_ADDR", "")
            record.route = request.route
            request_under_way.reset(token)
            self._observer.request_ended(record)
            self._write(record, environ)

    def _write(self, record: RequestRecord, environ: Mapping[str, Any]) -> None:
        line = {
            "request_id": record.request_id,
            "method": record.method,
            "route": record.route,
            "status": record.status,
            "milliseconds": round(record.seconds * 1000, 2),
            "caller": record.caller,
            "client": record.client,
            "dynamodb_calls": record.dynamodb_calls,
            "dynamodb_milliseconds": round(record.dynamodb_seconds * 1000, 2),
            "capacity_units": record.capacity_units,
        }
        if self._with_path:
            line["path"] = environ.get("PATH_INFO", "")
        write_request_line(line)
