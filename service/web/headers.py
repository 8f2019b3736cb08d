"""What every answer tells a browser, and whose word about a client's address is taken."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from service.settings import Settings
from service.web.access import API_KEY_HEADER, is_open_request
from service.web.items import METHODS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFLIGHT_SECONDS = 600
REQUEST_HEADERS = (
    *("Accept", "Authorization", "Content-Type", "If-Match", "If-None-Match", "Idempotency-Key"),
    *("Prefer", "X-Request-Id", "traceparent", API_KEY_HEADER),
)
RESPONSE_HEADERS = (
    *("ETag", "Location", "Preference-Applied", "Retry-After", "WWW-Authenticate", "X-Request-Id"),
    *("RateLimit-Limit", "RateLimit-Policy", "RateLimit-Remaining", "RateLimit-Reset"),
)

SAFE_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    # No answer is a page. One that is sets its own, as narrow as it can be.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


def install(app: Flask, settings: Settings) -> None:
    """Set the headers of every answer, and trust as many proxies as the settings say."""
    app.wsgi_app = SafeHeaders(app.wsgi_app, settings.cache_control)  # type: ignore[method-assign]
    if settings.cors_origins:
        from flask_cors import CORS  # noqa: PLC0415 - it costs time only where it is used

        CORS(
            app,
            origins=list(settings.cors_origins),
            methods=sorted({"OPTIONS", "POST"}.union(*(METHODS[op] for op in settings.operations))),
            allow_headers=list(REQUEST_HEADERS),
            expose_headers=list(RESPONSE_HEADERS),
            max_age=PREFLIGHT_SECONDS,
        )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]


class SafeHeaders:
    """Adds to each answer the headers that it does not set itself."""

    def __init__(self, app: "WSGIApplication", cache_control: str) -> None:
        self._app = app
        self._of_all = [(name.lower(), name, value) for name, value in SAFE_HEADERS.items()]
        cached = ("cache-control", "Cache-Control", cache_control)
        self._of_items = [*self._of_all, cached] if cache_control else self._of_all

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass the request on, and add to the answer's headers."""

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            given = {name.lower() for name, _ in headers}
            needed = self._of_all if is_open_request(environ) else self._of_items
            headers += [(name, value) for key, name, value in needed if key not in given]
            return start_response(status, headers, *rest)

        return self._app(environ, start)
