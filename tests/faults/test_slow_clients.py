"""Clients that send too much, too slowly or not at all take nothing from the others."""

import http.client
import select
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests import wire as faults
from tests.faults.clients import everything, raw
from tests.faults.conftest import GENEROUS_SECONDS, eventually
from tests.serving import gunicorn

MEBIBYTE = 1024 * 1024
HEAD = b"PUT /items/7/slow HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


def resident_bytes(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


def peers_of(pid):
    """The loopback clients whose connections the process holds."""
    links = list(Path(f"/proc/{pid}/fd").iterdir())
    inodes = {str(link.readlink())[8:-1] for link in links if link.is_symlink()}
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {
        ("127.0.0.1", int(line[2].partition(":")[2], 16)) for line in lines if line[9] in inodes
    }


def status_of(content):
    return int(content.split(b" ", 2)[1]) if content else None


def send_all(connection, parts):
    """Send until the service wants no more."""
    try:
        for part in parts:
            connection.sendall(part)
    except ConnectionError:
        pass


def put_slow(server):
    """Have the item that HEAD replaces."""
    server.request("PUT", "/items/7/slow", "{}", Content_Type="application/json")


def is_readable(connection, seconds):
    """Whether something arrives, or the connection ends, within the time."""
    return bool(select.select([connection], [], [], seconds)[0])


@pytest.mark.parametrize("form", ["length", "chunked"])
def test_a_body_of_100_mib_is_rejected_without_using_memory(server, form):
    (worker,) = server.workers
    piece = b"x" * MEBIBYTE
    before = resident_bytes(worker)
    if form == "length":
        connection = raw(server, HEAD + b"Content-Length: %d\r\n\r\n" % (100 * MEBIBYTE))
        send_all(connection, [piece] * 100)
    else:
        connection = raw(server, HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        send_all(connection, [b"%x\r\n%b\r\n" % (len(piece), piece)] * 100)
    response = everything(connection)
    connection.close()
    assert status_of(response) == 413
    assert resident_bytes(worker) - before < 10 * MEBIBYTE
    assert server.request("GET", "/live").status == 200


@pytest.mark.parametrize("form", ["length", "chunked"])
def test_a_client_that_waits_for_the_response_gets_413(server, form):
    framing = {
        "length": b"Content-Length: %d\r\n\r\n" % (100 * MEBIBYTE),
        "chunked": b"Transfer-Encoding: chunked\r\n\r\n" + b"%x\r\n" % (2 * MEBIBYTE),
    }
    connection = raw(server, HEAD + framing[form])
    if form == "chunked":
        connection.sendall(b"x" * (MEBIBYTE + 4096))
    response = everything(connection)
    connection.close()
    assert status_of(response) == 413
    assert b"application/problem+json" in response
    assert b"\r\nConnection: close\r\n" in response


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 10\r\n\r\n",
        b"Content-Length: 10\r\n\r\n{",
        b"Transfer-Encoding: chunked\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\n{    \r\n",
    ],
)
def test_a_body_that_does_not_arrive_is_408_and_what_arrives_later_is_not_a_request(own_wire, rest):
    with gunicorn(own_wire.url, "-w", "1", ITEMS_BODY_TIMEOUT_SECONDS="0.5") as server:
        connection = raw(server, HEAD + rest)
        response = connection.recv(4096)
        with suppress(ConnectionError):
            connection.sendall(b"GET /live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        response += everything(connection)
        connection.close()
    assert status_of(response) == 408
    assert b"#request-timeout" in response
    assert b"\r\nConnection: close\r\n" in response
    assert response.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 10\r\n\r\n{",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    ],
)
def test_a_body_that_breaks_off_is_400_and_nothing_is_written(server, wire, rest):
    before = len(wire.calls)
    connection = raw(server, HEAD + rest)
    connection.shutdown(1)
    response = everything(connection)
    connection.close()
    assert status_of(response) == 400
    assert "PutItem" not in wire.calls[before:]


def test_a_body_whose_length_begins_with_zeros_holds_no_place(own_wire):
    with gunicorn(own_wire.url, "-w", "1", ITEMS_MAX_IN_FLIGHT="2") as server:
        put_slow(server)
        slow = [raw(server, HEAD + b"Content-Length: 0000000009\r\n\r\n{") for _ in range(4)]
        for _ in range(20):
            assert server.request("GET", "/items/7/nobody").status == 404
        for connection in slow:
            connection.sendall(b'"A": 1 }')
            assert status_of(connection.recv(4096)) == 200
            connection.close()


def test_a_get_does_not_wait_for_a_body(server):
    head = b"GET /items/7/nobody HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
    connection = raw(server, head + b"x")
    response = everything(connection)
    connection.close()
    assert status_of(response) == 404


def test_idle_and_half_sent_requests_starve_nobody(own_wire):
    with gunicorn(own_wire.url, "-w", "1", ITEMS_MAX_IN_FLIGHT="4") as server:
        connections = [raw(server, b"") for _ in range(100)]
        connections += [raw(server, b"GET /items/7/x HTTP/1.1\r\nHos") for _ in range(100)]
        connections += [raw(server, HEAD + b"Content-Length: 9\r\n\r\n{") for _ in range(100)]
        for _ in range(20):
            assert server.request("GET", "/items/7/nobody").status == 404
            assert server.request("PUT", "/items/7/slow", "{}", Content_Type="application/json")
            assert server.request("GET", "/live").status == 200
        for connection in connections:
            connection.close()


@pytest.mark.parametrize("header", [b"", b"TE: trailers\r\n"], ids=["plain", "gunicorn's"])
def test_a_client_that_sends_ahead_without_end_stops_nobody(own_wire, header):
    requests = b"GET /live HTTP/1.1\r\nHost: x\r\n%b\r\n" % header * 2000
    enough = threading.Event()

    def send(connection):
        with suppress(OSError):
            while not enough.is_set():
                connection.sendall(requests)

    def receive(connection):
        with suppress(OSError):
            while connection.recv(MEBIBYTE):
                pass

    with gunicorn(own_wire.url, "-w", "1") as server:
        before = server.workers
        connection = raw(server, b"")
        threads = [threading.Thread(target=each, args=(connection,)) for each in (send, receive)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(20):
                assert server.request("GET", "/items/7/nobody").status == 404
            assert server.workers == before, "it was never thought to hang"
        finally:
            enough.set()
            connection.shutdown(2)
            for thread in threads:
                thread.join()
            connection.close()


def test_a_body_in_a_million_chunks_holds_up_nobody(server):
    connection = raw(server, HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    chunks = [b"1\r\n1\r\n" * MEBIBYTE, b"0\r\n\r\n"]
    sending = threading.Thread(target=send_all, args=(connection, chunks))
    sending.start()
    for _ in range(3):
        assert server.request("GET", "/live").status == 200
    has_response, _, _ = select.select([connection], [], [], 0)
    sending.join()
    assert status_of(connection.recv(4096)) == 422
    assert not has_response, "the others were first"
    connection.close()


def test_a_half_sent_head_is_not_waited_for_forever(own_wire):
    with gunicorn(own_wire.url, "-w", "1", "--keep-alive", "1") as server:
        connection = raw(server, b"GET /live HTTP/1.1\r\nHos")
        began = time.monotonic()
        assert everything(connection) == b""
        assert time.monotonic() - began < 20
        connection.close()


def test_a_connection_without_a_request_is_closed_in_time(own_wire):
    with gunicorn(own_wire.url, "-w", "1", "--keep-alive", "1") as server:
        kept = http.client.HTTPConnection(*server.address)
        kept.request("GET", "/live")
        kept.getresponse().read()
        silent = raw(server, b"")
        assert everything(silent) == b""
        assert kept.sock.recv(1) == b""
        silent.close()
        kept.close()


def test_clients_that_do_not_read_their_responses_are_disconnected(own_wire):
    item = {"Id": {"N": "7"}, "Name": {"S": "large"}, "Text": {"S": "x" * 390_000}}
    own_wire.fault(faults.respond({"Item": item}))
    head = b"GET /items/7/large HTTP/1.1\r\nHost: x\r\n"
    with gunicorn(own_wire.url, "-w", "1", "--keep-alive", "1") as server:
        (worker,) = server.workers
        # 100 responses are more than all buffers on the way hold.
        connections = [
            raw(server, (head + way) * 100) for way in (b"\r\n", b"TE: trailers\r\n\r\n")
        ]
        peers = {connection.getsockname() for connection in connections}
        eventually(lambda: peers <= peers_of(worker))
        eventually(lambda: not peers & peers_of(worker), GENEROUS_SECONDS * 2)
        assert server.request("GET", "/items/7/large").status == 200
        for connection in connections:
            connection.close()


def test_pipelined_requests_get_responses_in_their_order(server):
    put = HEAD + b"Content-Length: 9\r\n\r\n" + b'{"A": 10}'
    get = b"GET /items/7/slow HTTP/1.1\r\nHost: x\r\n"
    connection = raw(server, put + get + b"\r\n" + get + b"Connection: close\r\n\r\n" + get)
    response = everything(connection)
    connection.close()
    assert response.count(b"HTTP/1.1 200 OK\r\n") >= 2
    assert response.count(b"HTTP/1.1 ") == 3
    assert response.count(b'"A":10') == 3


def test_what_only_gunicorn_reads_may_follow_what_is_plain(server):
    plain = b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n"
    chunked = HEAD + b'Transfer-Encoding: chunked\r\n\r\n7\r\n{"A":1}\r\n0\r\n\r\n'
    last = b"GET /items/7/slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    connection = raw(server, plain + chunked + plain + last)
    response = everything(connection)
    connection.close()
    assert response.count(b"HTTP/1.1 2") == 4
    assert response.count(b'"alive"') == 2
    assert response.endswith(b'{"Id":7,"Name":"slow","A":1}')


def test_a_connection_that_gunicorn_serves_is_not_taken_for_idle(own_wire):
    chunked = b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    with gunicorn(own_wire.url, "-w", "1", "--keep-alive", "2") as server:
        put_slow(server)
        connection = raw(server, b"")
        for _ in range(12):
            connection.sendall(HEAD + chunked)
            response = b""
            while not response.endswith(b"}"):
                response += connection.recv(4096) or b"closed}"
            assert status_of(response) == 200
            assert not is_readable(connection, 0.5), "it is closed"
        connection.close()


@pytest.mark.parametrize("options", ["close", "TE, close", "close, foo", "keep-alive,Close"])
def test_a_connection_is_closed_where_that_is_one_of_its_options(server, options):
    head = f"GET /live HTTP/1.1\r\nHost: x\r\nTE: deflate\r\nConnection: {options}\r\n\r\n"
    client = raw(server, head.encode())
    response = everything(client).lower()
    client.close()
    assert response.startswith(b"http/1.1 200 ")
    assert b"\r\nconnection: close\r\n" in response


def test_lines_that_end_without_a_carriage_return_are_rejected_at_once(server):
    client = raw(server, b"GET /live HTTP/1.1\nHost: x\n\n")
    assert status_of(everything(client)) == 400
    client.close()


def test_a_head_without_end_is_rejected(server):
    connection = raw(server, b"GET /live HTTP/1.1\r\n")
    send_all(connection, [b"X-%d: %s\r\n" % (number, b"a" * 4000) for number in range(20)])
    response = everything(connection)
    connection.close()
    assert status_of(response) == 431
    assert server.request("GET", "/live").status == 200


def test_bodies_that_wait_together_take_bounded_memory(own_wire):
    """60 bodies of 1 MiB, each short of its last byte."""
    with gunicorn(own_wire.url, "-w", "1") as server:
        (worker,) = server.workers
        before = resident_bytes(worker)
        body = b"x" * (MEBIBYTE - 1)
        connections = []
        for _ in range(60):
            connection = raw(server, HEAD + b"Content-Length: %d\r\n\r\n" % MEBIBYTE)
            send_all(connection, [body])
            connections.append(connection)
        eventually(lambda: any(line["event"] == "overloaded" for line in server.log))
        assert resident_bytes(worker) - before < 100 * MEBIBYTE
        assert server.request("GET", "/items/7/nobody").status == 404
        for connection in connections:
            connection.close()
        key = "/items/7/afterwards"

        def is_taken_again():
            return server.request("PUT", key, "{}", Content_Type="application/json").status == 201

        eventually(is_taken_again)
