"""The recipe of each issuer, run on tokens of that issuer's shape.

The double serves the discovery document and the key set on the issuer's own paths.
"""

import json
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest
from dynamodb_items.app import create_app
from dynamodb_items.config.settings import Settings
from dynamodb_items.dynamodb.retries import Attempts
from dynamodb_items.storage.repository import ItemRepository
from joserfc import jwt
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry

from tests.access.issuer import bearer
from tests.access.token_shapes import SHAPES, claims_of, id_token_of, path_of, recipes
from tests.access.tokens import OneItem
from tests.loopback import loopback

RECIPES = recipes()
KEY = RSAKey.generate_key(2048, {"kid": "signing"})
# Keycloak publishes an encryption key too, and every issuer the key that it will use next.
OTHERS = [
    {**RSAKey.generate_key(2048).as_dict(private=False), "kid": "enc", "use": "enc"},
    {**RSAKey.generate_key(2048).as_dict(private=False), "kid": "next", "use": "sig"},
]


@contextmanager
def documents(content):
    """Serve JSON documents by path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            document = content.get(self.path)
            self.send_response(404 if document is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(document or {}).encode())

    with loopback(Handler) as url:
        yield url


class Deployment:
    """A service with an issuer's recipe, and that issuer's tokens."""

    def __init__(self, shape, recipe, url) -> None:
        self.shape = shape
        self.recipe = recipe
        self.issuer = url + path_of(recipe["ITEMS_JWT_ISSUER"])
        settings = Settings.from_environment({**recipe, "ITEMS_JWT_ISSUER": self.issuer})
        attempts = Attempts(OneItem(), settings)
        repository = ItemRepository(attempts, settings.table, settings.version_attribute)
        self._client = create_app(settings, repository).test_client()

    def signed(self, claims, header=None) -> str:
        header = {"alg": "RS256", "kid": "signing", **self.shape.header, **(header or {})}
        return jwt.encode(header, claims, KEY, registry=JWSRegistry(strict_check_header=False))

    def access_token(self, words, header=None, **changes) -> str:
        granted = {**self.shape.grants(words), **changes}
        return self.signed(claims_of(self.shape, self.issuer, int(time.time()), **granted), header)

    def read(self, token):
        return self._client.get("/items/7/x", headers=bearer(token))

    def write(self, token):
        return self._client.put("/items/7/x", json={}, headers=bearer(token))


@pytest.fixture(scope="module", params=SHAPES)
def deployment(request):
    shape, recipe = SHAPES[request.param], RECIPES[request.param]
    path = path_of(recipe["ITEMS_JWT_ISSUER"]).rstrip("/")
    keys = {"keys": [*OTHERS, {**KEY.as_dict(private=False), **shape.key_members}]}
    content = {shape.keys_path: keys}
    with documents(content) as url:
        content[f"{path}/.well-known/openid-configuration"] = {
            "issuer": url + path_of(recipe["ITEMS_JWT_ISSUER"]),
            "jwks_uri": url + shape.keys_path,
        }
        yield Deployment(shape, recipe, url)


def test_every_issuer_has_a_recipe_and_tokens():
    assert RECIPES.keys() == SHAPES.keys()


def test_a_token_reads_and_writes_as_its_scopes_allow(deployment):
    shape = deployment.shape
    reader = deployment.access_token(shape.read)
    assert deployment.read(reader).status_code == 200
    rejected = deployment.write(reader)
    assert rejected.status_code == 403
    assert rejected.headers["WWW-Authenticate"] == (
        f'Bearer realm="items", error="insufficient_scope", scope="{shape.write}"'
    )
    writer = deployment.access_token(shape.write)
    assert deployment.write(writer).status_code == 201
    assert deployment.read(writer).status_code == 403
    both = deployment.access_token(f"{shape.read} {shape.write}")
    assert deployment.read(both).status_code == 200
    assert deployment.write(both).status_code == 201


def test_a_machine_reads_and_writes_as_its_grants_allow(deployment):
    shape = deployment.shape
    reader = deployment.access_token("", **shape.machine(shape.read))
    assert deployment.read(reader).status_code == 200
    assert deployment.write(reader).status_code == 403
    writer = deployment.access_token("", **shape.machine(shape.write))
    assert deployment.write(writer).status_code == 201


def test_an_id_token_is_rejected(deployment):
    token = deployment.signed(id_token_of(deployment.shape, deployment.issuer, int(time.time())))
    rejected = deployment.read(token)
    assert rejected.status_code == 401
    challenge = rejected.headers["WWW-Authenticate"]
    # Auth0's ID token has another audience, which is found first.
    expected = "another audience" if deployment.issuer.endswith("/") else "not an access token"
    assert expected in challenge


def test_another_client_or_audience_is_rejected_with_the_expected_one(deployment):
    shape = deployment.shape
    for audience in ("another", f"{deployment.recipe['ITEMS_JWT_AUDIENCE']}2", ""):
        token = deployment.access_token(shape.read, **shape.audience(audience))
        rejected = deployment.read(token)
        assert rejected.status_code == 401
        challenge = rejected.headers["WWW-Authenticate"]
        assert f"must be {deployment.recipe['ITEMS_JWT_AUDIENCE']}." in challenge


@pytest.mark.parametrize("form", ["{}x", "x{}", "{}.all", "{}/", "-{}"])
def test_a_scope_inside_another_word_grants_nothing(deployment, form):
    shape = deployment.shape
    token = deployment.access_token(form.format(shape.read))
    assert deployment.read(token).status_code == 403


def test_an_access_token_of_rfc_9068_is_accepted(deployment):
    """Auth0 and Okta can issue these."""
    token = deployment.access_token(deployment.shape.read, {"typ": "at+jwt"})
    assert deployment.read(token).status_code == 200
