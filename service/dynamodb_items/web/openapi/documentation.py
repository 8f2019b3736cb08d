"""The OpenAPI document's operations: their parameters, answers and examples.

https://spec.openapis.org/oas/v3.0.3
"""

from typing import Any

from dynamodb_items.domain.keys import KeyAttribute, KeySchema
from dynamodb_items.web.media_types import (
    JSON_PATCH,
    MERGE_PATCH_JSON,
    NATIVE_UPDATE,
    PLAIN_JSON,
    TYPED_JSON,
)
from dynamodb_items.web.openapi.components import (
    ANDREW,
    RAJ,
    TYPED_ANDREW,
    TYPED_RAJ,
    named_headers,
)
from dynamodb_items.web.openapi.document import JSON_PATCH_REFERENCE
from dynamodb_items.web.openapi.query_schemas import ProjectionQuerySchema, ReadQuerySchema
from dynamodb_items.web.openapi.schemas import LivenessSchema, ReadinessSchema

_KEY_EXAMPLES = {"id": {"N": "104", "S": "104"}, "name": {"N": "1", "S": "Andrew"}}


def key_parameters(key_schema: KeySchema) -> list[dict[str, Any]]:
    """The two path parameters, as the table's key attributes are."""
    return [
        _key_parameter("id", "partition", key_schema.partition),
        _key_parameter("name", "sort", key_schema.sort),
    ]


def _key_parameter(name: str, kind: str, attribute: KeyAttribute) -> dict[str, Any]:
    # A number travels as a string: a generated client's float would not hold 38 digits.
    is_number = attribute.type == "N"
    what = (
        "a decimal of up to 38 digits"
        if is_number
        else f"1 to {attribute.max_bytes} bytes of UTF-8, percent-encoded, `/` as `%2F`"
    )
    schema: dict[str, Any] = {"type": "string", "minLength": 1}
    if is_number:
        schema["pattern"] = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": f"The {kind} key, attribute `{attribute.name}`: {what}.",
        "schema": schema,
        "example": _KEY_EXAMPLES[name][attribute.type],
    }


def _item_content(plain: Any, typed: Any) -> dict[str, Any]:
    return {
        PLAIN_JSON: {"schema": "Item", "example": plain},
        TYPED_JSON: {"schema": "TypedItem", "example": typed},
    }


def _answer(description: str, *headers: str, content: Any = None) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": description,
        "headers": named_headers((*headers, "X-Request-Id")),
    }
    if content is not None:
        answer["content"] = content
    return answer


_ANDREW_CONTENT = _item_content(ANDREW, TYPED_ANDREW)
_RAJ_CONTENT = _item_content(RAJ, TYPED_RAJ)
FAILURES = {"500": "InternalError", "503": "Unavailable", "504": "TimedOut"}
_READ_REFUSALS = {
    "400": "BadRequest",
    "404": "ItemNotFound",
    "406": "NotAcceptable",
    "412": "PreconditionFailed",
    "414": "UriTooLong",
}
WRITE_REFUSALS = {
    "400": "BadRequest",
    "406": "NotAcceptable",
    "412": "PreconditionFailed",
    "428": "PreconditionRequired",
}
_ITEM_WRITE_REFUSALS = {**WRITE_REFUSALS, "414": "UriTooLong"}
BODY_REFUSALS = {
    "408": "BodyTimeout",
    "413": "BodyTooLarge",
    "415": "UnsupportedMediaType",
    "422": "UnacceptableItem",
}
_WRITE_PARAMETERS: list[Any] = [
    {"in": "query", "schema": ProjectionQuerySchema},
    "If-Match",
    "If-None-Match",
    "Idempotency-Key",
    "Prefer",
    "X-Request-Id",
]
_READ_PARAMETERS: list[Any] = [
    {"in": "query", "schema": ReadQuerySchema},
    "If-Match",
    "If-None-Match",
    "X-Request-Id",
]


def item_links(partition: str, sort: str) -> dict[str, Any]:
    """Return the links from a write to what can be done with its item; the key is where these
    runtime expressions point.
    """
    key = {"path.id": partition, "path.name": sort}
    as_it_is_now = {**key, "header.If-Match": "$response.header.ETag"}
    return {
        "read": {
            "operationId": "getItem",
            "description": "Read the item that was written.",
            "parameters": key,
        },
        "change": {
            "operationId": "patchItem",
            "description": "Change the item, if nobody else has since.",
            "parameters": as_it_is_now,
        },
        "delete": {
            "operationId": "deleteItem",
            "description": "Delete the item, if nobody else has changed it since.",
            "parameters": as_it_is_now,
        },
    }


_LINKS = item_links("$request.path.id", "$request.path.name")
_NO_BODY = "Done, and nothing is sent back, as `Prefer: return=minimal` asks."

