"""What every answer tells a browser, and whose word about a client's address is taken."""

import re
from collections.abc import Mapping

from flask import Flask, Response
from flask.globals import request_ctx
from werkzeug.middleware.proxy_fix import ProxyFix

from service.settings import Settings
from service.web.access import API_KEY_HEADER, is_open
from service.web.items import METHODS

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


def _exactly(origin: str) -> str | re.Pattern[str]:
    # flask-cors takes the brackets of an IPv6 address for a pattern of its own.
    return re.compile(re.escape(origin) + r"\Z", re.IGNORECASE) if "[" in origin else origin


def install(app: Flask, settings: Settings) -> None:
    """Set the headers of every answer, and trust as many proxies as the settings say."""

    def protect(response: Response) -> Response:
        headers = response.headers
        for name, value in SAFE_HEADERS.items():
            headers.setdefault(name, value)
        if settings.cache_control and not is_open(request_ctx.request.environ):
            headers.setdefault("Cache-Control", settings.cache_control)
        return response

    app.after_request(protect)
    if settings.cors_origins:
        from flask_cors import CORS  # noqa: PLC0415 - it costs time only where it is used

        CORS(
            app,
            origins=[_exactly(origin) for origin in settings.cors_origins],
            methods=sorted({"OPTIONS", "POST"}.union(*(METHODS[op] for op in settings.operations))),
            allow_headers=list(REQUEST_HEADERS),
            expose_headers=list(RESPONSE_HEADERS),
            max_age=PREFLIGHT_SECONDS,
        )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
