"""What the OpenAPI document's operations share: schemas, headers, parameters, problem answers.

Registered once as components, so that a generator makes one type of each.

https://spec.openapis.org/oas/v3.0.3#components-object
"""

from collections.abc import Mapping
from typing import Any

from flask_smorest import Api

from dynamodb_items.web.media_types import PROBLEM_JSON
from dynamodb_items.web.openapi.document import JSON_PATCH_REFERENCE
from dynamodb_items.web.openapi.problem_schemas import ProblemSchema
from dynamodb_items.web.openapi.schemas import ItemSchema, NativeUpdateSchema

ANDREW = {"Id": 104, "Name": "Andrew", "Email": "andrew@gmail.com"}
RAJ = {"Id": 101, "Name": "Raj", "Email": "raj@gmail.com"}
TYPED_RAJ = {"Id": {"N": "101"}, "Name": {"S": "Raj"}, "Email": {"S": "raj@gmail.com"}}
TYPED_ANDREW = {"Id": {"N": "104"}, "Name": {"S": "Andrew"}, "Email": {"S": "andrew@gmail.com"}}


def _header(description: str, example: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}, "example": example}


_HEADERS: Mapping[str, dict[str, Any]] = {
    "ETag": _header(
        "A strong hash of the whole stored item; send it back in If-Match or If-None-Match.",
        '"5d41402abc4b2a76b9719d911017c592-json"',
    ),
    "Location": _header("The item's canonical path.", "/items/101/Raj"),
    "Vary": _header("The ETag is one of this representation.", "Accept"),
    "Preference-Applied": _header("The preference that was followed.", "return=minimal"),
    "Retry-After": {
        "description": "Seconds to wait before the next try.",
        "schema": {"type": "integer", "minimum": 1},
        "example": 1,
    },
    "Accept": _header("The media types of bodies that are accepted.", "application/json"),
    "Accept-Patch": _header(
        "The media types of patches that are accepted.", "application/merge-patch+json"
    ),
    "Accept-Encoding": _header("The content codings of bodies that are accepted.", "identity"),
    "X-Request-Id": _header(
        "The request's id, as sent or as given; it finds the request in the log.",
        "4d1c6a1d0e9f4b7a",
    ),
}

_PARAMETERS: Mapping[str, tuple[str, str]] = {
    "If-Match": (
        "Carry the request out only if the stored item has one of these entity tags, or, "
        "with `*`, if there is one.",
        '"5d41402abc4b2a76b9719d911017c592-json"',
    ),
    "If-None-Match": (
        "Read only an item that has none of these entity tags (304), or, with `*` on PUT, "
        "create only (412 if there is one).",
        "*",
    ),
    "Idempotency-Key": (
        "Carry the request out once, however often it comes within 10 minutes; another request "
        "under the same key is 422. It costs twice the write units.",
        "8e03978e-40d5-43dd-bc93-6894a57f9324",
    ),
    "Prefer": (
        "`return=minimal` answers a write without the item, `return=representation` a DELETE "
        "with its last state and a 412 with the stored item.",
        "return=minimal",
    ),
    "X-Request-Id": ("An id for the log; one is made up when it is absent.", "4d1c6a1d0e9f4b7a"),
}

_ENTITY_TAGS = r'^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$'
_PATTERNS = {
    "If-Match": _ENTITY_TAGS,
    "If-None-Match": _ENTITY_TAGS,
    "Idempotency-Key": r'^("[ !#-~]{1,255}"|[!#-~]{1,255})$',
}

_PROBLEM_RESPONSES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "BadRequest": ("The key, a header, a parameter or the body cannot be understood.", ()),
    "ItemNotFound": ("No item has this key.", ()),
    "NotAcceptable": ("Neither representation is acceptable.", ()),
    "PreconditionFailed": (
        "The stored item is not the one the precondition asks for. `ETag` is that of the stored "
        "item, where there is one and the caller may read it.",
        ("ETag",),
    ),
    "BodyTimeout": ("The body did not come in time.", ()),
    "BodyTooLarge": ("The body is over 1 MiB or the item over 400 KB.", ()),
    "UriTooLong": ("The request line is over 12,288 bytes; `fields` may make it so.", ()),
    "UnsupportedMediaType": (
        "The body has a media type or a content coding that this method does not accept.",
        ("Accept", "Accept-Patch", "Accept-Encoding"),
    ),
    "UnacceptableItem": (
        "The body is well-formed, but no item can hold it; or the Idempotency-Key belongs to "
        "another request.",
        (),
    ),
    "PatchTestFailed": ("A `test` of the JSON Patch does not hold; nothing was written.", ()),
    "PreconditionRequired": ("This deployment accepts no write without a precondition.", ()),
    "InternalError": ("A defect of the service.", ()),
    "Unavailable": (
        "The table cannot be used at the moment, or the service has all the requests that it "
        "takes on; nothing was changed.",
        ("Retry-After",),
    ),
    "TimedOut": (
        "No answer in time. Where `outcome` is `unknown`, a write may have been applied.",
        (),
    ),
}


def register_components(api: Api) -> None:
    """Put the shared parts into the document."""
    components = api.spec.components
    components.schema("Item", schema=ItemSchema)
    components.schemas["Item"].update(
        description="An item: its attributes by name, with its key attributes.", example=ANDREW
    )
    components.schema(
        "TypedItem",
        {
            "type": "object",
            "description": "An item in DynamoDB's typed form: lossless for every type.",
            "additionalProperties": {"type": "object", "additionalProperties": True},
            "example": TYPED_ANDREW,
        },
    )
    components.schema(
        "ItemPatch",
        {
            "type": "object",
            "description": "A merge patch (RFC 7396): null removes an attribute.",
            "additionalProperties": True,
            "example": {"Email": "andrewClarke@gmail.com"},
        },
    )
    components.schema("JsonPatch", {"$ref": JSON_PATCH_REFERENCE})
    components.schema(
        "JsonPatchOperation",
        {
            "type": "object",
            "description": "An operation of a JSON Patch; each has an `op` and a `path`.",
            "properties": {
                "op": {
                    "type": "string",
                    "enum": ["add", "remove", "replace", "move", "copy", "test"],
                },
                "path": {"type": "string"},
                "from": {"type": "string"},
                "value": {},
            },
        },
    )
    components.schema("NativeUpdate", schema=NativeUpdateSchema)
    for name, header in _HEADERS.items():
        components.header(name, header)
    for name, (description, example) in _PARAMETERS.items():
        components.parameter(
            name,
            "header",
            {"description": description, "schema": _string(name), "example": example},
        )
    for name, (description, headers) in _PROBLEM_RESPONSES.items():
        components.response(
            name,
            {
                "description": description,
                "headers": named_headers(("X-Request-Id", *headers)),
                "content": {PROBLEM_JSON: {"schema": ProblemSchema}},
            },
        )


def _string(name: str) -> dict[str, Any]:
    return {"type": "string"} | ({"pattern": _PATTERNS[name]} if name in _PATTERNS else {})


def named_headers(headers: tuple[str, ...]) -> dict[str, str]:
    """References to header components, as apispec takes them."""
    return {header: header for header in headers}
