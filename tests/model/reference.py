"""The contract of the service for one item at a time, in plain Python."""

import copy
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Attributes = dict[str, Any]


class Rejected(Exception):
    """The status of a rejected write."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True)
class Preconditions:
    """If-Match and If-None-Match: None, "*", or entity tags."""

    if_match: str | frozenset[str] | None = None
    if_none_match: str | frozenset[str] | None = None

    @property
    def headers(self) -> dict[str, str]:
        headers = {"If-Match": self.if_match, "If-None-Match": self.if_none_match}
        return {
            name: value if isinstance(value, str) else ", ".join(sorted(value))
            for name, value in headers.items()
            if value is not None
        }

    def check(self, etag: str | None) -> None:
        """RFC 9110 section 13.2.2, for a method other than GET and HEAD."""
        if self.if_match is not None and not _matches(self.if_match, etag):
            raise Rejected(412)
        if self.if_none_match is not None and _matches(self.if_none_match, etag):
            raise Rejected(412)


def _matches(tags: str | frozenset[str], etag: str | None) -> bool:
    return etag is not None and (tags == "*" or etag in tags)


@dataclass
class Item:
    """One item: its attributes without the key, and its entity tag; None if it is absent."""

    attributes: Attributes | None = None
    etag: str | None = None
    old_etags: list[str] = field(default_factory=list)


def unexpired(attributes: Attributes | None, now: float | None) -> Attributes | None:
    """Return what DynamoDB has not deleted at a second; with None nothing expires."""
    expires = (attributes or {}).get("expires")
    is_time = isinstance(expires, int | Decimal) and not isinstance(expires, bool)
    return None if is_time and now is not None and expires <= int(now) else attributes


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7396 section 2."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def json_patch(target: Attributes, operations: list[dict[str, Any]]) -> Attributes:
    """RFC 6902 section 4, for paths of names and of the end of an array."""
    document = copy.deepcopy(target)
    for operation in operations:
        parent, name = _parent(document, operation["path"])
        match operation["op"]:
            case "add" if isinstance(parent, list) and name == "-":
                parent.append(copy.deepcopy(operation["value"]))
            case "add" if isinstance(parent, dict):
                parent[name] = copy.deepcopy(operation["value"])
            case "remove" if isinstance(parent, dict) and name in parent:
                del parent[name]
            case "replace" if isinstance(parent, dict) and name in parent:
                parent[name] = copy.deepcopy(operation["value"])
            case "copy" if isinstance(parent, dict):
                parent[name] = copy.deepcopy(_existing(document, operation["from"]))
            case "move" if isinstance(parent, dict):
                moved = _existing(document, operation["from"])
                source, source_name = _parent(document, operation["from"])
                del source[source_name]
                parent[name] = moved
            case "test":
                found = isinstance(parent, dict) and name in parent
                if not found or not same(parent[name], operation["value"]):
                    raise Rejected(409)
            case _:
                raise Rejected(422)
    return document


def _existing(document: Any, path: str) -> Any:
    parent, name = _parent(document, path)
    if not isinstance(parent, dict) or name not in parent:
        raise Rejected(422)
    return parent[name]


def _parent(document: Any, path: str) -> tuple[Any, str]:
    *names, last = path.split("/")[1:]
    for name in names:
        if not isinstance(document, dict) or name not in document:
            return None, last
        document = document[name]
    return document, last


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal: numbers by value, true is not 1."""
    return canonical(left) == canonical(right)


def canonical(value: Any) -> Any:
    match value:
        case bool() | None | str():
            return (type(value).__name__, value)
        case int() | Decimal():
            return ("number", Decimal(value))
        case list():
            return ("list", tuple(map(canonical, value)))
        case _:
            members = ((name, canonical(member)) for name, member in value.items())
            return ("map", frozenset(members))


def increment(target: Attributes | None, name: str, amount: int) -> Attributes:
    """ADD of a number."""
    attributes = dict(target or {})
    before = attributes.get(name, 0)
    if isinstance(before, bool) or not isinstance(before, int | Decimal):
        raise Rejected(422)
    return {**attributes, name: before + amount}
