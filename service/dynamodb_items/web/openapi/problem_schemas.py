"""Marshmallow schemas of problems, for the OpenAPI document."""

from marshmallow import fields

from dynamodb_items.web.openapi.schemas import AnswerSchema


class FieldErrorSchema(AnswerSchema):
    """One fault in a request."""

    pointer = fields.String(
        required=True,
        metadata={
            "description": (
                "Where the fault is: a JSON Pointer (RFC 6901) into the body, or `?` and the "
                "name of a query parameter."
            ),
            "example": "/Age",
        },
    )
    detail = fields.String(required=True, metadata={"description": "What the fault is."})
    type = fields.String(
        metadata={
            "description": "Of one operation among several: the problem that it would be alone.",
            "format": "uri-reference",
            "example": "/docs/errors#precondition-failed",
        }
    )
    etag = fields.String(
        metadata={
            "description": (
                "Of an operation whose precondition failed: the stored item's ETag, where there "
                "is an item and the caller may read it."
            ),
        }
    )
    current = fields.Dict(
        metadata={
            "description": "With `Prefer: return=representation`, next to `etag`: the stored item."
        }
    )


class ProblemSchema(AnswerSchema):
    """An error, as RFC 9457 has it."""

    type = fields.String(
        required=True,
        metadata={
            "description": "Where this kind of problem is documented.",
            "format": "uri-reference",
            "example": "/docs/errors#item-not-found",
        },
    )
    title = fields.String(required=True, metadata={"description": "The kind of problem."})
    status = fields.Integer(required=True, metadata={"description": "The HTTP status."})
    detail = fields.String(
        required=True, metadata={"description": "What went wrong this time, and what to do."}
    )
    instance = fields.String(required=True, metadata={"description": "The path of the request."})
    request_id = fields.String(
        required=True, metadata={"description": "Finds the request in the service's log."}
    )
    errors = fields.List(
        fields.Nested(FieldErrorSchema), metadata={"description": "The faults of single fields."}
    )
    outcome = fields.String(
        metadata={
            "enum": ["unknown"],
            "description": "Set where a write may or may not have been applied.",
        }
    )
    current = fields.Dict(
        metadata={
            "description": (
                "Of a 412 of a write with `Prefer: return=representation`: the stored item, in the "
                "form that Accept prefers, where there is one and the caller may read it."
            )
        }
    )
