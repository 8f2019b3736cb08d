"""Who may in: each request's caller, known before its body is read and before AWS is asked.

Every path needs a caller but those listed here, so that no new route is open by oversight.
"""

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, Response
from flask.globals import request_ctx

from service.access.callers import ANYONE, Authenticator, Caller, Scope
from service.errors import ItemsError, NotPermitted, Unauthenticated
from service.items import ItemKey
from service.settings import Settings, SettingsError
from service.web import problem_responses, problems
from service.web.lean_flask import ROUTE
from service.web.telemetry import record_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

OPEN_PATHS = frozenset(
    {"/live", "/ready", "/openapi.json", problems.DOCUMENTATION_PATH, "/", "/docs", "/docs/"}
)
OPEN_FOLDER = "/pages/"
"""Health, and what describes the API and lets people try it: they tell nothing of any item."""

READING_METHODS = frozenset({"GET", "HEAD"})
READING_PATHS = frozenset({"/items:batchGet"})
"""What reads though its method is POST."""

API_KEY_HEADER = "X-API-Key"
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
    """The scope that a request of this method and route needs."""
    reads = method in READING_METHODS or path in READING_PATHS
    return Scope.READ if reads else Scope.WRITE


def current_caller() -> Caller:
    """The caller of the request under way."""
    caller: Caller = request_ctx.request.environ[_CALLER]
    return caller


def is_open() -> bool:
    """Whether the request under way needs no caller."""
    return is_open_request(request_ctx.request.environ)


def is_open_request(environ: "WSGIEnvironment") -> bool:
    """Whether a request that has been routed needs no caller: it asks nothing of any item."""
    route = environ.get(ROUTE, "")
    # OPTIONS tells what is allowed, to a browser that may not send a credential yet.
    return (
        route in OPEN_PATHS
        or route.startswith(OPEN_FOLDER)
        or environ["REQUEST_METHOD"] == "OPTIONS"
    )


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
    app.before_request(lambda: _let_in(scheme))


class _Authentication:
    """Finds the caller before anything reads the body; of one that is refused, nothing does."""

    def __init__(
        self, app: "WSGIApplication", scheme: Scheme, authenticator: Authenticator
    ) -> None:
        self._app = app
        self._credential = scheme.credential
        self._authenticator = authenticator

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass the request on with its caller, or without its body and with the reason why."""
        caller = environ[_CALLER] = self._caller(environ)
        if not isinstance(caller, Caller):
            environ["wsgi.input"] = io.BytesIO()
            environ["CONTENT_LENGTH"] = "0"
            environ.pop("HTTP_TRANSFER_ENCODING", None)
        return self._app(environ, start_response)

    def _caller(self, environ: "WSGIEnvironment") -> Caller | Unauthenticated | NotPermitted:
        credential = self._credential(environ)
        if credential is None:
            return Unauthenticated("This needs a credential, and the request shows none.")
        try:
            return self._authenticator.authenticate(credential)
        except (Unauthenticated, NotPermitted) as refusal:
            return refusal


def _authenticator(settings: Settings) -> Authenticator:
    # Imported here: only the scheme in use costs memory and time.
    try:
        if settings.auth == "jwt":
            from service.access.key_sets import key_source  # noqa: PLC0415
            from service.access.tokens import TokenVerifier  # noqa: PLC0415

            return TokenVerifier(
                key_source(settings.jwt_issuer, settings.jwt_key_set, settings.jwt_key_set_seconds),
                settings.key_schema,
                issuer=settings.jwt_issuer,
                audiences=settings.jwt_audiences,
                algorithms=settings.jwt_algorithms,
                leeway_seconds=settings.jwt_leeway_seconds,
                require_nbf=settings.jwt_require_nbf,
                tenant_claim=settings.tenant_claim,
            )
        from service.access.api_keys import ApiKeys  # noqa: PLC0415

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


def _let_in(scheme: Scheme) -> Response | None:
    environ = request_ctx.request.environ
    if is_open_request(environ):
        environ[_CALLER] = ANYONE
        return None
    caller = environ[_CALLER]
    if isinstance(caller, Unauthenticated):
        return _refused(caller, scheme.refusal_challenge(environ, caller))
    if isinstance(caller, NotPermitted):
        raise caller
    record_of(environ).caller = caller.id
    scope = needed_scope(environ["REQUEST_METHOD"], environ.get(ROUTE, ""))
    try:
        caller.check_scope(scope)
    except NotPermitted as refusal:
        challenge = f'{scheme.challenge}, error="insufficient_scope", scope="{scope}"'
        return _refused(refusal, challenge)
    return None


def _refused(refusal: ItemsError, challenge: str) -> Response:
    response = problem_responses.handle_items_error(refusal)
    response.headers["WWW-Authenticate"] = challenge
    return response
