"""The responses of the OpenAPI document's operations.

A problem response is a name that ``components`` registers, by its status.

https://spec.openapis.org/oas/v3.0.3#responses-object
"""

from typing import Any

from dynamodb_items.web.media_types import PLAIN_JSON, TYPED_JSON

READ_PROBLEMS = {
    "400": "BadRequest",
    "404": "ItemNotFound",
    "406": "NotAcceptable",
    "412": "PreconditionFailed",
    "414": "UriTooLong",
}
WRITE_PROBLEMS = {
    "400": "BadRequest",
    "406": "NotAcceptable",
    "412": "PreconditionFailed",
    "428": "PreconditionRequired",
}
ITEM_WRITE_PROBLEMS = {**WRITE_PROBLEMS, "414": "UriTooLong"}
BODY_PROBLEMS = {
    "408": "BodyTimeout",
    "413": "BodyTooLarge",
    "415": "UnsupportedMediaType",
    "422": "UnacceptableItem",
}
SERVER_PROBLEMS = {"500": "InternalError", "503": "Unavailable", "504": "TimedOut"}


def response(description: str, *headers: str, content: Any = None) -> dict[str, Any]:
    """Return a success response with headers that ``components`` registers."""
    documented: dict[str, Any] = {
        "description": description,
        "headers": named_headers(*headers, "X-Request-Id"),
    }
    if content is not None:
        documented["content"] = content
    return documented


def headers_only(operation: dict[str, Any], **more: str) -> dict[str, Any]:
    """Return the HEAD of a GET: its responses have neither a body nor links."""
    responses = {
        status: {key: documented[key] for key in documented if key not in ("content", "links")}
        if isinstance(documented, dict)
        else documented
        for status, documented in operation["responses"].items()
    }
    return {**operation, **more, "responses": responses}


def named_headers(*headers: str) -> dict[str, str]:
    """Return references to headers that ``components`` registers, as apispec expects them."""
    return {header: header for header in headers}


def json_body(description: str, content: Any) -> dict[str, Any]:
    """Return a request body, which is required."""
    return {"required": True, "description": description, "content": content}


def either_form(schema: Any, plain: Any, typed: Any) -> dict[str, Any]:
    """Return the content of a body whose items are in plain or in typed JSON."""
    return {
        PLAIN_JSON: {"schema": schema, "example": plain},
        TYPED_JSON: {"schema": schema, "example": typed},
    }


def item_content(plain: Any, typed: Any) -> dict[str, Any]:
    """Return the content of a body with an item in either representation."""
    return {
        PLAIN_JSON: {"schema": "Item", "example": plain},
        TYPED_JSON: {"schema": "TypedItem", "example": typed},
    }


def item_links(partition: str, sort: str) -> dict[str, Any]:
    """Return the links from a write to operations on its item.

    The arguments are the runtime expressions of the item key.

    https://spec.openapis.org/oas/v3.0.3#runtime-expressions
    """
    key = {"path.id": partition, "path.name": sort}
    key_and_etag = {**key, "header.If-Match": "$response.header.ETag"}
    return {
        "read": {
            "operationId": "getItem",
            "description": "Read the item that was written.",
            "parameters": key,
        },
        "change": {
            "operationId": "patchItem",
            "description": "Change the item if it has not changed since the write.",
            "parameters": key_and_etag,
        },
        "delete": {
            "operationId": "deleteItem",
            "description": "Delete the item if it has not changed since the write.",
            "parameters": key_and_etag,
        },
    }
