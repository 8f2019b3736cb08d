"""What no OpenAPI schema can say, said to schemathesis."""

from typing import Any
from urllib.parse import unquote

import schemathesis
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.errors import InvalidKey

_LEFT_OUT = ("if-match", "prefer")
_CREATING = ("putItem", "putItemConditionally")


@schemathesis.hook
def filter_path_parameters(_context: Any, parameters: dict[str, Any] | None) -> bool:
    """Only item keys within DynamoDB's bounds; the pattern of a number cannot add up its digits.

    What is no key at all stays: the service has to refuse it.
    """
    if not parameters or not isinstance(parameters.get("id"), str):
        return True
    try:
        Settings().key_schema.key(unquote(parameters["id"]), "any")
    except InvalidKey as refusal:
        return "not a number" in refusal.detail
    return True


@schemathesis.hook
def map_headers(context: Any, headers: dict[str, Any] | None) -> dict[str, Any] | None:
    """A put without what keeps it from answering with a new item, so that its links are followed.

    A made-up entity tag is of no item, so that nothing would be written. Creating with
    return=minimal is a 201 without a body, and OpenAPI knows no body that is optional.
    """
    if headers and context.operation.definition.raw["operationId"] in _CREATING:
        return {name: value for name, value in headers.items() if name.lower() not in _LEFT_OUT}
    return headers


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """A put whose key is one: of the texts that the document allows, few are a number."""
    operation = context.operation.definition.raw["operationId"]
    if operation != "putItemConditionally" or not isinstance(body, dict):
        return body
    is_text = isinstance(body.get("id"), str)
    return {**body, "id": "104"} if is_text and not body["id"].isdecimal() else body
