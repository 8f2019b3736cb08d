"""Where gunicorn itself ends TLS, a client that never begins to speak it takes nothing either."""

import socket
import time

import pytest
import trustme

from tests.faults.clients import everything, raw
from tests.faults.conftest import eventually
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
    assert server.request("GET", "/items/104/Andrew").json["Email"] == "andrew@gmail.com"


def test_clients_that_never_begin_a_handshake_make_room_for_others(server):
    began = time.monotonic()
    silent = [socket.create_connection(server.address, 30) for _ in range(2)]
    assert server.request("GET", "/items/104/Andrew").status == 200
    assert time.monotonic() - began > KEEP_ALIVE_SECONDS - 1
    for connection in silent:
        assert everything(connection).startswith(ALERT)
        connection.close()


def test_a_client_that_speaks_no_tls_is_closed_without_a_word_in_the_log(server):
    client = raw(server, b"GET /items/104/Andrew HTTP/1.1\r\nHost: x\r\n\r\n")
    eventually(lambda: everything(client) is not None)
    client.close()
    assert server.request("GET", "/items/104/Andrew").status == 200
    server.log_file.seek(0)
    lines = server.log_file.read().splitlines()
    assert lines
    assert all(line.startswith(b"{") for line in lines)
