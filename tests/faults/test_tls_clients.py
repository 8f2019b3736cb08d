"""Where gunicorn itself ends TLS, a client that never begins to speak it takes nothing either."""

import itertools
import socket
import ssl
import time
from contextlib import suppress

import pytest
import trustme

from tests.faults.clients import everything, raw
from tests.faults.conftest import GENEROUS_SECONDS
from tests.serving import gunicorn

KEEP_ALIVE_SECONDS = 3
ALERT = b"\x15"
"""What a TLS record that is an alert begins with."""


@pytest.fixture
def server(wire, tmp_path, monkeypatch):
    """One worker, which serves two clients at a time."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    chain, key, authorities = (tmp_path / name for name in ("chain.pem", "key.pem", "ca.pem"))
    certificate.private_key_pem.write_to_path(key)
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(chain, append=True)
    authority.cert_pem.write_to_path(authorities)
    monkeypatch.setenv("SSL_CERT_FILE", str(authorities))
    with gunicorn(
        wire.url,
        *("-w", "1", "--certfile", str(chain), "--keyfile", str(key)),
        *("--keep-alive", str(KEEP_ALIVE_SECONDS), "--worker-connections", "2"),
    ) as server:
        yield server


def test_an_item_is_read_over_tls(server):
    assert server.request("GET", "/items/104/Andrew").json["Name"] == "Andrew"


def test_clients_that_never_begin_a_handshake_make_room_for_others(server):
    began = time.monotonic()
    silent = [socket.create_connection(server.address, 30) for _ in range(2)]
    assert server.request("GET", "/items/104/Andrew").status == 200
    assert time.monotonic() - began > KEEP_ALIVE_SECONDS - 1
    for connection in silent:
        assert everything(connection).startswith(ALERT)
        connection.close()


def test_a_client_that_speaks_no_tls_gets_a_problem(server):
    lines = len(server.log)
    client = raw(server, b"GET /items/104/Andrew HTTP/1.1\r\nHost: x\r\n\r\n")
    response = everything(client)
    client.close()
    assert response.startswith(b"HTTP/1.1 400 ")
    assert b"\r\nContent-Type: application/problem+json\r\n" in response
    assert b"This port speaks HTTPS" in response
    (line,) = [line for line in server.log[lines:] if line["event"] == "request"]
    assert line["status"] == 400
    assert server.request("GET", "/items/104/Andrew").status == 200
    assert all(line.startswith(b"{") for line in server.output.splitlines())


def test_a_trickled_head_is_not_waited_for_beyond_its_time_over_tls(server):
    context = ssl.create_default_context()
    client = context.wrap_socket(
        socket.create_connection(server.address, 30), server_hostname="127.0.0.1"
    )
    began = time.monotonic()
    with suppress(OSError):
        for byte in itertools.cycle(b"GET"):
            client.sendall(bytes([byte]))
            time.sleep(0.1)
            assert time.monotonic() - began < GENEROUS_SECONDS
    client.close()
