"""What is wrong with a value, as a sentence that a front-end can show next to its field."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from jsonschema_rs import ValidationError, ValidationErrorKind

from dynamodb_items.item_schema.positions import Path, pointer_of
from dynamodb_items.item_schema.violations import Violation

_MAX_SHOWN = 200
_NO_BRANCH = "Must match one of the allowed forms."
_TYPES = {
    "string": "a string",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "an array",
    "object": "an object",
    "null": "null",
}
_FORMATS = {
    "date": "a date such as 2026-11-27",
    "date-time": "a date and time with an offset, such as 2026-11-27T09:30:00Z",
    "time": "a time with an offset, such as 09:30:00Z",
    "duration": "an ISO 8601 duration such as P3D",
    "email": "an email address",
    "hostname": "a host name",
    "ipv4": "an IPv4 address",
    "ipv6": "an IPv6 address",
    "uri": "an absolute URI such as https://example.com/",
    "uri-reference": "a URI or a relative reference",
    "uuid": "a UUID such as 8e03978e-40d5-43dd-bc93-6894a57f9324",
}


def violations_of(error: ValidationError) -> Iterator[Violation]:
    """Yield what one error of the validator means: a violation for each attribute concerned."""
    path = tuple(error.instance_path)
    match error.kind.as_dict():
        case {"property": name}:
            yield Violation((*path, name), "Is required.")
        case {"unexpected": names}:
            what = "member" if path else "attribute"
            yield from (Violation((*path, name), f"Is not a known {what}.") for name in names)
        case {"error": ValidationError() as inner}:
            for name in violations_of(inner):
                yield Violation(path, f"Has an invalid name inside: {name.clause}")
        case {"context": branches}:
            yield _of_branches(error.kind, branches, path)
        case {"message": sentence}:  # of a keyword that the service judges
            yield Violation(path, sentence)
        case detail:
            yield Violation(path, _sentence(error.kind.name, detail))


def sentence_of(keyword: str, limit: Any) -> str:
    """Return what is wrong with a value that breaks a keyword with this limit or these choices."""
    names = ("limit", "multiple_of", "expected_value", "options")
    return _sentence(keyword, dict.fromkeys(names, limit))


def _of_branches(
    kind: ValidationErrorKind, branches: Sequence[Sequence[ValidationError]], path: Path
) -> Violation:
    """Return the violation of a value that matches none of several schemas, or too many."""
    if isinstance(kind, ValidationErrorKind.OneOfMultipleValid):
        return Violation(path, "Must match exactly one of the allowed forms, and matches several.")
    depth = len(path)
    first = [branch[0] for branch in branches if branch]
    if first and all(
        error.kind.name == "type" and len(error.instance_path) == depth for error in first
    ):
        types = [name for error in first for name in error.kind.as_dict()["types"]]
        return Violation(path, f"Must be {_any_type(types)}.")
    closest = max(
        (branch for branch in branches if branch),
        key=lambda branch: (
            branch[0].kind.name != "type" or len(branch[0].instance_path) > depth,
            len(branch[0].instance_path),
            -len(branch),
        ),
        default=(),
    )
    for error in closest:
        for violation in violations_of(error):
            place = pointer_of(violation.path[depth:])
            sentence = f"{_NO_BRANCH} In the closest one, {place or 'it'} {violation.clause}"
            return Violation(path, sentence, violation.named or violation.path)
    return Violation(path, _NO_BRANCH)


def _sentence(keyword: str, detail: Mapping[str, Any]) -> str:
    write = _SENTENCES.get(keyword)
    return "Is not valid." if write is None else write(detail)


def _bound(words: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda detail: f"Must be {words} {_shown(detail['limit'])}."


def _count(words: str, unit: str, units: str) -> Callable[[Mapping[str, Any]], str]:
    def sentence(detail: Mapping[str, Any]) -> str:
        limit = detail["limit"]
        return f"Must have {words} {limit:,} {unit if limit == 1 else units}."

    return sentence


_SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "type": lambda detail: f"Must be {_any_type(detail['types'])}.",
    "format": lambda detail: f"Must be {_FORMATS.get(detail['format'], 'valid')}.",
    "pattern": lambda detail: f"Must match the pattern {_cut(detail['pattern'])}",
    "enum": lambda detail: f"Must be {_cut(_either(list(map(_shown, detail['options']))))}.",
    "const": lambda detail: f"Must be {_cut(_shown(detail['expected_value']))}.",
    "multipleOf": lambda detail: f"Must be a multiple of {_shown(detail['multiple_of'])}.",
    "minimum": _bound("at least"),
    "maximum": _bound("at most"),
    "exclusiveMinimum": _bound("greater than"),
    "exclusiveMaximum": _bound("less than"),
    "minLength": _count("at least", "character", "characters"),
    "maxLength": _count("at most", "character", "characters"),
    "minItems": _count("at least", "element", "elements"),
    "maxItems": _count("at most", "element", "elements"),
    "minProperties": _count("at least", "member", "members"),
    "maxProperties": _count("at most", "member", "members"),
    "uniqueItems": lambda _: "Must not contain an element twice.",
    "contains": lambda _: "Does not contain the required elements, or contains too many of them.",
    "not": lambda _: "Has a form that is not allowed.",
    "falseSchema": lambda _: "Is not allowed.",
}


def _any_type(names: Sequence[str]) -> str:
    return _either([words for name, words in _TYPES.items() if name in names])


def _either(choices: Sequence[str]) -> str:
    *others, last = choices or ("nothing",)
    return f"{', '.join(others)} or {last}" if others else last


def _shown(value: Any) -> str:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
