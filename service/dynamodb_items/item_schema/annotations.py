"""The annotations that the service acts on: ``readOnly``, ``writeOnly`` and ``default``."""

from collections.abc import Iterator, Mapping
from typing import Any

from dynamodb_items.item_schema.positions import Path, Schema, all_schemas

_ACCESS = ("readOnly", "writeOnly")


def attributes_with(root: Schema, annotation: str) -> frozenset[str]:
    """Return the attributes that the schema declares as ``readOnly``, or as ``writeOnly``."""
    return frozenset(name for name, it in _attributes(root).items() if it.get(annotation) is True)


def default_values(root: Schema) -> Mapping[str, Any]:
    """Return the defaults of attributes, in plain form."""
    return {name: it["default"] for name, it in _attributes(root).items() if "default" in it}


def without_access_rules(root: Schema) -> Schema:
    """Return the schema without read-only and write-only attributes."""
    attributes = {
        name: {keyword: it[keyword] for keyword in it if keyword not in _ACCESS}
        for name, it in _attributes(root).items()
    }
    return {**root, "properties": {**root.get("properties", {}), **attributes}}


def annotation_errors(root: Schema) -> Iterator[tuple[Path, str]]:
    """Yield the annotations that the service cannot act on, each with its path."""
    for path, schema in all_schemas(root):
        found = [annotation for annotation in _ACCESS if schema.get(annotation) is True]
        if len(found) > 1:
            yield path, "an attribute cannot be both readOnly and writeOnly"
        if not _is_attribute(path):
            for annotation in found:
                yield (*path, annotation), "is supported for the attributes of an item only"


def _attributes(root: Schema) -> Mapping[str, Schema]:
    """Return the schemas of the attributes that the root of a schema contains."""
    properties = root.get("properties", {})
    return {name: each for name, each in properties.items() if isinstance(each, dict)}


def _is_attribute(path: Path) -> bool:
    return len(path) == len(("properties", "name")) and path[0] == "properties"
