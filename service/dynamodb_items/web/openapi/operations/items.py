"""The operations on the path of an item: getItem, headItem, putItem, patchItem, deleteItem.

https://spec.openapis.org/oas/v3.0.3#operation-object
"""

import math
from typing import Any

from dynamodb_items.domain.keys import KeyAttribute, KeySchema
from dynamodb_items.web.media_types import JSON_PATCH, MERGE_PATCH_JSON, NATIVE_UPDATE, PLAIN_JSON
from dynamodb_items.web.openapi.components import JSON_PATCH_REFERENCE
from dynamodb_items.web.openapi.examples import (
    ANDREW,
    ANDREW_PATCH,
    RAJ,
    TYPED_ANDREW,
    TYPED_RAJ,
    VISIT,
)
from dynamodb_items.web.openapi.key_schemas import example_text
from dynamodb_items.web.openapi.responses import (
    BODY_PROBLEMS,
    ITEM_WRITE_PROBLEMS,
    READ_PROBLEMS,
    SERVER_PROBLEMS,
    headers_only,
    item_content,
    item_links,
    json_body,
    response,
)
from dynamodb_items.web.request.query_schemas import ProjectionQuerySchema, ReadQuerySchema

_NUMBER_PATTERN = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
# One spelling only: the unused bits of the last character are zero.
_BASE64URL_PATTERN = (
    "^([A-Za-z0-9_-]{4})*([A-Za-z0-9_-]{2}[AEIMQUYcgkosw048]|[A-Za-z0-9_-][AQgw])?$"
)


def key_parameters(key_schema: KeySchema) -> list[dict[str, Any]]:
    """Return the path parameters for a table's key attributes."""
    return [
        _key_parameter(name, kind, attribute)
        for (name, kind), attribute in zip(
            (("id", "partition"), ("name", "sort")), key_schema, strict=False
        )
    ]


def _key_parameter(name: str, kind: str, attribute: KeyAttribute) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "minLength": 1}
    size = f"1 to {attribute.max_bytes} bytes"
    match attribute.type:
        case "N":
            # Sent as a string, since a float in a generated client cannot hold 38 digits.
            value = "a decimal of up to 38 digits"
            schema["pattern"] = _NUMBER_PATTERN
        case "B":
            value = f"{size} as base64url without padding (RFC 4648 section 5)"
            schema["pattern"] = _BASE64URL_PATTERN
            schema["maxLength"] = math.ceil(attribute.max_bytes * 4 / 3)
        case _:
            value = f"{size} of UTF-8, percent-encoded, with `/` as `%2F`"
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": f"The {kind} key, attribute `{attribute.name}`: {value}.",
        "schema": schema,
        # For programs that make the URL of an item from its attributes.
        "x-dynamodb-attribute": attribute.name,
        "x-dynamodb-type": attribute.type,
        "example": example_text({"id": "104", "name": "Andrew"}[name], attribute),
    }


_READ_PARAMETERS: list[Any] = [
    {"in": "query", "schema": ReadQuerySchema},
    "If-Match",
    "If-None-Match",
    "X-Request-Id",
]
_WRITE_PARAMETERS: list[Any] = [
    {"in": "query", "schema": ProjectionQuerySchema},
    "If-Match",
    "If-None-Match",
    "Idempotency-Key",
    "Prefer",
    "X-Request-Id",
]
_ANDREW_CONTENT = item_content(ANDREW, TYPED_ANDREW)
_RAJ_CONTENT = item_content(RAJ, TYPED_RAJ)
_LINKS = {"links": item_links("$request.path.id", "$request.path.name")}
_NOT_MODIFIED = "The item matches `If-None-Match`: the client's copy is current."

