"""How often one caller may ask; off unless the settings say how often.

https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-06
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.exceptions import TooManyRequests

from dynamodb_items.config.settings import Settings, SettingsError
from dynamodb_items.web.middleware.authentication import is_open, who_asks
from dynamodb_items.web.middleware.rejections import is_refused, refuse

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from dynamodb_items.access.rate_limits import RateLimits, RateLimitStatus


def install(app: Flask, settings: Settings) -> None:
    """Count each caller's requests, if there is a limit to hold them to.

    Raises:
        SettingsError: the storage that the settings name cannot be used.
    """
    if not settings.rate_limit:
        return
    from dynamodb_items.access.rate_limits import RateLimits  # noqa: PLC0415 - it costs memory only here

    try:
        rate_limits = RateLimits(settings.rate_limit, settings.rate_limit_storage)
    except ValueError as error:
        raise SettingsError([f"ITEMS_RATE_LIMIT_STORAGE: {error}."]) from error
    app.wsgi_app = _RateLimit(app.wsgi_app, rate_limits)  # type: ignore[method-assign]


class _RateLimit:
    """Counts a request once its caller is known, before its body is read."""

    def __init__(self, app: "WSGIApplication", rate_limits: "RateLimits") -> None:
        self._app = app
        self._rate_limits = rate_limits

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass the request on, or without its body what it is refused for."""
        if is_open(environ) or is_refused(environ):
            return self._app(environ, start_response)
        limit = self._rate_limits.count(who_asks(environ))
        if limit.is_used_up:
            words = f"This caller has used up its requests: {limit.limit}."
            refuse(environ, TooManyRequests(words, retry_after=limit.reset_seconds))

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            headers += _fields(limit)
            return start_response(status, headers, *rest)

        return self._app(environ, start)


def _fields(limit: "RateLimitStatus") -> list[tuple[str, str]]:
    return [
        ("RateLimit-Policy", f"{limit.amount};w={limit.seconds}"),
        ("RateLimit-Limit", str(limit.amount)),
        ("RateLimit-Remaining", str(limit.remaining)),
        ("RateLimit-Reset", str(limit.reset_seconds)),
    ]
