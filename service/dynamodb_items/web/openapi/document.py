"""The whole OpenAPI document of a deployment.

https://spec.openapis.org/oas/v3.0.3
"""

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask
from flask_smorest import Api

from dynamodb_items import __version__
from dynamodb_items.config.settings import Settings
from dynamodb_items.web.openapi.components import register_components
from dynamodb_items.web.openapi.item_schemas import add_item_schema
from dynamodb_items.web.openapi.key_schemas import with_key_schema
from dynamodb_items.web.openapi.security import add_security
from dynamodb_items.web.request.body_schemas import BATCH_METHODS

_DESCRIPTION = """\
A REST API over one DynamoDB table. `/items/{id}/{name}` is one item: GET reads it, PUT creates or \
replaces it, PATCH changes some of its attributes, DELETE deletes it.

Bodies are plain JSON with exact decimals, or DynamoDB's typed form \
(`application/vnd.dynamodb+json`). Every response with an item has its ETag; send it back as \
`If-Match` to prevent lost updates.
"""
_HEAD: Mapping[str, Any] = {
    "title": "Items of a DynamoDB table",
    "version": __version__,
    "openapi_version": "3.0.3",
    "info": {
        "description": _DESCRIPTION,
        "license": {
            "name": "Apache-2.0",
            "url": "https://www.apache.org/licenses/LICENSE-2.0",
        },
    },
    "servers": [{"url": "/", "description": "The service that serves this document."}],
    "security": [],
}


class DocumentedApi(Api):  # type: ignore[misc]
    """The routes of the app and their OpenAPI document.

    The empty methods keep flask-smorest from adding its own responses, headers and error handlers.
    """

    DEFAULT_ERROR_RESPONSE_NAME = None

    def __init__(self, app: Flask) -> None:
        super().__init__(app, spec_kwargs={**_HEAD})
        register_components(self)

    def _register_error_handlers(self) -> None:
        pass

    def _register_responses(self) -> None:
        pass

    def _register_etag_headers(self) -> None:
        pass

    def _register_pagination_header(self) -> None:
        pass

    def document(self, settings: Settings) -> dict[str, Any]:
        """Return the document of the registered routes, as the settings allow them."""
        document: dict[str, Any] = with_key_schema(self.spec.to_dict(), settings.key_schema)
        if settings.item_schema is not None:
            schema, operations = settings.item_schema.document, documented_operations(document)
            add_item_schema(document, operations, schema, settings.key_schema)
        _remove_dangling_links(document)
        _restrict_batch_methods(document, settings)
        add_security(document, documented_operations(document), settings)
        return document


def documented_operations(
    document: Mapping[str, Any],
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the method, the path and the description of each operation of an OpenAPI document."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield method.upper(), path, operation


def _remove_dangling_links(document: Mapping[str, Any]) -> None:
    """Remove the links to operations that this deployment does not have."""
    known = {operation["operationId"] for *_, operation in documented_operations(document)}
    for *_, operation in documented_operations(document):
        for response in operation["responses"].values():
            if "links" in response:
                response["links"] = {
                    name: link
                    for name, link in response["links"].items()
                    if link["operationId"] in known
                }


def _restrict_batch_methods(document: Mapping[str, Any], settings: Settings) -> None:
    """Keep only the batch methods that this deployment has; without any, remove the JSON Patch.

    The JSON Patch is described as a part of a batch.
    """
    schemas = document["components"]["schemas"]
    methods = [
        method for operation, method in BATCH_METHODS.items() if operation in settings.operations
    ]
    if methods:
        for name in ("BatchOperation", "TypedBatchOperation"):
            if name in schemas:
                members = schemas[name]["properties"]
                enum = members["method"]["enum"]
                members["method"]["enum"] = [each for each in enum if each in methods]
                members["jsonPatch"]["items"] = {"$ref": "#/components/schemas/JsonPatchOperation"}
    else:
        del schemas["JsonPatch"], schemas["JsonPatchOperation"]
