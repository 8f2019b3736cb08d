"""Marshmallow schemas: what the OpenAPI document shows, and what the query parser checks."""

from marshmallow import EXCLUDE, INCLUDE, RAISE, Schema, fields
from webargs.fields import DelimitedList

PATH_PATTERN = r"^(\\[^,\n]|[^.\\,])+(\.(\\[^,\n]|[^.\\,])+)*$"
"""An attribute path of ``fields``: names joined by dots, with a backslash before a literal dot."""


class ItemSchema(Schema):
    """Any attributes: what an item holds is the table's business."""

    class Meta:
        """Generators make a map of it; a recursive any-JSON type would break them."""

        unknown = INCLUDE


class AnswerSchema(Schema):
    """What the service answers; later versions may add members."""

    class Meta:
        """A client that meets a new member goes on."""

        unknown = EXCLUDE


class LivenessSchema(AnswerSchema):
    """The process answers."""

    status = fields.String(required=True, metadata={"enum": ["alive"]})


class ReadinessSchema(AnswerSchema):
    """The process can serve requests."""

    status = fields.String(required=True, metadata={"enum": ["ready"]})


class FieldErrorSchema(AnswerSchema):
    """One fault in a request."""

    pointer = fields.String(
        required=True,
        metadata={
            "description": "Where the fault is, as a JSON Pointer (RFC 6901).",
            "example": "/Age",
        },
    )
    detail = fields.String(required=True, metadata={"description": "What the fault is."})


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


class ProjectionQuerySchema(Schema):
    """What of the item an answer carries."""

    class Meta:
        """A misspelt parameter is an error, not an unexpected answer."""

        unknown = RAISE

    fields_ = DelimitedList(
        fields.String(metadata={"minLength": 1, "pattern": PATH_PATTERN}),
        data_key="fields",
        metadata={
            "minItems": 1,
            "description": (
                "The attributes to answer with, such as `Email,Address.City`; the key attributes "
                "always come. A backslash makes a dot in a name literal."
            ),
            "example": ["Email"],
        },
    )


class ReadQuerySchema(ProjectionQuerySchema):
    """How to read, and what of the item an answer carries."""

    consistent_read = fields.Boolean(
        truthy={"true"},
        falsy={"false"},
        metadata={
            "description": (
                "`true` reads strongly consistently, at twice the read units, `false` "
                "eventually; the default is the deployment's."
            ),
        },
    )
