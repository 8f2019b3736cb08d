"""The headers that middlewares add to a response, all in one place.

They are on every response, also on those that Flask never sees: a page of another origin could
not distinguish a rejection from a broken network without them.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.datastructures import EnvironHeaders

from dynamodb_items.config.settings import Settings
from dynamodb_items.web.middleware.authentication import API_KEY_HEADER, is_open
from dynamodb_items.web.middleware.context import RequestContext, context_of
from dynamodb_items.web.resources.items import METHODS

HeaderList = list[tuple[str, str]]
HeaderRule = Callable[[WSGIEnvironment, RequestContext, HeaderList], None]
"""Adds to the headers of the response to a request."""

PREFLIGHT_SECONDS = 600
REQUEST_HEADERS = (
    *(
        "Accept",
        "Authorization",
        "Content-Encoding",
        "Content-Type",
        "If-Match",
        "If-None-Match",
        "Idempotency-Key",
    ),
    *("Prefer", "X-Request-Id", "traceparent", API_KEY_HEADER),
)
RESPONSE_HEADERS = (
    *("ETag", "Link", "Location", "Preference-Applied", "Retry-After", "WWW-Authenticate"),
    "X-Request-Id",
    *("RateLimit-Limit", "RateLimit-Policy", "RateLimit-Remaining", "RateLimit-Reset"),
)

SAFE_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    # Responses are not pages; the pages set a policy of their own.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


class ResponseHeaders:
    """Notes the status of each response, and applies each rule to its headers."""

    def __init__(self, app: WSGIApplication, settings: Settings) -> None:
        self._app = app
        self._rules: list[HeaderRule] = [
            add_challenge,
            add_rate_limit,
            _safe_headers(settings.cache_control),
            *([_cross_origin(settings)] if settings.cors_origins else []),
            add_request_id,
        ]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass the request on, and add to the headers of its response."""
        context = context_of(environ)

        def start(status: str, headers: HeaderList, *rest: Any) -> Any:
            context.record.status = int(status[:3])
            for add in self._rules:
                add(environ, context, headers)
            return start_response(status, headers, *rest)

        return self._app(environ, start)


def add_request_id(_environ: WSGIEnvironment, context: RequestContext, headers: HeaderList) -> None:
    """Add the id that the log line has too."""
    headers.append(("X-Request-Id", context.record.request_id))


def add_challenge(_environ: WSGIEnvironment, context: RequestContext, headers: HeaderList) -> None:
    """Add the reason why authentication or authorization failed."""
    is_rejected = context.record.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
    if context.challenge is not None and is_rejected:
        headers.append(("WWW-Authenticate", context.challenge))


def add_rate_limit(_environ: WSGIEnvironment, context: RequestContext, headers: HeaderList) -> None:
    """Add what the rate limit leaves to the caller.

    https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-06
    """
    limit = context.limit
    if limit is not None:
        comment = ';comment="capacity units"' if limit.counts_units else ""
        headers += [
            ("RateLimit-Policy", f"{limit.amount};w={limit.seconds}{comment}"),
            ("RateLimit-Limit", str(limit.amount)),
            ("RateLimit-Remaining", str(limit.remaining)),
            ("RateLimit-Reset", str(limit.reset_seconds)),
        ]


def _safe_headers(cache_control: str) -> HeaderRule:
    """Return the rule for the headers that protect each response which does not set them."""
    of_all = [(name.lower(), name, value) for name, value in SAFE_HEADERS.items()]
    cached = ("cache-control", "Cache-Control", cache_control)
    of_items = [*of_all, cached] if cache_control else of_all

    def add(environ: WSGIEnvironment, _context: RequestContext, headers: HeaderList) -> None:
        given = {name.lower() for name, _ in headers}
        needed = of_all if is_open(environ) else of_items
        headers += [(name, value) for key, name, value in needed if key not in given]

    return add


def _cross_origin(settings: Settings) -> HeaderRule:
    """Return the rule for the headers by which browsers let pages read the response."""
    from flask_cors import core  # noqa: PLC0415 - imported only where it is used

    options = core.serialize_options(
        {
            **core.DEFAULT_OPTIONS,
            "origins": [_origin_pattern(origin) for origin in settings.cors_origins],
            "methods": sorted(
                {"OPTIONS", "POST"}.union(*(METHODS.get(op, ()) for op in settings.operations))
            ),
            "allow_headers": REQUEST_HEADERS,
            "expose_headers": RESPONSE_HEADERS,
            "max_age": PREFLIGHT_SECONDS,
        }
    )

    def add(environ: WSGIEnvironment, _context: RequestContext, headers: HeaderList) -> None:
        fields = core.get_cors_headers(options, EnvironHeaders(environ), environ["REQUEST_METHOD"])
        headers += [(name, str(value)) for name, value in fields.items(multi=True)]
        if "Vary" not in fields and not options.allow_all_origins:
            headers.append(("Vary", "Origin"))

    return add


def _origin_pattern(origin: str) -> str | re.Pattern[str]:
    # flask-cors would read the brackets of an IPv6 address as a pattern.
    return re.compile(re.escape(origin) + r"\Z", re.IGNORECASE) if "[" in origin else origin
