"""Rules for schemathesis that an OpenAPI schema cannot express."""

from typing import Any
from urllib.parse import unquote

import schemathesis
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.errors import InvalidKey

_LEFT_OUT = ("if-match", "prefer")
_OF_ONE_LIST = ("cursor", "prefix", "gt", "lt", "segment", "segments")
_CREATING = ("putItem", "putItemConditionally")


@schemathesis.hook
def filter_path_parameters(_context: Any, parameters: dict[str, Any] | None) -> bool:
    """Keep item keys within DynamoDB's bounds, which a number's pattern cannot express.

    Texts that are not keys stay, since the service has to reject them.
    """
    if not parameters or not isinstance(parameters.get("id"), str):
        return True
    try:
        Settings().key_schema.key(unquote(parameters["id"]), "any")
    except InvalidKey as error:
        return "not a number" in error.detail
    return True


@schemathesis.hook
def map_headers(context: Any, headers: dict[str, Any] | None) -> dict[str, Any] | None:
    """Remove headers that prevent a put from returning a new item, so its links are followed.

    A generated entity tag matches no item, so nothing would be written. A create with
    return=minimal is a 201 without a body, and OpenAPI has no optional response bodies.
    """
    if headers and context.operation.definition.raw["operationId"] in _CREATING:
        return {name: value for name, value in headers.items() if name.lower() not in _LEFT_OUT}
    return headers


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Give a put a valid key: few of the texts that the document allows are numbers."""
    operation = context.operation.definition.raw["operationId"]
    if operation != "putItemConditionally" or not isinstance(body, dict):
        return body
    is_text = isinstance(body.get("id"), str)
    return {**body, "id": "104"} if is_text and not body["id"].isdecimal() else body


@schemathesis.hook
def map_query(context: Any, query: dict[str, Any] | None) -> dict[str, Any] | None:
    """Remove what makes nearly every generated request for a list a 400: cursors and conditions.

    The cursors of links stay.
    """
    if query and "Lists" in context.operation.definition.raw["tags"]:
        return {name: value for name, value in query.items() if name not in _OF_ONE_LIST}
    return query
