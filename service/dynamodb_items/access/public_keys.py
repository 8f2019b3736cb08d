"""The public keys of a JSON Web Key Set (JWKS), each with the algorithms that it may verify.

https://www.rfc-editor.org/rfc/rfc7517
"""

import warnings
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import orjson
import structlog
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from dynamodb_items.config.values import SIGNATURE_ALGORITHMS

MIN_RSA_BITS = 2048
"""RFC 7518, sections 3.3 and 3.5, forbids smaller keys."""
MAX_RSA_BITS = 16_384
"""OpenSSL does not verify with larger keys."""
MAX_LOGGED_KEYS = 20
_MAX_LOGGED_CHARACTERS = 100
_SIGNATURE_CURVES = ("Ed25519", "Ed448")  # X25519 and X448 are for key agreement
# Other members, such as certificates, are ignored; an invalid one must not make a key unusable.
_JWK_MEMBERS = ("kty", "use", "key_ops", "alg", "kid", "n", "e", "crv", "x", "y")

# joserfc warns of small keys, which are rejected here, and of EdDSA, which a setting permits.
warnings.filterwarnings("ignore", category=SecurityWarning)

log = structlog.get_logger(__name__)

Key: TypeAlias = RSAKey | ECKey | OKPKey


class Jwks:
    """Public keys, found by key id and signature algorithm."""

    def __init__(self, keys: Iterable[tuple[str, Key]] = ()) -> None:
        """Keep keys by id and algorithm; of several with the same, the last is used."""
        self._keys: dict[tuple[str, str], Key] = {}
        for kid, key in keys:
            self._keys |= dict.fromkeys(((kid, name) for name in algorithms_of(key)), key)
        self._by_algorithm: dict[str, list[Key]] = {}
        for (_, algorithm), key in self._keys.items():
            self._by_algorithm.setdefault(algorithm, []).append(key)
        self._size = len({kid for kid, _ in self._keys})

    def __len__(self) -> int:
        """Return the number of key ids."""
        return self._size

    def find(self, kid: str | None, algorithm: str) -> Key | None:
        """Return the key of an id, if it may verify the algorithm.

        Without an id, return the only key that may verify it.
        """
        if kid is not None:
            return self._keys.get((kid, algorithm))
        candidates = self._by_algorithm.get(algorithm, ())
        return candidates[0] if len(candidates) == 1 else None


def parse_jwks(content: bytes) -> Jwks:
    """Return the signature keys of a JWKS. Unusable keys are left out and logged.

    Raises:
        ValueError: the content is not a JWKS.
    """
    document = orjson.loads(content)
    members = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(members, list):
        raise ValueError("a JSON Web Key Set must have a list of keys")  # noqa: TRY004
    keys: list[tuple[str, Key]] = []
    rejected: list[str] = []
    for member in members:
        if isinstance(member, dict) and member.get("use", "sig") != "sig":
            continue
        try:
            key = _imported(member)
        except Exception as error:  # noqa: BLE001 - an invalid key must not cost the others
            kid = member.get("kid") if isinstance(member, dict) else None
            rejected.append(f"{kid}: {error}"[:_MAX_LOGGED_CHARACTERS])
        else:
            keys.append((key.kid or key.thumbprint(), key))
    if rejected:
        log.warning("keys rejected", count=len(rejected), keys=rejected[:MAX_LOGGED_KEYS])
    return Jwks(keys)


def algorithms_of(key: Key) -> list[str]:
    """Return the signature algorithms that fit a key's type, curve and ``alg``."""
    return [each.name for each in JWSRegistry.filter_algorithms(key, list(SIGNATURE_ALGORITHMS))]


def _imported(member: Any) -> Key:
    """Import one public signature key.

    Raises:
        Exception: the key cannot be used; joserfc and cryptography raise many classes.
    """
    if not isinstance(member, Mapping):
        raise TypeError("not a JSON object")
    if "d" in member or "k" in member:
        raise ValueError("the private part is published, so anyone can sign with the key")
    key = JWKRegistry.import_key({name: member[name] for name in _JWK_MEMBERS if name in member})
    if not isinstance(key, RSAKey | ECKey | OKPKey):
        raise TypeError("not a public key")
    if isinstance(key, RSAKey) and not MIN_RSA_BITS <= key.raw_value.key_size <= MAX_RSA_BITS:
        raise ValueError(
            f"{key.raw_value.key_size} bits; an RSA key has {MIN_RSA_BITS} to {MAX_RSA_BITS}"
        )
    if isinstance(key, OKPKey) and key.curve_name not in _SIGNATURE_CURVES:
        raise ValueError(f"the curve {key.curve_name} does not sign")
    key.check_key_op("verify")
    if not algorithms_of(key):
        raise ValueError("no supported signature algorithm fits its type, curve and alg")
    return key
