"""A request id for every request, and one log line, whoever answers it.

``FIELDS`` are all that the line ever holds; at level debug also the path, and with it the key.
"""

import random
import re
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dynamodb_items.observability.events import Observer, RequestRecord, request_under_way
from dynamodb_items.observability.logs import write_request_line

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FIELDS = (
    *("request_id", "method", "route", "status", "milliseconds", "caller", "client"),
    *("dynamodb_calls", "dynamodb_milliseconds", "capacity_units"),
)

ROUTE_TEMPLATE = "items.route_template"
"""Where the router leaves, in the environment, the path's template as OpenAPI writes it."""

METHODS = frozenset({"GET", "HEAD", "PUT", "PATCH", "DELETE", "POST", "OPTIONS"})
OTHER_METHOD = "other"

_RECORD = "items.record"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)
# https://www.w3.org/TR/trace-context/#traceparent-header
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*")


def record_of(environ: Mapping[str, Any]) -> RequestRecord:
    """The record of the request with this WSGI environment."""
    record: RequestRecord = environ[_RECORD]
    return record


def request_id_of(environ: Mapping[str, Any]) -> str:
    """The id that the client gave in X-Request-Id, or its trace's, or a new one."""
    given = environ.get("HTTP_X_REQUEST_ID", "")
    if given and _REQUEST_ID.fullmatch(given):
        return str(given)
    trace = _TRACEPARENT.fullmatch(environ.get("HTTP_TRACEPARENT", ""))
    if trace:
        return trace[1]
    return f"{random.getrandbits(64):016x}"


class Telemetry:
    """The outermost middleware: it sees every request, also those that the app never does."""

    def __init__(self, app: "WSGIApplication", observer: Observer, *, with_path: bool) -> None:
        self._app = app
        self._observer = observer
        self._with_path = with_path

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass the request on, and write its line once it is answered."""
        began = time.perf_counter()
        method = environ["REQUEST_METHOD"]
        record = RequestRecord(
            request_id_of(environ), method if method in METHODS else OTHER_METHOD
        )
        environ[_RECORD] = record
        context = request_under_way.set(record)
        self._observer.request_began(record, environ)

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            record.status = int(status[:3])
            headers.append(("X-Request-Id", record.request_id))
            return start_response(status, headers, *rest)

        try:
            return self._app(environ, start)
        finally:
            record.seconds = time.perf_counter() - began
            record.client = environ.get("REMOTE_ADDR", "")
            record.route = environ.get(ROUTE_TEMPLATE, "")
            request_under_way.reset(context)
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
