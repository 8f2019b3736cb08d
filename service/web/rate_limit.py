"""How often one caller may ask; off unless the settings say how often.

https://flask-limiter.readthedocs.io, with the headers of
https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-06
"""

import ipaddress
import time
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import TooManyRequests

from service.settings import Settings
from service.web.access import current_caller, is_open
from service.web.problem_responses import too_many_requests

if TYPE_CHECKING:
    from flask_limiter import Limiter

STORAGE_TIMEOUT_SECONDS = 0.5
IPV6_SITE_BITS = 64


def install(app: Flask, settings: Settings) -> None:
    """Count each caller's requests, if there is a limit to hold them to."""
    if not settings.rate_limit:
        return
    from flask_limiter import Limiter  # noqa: PLC0415 - it costs memory only where it is used

    storage_options: dict[str, Any] = {}
    if not settings.rate_limit_storage.startswith("memory:"):
        timeouts = ("socket_connect_timeout", "socket_timeout")
        storage_options = dict.fromkeys(timeouts, STORAGE_TIMEOUT_SECONDS)
    app.extensions["rate_limiter"] = Limiter(
        who_asks,
        app=app,
        application_limits=[settings.rate_limit],
        application_limits_exempt_when=is_open,
        strategy="sliding-window-counter",
        storage_uri=settings.rate_limit_storage,
        storage_options=storage_options,
        in_memory_fallback_enabled=True,  # with the storage away, each worker counts for itself
    )
    app.register_error_handler(TooManyRequests, _refuse)
    app.after_request(_tell)


def who_asks() -> str:
    """The caller, or where nobody is asked who they are, the address; an IPv6 client has a
    whole /64 of them.
    """
    caller = current_caller()
    if caller.id:
        return f"caller {caller.id}"
    address = request.remote_addr or ""
    try:
        network = ipaddress.IPv6Network(f"{address}/{IPV6_SITE_BITS}", strict=False)
    except ValueError:
        return f"address {address}"
    return f"address {network}"


def _limiter() -> "Limiter":
    limiter: Limiter = current_app.extensions["rate_limiter"]
    return limiter


def _refuse(_refusal: TooManyRequests) -> Response:
    limit = _limiter().current_limit
    how_often = "" if limit is None else f": {limit.limit}"
    response = too_many_requests(f"This caller has used up its requests{how_often}.")
    if limit is not None:
        response.headers["Retry-After"] = str(_seconds_until(limit.reset_at))
    return response


def _tell(response: Response) -> Response:
    limit = _limiter().current_limit
    if limit is not None:
        amount, seconds = limit.limit.amount, limit.limit.get_expiry()
        response.headers["RateLimit-Policy"] = f"{amount};w={seconds}"
        response.headers["RateLimit-Limit"] = str(amount)
        response.headers["RateLimit-Remaining"] = str(limit.remaining)
        response.headers["RateLimit-Reset"] = str(_seconds_until(limit.reset_at))
    return response


def _seconds_until(timestamp: int) -> int:
    return max(1, timestamp - int(time.time()))
