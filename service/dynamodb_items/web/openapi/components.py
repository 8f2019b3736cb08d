"""The parts that operations share by name: schemas, headers, parameters, problem responses.

Each is registered once as a component, so that generators make one type of it.

https://spec.openapis.org/oas/v3.0.3#components-object
"""

from collections.abc import Mapping
from typing import Any

from flask_smorest import Api

from dynamodb_items.web.media_types import PROBLEM_JSON
from dynamodb_items.web.openapi.examples import ANDREW, ANDREW_PATCH, ETAG, TYPED_ANDREW
from dynamodb_items.web.openapi.response_schemas import ItemSchema, ProblemSchema
from dynamodb_items.web.openapi.responses import named_headers
from dynamodb_items.web.request.body_schemas import NativeUpdateSchema

JSON_PATCH_REFERENCE = "#/components/schemas/BatchOperation/properties/jsonPatch"


def register_components(api: Api) -> None:
    """Add the shared parts to the document."""
    components = api.spec.components
    components.schema("Item", schema=ItemSchema)
    components.schemas["Item"].update(
        description="An item: its attributes by name, including the key attributes.",
        example=ANDREW,
    )
    for name, schema in _SCHEMAS.items():
        components.schema(name, schema)
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
                "headers": named_headers("X-Request-Id", *headers),
                "content": {PROBLEM_JSON: {"schema": ProblemSchema}},
            },
        )


def _string(parameter: str) -> dict[str, Any]:
    pattern = _PATTERNS.get(parameter)
    return {"type": "string"} | ({"pattern": pattern} if pattern else {})


def _header(description: str, example: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}, "example": example}


_ATTRIBUTE_VALUE = {"$ref": "#/components/schemas/AttributeValue"}
_TEXTS = {"type": "array", "items": {"type": "string"}, "minItems": 1}
_SCHEMAS: Mapping[str, dict[str, Any]] = {
    "TypedItem": {
        "type": "object",
        "description": "An item in DynamoDB's typed form, lossless for every type.",
        "additionalProperties": _ATTRIBUTE_VALUE,
        "example": TYPED_ANDREW,
    },
    "AttributeValue": {
        "type": "object",
        "description": "A value in DynamoDB's typed form: exactly one type and its content.",
        "properties": {
            "S": {"type": "string", "description": "A string."},
            "N": {"type": "string", "description": "A number of up to 38 digits, as text."},
            "B": {"type": "string", "description": "Binary as base64 text."},
            "BOOL": {"type": "boolean", "description": "True or false."},
            "NULL": {"type": "boolean", "description": "Null; the content is true."},
            "SS": {**_TEXTS, "description": "A set of strings."},
            "NS": {**_TEXTS, "description": "A set of numbers."},
            "BS": {**_TEXTS, "description": "A set of binary values."},
            "L": {"type": "array", "items": _ATTRIBUTE_VALUE, "description": "A list."},
            "M": {
                "type": "object",
                "additionalProperties": _ATTRIBUTE_VALUE,
                "description": "A map.",
            },
        },
        "minProperties": 1,
        "maxProperties": 1,
    },
    "ItemPatch": {
        "type": "object",
        "description": "A merge patch (RFC 7396): null removes an attribute.",
        "additionalProperties": True,
        "example": ANDREW_PATCH,
    },
    "JsonPatch": {"$ref": JSON_PATCH_REFERENCE},
    "JsonPatchOperation": {
        "type": "object",
        "description": "An operation of a JSON Patch (RFC 6902), with an `op` and a `path`.",
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
}

_HEADERS: Mapping[str, dict[str, Any]] = {
    "ETag": _header(
        "The entity tag: a strong hash of the whole stored item, for If-Match and If-None-Match.",
        ETAG,
    ),
    "Location": _header("The canonical path of the item.", "/items/101/Raj"),
    "Vary": _header("The request header that selects the representation.", "Accept"),
    "Preference-Applied": _header("The preference that was applied.", "return=minimal"),
    "Retry-After": {
        "description": "The number of seconds to wait before a retry.",
        "schema": {"type": "integer", "minimum": 1},
        "example": 1,
    },
    "Accept": _header("The media types that are accepted in requests.", "application/json"),
    "Accept-Patch": _header(
        "The media types that are accepted for patches.", "application/merge-patch+json"
    ),
    "Accept-Encoding": _header("The content codings that are accepted in requests.", "gzip"),
    "X-Request-Id": _header(
        "The id of the request in the log: the client's, or else a generated one.",
        "4d1c6a1d0e9f4b7a",
    ),
}

_PARAMETERS: Mapping[str, tuple[str, str]] = {
    "If-Match": (
        "Only proceed if the stored item has one of these entity tags or, for `*`, if it exists.",
        ETAG,
    ),
    "If-None-Match": (
        "Only proceed if the stored item has none of these entity tags: a read is 304 otherwise. "
        "For `*` on PUT, only create the item: an existing one is 412.",
        "*",
    ),
    "Idempotency-Key": (
        "Apply the request once, however often it is sent within 10 minutes. Another request with "
        "the same key is 422. The write consumes twice the write units.",
        "8e03978e-40d5-43dd-bc93-6894a57f9324",
    ),
    "Prefer": (
        "`return=minimal` omits the item from the response to a write. `return=representation` "
        "returns the last state for a DELETE, and the stored item in a 412.",
        "return=minimal",
    ),
    "X-Request-Id": (
        "An id for the log; the service generates one if it is absent.",
        "4d1c6a1d0e9f4b7a",
    ),
}
_ENTITY_TAGS = r'^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$'
_PATTERNS = {
    "If-Match": _ENTITY_TAGS,
    "If-None-Match": _ENTITY_TAGS,
    "Idempotency-Key": r'^("[ !#-~]{1,255}"|[!#-~]{1,255})$',
}

_PROBLEM_RESPONSES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "BadRequest": ("The key, a header, a query parameter or the body is malformed.", ()),
    "ItemNotFound": ("The item does not exist.", ()),
    "NotAcceptable": ("`Accept` allows neither representation of an item.", ()),
    "PreconditionFailed": (
        "The stored item does not meet the precondition; `ETag` is its entity tag, if the item "
        "exists and the caller may read it.",
        ("ETag",),
    ),
    "BodyTimeout": ("The body did not arrive in time.", ()),
    "BodyTooLarge": ("The body is over 1 MiB, or the item is over 400 KB.", ()),
    "UriTooLong": (
        "The request line is over 16,384 bytes, for example because `fields` is too long.",
        (),
    ),
    "UnsupportedMediaType": (
        "The media type or the content coding of the body is not supported by this method.",
        ("Accept", "Accept-Patch", "Accept-Encoding"),
    ),
    "UnacceptableItem": (
        "The body is well-formed but its content is invalid, or the Idempotency-Key was used by "
        "another request.",
        (),
    ),
    "PatchTestFailed": (
        "A `test` operation of the JSON Patch failed, and nothing was written.",
        (),
    ),
    "PreconditionRequired": ("This deployment requires a precondition for each write.", ()),
    "InternalError": ("The service has a defect.", ()),
    "Unavailable": (
        "The table is unavailable or the service is overloaded, and nothing was changed.",
        ("Retry-After",),
    ),
    "TimedOut": (
        "The table did not respond in time; if `outcome` is `unknown`, a write may have been "
        "applied.",
        (),
    ),
}
