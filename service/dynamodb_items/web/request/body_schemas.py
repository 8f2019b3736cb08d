"""Marshmallow schemas of JSON bodies: they check requests and describe them in OpenAPI.

A class's name without ``Schema`` is the schema's name in the OpenAPI document.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeAlias

from marshmallow import Schema, fields, validate

from dynamodb_items.config.values import MAX_PAGE_SIZE
from dynamodb_items.domain.keys import KeySchema
from dynamodb_items.domain.operations import Operation
from dynamodb_items.web.request.bounded_fields import (
    NOT_A_MAPPING,
    NOT_A_STRING,
    BoundedSchema,
    Flag,
    Members,
    PatchOperations,
    ShortList,
    WholeNumber,
)

MAX_BATCH_OPERATIONS = 100
"""The maximum number of operations in one DynamoDB transaction."""
BATCH_METHODS: Mapping[Operation, str] = {
    Operation.PUT_ITEM: "PUT",
    Operation.UPDATE_ITEM: "PATCH",
    Operation.DELETE_ITEM: "DELETE",
    Operation.CONDITION_CHECK_ITEM: "CHECK",
}
"""The methods of a batch's operations."""

PATH_PATTERN = r"^(\\[^\n]|[^.\\,])+(\.(\\[^\n]|[^.\\,])+)*$"
"""An attribute path of ``fields``: names joined by dots, each with optional list indexes; a
backslash makes a dot, comma or bracket part of a name.
"""
MAX_PATH_CHARACTERS = 2048


def text(
    description: str, *, required: bool = False, allow_none: bool = False, **metadata: Any
) -> fields.String:
    """Return the field of a string, with its description and more keywords for OpenAPI."""
    return fields.String(
        required=required,
        allow_none=allow_none,
        metadata={"description": description, **metadata},
    )


class ItemKeySchema(BoundedSchema):
    """An item key."""

    sort_key_member = "name"

    id = text("The partition key.", required=True)
    name = text("The sort key.", required=True)


_NAMES = Members(
    fields.String(),
    str,
    NOT_A_STRING,
    metadata={"description": "Attribute names by placeholder, such as `#status`."},
)
_VALUES = Members(
    fields.Dict(),
    dict,
    NOT_A_MAPPING,
    metadata={"description": "Typed values by placeholder, such as `:one`."},
)


class NativeConditionSchema(BoundedSchema):
    """A DynamoDB condition, with the members of `aws dynamodb put-item`."""

    ConditionExpression = text(
        "The condition on the stored item. If it is false, the status is 412.", maxLength=4096
    )
    ExpressionAttributeNames = _NAMES
    ExpressionAttributeValues = _VALUES


class NativeUpdateSchema(NativeConditionSchema):
    """A DynamoDB update, with the members of `aws dynamodb update-item`."""

    UpdateExpression = text(
        "SET, REMOVE, ADD and DELETE clauses. Without an UpdateExpression, an absent item "
        "is created with its key attributes only, and an existing item keeps its "
        "attributes.",
        maxLength=4096,
    )


class ItemUpdateSchema(ItemKeySchema, NativeUpdateSchema):
    """The key of one item and its update expression."""


class ConditionalPutSchema(ItemKeySchema, NativeConditionSchema):
    """One whole item and the condition on which it is stored."""

    item = fields.Dict(
        required=True, metadata={"description": "The item, in the form that Content-Type names."}
    )


class ConditionalDeleteSchema(ItemKeySchema, NativeConditionSchema):
    """The key of one item and the condition on which the item is deleted."""


