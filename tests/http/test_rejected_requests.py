"""Requests that HTTP/1.1 forbids or the service does not implement, sent byte by byte."""

import json
import time
from contextlib import suppress

import pytest
from dynamodb_items.access.api_keys import new_api_key

from tests.conftest import environment
from tests.faults.clients import everything, raw
from tests.serving import gunicorn

# Nothing listens on this port: no request of these tests reaches a table.
NO_TABLE = "http://127.0.0.1:9"
LINE = b"GET /live HTTP/1.1\r\n"
GET = LINE + b"Host: x\r\n"
PUT = b"PUT /items/7/x HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CHUNKED = PUT + b"Transfer-Encoding: chunked\r\n\r\n"
PROXY_V2 = b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + b"\x7f\x00\x00\x01" * 2 + b"\x00\x50" * 2


@pytest.fixture(scope="module", params=["fast path", "gunicorn", "api keys"])
def service(request, tmp_path_factory):
    """The service on both paths; with API keys, which the requests do not have."""
    file = tmp_path_factory.mktemp("keys") / "keys.toml"
    _, sha256 = new_api_key("someone")
    file.write_text(f'[someone]\nsha256 = "{sha256}"\nscopes = ["items:read"]\n')
    variables = {
        "fast path": {"ITEMS_FAST_PATH": "true"},
        "gunicorn": {"ITEMS_FAST_PATH": "false"},
        "api keys": {"ITEMS_AUTH": "api-key", "ITEMS_API_KEYS_FILE": str(file)},
    }[request.param]
    with environment(), gunicorn(NO_TABLE, "-w", "1", until="/live", **variables) as server:
        yield server


@pytest.fixture(scope="module", params=["true", "false"])
def open_service(request):
    variables = {"ITEMS_FAST_PATH": request.param}
    with environment(), gunicorn(NO_TABLE, "-w", "1", until="/live", **variables) as server:
        yield server


class Response:
    """One response, and the bytes after it."""

    def __init__(self, received: bytes) -> None:
        head, _, rest = received.partition(b"\r\n\r\n")
        status_line, *fields = head.decode("latin-1").split("\r\n")
        self.version, _, status = status_line.partition(" ")
        self.status = int(status[:3])
        self.headers = {
            name.lower(): value for name, _, value in (f.partition(": ") for f in fields)
        }
        assert len(self.headers) == len(fields), "a header occurs twice"
        length = int(self.headers.get("content-length", 0))
        self.body, self.rest = rest[:length], rest[length:]


def response_to(server, request: bytes, *, ends: bool = True) -> Response:
    """Return what the service sends until it closes the connection."""
    connection = raw(server, request)
    try:
        if ends:
            return Response(everything(connection))
        return Response(connection.recv(65536))
    finally:
        connection.close()


