"""The form of the item page: a field for each attribute that the item schema declares."""

import json
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import Any, NamedTuple

from dynamodb_items.domain.numbers import canonical_number
from dynamodb_items.item_schema.applied import expanded
from dynamodb_items.item_schema.positions import TYPE_KEYWORD, Schema

MAX_FIELDS = 200
_MAX_GROUP_LEVELS = 3
MAX_CHOICES = 200
"""Attributes beyond these bounds are edited as JSON."""

_NUMBER_TYPES = ({"number"}, {"integer"}, {"number", "integer"})
_INPUT_MODES = {"email": "email", "uri": "url", "uri-reference": "url"}
_EXAMPLES = {
    "date-time": "2026-11-27T09:30:00Z",
    "time": "09:30:00Z",
    "duration": "P3D",
    "uuid": "8e03978e-40d5-43dd-bc93-6894a57f9324",
}


class Choice(NamedTuple):
    """One value of a field with a list of values: its JSON text, and what the user sees."""

    json: str
    label: str


@dataclass(frozen=True, slots=True)
class Field:
    """One value of an item in the form."""

    id: str
    path: tuple[str, ...]
    """The names from the item's attribute inwards."""
    kind: str
    """How text becomes a value: text, number, choice, lines, number-lines, json; ``map`` has
    ``members``, and ``rest`` is the members of a map that have no field of their own."""
    label: str
    help: str = ""
    control: str = "textarea"
    """The HTML element or, of an ``input``, its type."""
    input_mode: str = ""
    default: str = ""
    choices: tuple[Choice, ...] = ()
    members: tuple["Field", ...] = ()
    is_required: bool = False
    is_read_only: bool = False
    is_optional: bool = False
    """Whether the field is hidden while it is empty."""


def form_fields(root: Schema, keys: tuple[str, ...]) -> tuple[Field, ...]:
    """Return the fields of an item, without its key attributes.

    A schema has up to 200 fields, and three levels of maps; what is beyond is edited as JSON.
    """
    return _Form(root, keys).fields()


class _Form:
    def __init__(self, root: Schema, keys: tuple[str, ...]) -> None:
        self._root = root
        self._keys = keys
        self._numbers = count(1)
        self._left = MAX_FIELDS

    def fields(self) -> tuple[Field, ...]:
        return self._members((), self._applied(self._root), is_read_only=False)

    def _applied(self, *schemas: Any) -> tuple[Schema, ...]:
        """Return the schemas of a value, the most specific first.

        Of a value that can be null as well, they are those of the other form.
        """
        applied = list(expanded(self._root, schemas))
        for schema in tuple(applied):
            for keyword in ("anyOf", "oneOf"):
                others = [each for each in schema.get(keyword, ()) if each != {"type": "null"}]
                if len(others) == 1:
                    applied += expanded(self._root, others)
        return tuple(applied)

    def _members(
        self, path: tuple[str, ...], schemas: tuple[Schema, ...], *, is_read_only: bool
    ) -> tuple[Field, ...]:
        declared: dict[str, list[Any]] = {}
        for schema in schemas:
            for name, inner in schema.get("properties", {}).items():
                declared.setdefault(name, []).append(inner)
        required = {name for schema in schemas for name in schema.get("required", ())}
        fields: list[Field] = []
        for name, inner in declared.items():
            if self._left and inner[0] is not False and (path or name not in self._keys):
                self._left -= 1
                applied = self._applied(*inner)
                field = self._field(
                    (*path, name),
                    applied,
                    is_required=name in required,
                    is_read_only=is_read_only or _keyword(applied, "readOnly") is True,
                )
                fields.append(field)
        is_open = not path and all(
            schema.get("additionalProperties", True) or "patternProperties" in schema
            for schema in schemas
        )
        rest = Field(
            self._id(),
            path,
            "rest",
            label="Other members" if path else "Other attributes",
            help="A JSON object.",
            is_read_only=is_read_only,
            is_optional=not is_open,
        )
        return (*fields, rest)

    def _field(
        self,
        path: tuple[str, ...],
        schemas: tuple[Schema, ...],
        *,
        is_required: bool,
        is_read_only: bool,
    ) -> Field:
        kind = _kind(schemas, self._applied(_keyword(schemas, "items")), len(path))
        default = _keyword(schemas, "default")
        members: tuple[Field, ...] = ()
        if kind == "map":
            members = self._members(path, schemas, is_read_only=is_read_only)
        values = _values(schemas) if kind == "choice" else ()
        return Field(
            self._id(),
            path,
            kind,
            label=_keyword(schemas, "title") or path[-1],
            help=_help(kind, schemas),
            control=_control(kind, schemas),
            input_mode=_input_mode(kind, schemas),
            default="" if default is None or isinstance(default, list | dict) else _shown(default),
            choices=tuple(Choice(_json(value), _shown(value)) for value in values),
            members=members,
            is_required=is_required,
            is_read_only=is_read_only,
        )

    def _id(self) -> str:
        return f"field-{next(self._numbers)}"


