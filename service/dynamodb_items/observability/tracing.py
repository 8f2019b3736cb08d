"""OpenTelemetry traces with ``ITEMS_OTEL=true``: a span for each request and each call.

OpenTelemetry's own variables configure the export: ``OTEL_EXPORTER_OTLP_ENDPOINT``,
``OTEL_SERVICE_NAME``, ``OTEL_TRACES_SAMPLER``. No span contains a key, an item's values or a
credential.

https://opentelemetry.io/docs/specs/semconv/http/http-spans/
"""

import time
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import (
    SERVICE_NAME,
    SERVICE_VERSION,
    OTELResourceDetector,
    Resource,
)
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from dynamodb_items import __version__
from dynamodb_items.observability.events import CallRecord, Observer, RequestRecord

_NANOSECONDS = 1_000_000_000
_FIRST_SERVER_ERROR = 500

_span_under_way: ContextVar[Span | None] = ContextVar("span_under_way", default=None)


class TracingObserver(Observer):
    """A maker of spans, which are sent in the background."""

    def __init__(self) -> None:
        about = {SERVICE_NAME: "dynamodb-items", SERVICE_VERSION: __version__}
        provider = TracerProvider(
            resource=Resource.create(about).merge(OTELResourceDetector().detect())
        )
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = provider.get_tracer("dynamodb-items", __version__)
        self._propagator = TraceContextTextMapPropagator()

    def request_began(self, record: RequestRecord, headers: Mapping[str, Any]) -> None:
        """Start the request's span, in the trace that the client sends."""
        parent = self._propagator.extract(
            {
                name: headers[variable]
                for name, variable in (
                    ("traceparent", "HTTP_TRACEPARENT"),
                    ("tracestate", "HTTP_TRACESTATE"),
                )
                if variable in headers
            }
        )
        span = self._tracer.start_span(record.method, parent, SpanKind.SERVER)
        _span_under_way.set(span)

    def request_ended(self, record: RequestRecord) -> None:
        """End the request's span."""
        span = _span_under_way.get()
        if span is None:
            return
        _span_under_way.set(None)
        if span.is_recording():
            if record.route:
                span.update_name(f"{record.method} {record.route}")
                span.set_attribute("http.route", record.route)
            span.set_attribute("http.request.method", record.method)
            span.set_attribute("http.response.status_code", record.status)
            span.set_attribute("items.request_id", record.request_id)
            if record.status >= _FIRST_SERVER_ERROR:
                span.set_status(StatusCode.ERROR)
        span.end()

    def call_ended(self, call: CallRecord) -> None:
        """Record a span of the call, with the start time of the call."""
        parent = _span_under_way.get()
        if parent is None:
            return
        ended = time.time_ns()
        span = self._tracer.start_span(
            f"DynamoDB.{call.operation}",
            trace.set_span_in_context(parent),
            SpanKind.CLIENT,
            {
                "db.system.name": "aws.dynamodb",
                "db.operation.name": call.operation,
                "items.attempt": call.attempt,
                "items.outcome": call.outcome,
            },
            start_time=ended - int(call.seconds * _NANOSECONDS),
        )
        if call.outcome not in ("ok", "condition_failed"):
            span.set_status(StatusCode.ERROR)
        span.end(ended)
