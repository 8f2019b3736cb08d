"""The Flask application around an item repository."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from wsgiref.types import WSGIApplication

import structlog
from flask import Flask, Response, request

from dynamodb_items.config.settings import Settings, SettingsError
from dynamodb_items.domain.items import Item
from dynamodb_items.domain.time_to_live import Clock, TimeToLive
from dynamodb_items.dynamodb.client import DynamoDBClient
from dynamodb_items.dynamodb.retries import Attempts
from dynamodb_items.observability.events import UNOBSERVED, Observer, Observers
from dynamodb_items.storage.repository import ItemRepository
from dynamodb_items.web.items_flask import ItemsFlask
from dynamodb_items.web.middleware.authentication import authentication
from dynamodb_items.web.middleware.compression import compression
from dynamodb_items.web.middleware.limits import MAX_REQUEST_BODY_BYTES, Limits
from dynamodb_items.web.middleware.rate_limit import rate_limit
from dynamodb_items.web.middleware.raw_path import (
    InvalidKeySegment,
    KeySegmentConverter,
    RawPath,
    path_prefix,
)
from dynamodb_items.web.middleware.request_headers import HeadersLimit, trusted_proxies
from dynamodb_items.web.middleware.response_headers import ResponseHeaders
from dynamodb_items.web.middleware.telemetry import Telemetry
from dynamodb_items.web.openapi.document import DocumentedApi
from dynamodb_items.web.resources.batch import batch_blueprint
from dynamodb_items.web.resources.health import Probe, health
from dynamodb_items.web.resources.items import items_blueprint
from dynamodb_items.web.resources.lists import lists_blueprint
from dynamodb_items.web.resources.pages import pages_blueprint
from dynamodb_items.web.response import conflicts, problem_responses
from dynamodb_items.web.response.error_reference import error_reference
from dynamodb_items.web.response.problems import DOCUMENTATION_PATH

log = structlog.get_logger(__name__)


def create_observer(settings: Settings) -> Observer:
    """Return the observer of metrics and traces that the settings enable.

    Raises:
        SettingsError: traces need packages that are not installed.
    """
    observers: list[Observer] = []
    # Imported here: an observer that is off costs neither memory nor time.
    if settings.admin_bind is not None:
        from dynamodb_items.observability.metrics import PrometheusObserver  # noqa: PLC0415

        try:
            observers.append(PrometheusObserver())
        except OSError as error:  # such as a full disk; requests are still served
            log.error("no metrics", error=str(error))  # noqa: TRY400
    if settings.otel:
        try:
            from dynamodb_items.observability.tracing import TracingObserver  # noqa: PLC0415
        except ImportError as error:
            raise SettingsError([f"ITEMS_OTEL needs the extra otel: {error}."]) from error
        observers.append(TracingObserver())
    return Observers(observers) if observers else UNOBSERVED


def create_repository(
    settings: Settings, observer: Observer = UNOBSERVED, clock: Clock = time.time
) -> ItemRepository:
    """Return the repository of the settings' table; AWS's own variables choose the endpoint.

    Items with a time to live expire by the clock.
    """
    attempts = Attempts(DynamoDBClient(settings, observer), settings, observer)
    secret = settings.hidden_attributes.secret
    return ItemRepository(
        attempts,
        settings.table,
        settings.version_attribute,
        settings.operations,
        TimeToLive(settings.ttl_attribute, clock),
        item_of=partial(Item, secret=secret) if secret else Item,
    )


def create_app(
    settings: Settings, repository: ItemRepository, observer: Observer = UNOBSERVED
) -> Flask:
    """Return the application. It connects to nothing and probes nothing before its first request.

    Raises:
        SettingsError: a file or a storage in the settings cannot be used.
    """
    app = flask_class()("service", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST_BODY_BYTES
    app.url_map.merge_slashes = False
    app.url_map.converters["key_segment"] = KeySegmentConverter
    app.extensions["settings"] = settings
    app.extensions["item_repository"] = repository
    app.extensions["probe"] = Probe(repository, settings, observer)
    for middleware in reversed(middlewares(observer)):
        app.wsgi_app = middleware(app.wsgi_app, settings)  # type: ignore[assignment,method-assign]
    app.register_error_handler(
        InvalidKeySegment, lambda invalid: problem_responses.handle_items_error(invalid.error)
    )
    problem_responses.install(app)
    conflicts.install(app)
    app.extensions["openapi"] = _register_routes(app, settings)
    return app


def flask_class() -> type[ItemsFlask]:
    """Return the class with the fast path if it fits the installed Flask, else ``ItemsFlask``."""
    try:
        # Imported here: the import fails if Flask no longer has these internals.
        from dynamodb_items.web.lean_flask import LeanFlask, check_internals  # noqa: PLC0415

        check_internals()
    except (ImportError, AttributeError, TypeError) as error:
        log.warning("flask fast path off", error=str(error))
        return ItemsFlask
    return LeanFlask


Middleware = Callable[[WSGIApplication, Settings], WSGIApplication]
"""Returns a WSGI application around another; the same one where the settings need no other."""


def middlewares(observer: Observer) -> tuple[Middleware, ...]:
    """Return the middlewares in the order in which a request passes them."""
    return (
        HeadersLimit,  # first: nothing may parse headers that are too large
        partial(Telemetry, observer=observer),  # a request id, and one log line per request
        ResponseHeaders,  # also for responses that the middlewares below make
        compression,  # of the responses that the middlewares below make
        trusted_proxies,  # the client's address, before anything depends on it
        RawPath,  # the path that routes and access rules see
        authentication,  # the caller, before the body is read
        rate_limit,  # needs the caller
        Limits,  # last: reads the body, and counts the requests in flight
    )


def openapi_document(app: Flask) -> dict[str, Any]:
    """Return the OpenAPI document of an application."""
    document: dict[str, Any] = app.extensions["openapi"]
    return document


def _register_routes(app: Flask, settings: Settings) -> Mapping[str, Any]:
    api = DocumentedApi(app)
    api.register_blueprint(items_blueprint(settings))
    api.register_blueprint(batch_blueprint(settings))
    if any(operation.is_list for operation in settings.operations):
        api.register_blueprint(lists_blueprint(settings))
    api.register_blueprint(health)
    app.register_blueprint(pages_blueprint(settings))
    document: Mapping[str, Any] = api.document(settings)
    openapi_json = app.json.dumps(document, sort_keys=False)
    (server,) = document["servers"]
    errors_page = error_reference()

    @app.get("/openapi.json")
    def openapi() -> Response:
        text, root = openapi_json, path_prefix(request.environ)
        if root:
            below = {**document, "servers": [{**server, "url": root}]}
            text = app.json.dumps(below, sort_keys=False)
        return _revalidated(text, "application/json")

    @app.get(DOCUMENTATION_PATH)
    def errors() -> Response:
        return _revalidated(errors_page, "text/markdown; charset=utf-8")

    return document


def _revalidated(text: str, content_type: str) -> Response:
    """Return a response with a strong ETag, or 304 for a client that already has it.

    https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
    """
    response = Response(text, content_type=content_type, headers={"Cache-Control": "no-cache"})
    response.add_etag()
    response.make_conditional(request)
    response.headers.pop("Date", None)  # the server sets it
    return response
