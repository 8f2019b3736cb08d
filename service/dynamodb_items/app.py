"""The Flask application around an item repository."""

from collections.abc import Mapping
from typing import Any

import structlog
from flask import Flask, Response, request

from dynamodb_items.config.settings import Settings, SettingsError
from dynamodb_items.dynamodb.client import DynamoDBClient
from dynamodb_items.dynamodb.retries import Attempts
from dynamodb_items.observability.events import UNOBSERVED, Observer, Observers
from dynamodb_items.storage.repository import ItemRepository
from dynamodb_items.web.lean_flask import LeanFlask
from dynamodb_items.web.middleware import (
    authentication,
    headers,
    limits,
    rate_limit,
    rejections,
    telemetry,
)
from dynamodb_items.web.middleware.raw_path import (
    InvalidKeySegment,
    KeySegmentConverter,
    RawPathMiddleware,
    path_prefix,
)
from dynamodb_items.web.openapi.document import DocumentedApi
from dynamodb_items.web.resources.batch import batch_blueprint
from dynamodb_items.web.resources.health import Probe, health
from dynamodb_items.web.resources.items import items_blueprint
from dynamodb_items.web.resources.pages import pages_blueprint
from dynamodb_items.web.response import conflicts, problem_responses
from dynamodb_items.web.response.error_reference import error_reference
from dynamodb_items.web.response.problems import DOCUMENTATION_PATH

log = structlog.get_logger(__name__)


def create_observer(settings: Settings) -> Observer:
    """Whoever the settings want to watch, besides the log."""
    observers: list[Observer] = []
    # Imported here: what nobody watches with costs neither memory nor time.
    if settings.admin_bind is not None:
        from dynamodb_items.observability.metrics import PrometheusObserver  # noqa: PLC0415

        try:
            observers.append(PrometheusObserver())
        except OSError as error:  # a full disk; requests are served all the same
            log.error("no metrics", error=str(error))  # noqa: TRY400
    if settings.otel:
        try:
            from dynamodb_items.observability.tracing import TracingObserver  # noqa: PLC0415
        except ImportError as error:
            raise SettingsError([f"ITEMS_OTEL needs the extra otel: {error}."]) from error
        observers.append(TracingObserver())
    return Observers(observers) if observers else UNOBSERVED


def create_repository(settings: Settings, observer: Observer = UNOBSERVED) -> ItemRepository:
    """The table of the settings, on AWS or wherever AWS's own variables point."""
    attempts = Attempts(DynamoDBClient(settings, observer), settings, observer)
    return ItemRepository(
        attempts,
        settings.table,
        settings.version_attribute,
        settings.operations,
    )


def create_app(
    settings: Settings, repository: ItemRepository, observer: Observer = UNOBSERVED
) -> Flask:
    """The application. Nothing is connected and no probe runs until it is asked something.

    Raises:
        SettingsError: what the settings name cannot be read or used.
    """
    app = LeanFlask("service", static_folder=None)
    app.url_map.merge_slashes = False
    app.url_map.converters["key_segment"] = KeySegmentConverter
    app.extensions["settings"] = settings
    app.extensions["item_repository"] = repository
    app.extensions["probe"] = Probe(repository, settings, observer)
    rejections.install(app)
    # From the inside out: who asks is known first, then how often, and only then a body is read.
    limits.install(app, settings)
    rate_limit.install(app, settings)
    authentication.install(app, settings)
    app.wsgi_app = RawPathMiddleware(app.wsgi_app)  # type: ignore[method-assign]
    headers.install(app, settings)
    app.wsgi_app = telemetry.Telemetry(  # type: ignore[method-assign]
        app.wsgi_app, observer, with_path=settings.log_level == "debug"
    )
    app.wsgi_app = headers.HeadersLimit(app.wsgi_app)  # type: ignore[method-assign]
    app.register_error_handler(
        InvalidKeySegment, lambda refusal: problem_responses.handle_items_error(refusal.error)
    )
    problem_responses.install(app)
    conflicts.install(app)
    app.extensions["openapi"] = _register_routes(app, settings)
    return app


def openapi_document(app: Flask) -> dict[str, Any]:
    """The app's OpenAPI document."""
    document: dict[str, Any] = app.extensions["openapi"]
    return document


def _register_routes(app: Flask, settings: Settings) -> Mapping[str, Any]:
    api = DocumentedApi(app)
    api.register_blueprint(items_blueprint(settings))
    api.register_blueprint(batch_blueprint(settings))
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
    """A response with a strong ETag, or 304 for a client that already has it.

    https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
    """
    response = Response(text, content_type=content_type, headers={"Cache-Control": "no-cache"})
    response.add_etag()
    response.make_conditional(request)
    response.headers.pop("Date", None)  # the server sets it
    return response
