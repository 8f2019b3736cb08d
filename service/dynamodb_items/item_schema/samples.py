"""A first schema, from sample items."""

from collections import Counter
from typing import Any

from jsonschema_rs import Draft202012Validator

from dynamodb_items.domain.items import AttributeValue
from dynamodb_items.item_schema.positions import DIALECT, TYPE_KEYWORD

MAX_NAMES = 500
"""A map with more different names is taken for one whose names are data."""
_GUESSED_FORMATS = ("date-time", "date", "uuid", "email", "uri")
_FORMATS = {
    name: Draft202012Validator({"format": name}, validate_formats=True) for name in _GUESSED_FORMATS
}
_PLAIN_TYPES = {"S": "string", "N": "number", "BOOL": "boolean", "NULL": "null", "M": "object"}


class Samples:
    """What is known of one value in all items: its types and the values inside it."""

    def __init__(self) -> None:
        self.count = 0
        self._types: Counter[str] = Counter()
        self._has_fractions = False
        self._formats: set[str] = set(_GUESSED_FORMATS)
        self._members: dict[str, Samples] = {}
        self._elements: Samples | None = None

    def add(self, value: AttributeValue) -> None:
        """Add the value of one item."""
        ((type_, content),) = value.items()
        self.count += 1
        self._types[type_] += 1
        match type_:
            case "S" if self._formats:
                kept = {name for name in self._formats if _FORMATS[name].is_valid(content)}
                self._formats = kept
            case "N":
                self._has_fractions |= "." in content
            case "M":
                for name, member in content.items():
                    if name in self._members or len(self._members) <= MAX_NAMES:
                        self._members.setdefault(name, Samples()).add(member)
            case "L":
                for member in content:
                    self._inside().add(member)
            case "SS" | "NS":
                for member in content:
                    self._inside().add({type_[0]: member})

    def schema(self) -> dict[str, Any]:
        """Return the schema of an item."""
        return {"$schema": DIALECT, **self._schema()}

    def _inside(self) -> "Samples":
        self._elements = self._elements or Samples()
        return self._elements

    def _schema(self) -> dict[str, Any]:
        types = sorted({self._plain_type(type_) for type_ in self._types})
        schema: dict[str, Any] = {"type": types[0] if len(types) == 1 else types}
        if set(self._types) == {"S"} and self._formats:
            schema["format"] = next(name for name in _GUESSED_FORMATS if name in self._formats)
        declared = [type_ for type_ in ("SS", "NS", "BS", "B") if type_ in self._types]
        if len(declared) == 1 and set(self._types) <= {*declared, "NULL"}:
            schema[TYPE_KEYWORD] = declared[0]
        if self._elements is not None:
            schema["items"] = self._elements._schema()  # noqa: SLF001 - of the same class
        if 0 < len(self._members) <= MAX_NAMES:
            maps = self._types["M"]
            required = [name for name, inner in self._members.items() if inner.count == maps]
            if required:
                schema["required"] = required
            schema["properties"] = {
                name: inner._schema()  # noqa: SLF001
                for name, inner in self._members.items()
            }
        return schema

    def _plain_type(self, type_: str) -> str:
        if type_ == "N" and not self._has_fractions:
            return "integer"
        if type_ == "B":
            return "string"
        return _PLAIN_TYPES.get(type_, "array")