class BatchOperationSchema(BoundedSchema):
    """One write of a batch: a method, an item key, and the method's content."""

    method = fields.String(required=True, validate=validate.OneOf(BATCH_METHODS.values()))
    id = text("The partition key, without percent-encoding.", required=True)
    name = text("The sort key, without percent-encoding.", required=True)
    item = fields.Dict(
        metadata={"description": "For PUT: the item, in the form that Content-Type names."}
    )
    patch = fields.Dict(metadata={"description": "For PATCH: a merge patch (RFC 7396)."})
    jsonPatch = PatchOperations(  # noqa: N815 - a JSON member
        fields.Dict(),
        metadata={"description": "For PATCH: a JSON Patch (RFC 6902) of up to 1,000 operations."},
    )
    update = fields.Nested(
        NativeUpdateSchema, metadata={"description": "For PATCH: a DynamoDB update expression."}
    )
    condition = fields.Nested(
        NativeConditionSchema,
        metadata={
            "description": (
                "For PUT, DELETE and CHECK: a DynamoDB condition. For PATCH, it is part of "
                "`update`."
            )
        },
    )
    ifMatch = text(  # noqa: N815 - a JSON member
        "The same as the header If-Match, for this item."
    )
    ifNoneMatch = text(  # noqa: N815 - a JSON member
        "The same as the header If-None-Match, for this item."
    )


class BatchSchema(BoundedSchema):
    """Up to 100 writes, each of another item."""

    sort_key_member = "operations.name"

    operations = ShortList(fields.Nested(BatchOperationSchema), MAX_BATCH_OPERATIONS, required=True)


class FieldsSchema(BoundedSchema):
    """The attributes of items to return."""

    fields_ = ShortList(
        fields.String(
            validate=[validate.Length(1, MAX_PATH_CHARACTERS), validate.Regexp(PATH_PATTERN)]
        ),
        MAX_BATCH_OPERATIONS,
        data_key="fields",
        metadata={
            "description": (
                "The attributes of each item to return, one path in each string, with the syntax "
                "of the query parameter `fields`. The key attributes are always included."
            ),
            "example": ["Email", "Tags[0]"],
        },
    )


class BatchGetSchema(FieldsSchema):
    """Up to 100 item keys."""

    sort_key_member = "keys.name"

    keys = ShortList(fields.Nested(ItemKeySchema), MAX_BATCH_OPERATIONS, required=True)


PAGE_LIMIT: Mapping[str, Any] = {
    "validate": validate.Range(1, MAX_PAGE_SIZE),
    "metadata": {
        "description": (
            "The maximum number of items in the page, 100 by default. A page may have fewer items "
            "although more follow; `next` is null only at the end."
        )
    },
}
"""The options of the field ``limit``."""


class CursorSchema(Schema):
    """The position in a list that a page starts after."""

    cursor = text(
        "The `next` of the previous page. All other members must be the same as for that "
        "page, except for `limit` and `fields`."
    )


class ConditionsSchema(Schema):
    """Conditions on the sort key, and the order of the items."""

    order = fields.String(
        validate=validate.OneOf(["asc", "desc"]),
        metadata={"description": "The order of the sort keys, `asc` by default."},
    )
    prefix = text("What the sort key, text or binary, begins with.")
    gt = text("The sort key is greater than this value.")
    ge = text("The sort key is at least this value.")
    lt = text("The sort key is less than this value.")
    le = text("The sort key is at most this value.")


class QuerySchema(ConditionsSchema, CursorSchema, FieldsSchema):
    """A query of one partition of the table, or of an index."""

    limit = WholeNumber(**PAGE_LIMIT)
    id = text("The partition key of the items, without percent-encoding.")
    index = text("The name of the index to query.")
    value = text("The partition key of the index, without percent-encoding.")
    consistent_read = Flag(
        metadata={"description": "`true` for a strongly consistent read of the table."}
    )
    FilterExpression = text(
        "A condition on attributes that are not key attributes. Items for which it is "
        "false are read, but left out of the page.",
        maxLength=4096,
    )
    ExpressionAttributeNames = _NAMES
    ExpressionAttributeValues = _VALUES


KeyedSchema: TypeAlias = ItemKeySchema | BatchSchema | BatchGetSchema
"""A body that contains item keys; ``sort_key_member`` is where their sort keys are."""


@cache
def body_schema(schema: type[KeyedSchema], key_schema: KeySchema) -> KeyedSchema:
    """Return the schema of a body for a table: without a sort key, its member is unknown."""
    return schema(exclude=() if key_schema.sort else (schema.sort_key_member,))
