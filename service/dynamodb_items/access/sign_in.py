"""Where the item page sends its user to sign in: the endpoints in the issuer's discovery document.

https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog

from dynamodb_items.access.issuer import FetchedValue, discovery_document
from dynamodb_items.config.addresses import ORIGIN_PATTERN, check_url

RETRY_SECONDS = 5.0
"""The pause after a failed fetch."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SignInEndpoints:
    """The issuer's endpoints for a sign-in with the authorization code flow."""

    authorization: str
    token: str

    @property
    def token_origin(self) -> str:
        """The origin of the token endpoint, for a Content-Security-Policy."""
        return _origin(self.token)


def sign_in_endpoints(issuer: str, refresh_seconds: float) -> FetchedValue[SignInEndpoints]:
    """Return the endpoints, fetched when they are first needed and again at intervals."""
    return FetchedValue(lambda _known: _endpoints_of(issuer), refresh_seconds, _fetch_failed)


def _fetch_failed(_known: SignInEndpoints | None, reason: str) -> float:
    log.error("login endpoints unavailable", error=reason)
    return RETRY_SECONDS


def _endpoints_of(issuer: str) -> SignInEndpoints:
    document = discovery_document(issuer)
    urls = [str(document.get(f"{name}_endpoint")) for name in ("authorization", "token")]
    for url in urls:
        check_url(url)
        # It becomes part of a Content-Security-Policy and must not begin another directive.
        if not re.fullmatch(ORIGIN_PATTERN, _origin(url)):
            raise ValueError(f"{url} is not the URL of an endpoint")
    return SignInEndpoints(*urls)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
