"""The Flask application around an item repository."""

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response
from flask_smorest import Api

from service import __version__
from service.settings import Settings
from service.storage.attempts import Attempts
from service.storage.client import DynamoDBClient
from service.storage.repository import ItemRepository
from service.web import components, documentation, limits, problems, telemetry
from service.web.batch import batch_blueprint
from service.web.health import Probe, health
from service.web.items import items_blueprint
from service.web.lean_flask import LeanFlask
from service.web.raw_path import InvalidKeySegment, KeySegmentConverter, RawPathMiddleware


class ItemsApi(Api):  # type: ignore[misc]
    """The OpenAPI document; errors are problems, from ``service.web.problems`` alone."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        problems.install(self._app)

    def _register_responses(self) -> None:
        """Document no answers but our own; the same for the two below."""

    def _register_etag_headers(self) -> None:
        pass

    def _register_pagination_header(self) -> None:
        pass


def create_repository(settings: Settings) -> ItemRepository:
    """The table of the settings, on AWS or wherever AWS's own variables point."""
    attempts = Attempts(DynamoDBClient(settings), settings)
    return ItemRepository(attempts, settings.table, settings.key_schema, settings.version_attribute)


def create_app(settings: Settings, repository: ItemRepository) -> Flask:
    """The application. Nothing is connected and no probe runs until it is asked something."""
    app = LeanFlask("service", static_folder=None)
    app.config.update(
        API_TITLE="Items of a DynamoDB table",
        API_VERSION=__version__,
        OPENAPI_VERSION="3.0.3",
    )
    app.wsgi_app = RawPathMiddleware(app.wsgi_app)  # type: ignore[method-assign]
    app.url_map.merge_slashes = False
    app.url_map.converters["key_segment"] = KeySegmentConverter
    app.extensions["settings"] = settings
    app.extensions["item_repository"] = repository
    app.extensions["probe"] = Probe(
        repository, settings.key_schema, settings.probe_interval_seconds
    )
    telemetry.install(app)
    limits.install(app, settings)
    app.register_error_handler(
        InvalidKeySegment, lambda refusal: problems.handle_items_error(refusal.error)
    )
    app.extensions["openapi"] = _register_routes(app, settings)
    return app


def openapi_document(app: Flask) -> dict[str, Any]:
    """The app's OpenAPI document."""
    document: dict[str, Any] = app.extensions["openapi"]
    return document


def _register_routes(app: Flask, settings: Settings) -> Mapping[str, Any]:
    api = ItemsApi(
        app,
        spec_kwargs={
            "info": {
                "description": documentation.DESCRIPTION,
                "license": {
                    "name": "Apache-2.0",
                    "url": "https://www.apache.org/licenses/LICENSE-2.0",
                },
            },
            "servers": [{"url": "/", "description": "The service that serves this document."}],
            "security": [],
        },
    )
    components.register_components(api)
    api.register_blueprint(items_blueprint(settings))
    api.register_blueprint(batch_blueprint(settings))
    api.register_blueprint(health)
    document: Mapping[str, Any] = api.spec.to_dict()
    openapi_json = app.json.dumps(document, sort_keys=False)
    errors_page = problems.documentation()

    @app.get("/openapi.json")
    def openapi() -> Response:
        return Response(openapi_json, content_type="application/json")

    @app.get(problems.DOCUMENTATION_PATH)
    def errors() -> Response:
        return Response(errors_page, content_type="text/markdown; charset=utf-8")

    return document
