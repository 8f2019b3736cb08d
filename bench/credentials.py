"""What a caller shows to a service that asks: made anew for each run, and good for nothing else."""

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
    """How a service is told to ask for a credential, and the headers that show one."""

    environment: Mapping[str, str]
    headers: Mapping[str, str]


MakeCredential = Callable[[Path], Credential]
"""Puts what the service reads into a folder."""


def token(folder: Path) -> Credential:
    """A JSON Web Token signed with RS256, and a file with the key set to verify it."""
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
    """An API key, and a file with its hash."""
    key = f"items_bench_{secrets.token_urlsafe(32)}"
    file = folder / "api-keys.toml"
    sha256 = hashlib.sha256(key.encode()).hexdigest()
    file.write_text(f'[bench]\nsha256 = "{sha256}"\nscopes = {json.dumps(SCOPES)}\n')
    environment = {"ITEMS_AUTH": "api-key", "ITEMS_API_KEYS_FILE": str(file)}
    return Credential(environment, {"X-API-Key": key})
