"""Marshmallow schemas: what the OpenAPI document shows, and what the query parser checks."""

import re
from typing import Any

from marshmallow import EXCLUDE, INCLUDE, RAISE, Schema, ValidationError, fields, validate
from webargs.fields import DelimitedList

MAX_OPERATIONS = 100
"""How many operations a transaction of DynamoDB takes."""
_FEW = validate.Length(1, MAX_OPERATIONS)

PATH_PATTERN = r"^(\\[^\n]|[^.\\,])+(\.(\\[^\n]|[^.\\,])+)*$"
"""An attribute path of ``fields``: names joined by dots; a backslash makes a dot or a comma part
of a name.
"""
MAX_PATHS = 1000
MAX_PATH_CHARACTERS = 2048
"""The bounds of one ``fields`` parameter."""
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
    """The instance can serve requests."""

    status = fields.String(required=True, metadata={"enum": ["ready"]})
    table = fields.String(
        required=True,
        metadata={
            "enum": ["available", "unavailable"],
            "description": "Whether the latest background read of the table succeeded.",
        },
    )


class _Map(fields.Dict):
    """An object, a fault in which is told of the member that has it."""

    def _deserialize(self, *arguments: Any, **more: Any) -> Any:
        try:
            return super()._deserialize(*arguments, **more)  # type: ignore[no-untyped-call]
        except ValidationError as error:
            if not isinstance(error.messages, dict):
                raise
            faults = {
                name: [each for of_part in parts.values() for each in of_part]
                for name, parts in error.messages.items()
            }
            raise ValidationError(faults) from None


class _ShortList(fields.List[Any]):
    """An array whose members are looked at only where they are not too many."""

    def _deserialize(self, value: Any, *arguments: Any, **more: Any) -> Any:
        if isinstance(value, list):
            _FEW(value)
        return super()._deserialize(value, *arguments, **more)


class NativeUpdateSchema(Schema):
    """DynamoDB's own update form, as `aws dynamodb update-item` takes it."""

    class Meta:
        """A misspelt member is an error."""

        unknown = RAISE

    UpdateExpression = fields.String(
        metadata={
            "description": "SET, REMOVE, ADD and DELETE clauses. Without it the item is created "
            "with its key alone where it is absent, and keeps its attributes where it exists.",
            "maxLength": 4096,
        }
    )
    ConditionExpression = fields.String(
        metadata={"description": "Must hold for the stored item; else 412.", "maxLength": 4096}
    )
    ExpressionAttributeNames = _Map(
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "Attribute names by placeholder, such as `#status`."},
    )
    ExpressionAttributeValues = _Map(
        keys=fields.String(),
        values=fields.Dict(),
        metadata={"description": "Typed values by placeholder, such as `:one`."},
    )


class BatchOperationSchema(Schema):
    """One write of several: a method, an item key, and what the method takes as its body."""

    class Meta:
        """A misspelt member is an error, not an unexpected write."""

        unknown = RAISE

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
    jsonPatch = fields.List(  # noqa: N815 - a JSON member
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


class BatchSchema(Schema):
    """Up to 100 writes, each of another item."""

    class Meta:
        """A misspelt member is an error."""

        unknown = RAISE

    operations = _ShortList(fields.Nested(BatchOperationSchema), required=True, validate=_FEW)


class ItemKeySchema(Schema):
    """An item key."""

    class Meta:
        """A misspelt member is an error."""

        unknown = RAISE

    id = fields.String(required=True, metadata={"description": "The partition key."})
    name = fields.String(required=True, metadata={"description": "The sort key."})


class BatchGetSchema(Schema):
    """Up to 100 item keys."""

    class Meta:
        """A misspelt member is an error."""

        unknown = RAISE

    keys = _ShortList(fields.Nested(ItemKeySchema), required=True, validate=_FEW)


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
        if any(len(path) > MAX_PATH_CHARACTERS for path in paths):
            raise ValidationError(f"has a path of over {MAX_PATH_CHARACTERS} characters")
        return fields.List._deserialize(self, paths, attr, data, **kwargs)  # noqa: SLF001


class ProjectionQuerySchema(Schema):
    """What of the item an answer carries."""

    class Meta:
        """A misspelt parameter is an error, not an unexpected answer."""

        unknown = RAISE

    fields_ = AttributePaths(
        fields.String(
            metadata={"minLength": 1, "maxLength": MAX_PATH_CHARACTERS, "pattern": PATH_PATTERN}
        ),
        data_key="fields",
        validate=validate.Length(max=MAX_PATHS, error="has over {max} paths"),
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
