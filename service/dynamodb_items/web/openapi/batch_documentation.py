"""The OpenAPI document's batch operations: their parameters, answers and examples.

https://spec.openapis.org/oas/v3.0.3
"""

from typing import Any

from dynamodb_items.web.media_types import PLAIN_JSON, TYPED_JSON
from dynamodb_items.web.openapi.components import ANDREW, RAJ, TYPED_RAJ, named_headers
from dynamodb_items.web.openapi.documentation import BODY_REFUSALS, FAILURES, WRITE_REFUSALS
from dynamodb_items.web.openapi.schemas import BatchGetSchema, BatchResultsSchema, BatchSchema

_ETAG = '"5d41402abc4b2a76b9719d911017c592-json"'
_RAJ_KEY = {"id": "101", "name": "Raj"}
_ANDREW_KEY = {"id": "104", "name": "Andrew"}


def _operations(item: Any) -> dict[str, Any]:
    return {
        "operations": [
            {"method": "PUT", **_RAJ_KEY, "item": item, "ifNoneMatch": "*"},
            {
                "method": "PATCH",
                **_ANDREW_KEY,
                "patch": {"Email": "andrewClarke@gmail.com"},
                "ifMatch": _ETAG,
            },
            {
                "method": "DELETE",
                "id": "105",
                "name": "Joseph",
                "condition": {"ConditionExpression": "attribute_not_exists(Locked)"},
            },
        ]
    }


def _results(*results: dict[str, Any]) -> dict[str, Any]:
    return {
        "description": "Done: a result for each, in their order.",
        "headers": named_headers(("Vary", "Preference-Applied", "X-Request-Id")),
        "content": {
            media_type: {
                "schema": BatchResultsSchema,
                "example": {"results": list(results)},
            }
            for media_type in (PLAIN_JSON, TYPED_JSON)
        },
    }


WRITE_ITEMS: dict[str, Any] = {
    "operationId": "writeItems",
    "description": (
        "One TransactWriteItems of up to 100 operations, each of another item: all are carried "
        "out or none is. Each may have a precondition of its own. Where some are refused, "
        "`errors` points at each of them, and the status is the first one's. A failed "
        "precondition has the stored item's `etag` there, and with `Prefer: return=representation` "
        "the item as `current`."
    ),
    "parameters": ["Idempotency-Key", "Prefer", "X-Request-Id"],
    "requestBody": {
        "required": True,
        "description": (
            "The operations. PUT takes `item`; PATCH takes `patch`, `jsonPatch` or `update`; PUT "
            "and DELETE take a `condition`, which is 412 where it is false."
        ),
        "content": {
            PLAIN_JSON: {"schema": BatchSchema, "example": _operations({"Email": RAJ["Email"]})},
            TYPED_JSON: {"schema": BatchSchema, "example": _operations(TYPED_RAJ)},
        },
    },
    "responses": {
        "200": _results(
            {**_RAJ_KEY, "etag": _ETAG},
            {**_ANDREW_KEY, "etag": None},
            {"id": "105", "name": "Joseph", "etag": None},
        ),
        "404": "ItemNotFound",
        "409": "PatchTestFailed",
        **WRITE_REFUSALS,
        **BODY_REFUSALS,
        **FAILURES,
    },
}
READ_ITEMS: dict[str, Any] = {
    "operationId": "readItems",
    "description": (
        "One TransactGetItems of up to 100 keys: the items as of one moment, each with its ETag; "
        "`item` is null where there is none. It costs twice the read units of single reads."
    ),
    "parameters": ["X-Request-Id"],
    "requestBody": {
        "required": True,
        "description": "The keys.",
        "content": {
            media_type: {
                "schema": BatchGetSchema,
                "example": {"keys": [_ANDREW_KEY, {"id": "105", "name": "Joseph"}]},
            }
            for media_type in (PLAIN_JSON, TYPED_JSON)
        },
    },
    "responses": {
        "200": _results(
            {**_ANDREW_KEY, "etag": _ETAG, "item": ANDREW},
            {"id": "105", "name": "Joseph", "etag": None, "item": None},
        ),
        "400": "BadRequest",
        "406": "NotAcceptable",
        **BODY_REFUSALS,
        **FAILURES,
    },
}
