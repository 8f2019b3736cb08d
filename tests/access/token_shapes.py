"""Tokens of five issuers, as their documentation shows them, without what identifies an account.

Each is a function of the issuer's URL and the current time. Headers are without ``alg`` and
``kid``, which the double adds.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

PAGE = Path(__file__).parents[2] / "docs/issuers.md"
HOUR = 3600


def recipes() -> dict[str, dict[str, str]]:
    """Return the settings on the page of issuers, by the heading's anchor."""
    sections = re.split(r"^## .*\{ #(\w+) \}$", PAGE.read_text(), flags=re.MULTILINE)[1:]
    found = {}
    for anchor, text in zip(sections[::2], sections[1::2], strict=True):
        (block,) = re.findall(r"^```sh\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
        found[anchor] = dict(line.split("=", 1) for line in block.splitlines())
    return found


Claims = Callable[[dict], dict]


@dataclass(frozen=True)
class Shape:
    """One issuer's tokens: changes of the common claims for each kind."""

    keys_path: str
    access: dict
    """An access token of a user, without the grant."""
    grants: Callable[[str], dict]
    """The claim that grants words, separated by spaces."""
    read: str
    write: str
    id_token: dict
    audience: Callable[[str], dict]
    """The claim with this audience."""
    machine: Callable[[str], dict]
    """The changes of a token of a machine with this grant."""
    header: dict = field(default_factory=dict)
    key_members: dict = field(default_factory=dict)
    has_nbf: bool = False


CLIENT = "3n4b5urk1ft4fl3mg5e62d9ado"
SHAPES = {
    "cognito": Shape(
        keys_path="/us-east-2_Example01/.well-known/jwks.json",
        key_members={"alg": "RS256", "use": "sig"},
        access={
            "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
            "cognito:groups": ["staff"],
            "version": 2,
            "client_id": CLIENT,
            "origin_jti": "7f2b2d5e-0000-4000-8000-000000000000",
            "event_id": "64f513be-32db-42b0-b78e-b02127b4f463",
            "token_use": "access",
            "username": "my-test-user",
        },
        grants=lambda words: {"scope": f"phone openid {words}".strip()},
        read="items/read",
        write="items/write",
        audience=lambda audience: {"client_id": audience},
        machine=lambda words: {
            "sub": CLIENT,
            "scope": words,
            "username": None,
            "cognito:groups": None,
        },
        id_token={
            "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
            "aud": CLIENT,
            "token_use": "id",
            "scope": "items/read items/write",
            "cognito:username": "my-test-user",
            "email": "my-test-user@example.com",
        },
    ),
    "entra": Shape(
        keys_path="/72f988bf-86f1-41af-91ab-2d7cd011db47/discovery/v2.0/keys",
        key_members={"use": "sig", "x5t": "not used", "x5c": ["not used"]},
        header={"typ": "JWT"},
        has_nbf=True,
        access={
            "aud": "6e74172b-be56-4843-9ff4-e66a39bb12e3",
            "azp": "00001111-aaaa-2222-bbbb-3333cccc4444",
            "azpacr": "0",
            "name": "Abe Lincoln",
            "oid": "00000000-0000-0000-66f3-3332eca7ea81",
            "preferred_username": "AbeLi@example.com",
            "rh": "0.AAAAAAAAAAAAAA.",
            "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
            "tid": "72f988bf-86f1-41af-91ab-2d7cd011db47",
            "uti": "fqiBqXLPj0eQa82S-IYFAA",
            "ver": "2.0",
        },
        grants=lambda words: {"scp": words},
        read="Items.Read",
        write="Items.Write",
        audience=lambda audience: {"aud": audience},
        machine=lambda words: {
            "scp": None,
            "azpacr": "1",
            "roles": [f"{word}.All" for word in words.split()],
            "sub": "00000000-0000-0000-66f3-3332eca7ea81",
        },
        id_token={
            "aud": "6e74172b-be56-4843-9ff4-e66a39bb12e3",
            "name": "Abe Lincoln",
            "nonce": "12345",
            "roles": ["Items.Read.All", "Items.Write.All"],
            "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
            "ver": "2.0",
        },
    ),
    "auth0": Shape(
        keys_path="/.well-known/jwks.json",
        key_members={"use": "sig", "x5t": "not used", "x5c": ["not used"]},
        header={"typ": "JWT"},
        access={
            "sub": "auth0|5f7c8ec7c33c6c004bbafe82",
            "aud": ["https://items.example/api", "https://shop.eu.auth0.com/userinfo"],
            "azp": "my_client_id",
            "scope": "openid profile email",
        },
        grants=lambda words: {"permissions": words.split()},
        read="read:items",
        write="write:items",
        audience=lambda audience: {"aud": [audience, "https://shop.eu.auth0.com/userinfo"]},
        machine=lambda words: {
            "sub": "my_client_id@clients",
            "aud": "https://items.example/api",
            "gty": "client-credentials",
            "permissions": words.split(),
        },
        id_token={
            "sub": "auth0|5f7c8ec7c33c6c004bbafe82",
            "aud": "my_client_id",
            "nonce": "12345",
            "name": "Jane Doe",
        },
    ),
    "keycloak": Shape(
        keys_path="/realms/shop/protocol/openid-connect/certs",
        key_members={"alg": "RS256", "use": "sig", "x5c": ["not used"], "x5t": "not used"},
        header={"typ": "JWT"},
        access={
            "sub": "5ab21e5f-0000-4000-8000-000000000000",
            "typ": "Bearer",
            "aud": ["items", "account"],
            "azp": "web",
            "sid": "4f7b2d5e-0000-4000-8000-000000000000",
            "acr": "1",
            "allowed-origins": ["https://shop.example"],
            "resource_access": {"account": {"roles": ["manage-account", "view-profile"]}},
            "scope": "openid profile email",
            "preferred_username": "alice",
        },
        grants=lambda words: {
            "realm_access": {"roles": ["default-roles-shop", "offline_access", *words.split()]}
        },
        read="items-read",
        write="items-write",
        audience=lambda audience: {"aud": [audience, "account"]},
        machine=lambda words: {
            "aud": "items",
            "azp": "batch-job",
            "clientHost": "192.0.2.1",
            "client_id": "batch-job",
            "preferred_username": "service-account-batch-job",
            "realm_access": {"roles": words.split()},
        },
        id_token={
            "sub": "5ab21e5f-0000-4000-8000-000000000000",
            "typ": "ID",
            "aud": ["web", "items"],
            "azp": "web",
            "at_hash": "MTIzNDU2Nzg5MDEyMzQ1Ng",
            "realm_access": {"roles": ["items-read", "items-write"]},
        },
    ),
    "okta": Shape(
        keys_path="/oauth2/default/v1/keys",
        key_members={"alg": "RS256", "use": "sig"},
        access={
            "ver": 1,
            "jti": "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE",
            "aud": "api://default",
            "cid": "nmdP1fcyvdVO11AL7ECm",
            "uid": "00ujmkLgagxeRrAg20g3",
            "sub": "john.doe@example.com",
        },
        grants=lambda words: {"scp": ["openid", *words.split()]},
        read="items:read",
        write="items:write",
        audience=lambda audience: {"aud": audience},
        machine=lambda words: {
            "uid": None,
            "sub": "nmdP1fcyvdVO11AL7ECm",
            "scp": words.split(),
        },
        id_token={
            "ver": 1,
            "jti": "ID.4eAWJOCMB3SX8XewDfVR",
            "aud": ["nmdP1fcyvdVO11AL7ECm", "api://default"],
            "sub": "00ujmkLgagxeRrAg20g3",
            "amr": ["pwd"],
            "at_hash": "preview_at_hash",
            "scp": ["items:read", "items:write"],
        },
    ),
}


def claims_of(shape: Shape, issuer: str, now: int, **changes) -> dict:
    """Return the claims of an access token with changes; None removes a claim."""
    times = {**_times(shape, now), "auth_time": now}
    claims = {"iss": issuer, **times, **shape.access, **changes}
    return {name: value for name, value in claims.items() if value is not None}


def id_token_of(shape: Shape, issuer: str, now: int) -> dict:
    """Return the claims of an ID token for the same client."""
    return {"iss": issuer, **_times(shape, now), **shape.id_token}


def _times(shape: Shape, now: int) -> dict:
    return {"iat": now, "exp": now + HOUR, **({"nbf": now} if shape.has_nbf else {})}


def path_of(issuer: str) -> str:
    return urlsplit(issuer).path
