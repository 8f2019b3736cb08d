"""Marshmallow schemas of response bodies, for the OpenAPI document only.

A class's name without ``Schema`` is the schema's name in the OpenAPI document.
"""

from marshmallow import EXCLUDE, INCLUDE, Schema, fields

from dynamodb_items.web.request.body_schemas import text


class ItemSchema(Schema):
    """An item with any attributes."""

    class Meta:
        """Generators make a map of this schema; a recursive schema of JSON values breaks them."""

        unknown = INCLUDE


class ResponseSchema(Schema):
    """The body of a response; later versions may add members."""

    class Meta:
        """Clients ignore unknown members."""

        unknown = EXCLUDE


class LivenessSchema(ResponseSchema):
    """The process is alive."""

    status = fields.String(required=True, metadata={"enum": ["alive"]})


class ReadinessSchema(ResponseSchema):
    """The instance can serve requests."""

    status = fields.String(required=True, metadata={"enum": ["ready"]})
    table = fields.String(
        required=True,
        metadata={
            "enum": ["available", "unavailable"],
            "description": "Whether the latest background read of the table succeeded.",
        },
    )


class KeyedResultSchema(ResponseSchema):
    """What a response contains for one item: the item key first."""

    id = text("The partition key in canonical form.", required=True)
    name = text("The sort key.", required=True)


class BatchResultSchema(KeyedResultSchema):
    """The result for one item of a batch."""

    etag = text(
        "The item's ETag; null if the item is absent or was not read.",
        required=True,
        allow_none=True,
    )
    item = fields.Dict(
        allow_none=True,
        metadata={"description": "The item; null if it is absent, omitted if not requested."},
    )


class BatchResultsSchema(ResponseSchema):
    """The results, in the order of the operations or keys."""

    results = fields.List(fields.Nested(BatchResultSchema), required=True)


class ListedItemSchema(KeyedResultSchema):
    """One item of a page."""

    etag = text(
        "The item's ETag; null if the index does not contain whole items.",
        required=True,
        allow_none=True,
    )
    item = fields.Dict(required=True, metadata={"description": "The item."})


class PageSchema(ResponseSchema):
    """Consecutive items of a list."""

    items = fields.List(fields.Nested(ListedItemSchema), required=True)
    next = text(
        "The cursor of the next page; null at the end of the list.", required=True, allow_none=True
    )
    evaluated = fields.Integer(
        required=True,
        metadata={"description": "How many items were read, with those that a filter removed."},
    )


class FieldErrorSchema(ResponseSchema):
    """One error in a request."""

    pointer = text(
        "The position of the error: a JSON Pointer (RFC 6901) into the body, or `?` and "
        "the name of a query parameter.",
        required=True,
        example="/Age",
    )
    detail = text("What the error is.", required=True)
    type = text(
        "In a batch: the problem type that this operation would have by itself.",
        format="uri-reference",
        example="/docs/errors#precondition-failed",
    )
    etag = text(
        "In a batch, for a failed precondition: the stored item's ETag, if the item exists "
        "and the caller may read it."
    )
    current = fields.Dict(
        metadata={
            "description": (
                "With `Prefer: return=representation`, where `etag` is present: the stored item."
            )
        }
    )


class ProblemSchema(ResponseSchema):
    """An error response (RFC 9457)."""

    type = text(
        "The problem type: the URL of its documentation.",
        required=True,
        format="uri-reference",
        example="/docs/errors#item-not-found",
    )
    title = text("A short summary of the problem type.", required=True)
    status = fields.Integer(required=True, metadata={"description": "The HTTP status code."})
    detail = text("What is wrong with this request, and how to fix it.", required=True)
    instance = text("The path of the request.", required=True)
    request_id = text("The id of the request in the service's log.", required=True)
    errors = fields.List(
        fields.Nested(FieldErrorSchema),
        metadata={"description": "The errors in single fields, up to 100."},
    )
    outcome = fields.String(
        metadata={
            "enum": ["unknown"],
            "description": "Present if a write may or may not have been applied.",
        }
    )
    current = fields.Dict(
        metadata={
            "description": (
                "In a 412 for a write with `Prefer: return=representation`: the stored item, in "
                "the form that Accept prefers, if the item exists and the caller may read it."
            )
        }
    )
