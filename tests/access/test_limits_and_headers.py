"""Rate limits, headers for browsers, and what a client cannot forge."""

import json
import socket
from urllib.parse import urlsplit

import pytest
from dynamodb_items.local.processes import free_port

from tests.access.issuer import bearer, jwt_variables
from tests.serving import gunicorn

ITEM = "/items/104/Andrew"
SHOP = "https://shop.example"
IPV6_PAGE = "http://[::1]:3000"
FORGED = {
    "X-Forwarded-For": "203.0.113.7",
    "X-Real-IP": "203.0.113.7",
    "Forwarded": "for=203.0.113.7;host=evil.example;proto=https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Prefix": "/evil",
    "X-Script-Name": "/evil",
    "Script-Name": "/evil",
    "X-Amzn-Oidc-Identity": "admin",
    "X-Amzn-Oidc-Accesstoken": "x",
    "X-Amzn-Oidc-Data": "x",
    "Remote-User": "admin",
}


def statuses(server, count, **headers):
    return [server.request("GET", ITEM, **headers).status for _ in range(count)]


@pytest.fixture(scope="module")
def server(endpoint):
    """A service behind one proxy, so that each test has its own client address."""
    variables = {
        "ITEMS_RATE_LIMIT": "5/hour",
        "ITEMS_TRUSTED_PROXIES": "1",
        "ITEMS_CORS_ORIGINS": f"{SHOP}, http://localhost:3000, {IPV6_PAGE}",
    }
    with gunicorn(endpoint, "-w", "1", **variables) as server:
        yield server


@pytest.fixture(scope="module")
def bare(endpoint):
    """A service without a proxy whose limit is counted in an unavailable Redis."""
    nowhere = f"redis://127.0.0.1:{free_port()}"
    variables = {"ITEMS_RATE_LIMIT": "50/hour", "ITEMS_RATE_LIMIT_STORAGE": nowhere}
    with gunicorn(endpoint, "-w", "1", **variables, ITEMS_CACHE_CONTROL="private") as server:
        yield server


@pytest.fixture(scope="module")
def guarded(endpoint, authority):
    variables = {"ITEMS_RATE_LIMIT": "5/hour", "ITEMS_CORS_ORIGINS": SHOP}
    with gunicorn(endpoint, "-w", "1", **variables, **jwt_variables(authority)) as server:
        yield server


def test_a_caller_over_the_limit_gets_429_and_the_time_to_retry(server):
    responses = [server.request("GET", ITEM) for _ in range(6)]
    assert [response.status for response in responses] == [200] * 5 + [429]
    remaining = [response.headers["RateLimit-Remaining"] for response in responses]
    assert remaining == ["4", "3", "2", "1", "0", "0"]
    rejected = responses[-1]
    assert rejected.headers["RateLimit-Policy"] == "5;w=3600"
    assert 0 < int(rejected.headers["Retry-After"]) <= 3600
    assert 0 < int(rejected.headers["RateLimit-Reset"]) <= 3600
    assert rejected.json["type"] == "/docs/errors#too-many-requests"
    assert "5 per 1 hour" in rejected.json["detail"]
    assert server.request("GET", "/live").status == 200
    assert server.request("OPTIONS", ITEM).status == 200


def test_each_caller_has_an_allowance_of_its_own(guarded, authority):
    assert statuses(guarded, 6, **bearer(authority.token(sub="one"))) == [200] * 5 + [429]
    assert statuses(guarded, 1, **bearer(authority.token(sub="two"))) == [200]
    assert statuses(guarded, 1, **bearer(authority.token(sub="one", jti="x"))) == [429]
    assert statuses(guarded, 1) == [401]


def test_only_configured_proxies_set_the_address_of_a_client(server):
    forged = [
        server.request("GET", ITEM, X_Forwarded_For=f"203.0.113.{n}, 198.51.100.1").status
        for n in range(6)
    ]
    assert forged == [200] * 5 + [429]
    assert statuses(server, 1, X_Forwarded_For="203.0.113.1, 198.51.100.2") == [200]


def test_the_addresses_of_one_ipv6_network_are_one_client(server):
    within = [
        server.request("GET", ITEM, X_Forwarded_For=f"2001:db8:1:1::{n}").status for n in range(6)
    ]
    assert within == [200] * 5 + [429]
    assert statuses(server, 1, X_Forwarded_For="2001:db8:1:2::1") == [200]


@pytest.mark.parametrize("address", ["198.51.100.30:{}", "[2001:db8:1:3::1]:{}"])
def test_the_ports_of_one_address_are_one_client(server, address):
    """Some load balancers add the client's port, which differs for each connection."""
    results = [
        server.request("GET", ITEM, X_Forwarded_For=address.format(40000 + n)).status
        for n in range(6)
    ]
    assert results == [200] * 5 + [429]


def test_forged_headers_change_nothing(bare):
    plain = bare.request("GET", ITEM)
    forged = bare.request("GET", ITEM, **FORGED)
    assert forged.status == 200
    assert forged.body == plain.body
    assert set(forged.headers.keys()) == set(plain.headers.keys())
    assert plain.headers["Cache-Control"] == "private", "as the settings have it"
    created = bare.request(
        "PUT", "/items/104/forged", "{}", Content_Type="application/json", **FORGED
    )
    assert created.headers["Location"] == "/items/104/forged"


