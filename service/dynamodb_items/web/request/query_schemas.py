"""Marshmallow schemas of query parameters: they check requests and describe them in OpenAPI."""

import re
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate
from webargs.fields import DelimitedList

from dynamodb_items.web.request.body_schemas import (
    MAX_PATH_CHARACTERS,
    PAGE_LIMIT,
    PATH_PATTERN,
    ConditionsSchema,
    CursorSchema,
)
from dynamodb_items.web.request.bounded_fields import DecimalDigits

MAX_PATHS = 1000
"""The maximum number of paths in ``fields``."""
MAX_SEGMENTS = 1_000_000
"""DynamoDB's limit."""
_PATHS = re.compile(r"(?:^|,)((?:\\.|[^,\\]|\\$)*)", re.DOTALL)


class AttributePaths(DelimitedList):
    """Attribute paths, separated by commas; a backslash makes a comma part of a name."""

    def _deserialize(self, value: list[str], attr: Any, data: Any, **kwargs: Any) -> Any:
        # Some generated clients repeat the parameter, although the document specifies commas.
        paths = [path for text in value for path in _PATHS.findall(text)] if any(value) else []
        if any(len(path) > MAX_PATH_CHARACTERS for path in paths):
            raise ValidationError(f"has a path with more than {MAX_PATH_CHARACTERS} characters")
        return fields.List._deserialize(self, paths, attr, data, **kwargs)  # noqa: SLF001


class ProjectionQuerySchema(Schema):
    """Which parts of the item a response contains."""

    class Meta:
        """Unknown parameters are errors, since they may be misspelt."""

        unknown = RAISE

    fields_ = AttributePaths(
        fields.String(
            metadata={"minLength": 1, "maxLength": MAX_PATH_CHARACTERS, "pattern": PATH_PATTERN}
        ),
        data_key="fields",
        validate=validate.Length(max=MAX_PATHS, error="has more than {max} paths"),
        metadata={
            "minItems": 1,
            "description": (
                "The attributes to return, such as `Email,Address.City,Tags[0]`. The key "
                "attributes are always included. A backslash before a dot, comma or bracket makes "
                "it part of a name."
            ),
            "example": ["Email"],
        },
    )


class ReadQuerySchema(ProjectionQuerySchema):
    """The read consistency, and which parts of the item a response contains."""

    consistent_read = fields.Boolean(
        truthy={"true"},
        falsy={"false"},
        metadata={
            "description": (
                "`true` for a strongly consistent read, which consumes twice the read units; "
                "`false` for an eventually consistent read. The deployment sets the default."
            ),
        },
    )


class PageQuerySchema(CursorSchema, ReadQuerySchema):
    """Which page of a list a response contains."""

    limit = DecimalDigits(**PAGE_LIMIT)


class PartitionQuerySchema(ConditionsSchema, PageQuerySchema):
    """Which page of a partition a response contains."""


class ScanQuerySchema(PageQuerySchema):
    """Which page of the whole table a response contains."""

    segment = DecimalDigits(
        metadata={
            "description": (
                "The part of the table to read, from 0. Parallel readers read one segment each."
            ),
            "minimum": 0,
        },
    )
    segments = DecimalDigits(
        validate=validate.Range(1, MAX_SEGMENTS),
        metadata={"description": "The number of parts that the table is divided into."},
    )