GET_ITEM: dict[str, Any] = {
    "operationId": "getItem",
    "description": (
        "One GetItem. The ETag is that of the whole item, also where `fields` trims the answer."
    ),
    "parameters": _READ_PARAMETERS,
    "responses": {
        "200": _answer("The item.", "ETag", "Vary", content=_ANDREW_CONTENT),
        "304": _answer("The client has it already.", "ETag", "Vary"),
        **_READ_REFUSALS,
        **FAILURES,
    },
}
HEAD_ITEM: dict[str, Any] = {
    "operationId": "headItem",
    "description": ("The same as GET, without the body."),
    "parameters": _READ_PARAMETERS,
    "responses": {
        "200": _answer("The item's headers.", "ETag", "Vary"),
        "304": _answer("The client has it already.", "ETag", "Vary"),
        **_READ_REFUSALS,
        **FAILURES,
    },
}
PUT_ITEM: dict[str, Any] = {
    "operationId": "putItem",
    "description": (
        "One PutItem, creating or replacing. `If-None-Match: *` creates only; `If-Match` "
        "replaces only the item that was read. In plain JSON, a PUT with an ETag in `If-Match` "
        "keeps the stored type of each value whose plain form is unchanged, and an array that was "
        "a set stays a set while its members allow it; a PUT without `If-Match`, or with `*`, "
        "reads nothing and writes lists and strings."
    ),
    "parameters": _WRITE_PARAMETERS,
    "requestBody": {
        "required": True,
        "description": "The whole item. Its key attributes may be left out.",
        "content": _item_content({"Email": "raj@gmail.com"}, {"Email": {"S": "raj@gmail.com"}}),
    },
    "responses": {
        "200": _answer("Replaced.", "ETag", "Vary", "Preference-Applied", content=_RAJ_CONTENT)
        | {"links": _LINKS},
        "201": _answer(
            "Created.", "ETag", "Location", "Vary", "Preference-Applied", content=_RAJ_CONTENT
        )
        | {"links": _LINKS},
        "204": _answer(_NO_BODY, "ETag", "Preference-Applied"),
        **_ITEM_WRITE_REFUSALS,
        **BODY_REFUSALS,
        **FAILURES,
    },
}
PATCH_ITEM: dict[str, Any] = {
    "operationId": "patchItem",
    "description": (
        "A merge patch (RFC 7396), a JSON Patch (RFC 6902), or DynamoDB's own update form. The "
        "first two never create an item; a merge patch without maps is one UpdateItem, the others "
        "read first and write on condition that what they rest on is as read. A merge patch that "
        "reads the item, also for an ETag in `If-Match`, keeps sets and binary as PUT does. The "
        "update form is one UpdateItem and creates as that does: not if it only removes. A false "
        "ConditionExpression is 412. Clients that send application/json alone call updateItem for "
        "it: here an UpdateExpression in application/json is 422."
    ),
    "parameters": _WRITE_PARAMETERS,
    "requestBody": {
        "required": True,
        "description": "What changes; the key attributes cannot.",
        "content": {
            **{
                media_type: {
                    "schema": "ItemPatch",
                    "example": {"Email": "andrewClarke@gmail.com"},
                }
                for media_type in (PLAIN_JSON, MERGE_PATCH_JSON)
            },
            JSON_PATCH: {
                # A reference to a component would make openapi-python-client compare the body
                # with list[…], which raises TypeError for every body; this one it leaves out.
                "schema": {"$ref": JSON_PATCH_REFERENCE},
                "example": [
                    {"op": "test", "path": "/Email", "value": "andrew@gmail.com"},
                    {"op": "replace", "path": "/Email", "value": "andrewClarke@gmail.com"},
                ],
            },
            NATIVE_UPDATE: {
                "schema": "NativeUpdate",
                "example": {
                    "UpdateExpression": "ADD Visits :one",
                    "ExpressionAttributeValues": {":one": {"N": "1"}},
                },
            },
        },
    },
    "responses": {
        "200": _answer(
            "Changed: the item as stored.",
            "ETag",
            "Vary",
            "Preference-Applied",
            content=_ANDREW_CONTENT,
        ),
        "204": _answer(_NO_BODY, "ETag", "Preference-Applied"),
        "404": "ItemNotFound",
        "409": "PatchTestFailed",
        **_ITEM_WRITE_REFUSALS,
        **BODY_REFUSALS,
        **FAILURES,
    },
}
DELETE_ITEM: dict[str, Any] = {
    "operationId": "deleteItem",
    "description": (
        "One DeleteItem. Deleting what is gone already is no error, unless `If-Match` asks for it."
    ),
    "parameters": _WRITE_PARAMETERS,
    "responses": {
        "200": _answer(
            "Deleted: the item's last state, as `Prefer: return=representation` asks.",
            "Vary",
            "Preference-Applied",
            content=_ANDREW_CONTENT,
        ),
        "204": _answer("Deleted, or gone already.", "Preference-Applied"),
        **_ITEM_WRITE_REFUSALS,
        "422": "UnacceptableItem",
        **FAILURES,
    },
}
LIVENESS: dict[str, Any] = {
    "operationId": "getLiveness",
    "description": "Calls nothing: a process that responds need not be restarted.",
    "responses": {
        "200": _answer(
            "The process is alive.",
            content={PLAIN_JSON: {"schema": LivenessSchema, "example": {"status": "alive"}}},
        ),
        "500": "InternalError",
    },
}
READINESS: dict[str, Any] = {
    "operationId": "getReadiness",
    "description": (
        "200 once the table has been read; 503 before that, while the instance is stopping, and "
        "while its credentials or its clock are wrong. An outage of the table strikes every "
        'instance and leaves 200, with `"table": "unavailable"`; where the operator has set '
        "ITEMS_READY_FOLLOWS_TABLE, it is 503 after three failed reads. A background probe reads "
        "the table, so this request costs no read."
    ),
    "responses": {
        "200": _answer(
            "Requests should be sent to this instance.",
            content={
                PLAIN_JSON: {
                    "schema": ReadinessSchema,
                    "example": {"status": "ready", "table": "available"},
                }
            },
        ),
        "500": "InternalError",
        "503": "Unavailable",
    },
}
