"""The OpenAPI document's native writes: their bodies, responses and examples.

https://spec.openapis.org/oas/v3.0.3
"""

from collections.abc import Mapping
from typing import Any

from dynamodb_items.web.media_types import PLAIN_JSON, TYPED_JSON
from dynamodb_items.web.openapi.documentation import (
    BODY_REFUSALS,
    DELETE_ITEM,
    PATCH_ITEM,
    PUT_ITEM,
    item_links,
)
from dynamodb_items.web.openapi.schemas import (
    ConditionalDeleteSchema,
    ConditionalPutSchema,
    ItemUpdateSchema,
)

_CONDITION = {
    "ConditionExpression": "Version = :seen",
    "ExpressionAttributeValues": {":seen": {"N": "3"}},
}
_RAJ_KEY = {"id": "101", "name": "Raj"}
_HEADERS = (
    "The headers, the query parameter and the response are those of {method} on the item's path."
)


def _responses(documented: Mapping[str, Any], *left_out: str) -> dict[str, Any]:
    """The responses of the operation on the item's path; links take the key from the body."""
    links = item_links("$request.body#/id", "$request.body#/name")
    return {
        status: {**response, "links": links}
        if isinstance(response, dict) and status in ("200", "201")
        else response
        for status, response in documented.items()
        if status not in left_out
    }


UPDATE_ITEM: dict[str, Any] = {
    "operationId": "updateItem",
    "description": (
        "One UpdateItem, as `aws dynamodb update-item` sends it: atomic, and it creates the item "
        "where there is none. A false ConditionExpression is 412. "
        + _HEADERS.format(method="PATCH")
    ),
    "parameters": PATCH_ITEM["parameters"],
    "requestBody": {
        "required": True,
        "description": "The item key and the expressions.",
        "content": {
            PLAIN_JSON: {
                "schema": ItemUpdateSchema,
                "example": {
                    "id": "104",
                    "name": "Andrew",
                    "UpdateExpression": "ADD Visits :one",
                    "ExpressionAttributeValues": {":one": {"N": "1"}},
                },
            }
        },
    },
    "responses": _responses(PATCH_ITEM["responses"], "404", "409"),
}
PUT_ITEM_CONDITIONALLY: dict[str, Any] = {
    "operationId": "putItemConditionally",
    "description": (
        "One PutItem with a ConditionExpression. A false one is 412, and nothing is written. "
        + _HEADERS.format(method="PUT")
    ),
    "parameters": PUT_ITEM["parameters"],
    "requestBody": {
        "required": True,
        "description": "The item key, the whole item, and the condition.",
        "content": {
            media_type: {
                "schema": ConditionalPutSchema,
                "example": {**_RAJ_KEY, "item": item, **_CONDITION},
            }
            for media_type, item in (
                (PLAIN_JSON, {"Email": "raj@gmail.com", "Version": 4}),
                (TYPED_JSON, {"Email": {"S": "raj@gmail.com"}, "Version": {"N": "4"}}),
            )
        },
    },
    "responses": _responses(PUT_ITEM["responses"]),
}
DELETE_ITEM_CONDITIONALLY: dict[str, Any] = {
    "operationId": "deleteItemConditionally",
    "description": (
        "One DeleteItem with a ConditionExpression. A false one is 412, and nothing is deleted. "
        + _HEADERS.format(method="DELETE")
    ),
    "parameters": DELETE_ITEM["parameters"],
    "requestBody": {
        "required": True,
        "description": "The item key and the condition.",
        "content": {
            PLAIN_JSON: {
                "schema": ConditionalDeleteSchema,
                "example": {**_RAJ_KEY, **_CONDITION},
            }
        },
    },
    "responses": {**DELETE_ITEM["responses"], **BODY_REFUSALS},
}
