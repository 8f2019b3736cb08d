"""Names of claims in tokens, and the scopes that they contain, as settings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from jsonpointer import JsonPointer, JsonPointerException

from dynamodb_items.config.values import names

# https://www.rfc-editor.org/rfc/rfc6749#section-3.3
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")

READ_SCOPE: Final = "items:read"
WRITE_SCOPE: Final = "items:write"
"""The scopes of API keys, and of tokens unless their issuer has other names for them."""

ABSENT: Final = object()
"""The value of a claim that a token does not have; JSON's null is a value."""


@dataclass(frozen=True, slots=True)
class ClaimPath:
    """The position of a claim: a name, a dotted path, or a JSON Pointer (RFC 6901).

    The name of a claim may itself contain dots, as ``https://shop.example/roles``: a claim with the
    whole name takes precedence over a dotted path.
    """

    text: str
    parts: tuple[str, ...]

    def value_in(self, claims: Mapping[str, Any]) -> Any:
        """Return the claim's value, ``ABSENT`` if the token does not have the claim."""
        if not self.text.startswith("/") and self.text in claims:
            return claims[self.text]
        value: Any = claims
        for part in self.parts:
            if not isinstance(value, Mapping) or part not in value:
                return ABSENT
            value = value[part]
        return value


def first_value(paths: tuple[ClaimPath, ...], claims: Mapping[str, Any]) -> Any:
    """Return the value of the first claim that a token has, ``ABSENT`` if it has none of them."""
    values = (path.value_in(claims) for path in paths)
    return next((value for value in values if value is not ABSENT), ABSENT)


def claim(value: str) -> ClaimPath | None:
    """Parse the position of a claim; None for an empty text."""
    return _claim_path(value) if value else None


def claims(value: str) -> tuple[ClaimPath, ...]:
    """Parse a list of the positions of claims."""
    paths = tuple(_claim_path(name) for name in names(value))
    if not paths:
        raise ValueError("must name a claim")
    return paths


def scopes(value: str) -> tuple[str, ...]:
    """Parse a list of scopes, roles or permissions of an issuer."""
    words = names(value)
    if not words:
        raise ValueError("must name a scope")
    for word in words:
        if not _SCOPE.fullmatch(word):
            raise ValueError(f"{word!r} is not a scope: use printable ASCII without spaces")
    return words


def scope_text(value: str) -> str:
    """Check the scopes of an authorization request, which may be empty."""
    return " ".join(scopes(",".join(value.split()))) if value.strip() else ""


def parameters(value: str) -> str:
    """Check further parameters of an authorization request, which may be empty."""
    try:
        pairs = parse_qsl(value, strict_parsing=True) if value else []
    except ValueError:
        raise ValueError("must be parameters such as audience=https://items.example/api") from None
    return urlencode(pairs)


def _claim_path(text: str) -> ClaimPath:
    if not text.startswith("/"):
        parts = tuple(text.split("."))
        return ClaimPath(text, parts if all(parts) else (text,))
    try:
        return ClaimPath(text, tuple(JsonPointer(text).parts))
    except JsonPointerException as error:
        raise ValueError(f"{text} is not a JSON Pointer, such as /realm_access/roles") from error