def _keyword(schemas: tuple[Schema, ...], keyword: str) -> Any:
    return next((schema[keyword] for schema in schemas if keyword in schema), None)


def _types(schemas: tuple[Schema, ...]) -> set[str]:
    """Return the types of a value that is not null."""
    declared = _keyword(schemas, "type")
    if declared is None:
        return {"object"} if _keyword(schemas, "properties") else set()
    return set([declared] if isinstance(declared, str) else declared) - {"null"}


def _values(schemas: tuple[Schema, ...]) -> list[Any]:
    """Return the values to choose from; none if the schema does not list them."""
    constants = [schema["const"] for schema in schemas if "const" in schema]
    listed: list[Any] = constants[:1] or list(_keyword(schemas, "enum") or ())
    if not listed and _types(schemas) == {"boolean"}:
        listed = [True, False]
    return listed


def _kind(schemas: tuple[Schema, ...], items: tuple[Schema, ...], level: int) -> str:
    values, types = _values(schemas), _types(schemas)
    if values:
        is_short = len(values) <= MAX_CHOICES
        is_plain = not any(isinstance(value, list | dict) for value in values)
        return "choice" if is_short and is_plain else "json"
    if types == {"object"} and _keyword(schemas, "properties") and level < _MAX_GROUP_LEVELS:
        # The members that are not shown would be lost.
        return "json" if _keyword(schemas, "writeOnly") is True else "map"
    if types == {"array"} and _keyword(schemas, "prefixItems") is None:
        return _array_kind(_keyword(schemas, TYPE_KEYWORD), _types(items))
    if types == {"string"}:
        return "text"
    return "number" if types in _NUMBER_TYPES else "json"


def _array_kind(declared: str | None, types: set[str]) -> str:
    if declared == "NS" or types in _NUMBER_TYPES:
        return "number-lines"
    return "lines" if declared in ("SS", "BS") or types == {"string"} else "json"


def _control(kind: str, schemas: tuple[Schema, ...]) -> str:
    if kind == "choice":
        return "select"
    if kind not in ("text", "number"):
        return "textarea"
    if _keyword(schemas, "writeOnly") is True:
        return "password"
    if kind == "text" and _keyword(schemas, "format") == "date":
        return "date"
    # A text input cannot have line breaks, and text without a format can.
    is_line = kind == "number" or _keyword(schemas, "format") is not None
    return "text" if is_line else "textarea"


def _input_mode(kind: str, schemas: tuple[Schema, ...]) -> str:
    if kind == "number":
        return "numeric" if _types(schemas) == {"integer"} else "decimal"
    return _INPUT_MODES.get(_keyword(schemas, "format"), "") if kind == "text" else ""


def _help(kind: str, schemas: tuple[Schema, ...]) -> str:
    parts = [_keyword(schemas, "description"), _hint(kind, schemas)]
    if _keyword(schemas, "writeOnly") is True:
        parts.append("It is never shown. Left empty, it stays as it is.")
    return " ".join(filter(None, parts))


def _hint(kind: str, schemas: tuple[Schema, ...]) -> str:
    hints = {"lines": "One per line.", "number-lines": "One number per line.", "json": "JSON."}
    if _keyword(schemas, TYPE_KEYWORD) in ("B", "BS"):
        return f"{hints.get(kind, '')} Base64.".strip()
    example = _EXAMPLES.get(_keyword(schemas, "format")) if kind == "text" else None
    return hints.get(kind, "") if example is None else f"For example {example}."


def _json(value: Any) -> str:
    """Return the JSON text of a scalar, numbers as the service returns them."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        try:
            return canonical_number(Decimal(value))
        except ValueError:  # DynamoDB cannot store it
            return str(value)
    return json.dumps(value, ensure_ascii=False)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else _json(value)
