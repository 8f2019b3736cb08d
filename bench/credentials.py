"""Credentials of callers, made for each run and valid only in it."""

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import RSAKey

ISSUER = "https://issuer.example"
AUDIENCE = "items"
SCOPES = ("items:read", "items:write")
_LIFETIME_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Credential:
    """Settings that make a service require a credential, and the headers that carry one."""

    environment: Mapping[str, str]
    headers: Mapping[str, str]


MakeCredential = Callable[[Path], Credential]
"""Makes a credential; the files that the service reads go to a folder."""


def token(folder: Path) -> Credential:
    """Return a JSON Web Token signed with RS256; write the key set that verifies it."""
    key = RSAKey.generate_key(2048, {"kid": "bench"})
    key_set = folder / "key-set.json"
    key_set.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "bench",
        "nbf": now - 60,
        "exp": now + _LIFETIME_SECONDS,
        "scope": " ".join(SCOPES),
    }
    environment = {
        "ITEMS_AUTH": "jwt",
        "ITEMS_JWT_ISSUER": ISSUER,
        "ITEMS_JWT_AUDIENCE": AUDIENCE,
        "ITEMS_JWT_KEY_SET": str(key_set),
    }
    signed = jwt.encode({"alg": "RS256", "kid": "bench"}, claims, key)
    return Credential(environment, {"Authorization": f"Bearer {signed}"})


def api_key(folder: Path) -> Credential:
    """Return an API key; write the file with its hash."""
    key = f"items_bench_{secrets.token_urlsafe(32)}"
    file = folder / "api-keys.toml"
    sha256 = hashlib.sha256(key.encode()).hexdigest()
    file.write_text(f'[bench]\nsha256 = "{sha256}"\nscopes = {json.dumps(SCOPES)}\n')
    environment = {"ITEMS_AUTH": "api-key", "ITEMS_API_KEYS_FILE": str(file)}
    return Credential(environment, {"X-API-Key": key})
