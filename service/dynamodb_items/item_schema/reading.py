"""Reading of an item schema from a file, with everything that is wrong with it.

https://json-schema.org/draft/2020-12
"""

import difflib
import json
from collections.abc import Iterator
from decimal import Decimal
from graphlib import CycleError, TopologicalSorter
from pathlib import Path as FilePath
from typing import Any

from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError

from dynamodb_items.item_schema.annotations import (
    annotation_errors,
    attributes_with,
    default_values,
)
from dynamodb_items.item_schema.declared_types import DeclaredTypes, type_errors
from dynamodb_items.item_schema.dependencies import attributes_judged_together, only_attributes
from dynamodb_items.item_schema.key_attributes import is_impossible
from dynamodb_items.item_schema.numbers import NumberRules, with_exact_rules, without_number_rules
from dynamodb_items.item_schema.positions import (
    DIALECT,
    FORMATS,
    KEYWORDS,
    Path,
    Schema,
    all_schemas,
    applied_in_place,
    pointer_of,
    referenced,
    subschemas,
)
from dynamodb_items.item_schema.schema import ItemSchema, Validators
from dynamodb_items.item_schema.sentences import violations_of

MAX_SCHEMA_BYTES = 1024 * 1024
MAX_APPLIED = 2_000
"""How many schemas a schema can apply to one value: the validator takes 13 microseconds for each
that does not match."""
MAX_SCHEMA_LEVELS = 200
"""How deep schemas can nest, references followed; the validator's stack is limited."""
_AFTER_OTHERS = {"unevaluatedProperties", "unevaluatedItems"}
_PATTERN_BYTES = 1_000_000
"""The memory of one compiled pattern. The engine takes linear time and does not backtrack."""
_PATTERNS = RegexOptions(size_limit=_PATTERN_BYTES, dfa_size_limit=_PATTERN_BYTES)
_META_SCHEMA = Draft202012Validator(json.dumps({"$ref": DIALECT}), offline=True)


class SchemaErrors(ValueError):
    """The errors of a schema; ``args`` has a sentence for each, without a final period."""


def read_schema(path: str) -> ItemSchema:
    """Return the item schema in a file.

    Raises:
        SchemaErrors: the file cannot be read, or its schema cannot be used.
    """
    try:
        content = FilePath(path).read_bytes()
    except OSError as error:
        raise SchemaErrors(f"the file cannot be read: {error.strerror}") from None
    if len(content) > MAX_SCHEMA_BYTES:
        raise SchemaErrors(f"the file is over {MAX_SCHEMA_BYTES:,} bytes")
    try:
        text = content.decode()
        document = json.loads(
            text, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_unique
        )
    except (ValueError, RecursionError) as error:
        raise SchemaErrors(f"the file is not JSON in UTF-8: {error}") from None
    return item_schema(document)


def item_schema(document: Any) -> ItemSchema:
    """Return the item schema of a parsed JSON document, whose fractions are ``Decimal``.

    Raises:
        SchemaErrors: the schema cannot be used.
    """
    if not isinstance(document, dict):
        raise SchemaErrors("the schema must be a JSON object")
    try:
        errors = list(dict.fromkeys(_errors(document)))
        if not errors:
            return _item_schema(document)
    except RecursionError:
        errors = ["the schema nests too deeply"]
    except ValueError as error:  # from the validator, which has limits of its own
        errors = [f"the schema cannot be used: {error}"]
    raise SchemaErrors(*errors)


def _item_schema(document: Schema) -> ItemSchema:
    return ItemSchema(
        document,
        DeclaredTypes.of(document),
        attributes_judged_together(document),
        frozenset(document.get("required", ())),
        attributes_with(document, "readOnly"),
        attributes_with(document, "writeOnly"),
        default_values(document),
        _validators(document),
        _validators(only_attributes(document)),
    )


def _errors(document: Schema) -> Iterator[str]:
    """Yield what is wrong with a schema; later checks rely on earlier ones."""
    for check in _CHECKS:
        found = [f"{_place(path)}{sentence}" for path, sentence in check(document)]
        yield from found
        if found:
            return
    try:
        _compiled(document)
    except ValidationError as error:
        yield f"{_place(tuple(error.instance_path))}{error.message}"
        return
    if is_impossible({**document, "allOf": [*document.get("allOf", ()), {"type": "object"}]}):
        yield "no item can match the schema"
    yield from _default_errors(document)


def _default_errors(document: Schema) -> Iterator[str]:
    attributes = _compiled(only_attributes(document))
    for name, value in default_values(document).items():
        for error in attributes.iter_errors({name: value}):
            for violation in violations_of(error):
                sentence = violation.clause.removesuffix(".")
                yield f"{_place(('properties', name, 'default'))}{sentence}"


def _meta_errors(document: Schema) -> Iterator[tuple[Path, str]]:
    if document.get("$schema", DIALECT).rstrip("#") != DIALECT:
        yield ("$schema",), f"must be {DIALECT}"
    for error in _META_SCHEMA.iter_errors(document):
        for violation in violations_of(error):
            yield violation.path, violation.clause.removesuffix(".")