GET_ITEM: dict[str, Any] = {
    "operationId": "getItem",
    "summary": "Read an item",
    "description": (
        "Calls GetItem. The ETag is that of the whole item, even if `fields` selects attributes."
    ),
    "parameters": _READ_PARAMETERS,
    "responses": {
        "200": response("The item exists.", "ETag", "Vary", content=_ANDREW_CONTENT),
        "304": response(_NOT_MODIFIED, "ETag", "Vary"),
        **READ_PROBLEMS,
        **SERVER_PROBLEMS,
    },
}
HEAD_ITEM = headers_only(
    GET_ITEM,
    operationId="headItem",
    summary="Read an item's headers",
    description="The same as GET, without the response body.",
)
PUT_ITEM: dict[str, Any] = {
    "operationId": "putItem",
    "summary": "Create or replace an item",
    "description": (
        "Calls PutItem, which creates or replaces the item. With `If-None-Match: *` it only "
        "creates; with `If-Match` it only replaces the item that was read. In plain JSON, a PUT "
        "with an ETag in `If-Match` keeps the stored type of each value whose plain form is "
        "unchanged, and an array that was a set remains a set if its members allow it. A PUT "
        "without `If-Match`, or with `*`, does not read the stored item: it writes arrays as lists "
        "and base64 text as strings."
    ),
    "parameters": _WRITE_PARAMETERS,
    "requestBody": json_body(
        "The whole item. The key attributes can be omitted.",
        item_content({"Email": "raj@gmail.com"}, {"Email": {"S": "raj@gmail.com"}}),
    ),
    "responses": {
        "200": response(
            "The item was replaced.", "ETag", "Vary", "Preference-Applied", content=_RAJ_CONTENT
        )
        | _LINKS,
        "201": response(
            "The item was created.",
            *("ETag", "Location", "Vary", "Preference-Applied"),
            content=_RAJ_CONTENT,
        )
        | _LINKS,
        "204": response(
            "The item was replaced, and `Prefer: return=minimal` was applied.",
            "ETag",
            "Preference-Applied",
        ),
        **ITEM_WRITE_PROBLEMS,
        **BODY_PROBLEMS,
        **SERVER_PROBLEMS,
    },
}
PATCH_ITEM: dict[str, Any] = {
    "operationId": "patchItem",
    "summary": "Change some attributes of an item",
    "description": (
        "Applies a merge patch (RFC 7396), a JSON Patch (RFC 6902) or a DynamoDB update "
        "expression. A merge patch and a JSON Patch never create an item. A merge patch without "
        "nested objects is one UpdateItem call; other patches read the item first, and write on "
        "the condition that the values they depend on are unchanged. A merge patch that reads the "
        "item, which includes each one with an ETag in `If-Match`, keeps sets and binary values as "
        "PUT does. An update expression is one UpdateItem call; it creates an absent item unless "
        "it only removes attributes, and a false ConditionExpression is 412. Sent as "
        "`application/json`, an UpdateExpression is 422: clients that send no other media type "
        "call updateItem instead."
    ),
    "parameters": _WRITE_PARAMETERS,
    "requestBody": json_body(
        "The changes. The key attributes cannot be changed.",
        {
            PLAIN_JSON: {"schema": "ItemPatch", "example": ANDREW_PATCH},
            MERGE_PATCH_JSON: {"schema": "ItemPatch", "example": ANDREW_PATCH},
            JSON_PATCH: {
                # openapi-python-client omits this reference. With a reference to a component it
                # compares the body with list[…], which raises TypeError for every body.
                "schema": {"$ref": JSON_PATCH_REFERENCE},
                "example": [
                    {"op": "test", "path": "/Email", "value": ANDREW["Email"]},
                    {"op": "replace", "path": "/Email", "value": ANDREW_PATCH["Email"]},
                ],
            },
            NATIVE_UPDATE: {"schema": "NativeUpdate", "example": VISIT},
        },
    ),
    "responses": {
        "200": response(
            "The item was changed, or created by an update expression.",
            *("ETag", "Vary", "Preference-Applied"),
            content=_ANDREW_CONTENT,
        ),
        "204": response(
            "The item was changed or created, and `Prefer: return=minimal` was applied.",
            "ETag",
            "Preference-Applied",
        ),
        "404": "ItemNotFound",
        "409": "PatchTestFailed",
        **ITEM_WRITE_PROBLEMS,
        **BODY_PROBLEMS,
        **SERVER_PROBLEMS,
    },
}
DELETE_ITEM: dict[str, Any] = {
    "operationId": "deleteItem",
    "summary": "Delete an item",
    "description": (
        "Calls DeleteItem. Deleting an absent item succeeds, unless the request has `If-Match`."
    ),
    "parameters": _WRITE_PARAMETERS,
    "responses": {
        "200": response(
            "The item was deleted, and its last state is returned for "
            "`Prefer: return=representation`.",
            "Vary",
            "Preference-Applied",
            content=_ANDREW_CONTENT,
        ),
        "204": response("The item was deleted or did not exist.", "Preference-Applied"),
        **ITEM_WRITE_PROBLEMS,
        "422": "UnacceptableItem",
        **SERVER_PROBLEMS,
    },
}
