"""The list operations: listPartition, listIndex, listItems, queryItems, and the HEAD of each.

https://spec.openapis.org/oas/v3.0.3#operation-object
"""

from collections.abc import Sequence
from typing import Any

from dynamodb_items.domain.indexes import Index
from dynamodb_items.domain.keys import KeySchema
from dynamodb_items.web.media_types import PLAIN_JSON, PROBLEM_JSON
from dynamodb_items.web.openapi.examples import ANDREW, ANDREW_KEY, ETAG, TYPED_ANDREW
from dynamodb_items.web.openapi.operations.items import key_parameters
from dynamodb_items.web.openapi.response_schemas import PageSchema, ProblemSchema
from dynamodb_items.web.openapi.responses import (
    BODY_PROBLEMS,
    SERVER_PROBLEMS,
    either_form,
    headers_only,
    response,
)
from dynamodb_items.web.request.body_schemas import QuerySchema
from dynamodb_items.web.request.query_schemas import PartitionQuerySchema, ScanQuerySchema

_PAGING = (
    "A page is one call that reads at most 1 MB, so it can have fewer items than `limit`. `next` "
    "is the cursor of the next page, and null at the end."
)
_HEADERS = ["If-Match", "If-None-Match", "X-Request-Id"]
_LINK = {
    "description": "The next page, relative to the URL of this one; absent at the end.",
    "schema": {"type": "string"},
    "example": '<?limit=2&cursor=AQ>; rel="next"',
}
_READ_ITEM = {
    "operationId": "getItem",
    "description": "Read the first item of the page; the others in the same way.",
    "parameters": {
        "path.id": "$response.body#/items/0/id",
        "path.name": "$response.body#/items/0/name",
    },
}
_UNKNOWN_INDEX = response(
    "This deployment does not have the index.", content={PROBLEM_JSON: {"schema": ProblemSchema}}
)
_SORT_PARAMETERS = tuple(f"query.{name}" for name in ("order", "prefix", "gt", "ge", "lt", "le"))
_PROBLEMS = {
    "400": "BadRequest",
    "406": "NotAcceptable",
    "414": "UriTooLong",
    **SERVER_PROBLEMS,
}


def partition_parameters(key_schema: KeySchema) -> list[dict[str, Any]]:
    """Return the path parameter of a partition."""
    return key_parameters(key_schema)[:1]


def index_parameters(indexes: Sequence[Index]) -> list[dict[str, Any]]:
    """Return the path parameters of an index: its name, and a value of its partition key."""
    partial = [index.name for index in indexes if index.is_partial]
    etags = f" `etag` is null in a page of {', '.join(partial)}." if partial else ""
    return [
        {
            "name": "index",
            "in": "path",
            "required": True,
            "description": f"The name of the index.{etags}",
            "schema": {"type": "string", "enum": [index.name for index in indexes]},
            "example": indexes[0].name,
        },
        {
            "name": "value",
            "in": "path",
            "required": True,
            "description": "The partition key of the index: "
            + ", ".join(
                f"{index.name} has the attribute `{index.key_schema.partition.name}` of type "
                f"{index.key_schema.partition.type}"
                for index in indexes
            )
            + ". Percent-encoded, with `/` as `%2F`; binary is base64url without padding.",
            "schema": {"type": "string", "minLength": 1},
            "example": "104",
        },
    ]


def _page(item: Any) -> dict[str, Any]:
    return {"items": [{**ANDREW_KEY, "etag": ETAG, "item": item}], "next": None, "evaluated": 1}


def _page_response() -> dict[str, Any]:
    content = either_form(PageSchema, _page(ANDREW), _page(TYPED_ANDREW))
    page = response("A page of items.", "ETag", "Vary", content=content)
    return {**page, "links": {"readItem": _READ_ITEM}}


def _list(
    operation: str, summary: str, description: str, query: Any, list_parameters: Sequence[str]
) -> dict[str, Any]:
    """Return a list operation; ``list_parameters`` must be the same for each page."""
    page = _page_response()
    next_page = {
        "operationId": operation,
        "description": "Read the next page, if `next` is not null.",
        "parameters": {
            **{name: f"$request.{name}" for name in ("query.limit", *list_parameters)},
            "query.cursor": "$response.body#/next",
        },
    }
    not_modified = "The page matches `If-None-Match`: the client's copy is current."
    return {
        "operationId": operation,
        "summary": summary,
        "description": f"{description} {_PAGING}",
        "parameters": [{"in": "query", "schema": query}, *_HEADERS],
        "responses": {
            "200": {
                **page,
                "headers": {**page["headers"], "Link": _LINK},
                "links": {"next": next_page, **page["links"]},
            },
            "304": response(not_modified, "ETag", "Vary"),
            "412": "PreconditionFailed",
            **_PROBLEMS,
        },
    }


def _head(operation: dict[str, Any]) -> dict[str, Any]:
    return headers_only(
        operation,
        operationId=operation["operationId"].replace("list", "head", 1),
        summary=f"{operation['summary']}: headers only",
    )


LIST_PARTITION = _list(
    "listPartition",
    "List the items of a partition",
    "Calls Query. The items are in the order of their sort keys; each has its ETag, the same as "
    "that of a GET.",
    PartitionQuerySchema,
    ("path.id", *_SORT_PARAMETERS),
)
HEAD_PARTITION = _head(LIST_PARTITION)
LIST_INDEX = _list(
    "listIndex",
    "List items by an index",
    "Calls Query on the index. `etag` is null if the index does not contain whole items.",
    PartitionQuerySchema,
    ("path.index", "path.value", *_SORT_PARAMETERS),
)
LIST_INDEX["responses"] |= {"404": _UNKNOWN_INDEX}
HEAD_INDEX = _head(LIST_INDEX)
LIST_TABLE = _list(
    "listItems",
    "List all items",
    "Calls Scan, which reads the whole table in no order. Parallel readers read a segment each.",
    ScanQuerySchema,
    ("query.segment", "query.segments"),
)
HEAD_TABLE = _head(LIST_TABLE)
QUERY_ITEMS: dict[str, Any] = {
    "operationId": "queryItems",
    "summary": "Query a partition or an index, with a filter",
    "description": (
        "Calls Query with the members of the body: `id`, or `index` and `value`; conditions on the "
        "sort key; a FilterExpression. With a filter a page can be empty although more items "
        f"follow; `evaluated` is the number of items that were read. {_PAGING}"
    ),
    "parameters": ["X-Request-Id"],
    "requestBody": {
        "required": True,
        "content": {
            PLAIN_JSON: {
                "schema": QuerySchema,
                "example": {
                    "id": "104",
                    "prefix": "A",
                    "FilterExpression": "attribute_exists(Email)",
                },
            }
        },
    },
    "responses": {
        "200": _page_response(),
        **_PROBLEMS,
        **BODY_PROBLEMS,
    },
}
