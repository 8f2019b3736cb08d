"""JSON Web Tokens (JWT) of one issuer, each verified once and then cached.

https://www.rfc-editor.org/rfc/rfc9068
"""

import base64
import hashlib
import time
from collections.abc import Collection

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from dynamodb_items.access.callers import Caller
from dynamodb_items.access.jwks import JwksSource
from dynamodb_items.access.jwt_claims import ClaimRules, ClaimsReader
from dynamodb_items.access.public_keys import Jwks, Key
from dynamodb_items.domain.errors import Unauthenticated
from dynamodb_items.domain.keys import KeySchema

MAX_JWT_BYTES = 8 * 1024
MAX_CACHED_JWTS = 10_000
FAR_FUTURE = 2.0**53


class _SignatureRegistry(JWSRegistry):
    """The accepted algorithms; the length of a token is checked before it is parsed."""

    # joserfc's own limits reject certificate chains in headers and signatures of large RSA keys.
    max_header_length = MAX_JWT_BYTES
    max_signature_length = MAX_JWT_BYTES


class JwtVerifier:
    """Authentication by signed tokens.

    A verified token is cached by its SHA-256 until it expires or the JWKS changes, so that a
    signature is verified once. Unknown header members are ignored.
    """

    def __init__(
        self,
        keys: JwksSource,
        rules: ClaimRules,
        key_schema: KeySchema,
        algorithms: Collection[str],
    ) -> None:
        self._keys = keys
        self._claims = ClaimsReader(rules, key_schema)
        self._leeway_seconds = rules.leeway_seconds
        self._algorithms = frozenset(algorithms)
        self._registry = _SignatureRegistry(algorithms=self._algorithms, strict_check_header=False)
        self._cached: dict[bytes, tuple[Caller, float]] = {}
        self._cached_keys = Jwks()

    def authenticate(self, credential: str) -> Caller:
        """Return the caller that a token identifies.

        Raises:
            Unauthenticated: the token is not a valid one of the issuer for this audience.
            NotPermitted: the token's tenant is not a valid partition key.
            IssuerUnavailable: the issuer's keys have not been fetched yet.
        """
        token = credential.encode("utf-8", "surrogateescape")
        if len(token) > MAX_JWT_BYTES:
            raise Unauthenticated("The token is too long.")
        keys = self._keys.current()
        if keys is not self._cached_keys:
            self._cached, self._cached_keys = {}, keys
        cached = self._cached
        digest = hashlib.sha256(token).digest()
        known = cached.get(digest)
        if known is not None:
            caller, until = known
            if time.time() < until:
                return caller
            cached.pop(digest, None)
            raise Unauthenticated("The token has expired.")
        caller, until = self._verified(token, keys)
        if len(cached) >= MAX_CACHED_JWTS:
            cached.pop(next(iter(cached), b""), None)
        cached[digest] = (caller, until)
        return caller

    def _verified(self, token: bytes, keys: Jwks) -> tuple[Caller, float]:
        key = self._key(token, keys)
        try:
            verified = jwt.decode(token, key, registry=self._registry)
        except (JoseError, ValueError, TypeError, RecursionError):
            raise Unauthenticated("The token's signature or form is not valid.") from None
        caller = self._claims.caller_of(verified.header, verified.claims)
        return caller, min(verified.claims["exp"], FAR_FUTURE) + self._leeway_seconds

    def _key(self, token: bytes, keys: Jwks) -> Key:
        """Return the key that verifies a token.

        Raises:
            Unauthenticated: no key of the issuer verifies it.
        """
        algorithm, kid = _algorithm_and_key_id(token)
        if algorithm not in self._algorithms:
            raise Unauthenticated("The token's algorithm is not accepted here.")
        key = keys.find(kid, algorithm) or self._keys.renewed().find(kid, algorithm)
        if key is None:
            raise Unauthenticated("The token is signed with an unknown key.")
        return key


def _algorithm_and_key_id(token: bytes) -> tuple[str, str | None]:
    """Return ``alg`` and ``kid`` of a token that is not verified yet.

    Keys and URLs of keys in the header (``jwk``, ``jku``, ``x5c``, ``x5u``) are never used. No
    extension is supported, so ``crit`` makes a token invalid (RFC 7515, section 4.1.11), and so
    does ``b64`` (RFC 7797, section 7).

    Raises:
        Unauthenticated: the credential is not a JSON Web Token that can be verified.
    """
    segment, _, rest = token.partition(b".")
    try:
        header = orjson.loads(base64.urlsafe_b64decode(segment + b"=" * (-len(segment) % 4)))
    except ValueError:
        header = None
    if not rest or not isinstance(header, dict):
        raise Unauthenticated("The credential is not a JSON Web Token.")
    if "crit" in header or "b64" in header:
        raise Unauthenticated("The token's header has an extension that is not supported.")
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or not isinstance(kid, str | None):
        raise Unauthenticated("The token's header is not valid.")
    return algorithm, kid
