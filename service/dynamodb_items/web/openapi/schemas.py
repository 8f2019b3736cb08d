"""Marshmallow schemas: what the OpenAPI document shows, and what the query parser checks."""

from collections.abc import Mapping

from marshmallow import EXCLUDE, INCLUDE, Schema, fields, validate

from dynamodb_items.domain.operations import Operation
from dynamodb_items.web.openapi.bounded_fields import (
    NO_MAPPING,
    NO_STRING,
    BoundedSchema,
    Members,
    PatchOperations,
    ShortList,
)

MAX_OPERATIONS = 100
"""How many operations a transaction of DynamoDB takes."""
BATCH_METHODS: Mapping[Operation, str] = {
    Operation.PUT_ITEM: "PUT",
    Operation.UPDATE_ITEM: "PATCH",
    Operation.DELETE_ITEM: "DELETE",
    Operation.CONDITION_CHECK_ITEM: "CHECK",
}
"""The methods of a batch's operations."""

PATH_PATTERN = r"^(\\[^\n]|[^.\\,])+(\.(\\[^\n]|[^.\\,])+)*$"
"""An attribute path of ``fields``: names joined by dots, each with any list indexes behind it; a
backslash makes a dot, a comma or a bracket part of a name.
"""
MAX_PATH_CHARACTERS = 2048


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
    """The instance can serve requests."""

    status = fields.String(required=True, metadata={"enum": ["ready"]})
    table = fields.String(
        required=True,
        metadata={
            "enum": ["available", "unavailable"],
            "description": "Whether the latest background read of the table succeeded.",
        },
    )


class ItemKeySchema(BoundedSchema):
    """An item key."""

    id = fields.String(required=True, metadata={"description": "The partition key."})
    name = fields.String(required=True, metadata={"description": "The sort key."})


class NativeConditionSchema(BoundedSchema):
    """A condition in DynamoDB's own form, as `aws dynamodb put-item` takes it."""

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


class NativeUpdateSchema(NativeConditionSchema):
    """DynamoDB's own update form, as `aws dynamodb update-item` takes it."""

    UpdateExpression = fields.String(
        metadata={
            "description": "SET, REMOVE, ADD and DELETE clauses. Without it the item is created "
            "with its key alone where it is absent, and keeps its attributes where it exists.",
            "maxLength": 4096,
        }
    )


class ItemUpdateSchema(ItemKeySchema, NativeUpdateSchema):
    """One native update of one item."""


class ConditionalPutSchema(ItemKeySchema, NativeConditionSchema):
    """One whole item, and the condition on which it is stored."""

    item = fields.Dict(
        required=True, metadata={"description": "The item, in the form that Content-Type says."}
    )


class ConditionalDeleteSchema(ItemKeySchema, NativeConditionSchema):
    """The key of one item, and the condition on which the item is deleted."""


class BatchOperationSchema(BoundedSchema):
    """One write of several: a method, an item key, and what the method takes as its body."""

    method = fields.String(required=True, validate=validate.OneOf(BATCH_METHODS.values()))
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
        fields.Dict(),
        metadata={"description": "With PATCH: a JSON Patch (RFC 6902), of up to 1,000 operations."},
    )
    update = fields.Nested(
        NativeUpdateSchema, metadata={"description": "With PATCH: DynamoDB's own update form."}
    )
    condition = fields.Nested(
        NativeConditionSchema,
        metadata={
            "description": "A condition in DynamoDB's own form; in a PATCH it is part of `update`."
        },
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


class BatchGetSchema(BoundedSchema):
    """Up to 100 item keys."""

    keys = ShortList(fields.Nested(ItemKeySchema), MAX_OPERATIONS, required=True)
    fields_ = ShortList(
        fields.String(
            validate=[validate.Length(1, MAX_PATH_CHARACTERS), validate.Regexp(PATH_PATTERN)]
        ),
        MAX_OPERATIONS,
        data_key="fields",
        metadata={
            "description": (
                "The attributes of each item to return, one path in each string, with the grammar "
                "of the query parameter `fields`; the key attributes always come."
            ),
            "example": ["Email", "Tags[0]"],
        },
    )


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
