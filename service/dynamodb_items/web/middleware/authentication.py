"""Authentication and authorization of each request, before its body is read or AWS is called.

Every path requires a caller except the paths listed here, so no new route is open by oversight.
"""

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from dynamodb_items.access.callers import ANYONE, Caller, Scope
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.errors import NotPermitted, Unauthenticated
from dynamodb_items.domain.indexes import Index
from dynamodb_items.domain.items import AttributeValue
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.web.middleware.authenticators import authenticator_of, granting_scopes
from dynamodb_items.web.middleware.context import RequestContext, context_of, current_context
from dynamodb_items.web.middleware.rejections import reject
from dynamodb_items.web.paths import READING_PATHS
from dynamodb_items.web.resources import pages
from dynamodb_items.web.response import problems

OPEN_PATHS = pages.PATHS | {"/live", "/ready", "/openapi.json", problems.DOCUMENTATION_PATH}
"""Health and the description of the API, which contain nothing of any item."""

READING_METHODS = frozenset({"GET", "HEAD"})

API_KEY_HEADER = "X-API-Key"
IPV6_SITE_BITS = 64


@dataclass(frozen=True, slots=True)
class Scheme:
    """How clients send credentials for a value of ``ITEMS_AUTH``, and its OpenAPI description."""

    name: str
    challenge: str
    description: dict[str, Any]
    credential: Callable[[WSGIEnvironment], str | None]
    """Returns the credential of a request, None without one."""

    def challenge_of(self, environ: WSGIEnvironment, error: Unauthenticated) -> str:
        """Return the ``WWW-Authenticate`` header of a 401 response.

        https://www.rfc-editor.org/rfc/rfc6750#section-3
        """
        if self.credential(environ) is None:
            return self.challenge
        return f'{self.challenge}, error="invalid_token", error_description="{error.detail}"'

    def scope_challenge(self, scope: str) -> str:
        """Return the ``WWW-Authenticate`` header for a caller without the required scope."""
        return f'{self.challenge}, error="insufficient_scope", scope="{scope}"'


def _bearer_token(environ: WSGIEnvironment) -> str | None:
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip(" ") if scheme.lower() == "bearer" else None


def _api_key(environ: WSGIEnvironment) -> str | None:
    key: str | None = environ.get("HTTP_X_API_KEY")
    return key


