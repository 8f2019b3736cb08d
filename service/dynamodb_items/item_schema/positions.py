"""The subschemas of a JSON Schema, and the keywords that the service supports.

https://json-schema.org/draft/2020-12/json-schema-core#section-10
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias
from urllib.parse import unquote

Schema: TypeAlias = Mapping[str, Any]
Path: TypeAlias = tuple[str | int, ...]
"""Member names and indexes, from the root inwards."""

TYPE_KEYWORD = "x-dynamodb-type"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

_IN_MAPS = ("$defs", "properties", "patternProperties", "dependentSchemas")
_IN_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_ALONE = (
    *("items", "contains", "unevaluatedItems"),
    *("additionalProperties", "unevaluatedProperties", "propertyNames"),
    *("not", "if", "then", "else"),
)
_ASSERTIONS = (
    *("type", "enum", "const"),
    *("multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("minLength", "maxLength", "pattern", "format"),
    *("minItems", "maxItems", "uniqueItems", "minContains", "maxContains"),
    *("minProperties", "maxProperties", "required", "dependentRequired"),
)
ANNOTATIONS = (
    *("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"),
    *("$comment", "contentEncoding", "contentMediaType", "contentSchema"),
)
_IN_PLACE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas")
KEYWORDS = frozenset(
    (
        *("$schema", "$id", "$ref", TYPE_KEYWORD),
        *_IN_MAPS,
        *_IN_LISTS,
        *_ALONE,
        *_ASSERTIONS,
        *ANNOTATIONS,
    )
)
FORMATS = (
    *("date", "date-time", "time", "duration", "email", "hostname", "ipv4", "ipv6"),
    *("uri", "uri-reference", "uuid"),
)
"""The formats that are checked; any other one is reported at start."""


def subschemas(schema: Schema) -> Iterator[tuple[Path, Any]]:
    """Yield the direct subschemas of a schema, each with its path."""
    for keyword, value in schema.items():
        if keyword in _IN_MAPS and isinstance(value, dict):
            yield from (((keyword, name), each) for name, each in value.items())
        elif keyword in _IN_LISTS and isinstance(value, list):
            yield from (((keyword, index), each) for index, each in enumerate(value))
        elif keyword in _ALONE:
            yield (keyword,), value


def applied_in_place(root: Schema, schema: Schema) -> Iterator[Any]:
    """Yield the schemas that a schema applies, always or not, to the value that it is for itself.

    https://json-schema.org/draft/2020-12/json-schema-core#section-10.2
    """
    yield from (each for step, each in subschemas(schema) if step[0] in _IN_PLACE)
    if "$ref" in schema:
        yield referenced(root, schema["$ref"])


def all_schemas(root: Schema) -> Iterator[tuple[Path, Schema]]:
    """Yield the root and every schema inside it, each with its path; booleans are left out."""
    waiting: list[tuple[Path, Any]] = [((), root)]
    while waiting:
        path, schema = waiting.pop()
        if isinstance(schema, dict):
            yield path, schema
            inside = [((*path, *step), each) for step, each in subschemas(schema)]
            waiting += reversed(inside)


def referenced(root: Schema, reference: str) -> Any:
    """Return the schema that a ``$ref`` within the file names.

    Raises:
        LookupError: the file has nothing there.
    """
    found: Any = root
    for token in reference.removeprefix("#").split("/")[1:]:
        name = unquote(token).replace("~1", "/").replace("~0", "~")
        found = found[int(name)] if isinstance(found, list) and name.isdigit() else found[name]
    return found


def pointer_of(path: Path) -> str:
    """Return a path as a JSON Pointer (RFC 6901)."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)
