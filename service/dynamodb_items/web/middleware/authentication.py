"""Who may in: each request's caller and scope, known before its body is read and AWS is asked.

Every path needs a caller but those listed here, so that no new route is open by oversight.
"""

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, Response
from flask.globals import request_ctx

from dynamodb_items.access.callers import ANYONE, Authenticator, Caller, Scope
from dynamodb_items.config.settings import Settings, SettingsError
from dynamodb_items.domain.errors import ItemsError, NotPermitted, Unauthenticated
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.web.middleware.rejections import is_refused, refuse
from dynamodb_items.web.middleware.telemetry import record_of
from dynamodb_items.web.resources import pages
from dynamodb_items.web.response import problem_responses, problems

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

OPEN_PATHS = pages.PATHS | {"/live", "/ready", "/openapi.json", problems.DOCUMENTATION_PATH}
"""Health, and what describes the API and lets people try it: they tell nothing of any item."""

READING_METHODS = frozenset({"GET", "HEAD"})
READING_PATHS = frozenset({"/items:batchGet"})
"""What reads though its method is POST."""

API_KEY_HEADER = "X-API-Key"
IPV6_SITE_BITS = 64
_CALLER = "items.caller"


@dataclass(frozen=True, slots=True)
class Scheme:
    """How one ``ITEMS_AUTH`` has credentials sent, and how OpenAPI describes it."""

    name: str
    challenge: str
    description: dict[str, Any]
    credential: Callable[["WSGIEnvironment"], str | None]
    """What a request shows, None where it shows nothing."""

    def refusal_challenge(self, environ: "WSGIEnvironment", refusal: Unauthenticated) -> str:
        """What ``WWW-Authenticate`` tells whoever was refused.

        https://www.rfc-editor.org/rfc/rfc6750#section-3
        """
        if self.credential(environ) is None:
            return self.challenge
        return f'{self.challenge}, error="invalid_token", error_description="{refusal.detail}"'


def _bearer_token(environ: "WSGIEnvironment") -> str | None:
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip(" ") if scheme.lower() == "bearer" else None


def _api_key(environ: "WSGIEnvironment") -> str | None:
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
    """How callers show who they are; None where nobody is asked."""
    return SCHEMES.get(settings.auth or "none")


def needed_scope(method: str, path: str) -> Scope:
    """The scope that a request of this method and path needs."""
    # Werkzeug routes "get" as GET, where a server lets it through.
    reads = method.upper() in READING_METHODS or path in READING_PATHS
    return Scope.READ if reads else Scope.WRITE


def current_caller() -> Caller:
    """The caller of the request under way."""
    caller: Caller = request_ctx.request.environ[_CALLER]
    return caller


def caller_may_read() -> bool:
    """Whether the caller of the request under way may read items."""
    return Scope.READ in current_caller().scopes


def is_open(environ: "WSGIEnvironment") -> bool:
    """Whether a request needs no caller: it asks nothing of any item."""
    method = environ["REQUEST_METHOD"]
    # OPTIONS tells what is allowed, to a browser that may not send a credential yet.
    return method == "OPTIONS" or (method in READING_METHODS and environ["PATH_INFO"] in OPEN_PATHS)


def who_asks(environ: Mapping[str, Any]) -> str:
    """The caller, or where nobody is asked who they are, the address; an IPv6 client has a
    whole /64 of them, and any client has many ports, which some proxies tell.
    """
    caller: Caller = environ.get(_CALLER, ANYONE)
    if caller.id:
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


def permitted_key(settings: Settings, partition: str, sort: str) -> ItemKey:
    """The item key that two decoded texts stand for, if the caller reaches it: the one way from a
    request to a key.

    Raises:
        InvalidKey: no item can have this key.
        NotPermitted: it is in a partition that is not the caller's.
    """
    key = settings.key_schema.key(partition, sort)
    current_caller().check_partition(key)
    return key


