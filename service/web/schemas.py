"""Marshmallow schemas: what the OpenAPI document shows, and what the query parser checks."""

import re
from typing import Any

from marshmallow import (
    EXCLUDE,
    INCLUDE,
    RAISE,
    Schema,
    fields,
    validate,
)
from webargs.fields import DelimitedList

from service.web.bounded_fields import (
    NO_MAPPING,
    NO_STRING,
    BoundedSchema,
    Members,
    PatchOperations,
    ShortList,
)

MAX_OPERATIONS = 100
"""How many operations a transaction of DynamoDB takes."""

PATH_PATTERN = r"^(\\[^\n]|[^.\\,])+(\.(\\[^\n]|[^.\\,])+)*$"
"""An attribute path of ``fields``: names joined by dots; a backslash makes a dot or a comma part
of a name.
"""
_PATHS = re.compile(r"(?:^|,)((?:\\.|[^,\\]|\\$)*)", re.DOTALL)


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


class NativeUpdateSchema(BoundedSchema):
    """DynamoDB's own update form, as `aws dynamodb update-item` takes it."""

    UpdateExpression = fields.String(
        required=True,
        metadata={"description": "SET, REMOVE, ADD and DELETE clauses.", "maxLength": 4096},
    )
    ConditionExpression = fields.String(
        metadata={"description": "Must hold for the stored item; else 412.", "maxLength": 4096}
    )
    ExpressionAttributeNames = Members(
        fields.String(),
        str,
        NO_STRING,
        metadata={"description": "Attribute names by placeholder, such as `#status`."},
    )
    ExpressionAttributeValues = Members(
        fields.Dict(),
        dict,
        NO_MAPPING,
        metadata={"description": "Typed values by placeholder, such as `:one`."},
    )


class BatchOperationSchema(BoundedSchema):
    """One write of several: a method, an item key, and what the method takes as its body."""

    method = fields.String(required=True, validate=validate.OneOf(["PUT", "PATCH", "DELETE"]))
    id = fields.String(
        required=True,
        metadata={"description": "The partition key, as in a URL before it is percent-encoded."},
    )
    name = fields.String(
        required=True,
        metadata={"description": "The sort key, as in a URL before it is percent-encoded."},
    )
    item = fields.Dict(
        metadata={"description": "With PUT: the item, in the form that Content-Type says."}
    )
    patch = fields.Dict(metadata={"description": "With PATCH: a merge patch (RFC 7396)."})
    jsonPatch = PatchOperations(  # noqa: N815 - a JSON member
        fields.Dict(), metadata={"description": "With PATCH: a JSON Patch (RFC 6902)."}
    )
    update = fields.Nested(
        NativeUpdateSchema, metadata={"description": "With PATCH: DynamoDB's own update form."}
    )
    ifMatch = fields.String(  # noqa: N815
        metadata={"description": "As the header If-Match, for this item."}
    )
    ifNoneMatch = fields.String(  # noqa: N815
        metadata={"description": "As the header If-None-Match, for this item."}
    )


class BatchSchema(BoundedSchema):
    """Up to 100 writes, each of another item."""

    operations = ShortList(fields.Nested(BatchOperationSchema), MAX_OPERATIONS, required=True)


class ItemKeySchema(BoundedSchema):
    """An item key."""

    id = fields.String(required=True, metadata={"description": "The partition key."})
    name = fields.String(required=True, metadata={"description": "The sort key."})


class BatchGetSchema(BoundedSchema):
    """Up to 100 item keys."""

    keys = ShortList(fields.Nested(ItemKeySchema), MAX_OPERATIONS, required=True)


class BatchResultSchema(AnswerSchema):
    """What became of one item of several."""

    id = fields.String(required=True, metadata={"description": "The partition key, canonical."})
    name = fields.String(required=True, metadata={"description": "The sort key."})
    etag = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The item's ETag; null where it is absent or was not read."},
    )
    item = fields.Dict(
        allow_none=True,
        metadata={"description": "The item; null where it is absent, left out where not asked."},
    )


class BatchResultsSchema(AnswerSchema):
    """The results, in the order of the operations or keys."""

    results = fields.List(fields.Nested(BatchResultSchema), required=True)


class AttributePaths(DelimitedList):
    """Attribute paths, from all that a request says under the parameter's name: commas are between
    them, unless a backslash makes one part of a name.
    """

    def _deserialize(self, value: list[str], attr: Any, data: Any, **kwargs: Any) -> Any:
        # Some generated clients repeat the parameter where the document says commas.
        paths = [path for text in value for path in _PATHS.findall(text)] if any(value) else []
        return fields.List._deserialize(self, paths, attr, data, **kwargs)  # noqa: SLF001


class ProjectionQuerySchema(Schema):
    """What of the item an answer carries."""

    class Meta:
        """A misspelt parameter is an error, not an unexpected answer."""

        unknown = RAISE

    fields_ = AttributePaths(
        fields.String(metadata={"minLength": 1, "pattern": PATH_PATTERN}),
        data_key="fields",
        metadata={
            "minItems": 1,
            "description": (
                "The attributes to answer with, such as `Email,Address.City`; the key attributes "
                "always come. A backslash makes a dot or a comma in a name literal."
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
