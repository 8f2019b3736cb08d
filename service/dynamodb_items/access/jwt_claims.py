"""What the claims of a verified token say: whether it is accepted here, and who the caller is.

https://www.rfc-editor.org/rfc/rfc9068#section-4
"""

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc.errors import ExpiredTokenError, InvalidClaimError, MissingClaimError
from joserfc.jwt import JWTClaimsRegistry

from dynamodb_items.access.callers import Caller, Scope, tenant_partition
from dynamodb_items.config.claims import ABSENT, ClaimPath, first_value
from dynamodb_items.domain.errors import Unauthenticated
from dynamodb_items.domain.keys import KeySchema

MAX_SUBJECT_CHARACTERS = 255  # OpenID Connect Core, section 2

# The media types of a JWT and of an access token (RFC 9068). Other kinds of token have other types
# (RFC 8725, section 3.11).
_ACCEPTED_TYPES = frozenset({"jwt", "at+jwt"})
_RFC_9068_TYPE = "at+jwt"
# Keycloak's claim: DPoP and Bearer are access tokens.
_KEYCLOAK_OTHER_TYPES = frozenset({"id", "refresh", "offline", "logout"})
_KEYCLOAK_ACCESS_TYPES = frozenset({"bearer", "dpop"})
# OpenID Connect Core, sections 2 and 3.3.2.11.
_ID_TOKEN_CLAIMS = ("nonce", "at_hash", "c_hash")

_WRONG_KIND: Final = (
    "The token is not an access token. Send the access token, not the ID token or another token."
)
# https://www.rfc-editor.org/rfc/rfc6750#section-3
_NOT_IN_A_CHALLENGE = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e]")


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """What a deployment requires of a token's claims, and which of them describe the caller."""

    issuer: str
    audiences: Collection[str]
    audience_claims: tuple[ClaimPath, ...]
    scope_claims: tuple[ClaimPath, ...]
    scopes: Mapping[Scope, Collection[str]]
    """For each scope the words that grant it."""
    tenant_claim: ClaimPath | None
    leeway_seconds: float
    require_nbf: bool


class ClaimsReader:
    """From the header and the claims of a token with a valid signature to its caller."""

    def __init__(self, rules: ClaimRules, key_schema: KeySchema) -> None:
        self._rules = rules
        self._key_schema = key_schema
        self._registry = JWTClaimsRegistry(
            leeway=math.ceil(rules.leeway_seconds),
            iss={"essential": True},
            exp={"essential": True},
            nbf={"essential": rules.require_nbf},
            sub={"essential": True},
        )

    def caller_of(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> Caller:
        """Return the caller that a token identifies.

        Raises:
            Unauthenticated: the token has expired, is not for this service, or is not an access
                token.
            NotPermitted: the token's tenant is not a valid partition key.
        """
        self._check_audience(claims)
        self._check_registered(claims)
        check_is_access_token(header, claims)
        subject: str = claims["sub"]
        if len(subject) > MAX_SUBJECT_CHARACTERS or not _is_unicode(subject):
            raise Unauthenticated("The token's claim sub is not valid here.")
        tenant = self._rules.tenant_claim
        partition = tenant_partition(tenant.value_in(claims), self._key_schema) if tenant else None
        return Caller(subject, self._scopes(claims), partition)

    def _check_registered(self, claims: Mapping[str, Any]) -> None:
        try:
            self._registry.validate(dict(claims))
        except ExpiredTokenError:
            raise Unauthenticated("The token has expired.") from None
        except MissingClaimError as error:
            raise Unauthenticated(f"The token lacks the claim {error.claim}.") from None
        except InvalidClaimError as error:
            raise Unauthenticated(f"The token's claim {error.claim} is not valid here.") from None
        if claims["iss"] != self._rules.issuer:
            raise Unauthenticated(
                _challenge_text(f"The token is of another issuer than {self._rules.issuer}.")
            )

    def _check_audience(self, claims: Mapping[str, Any]) -> None:
        """Check the first audience claim that the token has.

        Not any of them: a token for another audience stays one, whatever client it was issued to.
        """
        paths = self._rules.audience_claims
        audience = first_value(paths, claims)
        if audience is ABSENT:
            raise Unauthenticated(_challenge_text(f"The token lacks the claim {paths[0].text}."))
        listed = [audience] if isinstance(audience, str) else audience
        are_texts = isinstance(listed, list) and all(isinstance(each, str) for each in listed)
        if not are_texts or not set(listed) & set(self._rules.audiences):
            expected = " or ".join(self._rules.audiences)
            names = " or ".join(path.text for path in paths)
            raise Unauthenticated(
                _challenge_text(f"The token is for another audience: {names} must be {expected}.")
            )

    def _scopes(self, claims: Mapping[str, Any]) -> frozenset[str]:
        words = _words(first_value(self._rules.scope_claims, claims))
        granting = self._rules.scopes
        return frozenset(scope for scope in granting if not words.isdisjoint(granting[scope]))


def check_is_access_token(header: Mapping[str, Any], claims: Mapping[str, Any]) -> None:
    """Check that a token may be used to call an API.

    It is the type in the header for issuers that follow RFC 9068, ``token_use`` for Cognito, and
    the claim ``typ`` for Keycloak. Without any of them, a claim that only ID tokens have decides.

    Raises:
        Unauthenticated: it is an ID token, a refresh token or of another kind.

    https://www.rfc-editor.org/rfc/rfc8725#section-3.11
    """
    media_type = header.get("typ", "JWT")
    use = claims.get("token_use", "access")
    kind = claims.get("typ", "")
    if not all(isinstance(each, str) for each in (media_type, use, kind)):
        raise Unauthenticated(_WRONG_KIND)
    media_type, kind = media_type.lower().removeprefix("application/"), kind.lower()
    if media_type not in _ACCEPTED_TYPES or use != "access" or kind in _KEYCLOAK_OTHER_TYPES:
        raise Unauthenticated(_WRONG_KIND)
    is_marked = (
        media_type == _RFC_9068_TYPE
        or "token_use" in claims
        or kind in _KEYCLOAK_ACCESS_TYPES  # early versions put a nonce into access tokens
    )
    if not is_marked and any(name in claims for name in _ID_TOKEN_CLAIMS):
        raise Unauthenticated(_WRONG_KIND)


def _words(value: Any) -> frozenset[str]:
    """Return the scopes, roles or permissions in a claim: a text of words, or an array."""
    if isinstance(value, str):
        return frozenset(value.split(" "))
    if isinstance(value, list):
        return frozenset(word for word in value if isinstance(word, str))
    return frozenset()


def _challenge_text(sentence: str) -> str:
    """Return a sentence with the characters that ``error_description`` may have."""
    return _NOT_IN_A_CHALLENGE.sub("?", sentence)


def _is_unicode(text: str) -> bool:
    """Return whether a text can be encoded; JSON's escapes can make lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
