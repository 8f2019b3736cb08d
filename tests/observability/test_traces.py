"""Traces, as a collector on a real socket receives them."""

import os
import subprocess
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.engines import ROOT
from tests.faults.conftest import eventually
from tests.serving import gunicorn
from tests.wire import reject

SECRET = "c4n4ry"


class Collector:
    """Keeps the spans that it is sent."""

    def __init__(self) -> None:
        self.requests = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                collector.requests.append(ExportTraceServiceRequest.FromString(content))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_arguments) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def spans_of(self, trace_id: str):
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
            if span.trace_id.hex() == trace_id
        ]


@pytest.fixture(scope="module")
def collector():
    collector = Collector()
    yield collector
    collector.close()


@pytest.fixture(scope="module")
def traced(wire, collector):
    variables = {
        "ITEMS_OTEL": "1",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "OTEL_SERVICE_NAME": "shop-items",
    }
    with gunicorn(wire.url, "-w", "1", **variables) as server:
        yield server


def traces(server, collector, method, target, body=None):
    """The two spans of one request in a client's trace, by name."""
    trace_id = uuid.uuid4().hex
    server.request(
        method,
        target,
        body,
        Content_Type="application/json",
        Traceparent=f"00-{trace_id}-00f067aa0ba902b7-01",
    )
    eventually(lambda: len(collector.spans_of(trace_id)) >= 2)
    return {span.name: span for span in collector.spans_of(trace_id)}


def attributes(span):
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def test_a_request_is_a_span_in_the_clients_trace_and_each_call_one_below(traced, collector):
    found = traces(traced, collector, "GET", "/items/104/Andrew")
    request, call = found["GET /items/{id}/{name}"], found["DynamoDB.GetItem"]
    assert request.parent_span_id.hex() == "00f067aa0ba902b7"
    assert call.parent_span_id == request.span_id
    assert attributes(request)["http.response.status_code"] == 200
    assert attributes(call)["items.outcome"] == "ok"
    assert request.start_time_unix_nano <= call.start_time_unix_nano
    assert call.end_time_unix_nano <= request.end_time_unix_nano
    resource = collector.requests[-1].resource_spans[0].resource
    assert attributes(resource)["service.name"] == "shop-items"


def test_a_failure_shows_in_both(traced, collector, wire):
    with wire.fault(reject("AccessDeniedException"), when=lambda call: b"denied" in call.body):
        found = traces(traced, collector, "GET", "/items/104/denied")
    request, call = found["GET /items/{id}/{name}"], found["DynamoDB.GetItem"]
    assert attributes(request)["http.response.status_code"] == 503
    assert attributes(call)["items.outcome"] == "misconfigured"
    assert (request.status.code, call.status.code) == (2, 2)


def test_no_span_holds_a_key_or_a_value(traced, collector):
    body = f'{{"Email": "{SECRET}"}}'
    traces(traced, collector, "PUT", f"/items/104/{SECRET}?fields={SECRET}", body)
    assert not [request for request in collector.requests if SECRET in str(request)]


def test_without_the_extra_the_start_names_what_is_missing(tmp_path):
    """A package of that name which is empty stands before the real one."""
    (tmp_path / "opentelemetry").mkdir()
    (tmp_path / "opentelemetry/__init__.py").touch()
    environment = {**os.environ, "ITEMS_OTEL": "1", "ITEMS_AUTH": "none"}
    loaded = subprocess.run(
        [sys.executable, "-c", "import dynamodb_items.wsgi"],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert loaded.returncode == 4
    assert "ITEMS_OTEL needs the extra otel" in loaded.stderr
