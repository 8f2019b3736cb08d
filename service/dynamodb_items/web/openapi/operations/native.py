"""The operations with expressions: updateItem, putItemConditionally, deleteItemConditionally.

https://spec.openapis.org/oas/v3.0.3#operation-object
"""

from collections.abc import Mapping
from typing import Any

from dynamodb_items.web.media_types import PLAIN_JSON
from dynamodb_items.web.openapi.examples import ANDREW_KEY, RAJ_KEY, VISIT
from dynamodb_items.web.openapi.operations.items import DELETE_ITEM, PATCH_ITEM, PUT_ITEM
from dynamodb_items.web.openapi.responses import BODY_PROBLEMS, either_form, item_links, json_body
from dynamodb_items.web.request.body_schemas import (
    ConditionalDeleteSchema,
    ConditionalPutSchema,
    ItemUpdateSchema,
)

_CONDITION = {
    "ConditionExpression": "Version = :seen",
    "ExpressionAttributeValues": {":seen": {"N": "3"}},
}
_SAME_AS = (
    "The headers, the query parameter and the response are those of {method} on the item's path."
)


def _put(item: Mapping[str, Any]) -> dict[str, Any]:
    return {**RAJ_KEY, "item": item, **_CONDITION}


def _responses(documented: Mapping[str, Any], *omitted: str) -> dict[str, Any]:
    """Return the responses of an operation on the item's path; links use the key in the body."""
    links = item_links("$request.body#/id", "$request.body#/name")
    return {
        status: {**response, "links": links}
        if isinstance(response, dict) and status in ("200", "201")
        else response
        for status, response in documented.items()
        if status not in omitted
    }


UPDATE_ITEM: dict[str, Any] = {
    "operationId": "updateItem",
    "summary": "Update an item with a DynamoDB expression",
    "description": (
        "Calls UpdateItem with the members of `aws dynamodb update-item`. The update is atomic and "
        "creates an absent item, unless it only removes attributes. A false ConditionExpression is "
        "412. " + _SAME_AS.format(method="PATCH")
    ),
    "parameters": PATCH_ITEM["parameters"],
    "requestBody": json_body(
        "The item key and the expressions.",
        {PLAIN_JSON: {"schema": ItemUpdateSchema, "example": {**ANDREW_KEY, **VISIT}}},
    ),
    "responses": _responses(PATCH_ITEM["responses"], "404", "409"),
}
PUT_ITEM_CONDITIONALLY: dict[str, Any] = {
    "operationId": "putItemConditionally",
    "summary": "Create or replace an item on a condition",
    "description": (
        "Calls PutItem with a ConditionExpression. If the condition is false, the status is 412 "
        "and nothing is written. " + _SAME_AS.format(method="PUT")
    ),
    "parameters": PUT_ITEM["parameters"],
    "requestBody": json_body(
        "The item key, the whole item and the condition.",
        either_form(
            ConditionalPutSchema,
            _put({"Email": "raj@gmail.com", "Version": 4}),
            _put({"Email": {"S": "raj@gmail.com"}, "Version": {"N": "4"}}),
        ),
    ),
    "responses": _responses(PUT_ITEM["responses"]),
}
DELETE_ITEM_CONDITIONALLY: dict[str, Any] = {
    "operationId": "deleteItemConditionally",
    "summary": "Delete an item on a condition",
    "description": (
        "Calls DeleteItem with a ConditionExpression. If the condition is false, the status is 412 "
        "and nothing is deleted. " + _SAME_AS.format(method="DELETE")
    ),
    "parameters": DELETE_ITEM["parameters"],
    "requestBody": json_body(
        "The item key and the condition.",
        {PLAIN_JSON: {"schema": ConditionalDeleteSchema, "example": {**RAJ_KEY, **_CONDITION}}},
    ),
    "responses": {**DELETE_ITEM["responses"], **BODY_PROBLEMS},
}
