"""What every answer tells a browser, and whose word about a client's address is taken."""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.datastructures import EnvironHeaders
from werkzeug.exceptions import RequestHeaderFieldsTooLarge
from werkzeug.middleware.proxy_fix import ProxyFix

from dynamodb_items.config.settings import Settings
from dynamodb_items.web.middleware.authentication import API_KEY_HEADER, is_open
from dynamodb_items.web.middleware.rejections import refuse
from dynamodb_items.web.resources.items import METHODS

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

MAX_HEADERS_BYTES = 32 * 1024
"""All the values of a request's headers together. Servers join the lines of one name, so that one
value could otherwise be as long as they let all of them be.
"""
# With them a page of another origin can read why its request was rejected.
_KEPT_HEADERS = ("HTTP_HOST", "HTTP_ORIGIN")
_KEPT_BYTES = 1024

SAFE_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    # No answer is a page. One that is sets its own, as narrow as it can be.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


def _exactly(origin: str) -> str | re.Pattern[str]:
    # flask-cors takes the brackets of an IPv6 address for a pattern of its own.
    return re.compile(re.escape(origin) + r"\Z", re.IGNORECASE) if "[" in origin else origin


def install(app: Flask, settings: Settings) -> None:
    """Set the headers of every answer, and trust as many proxies as the settings say."""
    app.wsgi_app = SafeHeaders(app.wsgi_app, settings.cache_control)  # type: ignore[method-assign]
    if settings.cors_origins:
        app.wsgi_app = _CrossOrigin(app, settings)  # type: ignore[method-assign]
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]


class HeadersLimit:
    """Rejects a request whose headers are too large, before anything parses one of them."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass the request on, or without its headers and body and with the reason why."""
        size = sum(len(value) for name, value in environ.items() if name[:5] == "HTTP_")
        if size > MAX_HEADERS_BYTES:
            kept = {name: environ.get(name, "") for name in _KEPT_HEADERS}
            for name in [name for name in environ if name[:5] == "HTTP_"]:
                del environ[name]
            environ.update(
                {name: value for name, value in kept.items() if 0 < len(value) <= _KEPT_BYTES}
            )
            refuse(environ, RequestHeaderFieldsTooLarge(f"The headers take {size:,} bytes."))
        return self._app(environ, start_response)


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
            needed = self._of_all if is_open(environ) else self._of_items
            headers += [(name, value) for key, name, value in needed if key not in given]
            return start_response(status, headers, *rest)

        return self._app(environ, start)


class _CrossOrigin:
    """Tells browsers which pages may read the answer: all answers, also a refusal that Flask never
    saw, which a page could not tell from a broken network otherwise.
    """

    def __init__(self, app: Flask, settings: Settings) -> None:
        from flask_cors import core  # noqa: PLC0415 - it costs time only where it is used

        self._app = app.wsgi_app
        self._headers_of = core.get_cors_headers
        self._options = core.get_cors_options(
            app,
            {
                "origins": [_exactly(origin) for origin in settings.cors_origins],
                "methods": sorted(
                    {"OPTIONS", "POST"}.union(*(METHODS[op] for op in settings.operations))
                ),
                "allow_headers": REQUEST_HEADERS,
                "expose_headers": RESPONSE_HEADERS,
                "max_age": PREFLIGHT_SECONDS,
            },
        )

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass the request on, and add to the answer's headers."""

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            of_page = self._headers_of(
                self._options, EnvironHeaders(environ), environ["REQUEST_METHOD"]
            )
            headers += [(name, str(value)) for name, value in of_page.items(multi=True)]
            if "Vary" not in of_page and not self._options.allow_all_origins:
                headers.append(("Vary", "Origin"))
            return start_response(status, headers, *rest)

        return self._app(environ, start)
