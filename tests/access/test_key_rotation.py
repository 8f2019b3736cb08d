"""The issuer's keys change or are unreachable while the service runs."""

import socket
import threading
import time

import pytest

from tests.access.issuer import bearer, issuer, jwt_variables
from tests.faults.conftest import eventually
from tests.serving import gunicorn

PATIENCE_SECONDS = 30


@pytest.fixture(scope="module")
def authority():
    """An issuer for these tests only, since they change its keys."""
    with issuer() as authority:
        yield authority


@pytest.fixture(scope="module", params=["by URL", "from a file"])
def service(request, endpoint, authority, tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    authority.publish = lambda: path.write_bytes(authority.key_set)
    authority.publish()
    location = f"{authority.url}/keys" if request.param == "by URL" else str(path)
    variables = jwt_variables(authority, ITEMS_JWT_KEY_SET=location)
    with gunicorn(endpoint, "-w", "1", **variables) as server:
        yield server


def status(server, token) -> int:
    return server.request("GET", "/items/104/rotation", **bearer(token)).status


def test_keys_rotate_and_no_request_fails(service, authority):
    stop, statuses = threading.Event(), []

    def call() -> None:
        while not stop.is_set():
            statuses.append(status(service, authority.token()))

    callers = [threading.Thread(target=call) for _ in range(3)]
    for caller in callers:
        caller.start()
    for kind in ("EC", "RSA", "EC"):
        authority.rotate(kind=kind)
        so_far = len(statuses)
        eventually(lambda before=so_far: len(statuses) >= before + 10)
    stop.set()
    for caller in callers:
        caller.join(PATIENCE_SECONDS)
    assert set(statuses) == {404}


def test_a_key_that_is_withdrawn_counts_no_longer(service, authority):
    old = authority.token()
    assert status(service, old) == 404
    authority.rotate(keep=False)
    assert status(service, authority.token()) == 404, "the new key is fetched at once"
    assert status(service, old) == 401, "although it was verified and cached"


def test_with_the_issuer_away_known_keys_go_on_and_unknown_get_401(endpoint):
    with issuer() as authority:
        variables = jwt_variables(authority, ITEMS_JWT_KEY_SET_SECONDS="0.2")
        with gunicorn(endpoint, "-w", "1", **variables) as server:
            assert status(server, authority.token()) == 404
            authority.reachable = False
            before = authority.fetches

            def has_fetched_again():
                assert status(server, authority.token(jti=str(time.monotonic()))) == 404
                return authority.fetches > before

            eventually(has_fetched_again)
            assert status(server, authority.token()) == 404
            assert status(server, authority.token_of_a_stranger(with_a_known_key_id=False)) == 401
            authority.rotate()
            assert status(server, authority.token()) == 401
            authority.reachable = True
            eventually(lambda: status(server, authority.token()) != 401)
            assert status(server, authority.token()) == 404


def test_before_the_first_keys_every_token_is_503_and_its_body_is_not_waited_for(endpoint):
    with issuer() as authority:
        authority.reachable = False
        with gunicorn(endpoint, "-w", "1", **jwt_variables(authority)) as server:
            credential = bearer(authority.token())
            response = server.request("PUT", "/items/104/x", Content_Length="1000000", **credential)
            assert response.status == 503
            assert response.headers["Retry-After"] == "5"
            assert "WWW-Authenticate" not in response.headers
            assert response.json["type"] == "/docs/errors#issuer-unavailable"
            assert status(server, authority.token_of_a_stranger(with_a_known_key_id=False)) == 503
            assert server.request("GET", "/items/104/x").status == 401, "without a credential"
            assert server.request("GET", "/openapi.json").status == 200
            authority.reachable = True
            eventually(lambda: status(server, authority.token()) != 503)
            assert status(server, authority.token()) == 404
            assert status(server, authority.token_of_a_stranger(with_a_known_key_id=False)) == 401


def test_an_issuer_without_keys_is_not_an_unreachable_issuer(endpoint):
    with issuer() as authority:
        authority.published = []
        with gunicorn(endpoint, "-w", "1", **jwt_variables(authority)) as server:
            assert status(server, authority.token()) == 401


def test_an_issuer_that_never_responds_delays_requests_up_to_their_deadline(endpoint):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        issuer_url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        variables = {
            "ITEMS_AUTH": "jwt",
            "ITEMS_JWT_ISSUER": issuer_url,
            "ITEMS_JWT_AUDIENCE": "items",
        }
        with gunicorn(endpoint, "-w", "1", **variables) as server:
            began = time.monotonic()
            assert status(server, "eyJhbGciOiJSUzI1NiJ9.e30.c2ln") == 503
            assert time.monotonic() - began < PATIENCE_SECONDS
            assert server.request("GET", "/live").status == 200
            (line, *_) = [each for each in server.log if each["event"] == "key set fetch failed"]
            assert line["known_keys"] == 0


def test_tokens_with_made_up_key_ids_do_not_turn_the_service_against_its_issuer(endpoint):
    with issuer() as authority:
        variables = jwt_variables(authority, ITEMS_JWT_KEY_SET=f"{authority.url}/keys")
        with gunicorn(endpoint, "-w", "1", **variables) as server:
            assert status(server, authority.token()) == 404
            began = time.monotonic()
            for _ in range(30):
                assert (
                    status(server, authority.token_of_a_stranger(with_a_known_key_id=False)) == 401
                )
            most = 6 + (time.monotonic() - began) / 10 + 1
            assert authority.fetches <= most
            assert status(server, authority.token()) == 404
