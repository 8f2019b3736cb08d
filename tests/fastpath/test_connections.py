"""Connections: kept, checked, closed, never shared."""

import contextlib
import os
import socket
import ssl
import subprocess
import sys
import threading
import time

import pytest
import trustme
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)
from dynamodb_items.domain.operations import Operation
from dynamodb_items.dynamodb.fast.pool import MAX_OPENING

from tests.engines import ROOT
from tests.fastpath.conftest import EXAMPLE, Path
from tests.fastpath.scripted import CLOSE, ScriptedServer, http_response

GET = Operation.GET_ITEM
GOOD = http_response(EXAMPLE.body)


def connections_of(server: ScriptedServer) -> list[int]:
    return [request.connection for request in server.requests]


def test_one_connection_serves_call_after_call():
    with ScriptedServer(lambda _: [GOOD]) as server:
        path = Path(server.url)
        for _ in range(5):
            assert path.call(GET, EXAMPLE.parameters) == EXAMPLE.content
        assert connections_of(server) == [0] * 5


@pytest.mark.parametrize(
    "last",
    [
        http_response(EXAMPLE.body, Connection="close"),
        http_response(EXAMPLE.body).replace(b"HTTP/1.1", b"HTTP/1.0"),
    ],
)
def test_a_connection_that_is_about_to_close_is_not_used_again(last):
    with ScriptedServer(lambda _: [last]) as server:
        path = Path(server.url)
        for _ in range(3):
            assert path.call(GET, EXAMPLE.parameters) == EXAMPLE.content
        assert connections_of(server) == [0, 1, 2]


def test_a_connection_that_was_closed_while_idle_is_noticed_before_it_is_used():
    with ScriptedServer(lambda _: [GOOD]) as server:
        path = Path(server.url)
        for number in range(3):
            path.call(GET, EXAMPLE.parameters)
            server.drop()
            assert connections_of(server) == list(range(number + 1))


@pytest.fixture
def silent():
    """The port of a listener that accepts no connection, so connecting waits."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):  # the one that waits to be accepted
            yield port


def test_only_so_many_connections_are_opened_at_a_time(silent):
    path = Path(f"http://127.0.0.1:{silent}")
    failed = []

    def call():
        began = time.monotonic()
        try:
            path.call(GET, EXAMPLE.parameters, connect_seconds=6, read_seconds=1)
        except ConnectTimeoutError:
            failed.append(time.monotonic() - began)

    callers = [threading.Thread(target=call) for _ in range(MAX_OPENING + 10)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(failed) == len(callers)
    assert len([seconds for seconds in failed if seconds > 5]) == MAX_OPENING


def test_connecting_and_waiting_for_the_response_share_one_deadline(silent):
    path = Path(f"http://127.0.0.1:{silent}")
    began = time.monotonic()
    with pytest.raises(ConnectTimeoutError):
        path.call(GET, EXAMPLE.parameters, connect_seconds=60, within=1)
    assert time.monotonic() - began < 30
    with ScriptedServer(lambda _: []) as server, pytest.raises(ReadTimeoutError):
        Path(server.url).call(GET, EXAMPLE.parameters, read_seconds=60, within=1)
    assert time.monotonic() - began < 30


def test_a_burst_of_calls_gets_every_response():
    with ScriptedServer(lambda _: [GOOD]) as server:
        path = Path(server.url, max_idle=100)
        callers = [
            threading.Thread(target=lambda: path.call(GET, EXAMPLE.parameters)) for _ in range(60)
        ]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        assert len(server.requests) == 60


def test_calls_at_once_have_a_connection_each_and_only_so_many_are_kept():
    together = threading.Barrier(6)

    def script(_request):
        together.wait(60)
        return [GOOD]

    with ScriptedServer(script) as server:
        path = Path(server.url, max_idle=2)
        for _ in range(2):
            threads = [
                threading.Thread(target=path.call, args=(GET, EXAMPLE.parameters)) for _ in range(6)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
        assert len(server.requests) == 12
        assert len(set(connections_of(server))) == 10


def test_a_forked_process_never_uses_its_parents_connections():
    with ScriptedServer(lambda _: [GOOD]) as server:
        path = Path(server.url)
        path.call(GET, EXAMPLE.parameters)
        child = os.fork()
        if not child:
            status = 1
            try:
                status = int(path.call(GET, EXAMPLE.parameters) != EXAMPLE.content)
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        path.call(GET, EXAMPLE.parameters)
        assert connections_of(server) == [0, 1, 0]


def test_an_endpoint_with_an_ipv6_address_is_served():
    with ScriptedServer(lambda _: [GOOD], family=socket.AF_INET6) as server:
        assert Path(server.url).call(GET, EXAMPLE.parameters) == EXAMPLE.content
        assert server.requests[0].headers["Host"] == f"[::1]:{server.port}"


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def authorities(authority, tmp_path) -> str:
    """The file of a certificate authority."""
    path = tmp_path / "authorities.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


def certified(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def test_tls_is_spoken_with_an_endpoint_that_a_given_authority_certifies(authority, authorities):
    with ScriptedServer(lambda _: [GOOD], tls=certified(authority, "127.0.0.1")) as server:
        path = Path(server.url, verify=authorities)
        for _ in range(3):
            assert path.call(GET, EXAMPLE.parameters) == EXAMPLE.content
        assert connections_of(server) == [0, 0, 0]


@pytest.mark.parametrize("known", [True, False], ids=["wrong name", "unknown authority"])
def test_an_endpoint_that_cannot_prove_its_name_is_sent_nothing(authority, authorities, known):
    name = "dynamodb.us-east-2.amazonaws.com" if known else "127.0.0.1"
    with ScriptedServer(lambda _: [GOOD], tls=certified(authority, name)) as server:
        with pytest.raises(SSLError):
            Path(server.url, verify=authorities if known else True).call(GET, EXAMPLE.parameters)
        assert not server.requests


def test_a_handshake_that_fails_means_that_nothing_was_sent(authority, authorities):
    context = certified(authority, "127.0.0.1")
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # its handshake reports the error at once
    context.verify_mode = ssl.CERT_REQUIRED  # and the client has none
    with ScriptedServer(lambda _: [GOOD], tls=context) as server:
        with pytest.raises(EndpointConnectionError):
            Path(server.url, verify=authorities).call(GET, EXAMPLE.parameters)
        assert not server.requests


def test_a_tls_response_that_is_cut_short_is_an_error(authority, authorities):
    with ScriptedServer(
        lambda _: [GOOD[:-5], CLOSE], tls=certified(authority, "127.0.0.1")
    ) as server:
        path = Path(server.url, verify=authorities)
        with pytest.raises(Exception, match="reading from response stream"):
            path.call(GET, EXAMPLE.parameters)


_GREENLETS = """
from gevent import monkey
monkey.patch_all()
import sys
import gevent
from dynamodb_items.domain.operations import Operation
from tests.fastpath.conftest import EXAMPLE, Path

