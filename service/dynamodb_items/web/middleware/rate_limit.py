"""The rate limits of each caller, in requests and capacity units; off without the setting."""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.exceptions import TooManyRequests

from dynamodb_items.config.settings import Settings, SettingsError
from dynamodb_items.web.middleware.authentication import client_key, is_open
from dynamodb_items.web.middleware.context import context_of
from dynamodb_items.web.middleware.rejections import reject

if TYPE_CHECKING:
    from dynamodb_items.access.rate_limits import RateLimits


def rate_limit(app: WSGIApplication, settings: Settings) -> WSGIApplication:
    """Count the requests of each caller where the settings limit them.

    Raises:
        SettingsError: the storage in the settings cannot be used.
    """
    if not settings.rate_limit:
        return app
    from dynamodb_items.access.rate_limits import RateLimits  # noqa: PLC0415 - saves memory elsewhere

    try:
        rate_limits = RateLimits(settings.rate_limit, settings.rate_limit_storage)
    except ValueError as error:
        raise SettingsError([f"ITEMS_RATE_LIMIT_STORAGE: {error}."]) from error
    return _RateLimit(app, rate_limits)


class _RateLimit:
    """Counts a request once its caller is known, before its body is read."""

    def __init__(self, app: WSGIApplication, rate_limits: "RateLimits") -> None:
        self._app = app
        self._rate_limits = rate_limits

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass the request on, rejected where the caller has used up its requests."""
        context = context_of(environ)
        if context.rejection is not None or is_open(environ):
            return self._app(environ, start_response)
        client = client_key(environ)
        limit = context.limit = self._rate_limits.count(client)
        if limit.is_used_up:
            used = "capacity units" if limit.counts_units else "requests"
            detail = f"This caller has used up its {used}: {limit.limit}."
            reject(environ, TooManyRequests(detail, retry_after=limit.reset_seconds))
            return self._app(environ, start_response)
        try:
            return self._app(environ, start_response)
        finally:  # a failed request has consumed capacity too
            self._rate_limits.charge(client, context.record.capacity_units)
