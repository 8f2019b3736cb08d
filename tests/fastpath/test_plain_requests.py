"""Plain requests and their responses are the same as with gunicorn."""

import http.client
import io
import re
from types import SimpleNamespace

import gunicorn.http.message
import pytest
from dynamodb_items.server.checked_requests import CheckedRequest
from dynamodb_items.server.incoming_heads import END
from dynamodb_items.server.plain_connections import can_serve_plainly
from dynamodb_items.server.request_heads import MAX_PLAIN_HEAD_BYTES, environment_of
from dynamodb_items.server.responses import BufferedResponse, InvalidResponse
from gunicorn.config import Config
from gunicorn.http import wsgi
from gunicorn.http.body import EOFReader, LengthReader
from gunicorn.http.parser import RequestParser
from hypothesis import example, given, settings
from hypothesis import strategies as st

CLIENT, SERVER = ("192.0.2.7", 50000), ("127.0.0.1", 8000)
# Objects of their own in each environment, or of no meaning to the service.
OF_THE_SERVER = {
    *("wsgi.input", "wsgi.errors", "wsgi.early_hints", "wsgi.file_wrapper", "gunicorn.socket"),
}


def configuration(**options) -> Config:
    chosen = Config()
    for name, value in {"forwarded_allow_ips": "", "limit_request_line": 16_384, **options}.items():
        chosen.set(name, value)
    return chosen


@pytest.fixture(scope="module", autouse=True)
def long_request_lines():
    before = gunicorn.http.message.MAX_REQUEST_LINE
    gunicorn.http.message.MAX_REQUEST_LINE = 16_384
    yield
    gunicorn.http.message.MAX_REQUEST_LINE = before


def constants() -> dict[str, object]:
    """What the worker knows of a connection before any request."""
    return {
        **wsgi.base_environ(configuration()),
        "wsgi.url_scheme": "http",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SCRIPT_NAME": "",
        "SERVER_NAME": SERVER[0],
        "SERVER_PORT": str(SERVER[1]),
        "REMOTE_ADDR": CLIENT[0],
        "REMOTE_PORT": str(CLIENT[1]),
    }


class Parser(RequestParser):
    mesg_class = CheckedRequest


def read_by_gunicorn(head: bytes):
    config = configuration()
    request = next(Parser(config, iter([head + END]), CLIENT))
    _, environment = wsgi.create(request, io.BytesIO(), CLIENT, SERVER, config)
    return request, environment


def meaning(environment):
    return {name: value for name, value in environment.items() if name not in OF_THE_SERVER}


def check_agreement(head: bytes) -> bool:
    """Whether the head is plain; if it is, gunicorn reads the same."""
    environment = environment_of(head, constants())
    if environment is None:
        return False
    request, expected = read_by_gunicorn(head)
    assert meaning(environment) == meaning(expected)
    closes = environment.get("HTTP_CONNECTION", "").lower() == "close"
    assert closes == request.should_close()
    assert not request._expected_100_continue  # noqa: SLF001 - nothing else shows it
    length = int(environment.get("CONTENT_LENGTH", 0))
    reader = request.body.reader
    assert isinstance(reader, EOFReader | LengthReader)
    assert getattr(reader, "length", 0) == length
    return True