path = Path(sys.argv[1], verify=sys.argv[2] or None)
for _ in range(2):
    greenlets = [
        gevent.spawn(path.call, Operation.GET_ITEM, EXAMPLE.parameters)
        for _ in range(int(sys.argv[3]))
    ]
    gevent.joinall(greenlets, timeout=60, raise_error=True)
    assert all(greenlet.value == EXAMPLE.content for greenlet in greenlets)
"""


@pytest.mark.parametrize("with_tls", [False, True], ids=["clear", "tls"])
def test_greenlets_wait_for_their_responses_concurrently(authority, authorities, with_tls):
    number = 20
    together = threading.Barrier(number)

    def script(_request):
        together.wait(60)  # no response before every greenlet has sent its request
        return [GOOD]

    tls = certified(authority, "127.0.0.1") if with_tls else None
    with ScriptedServer(script, tls=tls) as server:
        subprocess.run(
            [sys.executable, "-c", _GREENLETS, server.url, authorities, str(number)],
            cwd=ROOT,
            check=True,
            timeout=100,
        )
        assert len(server.requests) == 2 * number


_LONG_REQUEST = """
from gevent import monkey
monkey.patch_all()
import sys
import time
from botocore.exceptions import ReadTimeoutError
from dynamodb_items.domain.operations import Operation
from tests.fastpath.conftest import TABLE, Path

path = Path(sys.argv[1], verify=sys.argv[2] or None)
parameters = {"TableName": TABLE, "Item": {"a": {"S": "x" * 20_000_000}}}
began = time.monotonic()
try:
    path.call(Operation.PUT_ITEM, parameters, read_seconds=1)
except ReadTimeoutError:
    print(time.monotonic() - began)
"""


@pytest.mark.parametrize("with_tls", [False, True], ids=["clear", "tls"])
def test_the_time_limit_includes_sending_a_long_request(authority, authorities, with_tls):
    listener = socket.create_server(("127.0.0.1", 0))
    tls = certified(authority, "127.0.0.1")

    def read_slowly():
        connection, _ = listener.accept()
        with contextlib.suppress(OSError):
            if with_tls:
                connection = tls.wrap_socket(connection, server_side=True)
            while connection.recv(16 * 1024):
                time.sleep(0.01)  # so the whole request takes 12 seconds

    threading.Thread(target=read_slowly, daemon=True).start()
    with listener:
        scheme = "https" if with_tls else "http"
        url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
        result = subprocess.run(
            [sys.executable, "-c", _LONG_REQUEST, url, authorities],
            cwd=ROOT,
            check=True,
            timeout=60,
            capture_output=True,
        )
    assert 0.9 < float(result.stdout) < 6