def install(app: Flask, settings: Settings) -> None:
    """Let in whom the settings let in.

    Raises:
        SettingsError: a file that the settings name cannot be read.
    """
    scheme = scheme_of(settings)
    if scheme is None:
        app.before_request(_let_anyone_in)
        return
    authenticator = _authenticator(settings)
    app.wsgi_app = _Authentication(app.wsgi_app, scheme, authenticator)  # type: ignore[method-assign]
    app.register_error_handler(_Refused, _answer)


class _Refused(Exception):
    """Carries a refusal to Flask, with what ``WWW-Authenticate`` says of it."""

    def __init__(self, error: ItemsError, challenge: str | None = None) -> None:
        super().__init__(error.detail)
        self.error = error
        self.challenge = challenge


class _Authentication:
    """Finds the caller before anything reads the body; of a request that is refused, nothing
    does.
    """

    def __init__(
        self, app: "WSGIApplication", scheme: Scheme, authenticator: Authenticator
    ) -> None:
        self._app = app
        self._scheme = scheme
        self._authenticator = authenticator

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass the request on with its caller, or without its body and with the reason why."""
        if is_open(environ) or is_refused(environ):
            environ[_CALLER] = ANYONE
        else:
            try:
                self._check(environ)
            except Exception as refusal:  # noqa: BLE001 - a defect lets nobody in, and is answered
                refuse(environ, refusal)
        return self._app(environ, start_response)

    def _check(self, environ: "WSGIEnvironment") -> None:
        try:
            caller = environ[_CALLER] = self._caller(environ)
        except Unauthenticated as refusal:
            challenge = self._scheme.refusal_challenge(environ, refusal)
            raise _Refused(refusal, challenge) from None
        except ItemsError as refusal:
            raise _Refused(refusal) from None
        record_of(environ).caller = caller.id
        scope = needed_scope(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        try:
            caller.check_scope(scope)
        except NotPermitted as refusal:
            challenge = f'{self._scheme.challenge}, error="insufficient_scope", scope="{scope}"'
            raise _Refused(refusal, challenge) from None

    def _caller(self, environ: "WSGIEnvironment") -> Caller:
        credential = self._scheme.credential(environ)
        if credential is None:
            raise Unauthenticated("This needs a credential, and the request shows none.")
        return self._authenticator.authenticate(credential)


def _authenticator(settings: Settings) -> Authenticator:
    # Imported here: only the scheme in use costs memory and time.
    try:
        if settings.auth == "jwt":
            from dynamodb_items.access.jwks import jwks_source  # noqa: PLC0415
            from dynamodb_items.access.jwt import JwtVerifier  # noqa: PLC0415

            return JwtVerifier(
                jwks_source(
                    settings.jwt_issuer, settings.jwt_key_set, settings.jwt_key_set_seconds
                ),
                settings.key_schema,
                issuer=settings.jwt_issuer,
                audiences=settings.jwt_audiences,
                algorithms=settings.jwt_algorithms,
                leeway_seconds=settings.jwt_leeway_seconds,
                require_nbf=settings.jwt_require_nbf,
                tenant_claim=settings.tenant_claim,
            )
        from dynamodb_items.access.api_keys import ApiKeys  # noqa: PLC0415

        return ApiKeys(
            Path(settings.api_keys_file),
            settings.key_schema,
            tenant_required=bool(settings.tenant_claim),
        )
    except (OSError, ValueError) as error:
        variable = "ITEMS_JWT_KEY_SET" if settings.auth == "jwt" else "ITEMS_API_KEYS_FILE"
        raise SettingsError([f"{variable}: the file cannot be read: {error}."]) from error


def _let_anyone_in() -> None:
    request_ctx.request.environ[_CALLER] = ANYONE


def _answer(refused: _Refused) -> Response:
    response = problem_responses.handle_items_error(refused.error)
    if refused.challenge is not None:
        response.headers["WWW-Authenticate"] = refused.challenge
    return response