CURL = (
    b"GET /items/104/Andrew HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: curl/8\r\nAccept: */*"
)
BEHIND_A_LOAD_BALANCER = (
    b"PUT /items/1.5/a%2Fb%C3%BC?fields=Email,Age&x HTTP/1.1\r\n"
    b"X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n"
    b"Host: items.example.com\r\nX-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678\r\n"
    b"content-type: application/json\r\nContent-Length: 17\r\nConnection: keep-alive\r\n"
    b'If-Match: "10cf13966105e84b4ebc36ed4cb0f804-json"\r\nAuthorization: Bearer a.b.c'
)
BROWSER = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Close\r\n"
    b'sec-ch-ua: "Chromium";v="1", "Not.A/Brand";v="8"\r\nsec-ch-ua-mobile: ?0\r\n'
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: text/html,*/*;q=0.8\r\n"
    b"Accept-Encoding: gzip, deflate, br\r\nAccept-Language:de-AT,de;q=0.9\t \r\nX-Empty:"
)
PLAIN = (CURL, BEHIND_A_LOAD_BALANCER, BROWSER)


@pytest.mark.parametrize("head", PLAIN, ids=["curl", "load balancer", "browser"])
def test_what_clients_usually_send_is_plain(head):
    assert check_agreement(head)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\r\n" + CURL,
        CURL.replace(b"HTTP/1.1", b"HTTP/1.0"),
        CURL.replace(b"GET", b"get"),
        CURL.replace(b"GET", b"PURGE"),
        CURL.replace(b"/items", b"//items"),
        CURL.replace(b"/items", b"http://localhost/items"),
        CURL.replace(b"Andrew", b"Andrew#part"),
        CURL.replace(b"Andrew", b"Andr\xc3\xbcw"),
        CURL.replace(b"Andrew", b"And rew"),
        CURL.replace(b"\r\n", b"\n"),
        CURL.replace(b"Host", b"Host "),
        CURL.replace(b"Host", b" Host"),
        CURL.replace(b"Host", b"X_Host"),
        CURL.replace(b"Host: 127.0.0.1:8000\r\n", b""),
        CURL + b"\r\nHost: other",
        CURL.replace(b"127.0.0.1:8000", b""),
        CURL.replace(b"127.0.0.1:8000", b"me@localhost"),
        CURL.replace(b"127.0.0.1:8000", b"localhost, other"),
        CURL.replace(b"127.0.0.1:8000", b"[::1"),
        CURL + b"\r\nAccept: text/html",
        CURL + b"\r\nX-Folded: a\r\n b",
        CURL + b"\r\nX-Control: a\x00b",
        CURL + b"\r\nX-Return: a\rb",
        CURL + b"\r\nno colon",
        CURL + b"\r\nNoColon",
        CURL + b"\r\n: no name",
        CURL + b"\r\nTransfer-Encoding: chunked",
        CURL + b"\r\nContent-Length: 1\r\nTransfer-Encoding: chunked",
        CURL + b"\r\nContent-Length: +1",
        CURL + b"\r\nContent-Length: 1, 1",
        CURL + b"\r\nContent-Length: 1\r\nContent-Length: 1",
        CURL + b"\r\nContent-Length: \xb2",
        CURL + b"\r\nContent-Length: ",
        CURL + b"\r\nExpect: 100-continue",
        CURL + b"\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAA",
        CURL + b"\r\nConnection: keep-alive, close",
        CURL + b"\r\nX-Long: " + b"x" * MAX_PLAIN_HEAD_BYTES,
        CURL + b"".join(b"\r\nX-%d: x" % number for number in range(101)),
    ],
)
def test_what_is_unusual_is_left_to_gunicorn(head):
    assert not check_agreement(head)


SIGNIFICANT = (
    *(b"\r\n", b"\n", b"\r", b":", b" ", b"\t", b"\x00", b"_", b"-", b"%", b"#", b"?", b"//"),
    *(b"\xff", b"\x7f", b"\xb2", b"Host: x\r\n", b"Content-Length: 5\r\n", b"chunked", b"0"),
    *(b"Transfer-Encoding: ", b"Connection: close\r\n", b"Expect: 100-continue\r\n", b"[", b";"),
)


@st.composite
def nearly_plain(draw):
    """A plain head with a few bytes replaced."""
    head = bytearray(draw(st.sampled_from(PLAIN)))
    significant = st.sampled_from(SIGNIFICANT)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(head)))
        removed = draw(st.integers(0, 3))
        head[place : place + removed] = draw(significant | st.binary(max_size=3))
    return bytes(head)


@settings(max_examples=3000, deadline=None)
@given(nearly_plain())
@example(CURL.replace(b"Andrew", b"[::1"))
@example(CURL.replace(b"Andrew", b"a;b:c@d"))
def test_what_is_read_at_all_is_read_as_gunicorn_reads_it(head):
    check_agreement(head)


names = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,15}", fullmatch=True)
header_values = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=30
)


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(["GET", "PUT", "OPTIONS"]),
    st.from_regex(r"(/[!-\"$-~]{0,20}){1,3}", fullmatch=True),
    st.dictionaries(names, header_values, max_size=8),
)
def test_any_target_and_any_header_is_read_as_gunicorn_reads_it(method, target, headers):
    lines = [
        f"{method} {target} HTTP/1.1",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    check_agreement("\r\n".join([*lines, "Host: localhost"]).encode("latin-1"))


def response_of_gunicorn(status, headers, content, method):
    sent: list[bytes] = []
    request = SimpleNamespace(method=method, version=(1, 1), should_close=lambda: False)
    response = wsgi.Response(request, SimpleNamespace(sendall=sent.append), configuration())
    response.start_response(status, headers)
    response.write(content)
    response.close()
    return b"".join(sent)


def without_date(response: bytes) -> bytes:
    return re.sub(rb"\r\nDate: [^\r]*", b"\r\nDate: now", response)


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(["200 OK", "201 CREATED", "404 NOT FOUND", "503 SERVICE UNAVAILABLE"]),
    st.dictionaries(names.map(lambda name: f"X-{name}"), header_values.map(str.strip), max_size=5),
    st.binary(max_size=50),
    st.sampled_from(["GET", "HEAD", "PUT"]),
)
def test_a_response_has_the_bytes_that_gunicorn_would_send(status, headers, content, method):
    fields = [*headers.items(), ("Content-Length", str(len(content)))]
    buffered = BufferedResponse()
    buffered.start(status, fields)
    encoded = buffered.encoded(content, method, closes=False)
    expected = response_of_gunicorn(status, list(fields), content, method)
    assert without_date(encoded) == without_date(expected)


def parsed(encoded: bytes, method: str = "GET"):
    response = http.client.HTTPResponse(
        SimpleNamespace(makefile=lambda *_: io.BytesIO(encoded)), method=method
    )
    response.begin()
    return response


def test_a_response_without_a_length_gets_one():
    buffered = BufferedResponse()
    write = buffered.start("200 OK", [])
    write(b"begun, ")
    response = parsed(buffered.encoded(b"ended", "GET", closes=True))
    assert (response.headers["Content-Length"], response.read()) == ("12", b"begun, ended")
    assert response.headers["Connection"] == "close"


@pytest.mark.parametrize("status", ["204 NO CONTENT", "304 NOT MODIFIED"])
def test_a_response_without_a_body_sends_none(status):
    buffered = BufferedResponse()
    buffered.start(status, [("ETag", '"x"')])
    encoded = buffered.encoded(b"body", "GET", closes=False)
    assert encoded.endswith(b"\r\n\r\n")
    assert b"Content-Length" not in encoded


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        ("200 OK\r\nX-Forged: 1", []),
        ("", []),
        ("200 OK", [("X-Item", "a\r\nX-Forged: 1")]),
        ("200 OK", [("X-Item", "a\nb")]),
        ("200 OK", [("X-Item", "a\x00")]),
        ("200 OK", [("X Item", "a")]),
        ("200 OK", [("", "a")]),
        ("200 OK", [("X-Item", "\u20ac")]),
    ],
)
def test_a_response_that_http_cannot_carry_is_never_sent(status, headers):
    buffered = BufferedResponse()
    buffered.start(status, headers)
    with pytest.raises(InvalidResponse):
        buffered.encoded(b"", "GET", closes=False)


def test_gunicorn_as_it_is_configured_here_may_serve_plainly():
    assert can_serve_plainly(configuration())


@pytest.mark.parametrize(
    "options",
    [
        {"accesslog": "-"},
        {"statsd_host": "localhost:8125"},
        {"forwarded_allow_ips": "*"},
        {"keepalive": 0},
        {"proxy_protocol": "auto"},
        {"certfile": "certificate.pem"},
        {"limit_request_fields": 5},
        {"limit_request_line": 4094},
        {"pre_request": lambda _worker, _request: None},
    ],
    ids=lambda options: next(iter(options)),
)
def test_other_settings_of_gunicorn_get_its_standard_path(options):
    assert not can_serve_plainly(configuration(**options))


def test_the_parser_gets_a_head_whole_however_it_arrives(monkeypatch):
    parsed = []
    parse = gunicorn.http.message.Request._parse_python  # noqa: SLF001 - it has no other name

    def record(self, unreader, buf):
        parsed.append(bytes(buf))
        return parse(self, unreader, buf)

    monkeypatch.setattr(gunicorn.http.message.Request, "_parse_python", record)
    head = CURL + b"\r\nX-Long: " + b"x" * 8000 + END
    bytes_one_by_one = (head[at : at + 1] for at in range(len(head)))
    request = next(Parser(configuration(), bytes_one_by_one, CLIENT))
    assert dict(request.headers)["X-LONG"] == "x" * 8000
    assert parsed == [head]