SCHEMES = {
    "jwt": Scheme(
        "bearerToken",
        'Bearer realm="items"',
        {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        _bearer_token,
    ),
    "api-key": Scheme(
        "apiKey",
        f'ApiKey realm="items", header="{API_KEY_HEADER}"',
        {"type": "apiKey", "in": "header", "name": API_KEY_HEADER},
        _api_key,
    ),
}


def scheme_of(settings: Settings) -> Scheme | None:
    """Return the scheme by which callers authenticate; None without authentication."""
    return SCHEMES.get(settings.auth or "none")


def needed_scope(method: str, path: str) -> Scope:
    """Return the scope that a request of this method and path requires."""
    # Werkzeug routes "get" as GET where a server accepts it.
    reads = method.upper() in READING_METHODS or path in READING_PATHS
    return Scope.READ if reads else Scope.WRITE


def current_caller() -> Caller:
    """Return the caller of the current request."""
    caller = current_context().caller
    if caller is None:
        raise Unauthenticated("The request was not authenticated.")
    return caller


def caller_may_read() -> bool:
    """Return whether the caller of the current request may read items."""
    return Scope.READ in current_caller().scopes


def permitted_key(settings: Settings, partition: str, sort: str | None) -> ItemKey:
    """Return the item key of decoded texts: the only way from a request to a key.

    Raises:
        InvalidKey: no item can have this key.
        NotPermitted: the caller has no access to its partition.
    """
    key = settings.key_schema.key(partition, sort)
    current_caller().check_partition(key.partition)
    return key


def permitted_partition(settings: Settings, partition: str) -> AttributeValue:
    """Return the partition key of a decoded text, for a list of its items.

    Raises:
        InvalidKey: no item can have this partition key.
        NotPermitted: the caller has no access to the partition.
    """
    value = settings.key_schema.partition.value(partition)
    current_caller().check_partition(value)
    return value


def index_partition(
    settings: Settings, index: Index, value: AttributeValue
) -> AttributeValue | None:
    """Return the only partition of the table whose items the caller may list; None for all.

    Raises:
        NotPermitted: the index has the table's partition key, and the caller no access to it.
    """
    caller = current_caller()
    if index.key_schema.partition.name == settings.key_schema.partition.name:
        caller.check_partition(value)
        return None
    return caller.partition


def check_whole_table() -> None:
    """Check that the caller may list all items.

    Raises:
        NotPermitted: the caller may access one partition only.
    """
    if current_caller().partition is not None:
        raise NotPermitted("This caller can list the items of its own partition only.")


def is_open(environ: WSGIEnvironment) -> bool:
    """Return whether a request requires no caller, since its response contains no item."""
    method = environ["REQUEST_METHOD"]
    # A browser sends OPTIONS before it may send a credential.
    return method == "OPTIONS" or (method in READING_METHODS and environ["PATH_INFO"] in OPEN_PATHS)


def client_key(environ: Mapping[str, Any]) -> str:
    """Return what identifies a client: its caller, or without authentication its address.

    An IPv6 client has a whole /64 of addresses. Some proxies add the port, and a client
    uses many ports.
    """
    caller = context_of(environ).caller
    if caller is not None and caller.id:
        return f"caller {caller.id}"
    address = environ.get("REMOTE_ADDR", "")
    if address.startswith("["):
        address = address[1:].partition("]")[0]
    elif address.count(":") == 1:
        address = address.partition(":")[0]
    if ":" not in address:
        return f"address {address}"
    try:
        network = ipaddress.IPv6Network(f"{address}/{IPV6_SITE_BITS}", strict=False)
    except ValueError:
        return f"address {address}"
    return f"address {network}"


def authentication(app: WSGIApplication, settings: Settings) -> WSGIApplication:
    """Authenticate callers as the settings require.

    Raises:
        SettingsError: a file that the settings name cannot be read.
    """
    scheme = scheme_of(settings)
    if scheme is None:
        return _NoAuthentication(app)
    return _Authentication(app, scheme, settings)


class _NoAuthentication:
    """Accepts every request."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass the request on without a known caller."""
        context_of(environ).caller = ANYONE
        return self._app(environ, start_response)


class _Authentication:
    """Finds the caller of each request before anything reads its body."""

    def __init__(self, app: WSGIApplication, scheme: Scheme, settings: Settings) -> None:
        self._app = app
        self._scheme = scheme
        self._authenticator = authenticator_of(settings)
        self._scope_names = {scope: granting_scopes(settings, scope)[0] for scope in Scope}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass the request on with its caller, or rejected."""
        context = context_of(environ)
        if is_open(environ):
            context.caller = ANYONE
        elif context.rejection is None:
            try:
                self._check(environ, context)
            except Exception as error:  # noqa: BLE001 - a defect rejects the request too
                reject(environ, error)
        return self._app(environ, start_response)

    def _check(self, environ: WSGIEnvironment, context: RequestContext) -> None:
        try:
            caller = context.caller = self._caller(environ)
        except Unauthenticated as error:
            context.challenge = self._scheme.challenge_of(environ, error)
            raise
        context.record.caller = caller.id
        scope = needed_scope(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        name = self._scope_names[scope]
        try:
            caller.check_scope(scope, name)
        except NotPermitted:
            context.challenge = self._scheme.scope_challenge(name)
            raise

    def _caller(self, environ: WSGIEnvironment) -> Caller:
        credential = self._scheme.credential(environ)
        if credential is None:
            raise Unauthenticated("The request has no credential.")
        return self._authenticator.authenticate(credential)
