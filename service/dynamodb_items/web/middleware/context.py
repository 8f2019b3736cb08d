"""What the middleware knows about a request: one typed object in its WSGI environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from wsgiref.types import WSGIEnvironment

from flask import request

from dynamodb_items.access.callers import Caller
from dynamodb_items.observability.events import RequestRecord

if TYPE_CHECKING:
    from dynamodb_items.access.rate_limits import RateLimitStatus

_KEY = "items.context"


@dataclass(slots=True)
class RequestContext:
    """The state of one request that middlewares, routes and responses share.

    The deadline is not here: code that knows no HTTP reads it from ``runtime.deadline``.
    """

    record: RequestRecord = field(init=False)
    """What is logged and measured, the request id among it. Telemetry sets it."""

    caller: Caller | None = None
    """None until authentication has passed, so that a missing check cannot grant access."""

    rejection: Exception | None = None
    """The error that a middleware has rejected the request with."""

    challenge: str | None = None
    """The ``WWW-Authenticate`` header of a 401 or 403 response."""

    limit: "RateLimitStatus | None" = None
    """What the rate limit leaves to the caller; None without a rate limit."""

    route: str = ""
    """The route's template as in OpenAPI, such as ``/items/{id}/{name}``; empty without a route."""


def context_of(environ: Mapping[str, Any]) -> RequestContext:
    """Return the context of a request that the middleware has seen."""
    context: RequestContext = environ[_KEY]
    return context


def ensure_context(environ: WSGIEnvironment) -> RequestContext:
    """Return the context of a request, created where it does not exist yet."""
    context: RequestContext | None = environ.get(_KEY)
    if context is None:
        context = environ[_KEY] = RequestContext()
    return context


def current_context() -> RequestContext:
    """Return the context of the request that Flask is processing."""
    return context_of(request.environ)


def record_of(environ: Mapping[str, Any]) -> RequestRecord:
    """Return the record of the request with this WSGI environment."""
    return context_of(environ).record
