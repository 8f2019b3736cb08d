"""Tokens of every signature algorithm, and a service that reads its keys from a file."""

import base64
import json
import time
from pathlib import Path

from dynamodb_items.app import create_app
from dynamodb_items.config.settings import Settings
from dynamodb_items.config.values import SIGNATURE_ALGORITHMS
from dynamodb_items.dynamodb.retries import Attempts
from dynamodb_items.storage.repository import ItemRepository
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from tests.access.issuer import bearer

ISSUER = "https://issuer.example"
KEYS = {
    "rsa": RSAKey.generate_key(2048),
    "p256": ECKey.generate_key("P-256"),
    "p384": ECKey.generate_key("P-384"),
    "p521": ECKey.generate_key("P-521"),
    "ed25519": OKPKey.generate_key("Ed25519"),
}
KEY_OF = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "rsa"),
    "ES256": "p256",
    "ES384": "p384",
    "ES512": "p521",
    "EdDSA": "ed25519",
    "Ed25519": "ed25519",
}
# Signs with every algorithm, the deprecated ones included.
ANY = JWSRegistry(algorithms=list(JWSRegistry.algorithms), strict_check_header=False)


class OneItem:
    """A DynamoDB client that finds an item under every key."""

    def call(self, _operation, _parameters, _deadline):
        return {"Item": {"Id": {"N": "7"}, "Name": {"S": "x"}}}

    def renew_credentials(self, _timeout_seconds):
        raise AssertionError("the credentials are valid")


def jwk(name, **members):
    return {**KEYS[name].as_dict(private=False), "kid": name, **members}


def content():
    claims = {"iss": ISSUER, "aud": "items", "sub": "alice", "scope": "items:read"}
    now = int(time.time())
    return json.dumps({**claims, "exp": now + 600, "nbf": now - 600}).encode()


def token(algorithm, kid, key=None, **header):
    head = {"alg": algorithm, "kid": kid, **header}
    head = {name: value for name, value in head.items() if value is not None}
    return jws.serialize_compact(head, content(), key or KEYS[kid], registry=ANY)


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def handmade_token(header, sign):
    """Return a token with a header that joserfc rejects; ``sign`` makes its signature."""
    signed = f"{base64url(json.dumps(header).encode())}.{base64url(content())}"
    return f"{signed}.{base64url(sign(signed.encode()))}"


def sign_rs256(signed):
    return ANY.get_alg("RS256").sign(signed, KEYS["rsa"])


def status(client, credential):
    return client.get("/items/7/x", headers=bearer(credential)).status_code


def service_with(path: Path, *algorithms, keys=None):
    """Return a client of a service with these keys and algorithms."""
    members = [jwk(name) for name in KEYS] if keys is None else keys
    path.write_text(json.dumps({"keys": members}))
    settings = Settings(
        auth="jwt",
        jwt_issuer=ISSUER,
        jwt_audiences=("items",),
        jwt_key_set=str(path),
        jwt_algorithms=algorithms or SIGNATURE_ALGORITHMS,
    )
    attempts = Attempts(OneItem(), settings)
    repository = ItemRepository(attempts, settings.table, settings.version_attribute)
    return create_app(settings, repository).test_client()