@pytest.mark.parametrize("head", ["Host: evil.example", "Host: a b", "Host:", "Host: [::1"])
def test_no_host_is_believed_or_breaks_anything(bare, head):
    address = urlsplit(bare.url)
    with socket.create_connection((address.hostname, address.port), 30) as client:
        client.sendall(f"GET {ITEM} HTTP/1.1\r\n{head}\r\nConnection: close\r\n\r\n".encode())
        response = client.makefile("rb").read()
    status = response.split(b" ", 2)[1]
    assert status in (b"200", b"400")
    assert b"evil.example" not in response


def test_an_unavailable_storage_rejects_no_one_and_the_limit_still_holds(bare):
    results = statuses(bare, 51)
    assert results[0] == 200
    assert results[-1] == 429
    # No header of the client gives it another allowance.
    assert bare.request("GET", ITEM, **FORGED).status == 429


@pytest.mark.parametrize("target", [ITEM, "/live", "/openapi.json", "/docs/errors", "/nowhere"])
def test_no_response_is_sniffed_framed_or_run(server, target):
    headers = server.request("GET", target).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_items_are_stored_by_no_cache(server):
    client = {"X-Forwarded-For": "198.51.100.20"}
    response = server.request("GET", ITEM, **client)
    assert response.headers["Cache-Control"] == "no-store"
    fresh = server.request("GET", ITEM, If_None_Match=response.headers["ETag"], **client)
    assert (fresh.status, fresh.headers["Cache-Control"]) == (304, "no-store")


def test_a_page_of_a_known_origin_may_write_and_read_the_etag(server):
    preflight = server.request(
        "OPTIONS",
        ITEM,
        Origin=SHOP,
        Access_Control_Request_Method="PUT",
        Access_Control_Request_Headers="content-type, if-match, authorization",
    )
    assert preflight.status == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == SHOP
    assert "PUT" in preflight.headers["Access-Control-Allow-Methods"]
    allowed = preflight.headers["Access-Control-Allow-Headers"].split(", ")
    assert set(allowed) == {"content-type", "if-match", "authorization"}
    response = server.request("GET", ITEM, Origin=SHOP, X_Forwarded_For="198.51.100.21")
    assert response.headers["Access-Control-Allow-Origin"] == SHOP
    assert "ETag" in response.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in response.headers


def test_a_page_of_an_ipv6_origin_may_what_others_may(server):
    response = server.request("GET", ITEM, Origin=IPV6_PAGE, X_Forwarded_For="198.51.100.22")
    assert response.headers["Access-Control-Allow-Origin"] == IPV6_PAGE


@pytest.mark.parametrize(
    "origin",
    [
        *("https://evil.example", "http://shop.example", f"{SHOP}.evil.example", "null"),
        *("http://1:3000", f"{IPV6_PAGE}0", "https://shopXexample"),
    ],
)
def test_a_page_of_another_origin_may_nothing(server, origin):
    for method in ("GET", "OPTIONS"):
        response = server.request(method, ITEM, Origin=origin, Access_Control_Request_Method="PUT")
        assert "Access-Control-Allow-Origin" not in response.headers
        assert "Origin" in ", ".join(response.headers.get_all("Vary"))


def test_without_the_setting_no_page_may_anything(bare):
    response = bare.request("OPTIONS", ITEM, Origin=SHOP, Access_Control_Request_Method="PUT")
    assert not [name for name in response.headers if name.lower().startswith("access-control")]


def test_a_page_can_read_why_it_was_rejected(guarded):
    preflight = {"Origin": SHOP, "Access-Control-Request-Method": "PUT"}
    assert guarded.request("OPTIONS", ITEM, **preflight).status == 200
    rejected = guarded.request("GET", ITEM, Origin=SHOP)
    assert rejected.status == 401
    assert rejected.headers["Access-Control-Allow-Origin"] == SHOP
    assert "WWW-Authenticate" in rejected.headers["Access-Control-Expose-Headers"]


def test_a_caller_is_limited_by_the_capacity_that_it_consumes(endpoint, authority):
    """A small write takes a unit, a small eventually consistent read takes half a unit."""
    variables = {"ITEMS_RATE_LIMIT": "100/hour;2units/hour", **jwt_variables(authority)}
    with gunicorn(endpoint, "-w", "1", **variables) as server:
        one = bearer(authority.token(sub="one"))
        path = "/items/104/capacity"
        body = json.dumps({"Text": "x"})
        written = server.request("PUT", path, body, Content_Type="application/json", **one)
        assert written.status == 201
        assert written.headers["RateLimit-Limit"] == "100"
        assert [server.request("GET", path, **one).status for _ in range(3)] == [200, 200, 429]
        rejected = server.request("PUT", path, body, Content_Type="application/json", **one)
        assert rejected.status == 429
        assert rejected.headers["RateLimit-Policy"] == '2;w=3600;comment="capacity units"'
        assert rejected.headers["RateLimit-Remaining"] == "0"
        assert 0 < int(rejected.headers["Retry-After"]) <= 7201
        assert "capacity units: 2 units per 1 hour" in rejected.json["detail"]
        assert server.request("GET", path, **bearer(authority.token(sub="two"))).status == 200