def _keyword_errors(document: Schema) -> Iterator[tuple[Path, str]]:
    for path, schema in all_schemas(document):
        for keyword, value in schema.items():
            if keyword == "$id" and path:
                yield (*path, keyword), "is supported at the root of the schema only"
            elif keyword not in KEYWORDS and not keyword.startswith("x-"):
                yield (*path, keyword), f"unknown keyword{_similar(keyword)}"
            elif keyword == "format" and value not in FORMATS:
                yield (*path, keyword), f"{value} is not one of {', '.join(FORMATS)}"
            elif keyword == "pattern":
                yield from _pattern_errors((*path, keyword), value)
            elif keyword == "patternProperties":
                for pattern in value:
                    yield from _pattern_errors((*path, keyword, pattern), pattern)


def _pattern_errors(path: Path, pattern: str) -> Iterator[tuple[Path, str]]:
    try:
        _compiled({"pattern": pattern})
    except ValidationError:
        yield (
            path,
            f"{json.dumps(pattern, ensure_ascii=False)} is not a regular expression that is "
            "matched in linear time: look-around and backreferences are not supported, and "
            "repetitions must be small",
        )


def _reference_errors(document: Schema) -> Iterator[tuple[Path, str]]:
    schemas = {id(schema) for _, schema in all_schemas(document)}
    for path, schema in all_schemas(document):
        reference = schema.get("$ref", "#")
        if not (reference == "#" or reference.startswith("#/")):
            yield (*path, "$ref"), "must refer to the same file, such as #/$defs/address"
            continue
        try:
            target = referenced(document, reference)
        except (LookupError, TypeError, ValueError):
            target = None
        if not (isinstance(target, bool) or id(target) in schemas):
            yield (*path, "$ref"), f"{reference} is not a schema in this file"


def _applied_errors(document: Schema) -> Iterator[tuple[Path, str]]:
    """Yield where a schema applies too many schemas to the same value, or itself, without an end.

    The validator and its analysis follow each reference, however often it occurs. For each keyword
    that depends on what others have evaluated, the validator applies these again.
    """
    applied = {
        id(schema): [id(each) for each in applied_in_place(document, schema)]
        * (1 + len(schema.keys() & _AFTER_OTHERS))
        for _, schema in all_schemas(document)
    }
    counts: dict[int, int] = {}
    try:
        for each in TopologicalSorter(applied).static_order():
            counts[each] = 1 + sum(counts[inner] for inner in applied.get(each, ()))
    except CycleError as error:
        circle = set(error.args[1])
        for path, schema in all_schemas(document):
            target = referenced(document, schema["$ref"]) if "$ref" in schema else None
            if {id(schema), id(target)} <= circle:
                yield (*path, "$ref"), "refers to a schema that applies this one to the same value"
        return
    for path, schema in all_schemas(document):
        inside = (counts[each] for each in applied[id(schema)])
        if counts[id(schema)] > MAX_APPLIED >= max(inside, default=0):
            yield path, f"applies over {MAX_APPLIED:,} schemas to one value, references followed"


def _depth_errors(document: Schema) -> Iterator[tuple[Path, str]]:
    """Yield the innermost schemas below which others nest too deeply, references followed."""
    levels: dict[int, int] = {}
    waiting: list[Any] = [document]
    while waiting:
        schema = waiting[-1]
        inside = [each for _, each in subschemas(schema)] if isinstance(schema, dict) else []
        if isinstance(schema, dict) and "$ref" in schema:
            inside.append(referenced(document, schema["$ref"]))
        if id(schema) in levels:
            waiting.pop()
            levels[id(schema)] = 1 + max((levels[id(each)] for each in inside), default=0)
        else:
            levels[id(schema)] = 0  # stays so for a reference to a schema from inside itself
            waiting += (each for each in inside if id(each) not in levels)
    for path, schema in all_schemas(document):
        if levels[id(schema)] == MAX_SCHEMA_LEVELS + 1:
            yield path, f"nests deeper than {MAX_SCHEMA_LEVELS} levels, references followed"


_CHECKS = (
    *(_meta_errors, _keyword_errors, _reference_errors, _applied_errors),
    *(_depth_errors, type_errors, annotation_errors),
)


def _validators(schema: Schema) -> Validators:
    numbers = NumberRules.of(schema)
    rest = schema if numbers is None else without_number_rules(schema)
    has_branches = any("anyOf" in each or "oneOf" in each for _, each in all_schemas(schema))
    attributes = _compiled(only_attributes(rest)) if has_branches else None
    return Validators(_compiled(schema), _compiled(rest), numbers, attributes)


def _compiled(schema: Schema) -> Draft202012Validator:
    exact, keywords = with_exact_rules(schema)
    return Draft202012Validator(
        {name: value for name, value in exact.items() if name not in ("$id", "$schema")},
        keywords=dict(keywords),
        validate_formats=True,
        ignore_unknown_formats=False,
        pattern_options=_PATTERNS,
        offline=True,
    )


def _place(path: Path) -> str:
    return f"{pointer_of(path)}: " if path else ""


def _similar(keyword: str) -> str:
    similar = difflib.get_close_matches(keyword, sorted(KEYWORDS), n=1)
    return f"; did you mean {similar[0]}?" if similar else "; a keyword of your own begins with x-"


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(value) < len(members):
        names = [name for name, _ in members]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the member {json.dumps(repeated)} appears twice in one object")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")
