"""Marshmallow schemas of query parameters, for the OpenAPI document and the parser."""

import re
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate
from webargs.fields import DelimitedList

from dynamodb_items.web.openapi.schemas import MAX_PATH_CHARACTERS, PATH_PATTERN

MAX_PATHS = 1000
"""How many paths one ``fields`` parameter may have."""
_PATHS = re.compile(r"(?:^|,)((?:\\.|[^,\\]|\\$)*)", re.DOTALL)


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
                "The attributes to answer with, such as `Email,Address.City,Tags[0]`; the key "
                "attributes always come. A backslash makes a dot, a comma or a bracket in a name "
                "literal."
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
