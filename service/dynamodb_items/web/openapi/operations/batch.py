"""The batch operations: writeItems, readItems.

https://spec.openapis.org/oas/v3.0.3#operation-object
"""

from typing import Any

from dynamodb_items.web.openapi.examples import (
    ANDREW,
    ANDREW_KEY,
    ANDREW_PATCH,
    ETAG,
    JOSEPH_KEY,
    RAJ,
    RAJ_KEY,
    TYPED_RAJ,
)
from dynamodb_items.web.openapi.response_schemas import BatchResultsSchema
from dynamodb_items.web.openapi.responses import (
    BODY_PROBLEMS,
    SERVER_PROBLEMS,
    WRITE_PROBLEMS,
    either_form,
    json_body,
    response,
)
from dynamodb_items.web.request.body_schemas import BatchGetSchema, BatchSchema

_KEYS = {"keys": [ANDREW_KEY, JOSEPH_KEY]}


def _operations(item: Any) -> dict[str, Any]:
    return {
        "operations": [
            {"method": "PUT", **RAJ_KEY, "item": item, "ifNoneMatch": "*"},
            {"method": "PATCH", **ANDREW_KEY, "patch": ANDREW_PATCH, "ifMatch": ETAG},
            {
                "method": "DELETE",
                **JOSEPH_KEY,
                "condition": {"ConditionExpression": "attribute_not_exists(Locked)"},
            },
        ]
    }


def _results(description: str, *results: dict[str, Any]) -> dict[str, Any]:
    example = {"results": list(results)}
    content = either_form(BatchResultsSchema, example, example)
    return response(description, "Vary", "Preference-Applied", content=content)


WRITE_ITEMS: dict[str, Any] = {
    "operationId": "writeItems",
    "summary": "Write several items, all or none",
    "description": (
        "Calls TransactWriteItems with up to 100 operations, each on another item: either all of "
        "them are applied or none is. Each operation can have a precondition. If operations are "
        "rejected, `errors` points at each of them, and the status is that of the first one. The "
        "error of a failed precondition contains the stored item's `etag` and, with `Prefer: "
        "return=representation`, the item as `current`."
    ),
    "parameters": ["Idempotency-Key", "Prefer", "X-Request-Id"],
    "requestBody": json_body(
        "The operations. PUT requires `item`; PATCH requires `patch`, `jsonPatch` or `update`; "
        "PUT and DELETE accept a `condition`, which is 412 if it is false.",
        either_form(BatchSchema, _operations({"Email": RAJ["Email"]}), _operations(TYPED_RAJ)),
    ),
    "responses": {
        "200": _results(
            "All operations were applied, and the results are in their order.",
            {**RAJ_KEY, "etag": ETAG},
            {**ANDREW_KEY, "etag": None},
            {**JOSEPH_KEY, "etag": None},
        ),
        "404": "ItemNotFound",
        "409": "PatchTestFailed",
        **WRITE_PROBLEMS,
        **BODY_PROBLEMS,
        **SERVER_PROBLEMS,
    },
}
READ_ITEMS: dict[str, Any] = {
    "operationId": "readItems",
    "summary": "Read several items in one snapshot",
    "description": (
        "Calls TransactGetItems with up to 100 keys. All items are from the same point in time, "
        "each with its ETag; `item` is null if the item does not exist. The call consumes twice "
        "the read units of single reads."
    ),
    "parameters": ["X-Request-Id"],
    "requestBody": json_body(
        "The item keys, and optionally the attributes to return.",
        either_form(BatchGetSchema, _KEYS, _KEYS),
    ),
    "responses": {
        "200": _results(
            "The results are in the order of the keys.",
            {**ANDREW_KEY, "etag": ETAG, "item": ANDREW},
            {**JOSEPH_KEY, "etag": None, "item": None},
        ),
        "400": "BadRequest",
        "406": "NotAcceptable",
        **BODY_PROBLEMS,
        **SERVER_PROBLEMS,
    },
}