MALFORMED = {
    "no request line": b"\r\n\r\n",
    "two empty lines before it": b"\r\n\r\n" + GET + b"\r\n",
    "HTTP/0.9": b"GET /live\r\n",
    "no target": b"GET HTTP/1.1\r\nHost: x\r\n\r\n",
    "two spaces": b"GET  /live HTTP/1.1\r\nHost: x\r\n\r\n",
    "a space in the target": b"GET /li ve HTTP/1.1\r\nHost: x\r\n\r\n",
    "a space after the version": b"GET /live HTTP/1.1 \r\nHost: x\r\n\r\n",
    "a tab for a space": b"GET\t/live\tHTTP/1.1\r\nHost: x\r\n\r\n",
    "a control in the target": b"GET /li\x01ve HTTP/1.1\r\nHost: x\r\n\r\n",
    "bytes over 127 in the target": b"GET /l\xc3\xbc HTTP/1.1\r\nHost: x\r\n\r\n",
    "a version of letters": b"GET /live HTTP/x.y\r\nHost: x\r\n\r\n",
    "a version in lower case": b"GET /live http/1.1\r\nHost: x\r\n\r\n",
    "another protocol": b"GET /live RTSP/1.0\r\nHost: x\r\n\r\n",
    "a method with a slash": b"G/T /live HTTP/1.1\r\nHost: x\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a PROXY line": b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n" + GET + b"\r\n",
    "a binary PROXY header": PROXY_V2 + GET + b"\r\n",
    "authority form": b"GET x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
    "asterisk form of GET": b"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
    "a URL of another scheme": b"GET ftp://x/live HTTP/1.1\r\nHost: x\r\n\r\n",
    "a URL without a host": b"GET http:///live HTTP/1.1\r\nHost: x\r\n\r\n",
    "a URL with credentials": b"GET http://me@x/live HTTP/1.1\r\nHost: x\r\n\r\n",
    "a URL without Host": b"GET http://x/live HTTP/1.1\r\n\r\n",
    "no Host": LINE + b"\r\n",
    "no Host, other headers": LINE + b"Accept: */*\r\n\r\n",
    "an empty Host": LINE + b"Host:\r\n\r\n",
    "two Hosts": GET + b"Host: x\r\n\r\n",
    "Host with a path": LINE + b"Host: x/y\r\n\r\n",
    "Host with credentials": LINE + b"Host: me@x\r\n\r\n",
    "Host with a port of letters": LINE + b"Host: x:http\r\n\r\n",
    "two hosts in one": LINE + b"Host: x, y\r\n\r\n",
    "Host with an open bracket": LINE + b"Host: [::1\r\n\r\n",
    "Host with bytes over 127": LINE + b"Host: \xc3\xbc\r\n\r\n",
    "HTTP/1.0 with an invalid Host": b"GET /live HTTP/1.0\r\nHost: x y\r\n\r\n",
    "a header without a colon": GET + b"Accept\r\n\r\n",
    "a header without a name": GET + b": x\r\n\r\n",
    "a space before the colon": GET + b"Accept : */*\r\n\r\n",
    "a space before the first header": LINE + b" Host: x\r\n\r\n",
    "a folded header": GET + b"Accept: */*,\r\n text/html\r\n\r\n",
    "a folded header with a tab": GET + b"Accept: */*,\r\n\ttext/html\r\n\r\n",
    "NUL in a value": GET + b"Accept: a\x00b\r\n\r\n",
    "NUL in a name": GET + b"Acc\x00ept: a\r\n\r\n",
    "a bare CR": GET + b"Accept: a\rb\r\n\r\n",
    "a bare LF": LINE + b"Host: x\nAccept: a\r\n\r\n",
    "only LF": b"GET /live HTTP/1.1\nHost: x\n\n",
    "two Content-Types": PUT + b"Content-Type: text/html\r\nContent-Length: 2\r\n\r\n{}",
    "two lengths": PUT + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "two unequal lengths": PUT + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a list of lengths": PUT + b"Content-Length: 2, 2\r\n\r\n{}",
    "a length with a sign": PUT + b"Content-Length: +2\r\n\r\n{}",
    "a negative length": PUT + b"Content-Length: -2\r\n\r\n{}",
    "a length of other digits": PUT + b"Content-Length: \xb2\r\n\r\n{}",
    "an empty length": PUT + b"Content-Length:\r\n\r\n{}",
    "a length of 5,000 digits": PUT + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}",
    "a length and chunks": PUT
    + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and a length": PUT
    + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
    "chunks twice": PUT + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunks twice in two lines": CHUNKED[:-2] + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks not last": PUT + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "no chunks": PUT + b"Transfer-Encoding: gzip\r\n\r\n",
    "an unknown coding, no chunks": PUT + b"Transfer-Encoding: xyz\r\n\r\n",
    "no coding": PUT + b"Transfer-Encoding:\r\n\r\n",
    "identity": PUT + b"Transfer-Encoding: identity\r\n\r\n",
    "chunked with a parameter": PUT + b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0") + b"0\r\n\r\n",
}
OTHERS = {
    "a line of 16,385 bytes": (
        414,
        "uri-too-long",
        b"GET /".ljust(16_376, b"x") + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ),
    "a line without end": (414, "uri-too-long", b"GET /" + b"x" * 100_000),
    "a long header": (431, "headers-too-large", GET + b"X-Long: " + b"x" * 8190 + b"\r\n\r\n"),
    "101 headers": (431, "headers-too-large", GET + b"A: x\r\n" * 100 + b"\r\n"),
    "a head over 32 KiB": (
        431,
        "headers-too-large",
        GET + (b"X-Long: " + b"x" * 8000 + b"\r\n") * 5 + b"\r\n",
    ),
    "a head without end": (431, "headers-too-large", GET + b"A: x\r\n" * 20_000),
    "a head in one line": (431, "headers-too-large", GET + b"A: " + b"x" * 100_000),
    "an unknown expectation": (417, "expectation-failed", GET + b"Expect: 200-ok\r\n\r\n"),
    "two expectations": (417, "expectation-failed", GET + b"Expect: 100-continue, a\r\n\r\n"),
    "a method in small letters": (501, "not-implemented", GET.replace(b"GET", b"get") + b"\r\n"),
    "CONNECT": (501, "not-implemented", b"CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n"),
    "compressed chunks": (
        501,
        "not-implemented",
        PUT + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ),
    "identity chunks": (
        501,
        "not-implemented",
        PUT + b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
    ),
    "an unknown coding": (
        501,
        "not-implemented",
        PUT + b"Transfer-Encoding: xyz\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    "HTTP/2": (505, "version-not-supported", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "HTTP/2.0": (505, "version-not-supported", b"GET /live HTTP/2.0\r\nHost: x\r\n\r\n"),
    "HTTP/0.9 with a version": (505, "version-not-supported", b"GET /live HTTP/0.9\r\n\r\n"),
}
REJECTED = {
    **{name: (400, "bad-request", sent) for name, sent in MALFORMED.items()},
    **OTHERS,
}


@pytest.mark.parametrize(("status", "slug", "sent"), REJECTED.values(), ids=REJECTED)
def test_what_cannot_be_served_is_a_problem(service, status, slug, sent):
    lines = len(service.log)
    response = response_to(service, sent)
    assert response.status == status
    assert (response.version, response.rest) == ("HTTP/1.1", b"")
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["connection"] == "close"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    assert response.headers["cache-control"] == "no-store"
    problem = json.loads(response.body)
    assert (problem["status"], problem["type"]) == (status, f"/docs/errors#{slug}")
    assert problem["request_id"] == response.headers["x-request-id"]
    (line,) = [line for line in service.log[lines:] if line["event"] == "request"]
    assert (line["request_id"], line["status"]) == (problem["request_id"], status)
    assert line["client"] == "127.0.0.1"


SERVED = {
    "an empty line before": b"\r\n" + GET + b"\r\n",
    "HTTP/1.2": b"GET /live HTTP/1.2\r\nHost: x\r\n\r\n",
    "HTTP/1.9": b"GET /live HTTP/1.9\r\nHost: x\r\n\r\n",
    "an address": LINE + b"Host: 127.0.0.1:8000\r\n\r\n",
    "an IPv6 address": LINE + b"Host: [::1]:8000\r\n\r\n",
    "a name with underscores": LINE + b"Host: my_service.local:\r\n\r\n",
    "absolute form": b"GET http://other:80/live HTTP/1.1\r\nHost: x\r\n\r\n",
    "absolute form, HTTPS": b"GET HTTPS://other/live HTTP/1.1\r\nHost: x\r\n\r\n",
    "an underscore in a header": GET + b"X_Forwarded_For: 192.0.2.1\r\n\r\n",
    "an upgrade": GET + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    "an upgrade to HTTP/2": (
        GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: A\r\n\r\n"
    ),
    "TE": GET + b"TE: trailers\r\n\r\n",
}


@pytest.mark.parametrize("sent", SERVED.values(), ids=SERVED)
def test_what_is_unusual_but_right_is_served(service, sent):
    response = response_to(service, sent, ends=False)
    assert (response.version, response.status) == ("HTTP/1.1", 200)


def test_http_1_0_needs_no_host(service):
    response = response_to(service, b"GET /live HTTP/1.0\r\n\r\n")
    assert (response.status, response.headers["connection"]) == (200, "close")


@pytest.mark.parametrize("method", [b"TRACE", b"PURGE"])
def test_another_method_is_405_with_the_methods_of_the_path(open_service, method):
    response = response_to(open_service, GET.replace(b"GET", method) + b"\r\n", ends=False)
    assert response.status == 405
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


CHUNKS = {
    "a size that is not a number": b"xyz\r\n[]\r\n0\r\n\r\n",
    "a size with a sign": b"+2\r\n[]\r\n0\r\n\r\n",
    "a size with 0x": b"0x2\r\n[]\r\n0\r\n\r\n",
    "an empty size": b"\r\n[]\r\n0\r\n\r\n",
    "a size that ends with LF": b"2\n[]\r\n0\r\n\r\n",
    "a chunk that is too long": b"2\r\n[1]\r\n0\r\n\r\n",
    "a malformed extension": b"2;=x\r\n[]\r\n0\r\n\r\n",
    "a bare CR in an extension": b"2;a\rb\r\n[]\r\n0\r\n\r\n",
    "an extension without end": b"2;" + b"x" * 20_000,
    "a forbidden trailer": b"2\r\n[]\r\n0\r\nContent-Length: 3\r\n\r\n",
    "a malformed trailer": b"2\r\n[]\r\n0\r\nA b\r\n\r\n",
    "a trailer with LF": b"2\r\n[]\r\n0\r\nA: b\n\r\n",
    "trailers without end": b"2\r\n[]\r\n0\r\n" + b"A: b\r\n" * 5000,
}


@pytest.mark.parametrize("chunks", CHUNKS.values(), ids=CHUNKS)
def test_malformed_chunks_are_400_and_end_the_connection(open_service, chunks):
    response = response_to(open_service, CHUNKED + chunks)
    assert (response.status, response.rest) == (400, b"")
    assert json.loads(response.body)["type"] == "/docs/errors#bad-request"
    assert response.headers["connection"] == "close"


@pytest.mark.parametrize(
    "chunks",
    [
        b"2\r\n[]\r\n0\r\n\r\n",
        b"0002\r\n[]\r\n0\r\n\r\n",
        b'1;a=b;c="d;e"\r\n[\r\n1 ; f\r\n]\r\n0;g\r\n\r\n',
        b"2\r\n[]\r\n0\r\nA: b\r\nC: d\r\n\r\n",
    ],
)
def test_chunks_with_extensions_and_trailers_are_read(open_service, chunks):
    following = GET + b"Connection: close\r\n\r\n"
    response = response_to(open_service, CHUNKED + chunks + following)
    assert response.status == 422, "the body is read, and is not an item"
    assert Response(response.rest).status == 200


def test_a_rejected_request_ends_the_requests_that_were_sent_ahead(service):
    response = response_to(service, (GET + b"\r\n") * 2 + LINE + b"\r\n" + GET + b"\r\n")
    second = Response(response.rest)
    third = Response(second.rest)
    assert (response.status, second.status, third.status) == (200, 200, 400)
    assert third.rest == b""


def test_a_rejected_request_keeps_its_request_id_and_its_path(service):
    sent = PUT + b"X-Request-Id: mine\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
    problem = json.loads(response_to(service, sent).body)
    assert (problem["request_id"], problem["instance"]) == ("mine", "/items/7/x")


def test_a_rejected_head_has_no_body(service):
    response = response_to(service, b"HEAD /live HTTP/1.1\r\n\r\n")
    assert (response.status, response.body) == (400, b"")


def test_an_expected_body_is_requested(open_service):
    head = PUT + b"Content-Length: 2\r\nExpect: 100-Continue\r\nConnection: close\r\n\r\n"
    connection = raw(open_service, head)
    assert connection.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sendall(b"[]")
    assert Response(everything(connection)).status == 422
    connection.close()


def test_options_of_the_whole_service_lists_its_methods(service):
    response = response_to(service, b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", ends=False)
    assert response.status == 200
    assert response.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
    assert response.body == b""


@pytest.mark.parametrize("target", [b"/*", b"/items/*"])
def test_a_path_with_an_asterisk_is_a_path(service, target):
    sent = b"OPTIONS %b HTTP/1.1\r\nHost: x\r\n\r\n" % target
    assert response_to(service, sent, ends=False).status == 404


@pytest.mark.parametrize("way", [b"", b"TE: trailers\r\n"], ids=["plain", "gunicorn's"])
@pytest.mark.parametrize("fast_path", ["true", "false"])
def test_a_trickled_head_is_not_waited_for_beyond_its_time(way, fast_path):
    options = ("-w", "1", "--keep-alive", "2")
    with gunicorn(NO_TABLE, *options, until="/live", ITEMS_FAST_PATH=fast_path) as server:
        connection = raw(server, GET + way + b"\r\n")
        received = b""
        while not received.endswith(b"}"):
            received += connection.recv(65536)
        connection.settimeout(0.1)
        until = time.monotonic() + 30
        received = None
        with suppress(ConnectionError):
            while received is None and time.monotonic() < until:
                connection.sendall(b"G")
                with suppress(TimeoutError):
                    received = connection.recv(4096)
        connection.close()
        assert received in (None, b"")
        assert time.monotonic() < until


def test_a_path_outside_of_the_prefix_is_404():
    with gunicorn(NO_TABLE, "-w", "1", until="/live", SCRIPT_NAME="/v1") as server:
        response = response_to(server, GET + b"\r\n")
        assert response.status == 404
        problem = json.loads(response.body)
        assert problem["type"] == "/v1/docs/errors#not-found"
        options = b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        assert response_to(server, options).status == 200
        with_body = GET.replace(b"GET", b"PUT") + b"Content-Length: 9\r\n\r\n{"
        assert response_to(server, with_body).status == 404


PROXY_LINE = b"PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\n"


@pytest.mark.parametrize(
    ("start", "status", "client"),
    [
        (PROXY_LINE, 200, "192.0.2.7"),
        (PROXY_LINE[:-2], 400, "127.0.0.1"),
        (b"PROXY TCP5 192.0.2.7 192.0.2.8 1 2\r\n", 400, "127.0.0.1"),
        (b"PROXY TCP4 " + b"1" * 100_000, 400, "127.0.0.1"),
        (PROXY_V2, 200, "127.0.0.1"),
        (PROXY_V2[:12] + b"\x20\x00\x00\x00", 200, "127.0.0.1"),
        (PROXY_V2.replace(b"\x21\x11", b"\x31\x11"), 400, "127.0.0.1"),
        (b"", 200, "127.0.0.1"),
    ],
    ids=[
        "line",
        "unended line",
        "TCP5",
        "long line",
        "binary",
        "local",
        "binary, version 3",
        "none",
    ],
)
def test_the_proxy_protocol_is_read_or_rejected(proxied, start, status, client):
    lines = len(proxied.log)
    response = response_to(proxied, start + GET + b"Connection: close\r\n\r\n")
    assert response.status == status
    (line,) = [line for line in proxied.log[lines:] if line["event"] == "request"]
    assert (line["status"], line["client"]) == (status, client)


def test_a_request_rejected_behind_a_proxy_is_logged_with_its_client(proxied):
    lines = len(proxied.log)
    assert response_to(proxied, PROXY_LINE + LINE + b"\r\n").status == 400
    (line,) = [line for line in proxied.log[lines:] if line["event"] == "request"]
    assert (line["status"], line["client"]) == (400, "192.0.2.7")


@pytest.fixture(scope="module")
def proxied():
    options = ("-w", "1", "--proxy-protocol", "auto")
    with environment(), gunicorn(NO_TABLE, *options, until="/live") as server:
        yield server
