"""A token issuer: its keys, its tokens, and a real server for its key set."""

import base64
import hmac
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

from tests.loopback import loopback

AUDIENCE = "items"
EVERYTHING = "items:read items:write"


class Issuer:
    """Signs with its newest key; publishes the keys that it has."""

    def __init__(self) -> None:
        self.url = ""
        self.published = []
        self.publish = lambda: None
        """Called when the key set has changed, before a new key signs anything."""
        self.fetches = 0
        self.reachable = True
        self._stranger = RSAKey.generate_key(2048)
        self.rotate()

    def rotate(self, *, keep: bool = True, kind: str = "RSA") -> None:
        """Make a key to sign with from now on; the others stay published if kept."""
        parameters = {"kid": uuid.uuid4().hex}
        if kind == "RSA":
            key = RSAKey.generate_key(2048, parameters)
        else:
            key = ECKey.generate_key("P-256", parameters)
        self.published = [*(self.published if keep else ()), key]
        self.publish()
        self._key = key

    @property
    def key_set(self) -> bytes:
        return json.dumps({"keys": [key.as_dict(private=False) for key in self.published]}).encode()

    @property
    def metadata(self) -> dict[str, str]:
        return {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}

    def documents(self) -> dict[str, bytes]:
        """Return what it serves, by path."""
        return {
            "/.well-known/openid-configuration": json.dumps(self.metadata).encode(),
            "/keys": self.key_set,
        }

    def claims(self, **changes) -> dict:
        """Return valid claims with changes; None removes a claim."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "alice",
            "exp": now + 600,
            "nbf": now - 600,
            "scope": EVERYTHING,
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, header=None, **changes) -> str:
        key = self._key
        algorithm = "RS256" if key.key_type == "RSA" else "ES256"
        header = {"alg": algorithm, "kid": key.kid, **(header or {})}
        registry = JWSRegistry(strict_check_header=False)
        return jwt.encode(header, self.claims(**changes), key, registry=registry)

    def token_with_half_a_character(self) -> str:
        """Return a token whose sub is a lone surrogate, which JSON allows and UTF-8 does not."""
        key = self._key
        algorithm = "RS256" if key.key_type == "RSA" else "ES256"
        content = json.dumps(self.claims(sub="\ud800")).encode()
        return jws.serialize_compact({"alg": algorithm, "kid": key.kid}, content, key)

    def unsigned_token(self) -> str:
        return f"{_signed_part({'alg': 'none', 'kid': self._key.kid}, self.claims())}."

    def token_signed_with_the_public_key(self) -> str:
        """Return a token signed with HS256 and the public key as the secret."""
        signed = _signed_part({"alg": "HS256", "kid": self._key.kid}, self.claims())
        secret = self._key.as_pem(private=False)
        return f"{signed}.{_base64(hmac.digest(secret, signed.encode(), 'sha256'))}"

    def token_of_a_stranger(self, *, with_a_known_key_id: bool) -> str:
        key = self._stranger
        kid = self._key.kid if with_a_known_key_id else uuid.uuid4().hex
        return jwt.encode({"alg": "RS256", "kid": kid}, self.claims(), key)


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _signed_part(header, claims) -> str:
    return ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))


@contextmanager
def issuer() -> Iterator[Issuer]:
    """Run an issuer with discovery document and key set on a loopback port."""
    authority = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            authority.fetches += 1
            content = authority.documents().get(self.path) if authority.reachable else None
            self.send_response(503 if content is None else 200)
            self.end_headers()
            self.wfile.write(content or b"")

    with loopback(Handler) as url:
        authority.url = url
        yield authority


def jwt_variables(authority: Issuer, **changes: str) -> dict[str, str]:
    """Return the settings of a service that accepts this issuer's tokens."""
    return {
        "ITEMS_AUTH": "jwt",
        "ITEMS_JWT_ISSUER": authority.url,
        "ITEMS_JWT_AUDIENCE": AUDIENCE,
        **changes,
    }


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
