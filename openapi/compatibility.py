"""Breaking changes of the OpenAPI document, by the rule in docs/clients.md.

A later document may accept more requests, and may promise more about responses. Anything else
breaks a generated client.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from jsonpointer import resolve_pointer

Direction = Literal["request", "response"]
Json = Mapping[str, Any]

# Each bound, and whether a greater value allows less.
_BOUNDS = {
    "minLength": True,
    "minItems": True,
    "minProperties": True,
    "minimum": True,
    "maxLength": False,
    "maxItems": False,
    "maxProperties": False,
    "maximum": False,
}
_COMPOSITIONS = ("allOf", "anyOf", "oneOf", "not")


def unannounced_breaks(old: Json, new: Json) -> list[str]:
    """Return the breaking changes, or none if the new document's version announces a break."""
    if allows_breaking_changes(old["info"]["version"], new["info"]["version"]):
        return []
    return breaking_changes(old, new)


def breaking_changes(old: Json, new: Json) -> list[str]:
    """Return a sentence for each change that may make a client of the old document fail."""
    return list(dict.fromkeys(_Comparison(old, new).changes()))


def allows_breaking_changes(old_version: str, new_version: str) -> bool:
    """Return whether the new version announces a breaking change.

    By https://semver.org a greater major version does, and before 1.0.0 a greater minor version.
    """
    old, new = (
        [int(number) for number in version.split(".")[:2]] for version in (old_version, new_version)
    )
    return new > old if old[0] == 0 else new[0] > old[0]


@dataclass(frozen=True)
class _Comparison:
    old: Json
    new: Json

    def changes(self) -> Iterator[str]:
        for path, old_item in self.old["paths"].items():
            new_item = self.new["paths"].get(path, {})
            for method, old_operation in old_item.items():
                if "operationId" not in old_operation:
                    continue
                where = f"{method.upper()} {path}"
                if method not in new_item:
                    yield f"{where} was removed"
                    continue
                yield from self._operation(
                    where,
                    _with_shared_parameters(old_item, old_operation),
                    _with_shared_parameters(new_item, new_item[method]),
                )
        gone = _schemas(self.old).keys() - _schemas(self.new).keys()
        yield from (f"The schema {name} was removed, and its type with it" for name in sorted(gone))

    def _operation(self, where: str, old: Json, new: Json) -> Iterator[str]:
        if old["operationId"] != new["operationId"]:
            yield f"{where} is now {new['operationId']}, which renames the client method"
        if new.get("security", self.new.get("security", [])) and not old.get(
            "security", self.old.get("security", [])
        ):
            yield f"{where} now requires authentication"
        yield from self._parameters(where, old, new)
        yield from self._request_body(where, old, new)
        yield from self._responses(where, old["responses"], new["responses"])

    def _parameters(self, where: str, old: Json, new: Json) -> Iterator[str]:
        before, after = self._by_name(self.old, old), self._by_name(self.new, new)
        for name, parameter in before.items():
            what = f"{where}: the {name[0]} parameter {name[1]}"
            if name not in after:
                yield f"{what} was removed"
                continue
            yield from self._required(what, parameter, after[name])
            for member in ("style", "explode"):
                if parameter.get(member) != after[name].get(member):
                    yield f"{what} has a different {member}"
            yield from self._schema(what, parameter["schema"], after[name]["schema"], "request")
        for name in after.keys() - before.keys():
            what = f"{where}: the new {name[0]} parameter {name[1]}"
            yield from self._required(what, {}, after[name])

    @staticmethod
    def _required(what: str, old: Json, new: Json) -> Iterator[str]:
        if new.get("required", False) and not old.get("required", False):
            yield f"{what} is required"

    def _by_name(self, document: Json, operation: Json) -> dict[tuple[str, str], Json]:
        parameters = [_resolved(document, one) for one in operation.get("parameters", [])]
        return {(one["in"], one["name"]): one for one in parameters}

    def _request_body(self, where: str, old: Json, new: Json) -> Iterator[str]:
        before = _resolved(self.old, old.get("requestBody", {}))
        after = _resolved(self.new, new.get("requestBody", {}))
        yield from self._required(f"{where}: the body", before, after)
        yield from self._content(f"{where}: the body", before, after, "request")

    def _responses(self, where: str, old: Json, new: Json) -> Iterator[str]:
        for status, response in old.items():
            what = f"{where}: the response {status}"
            if status not in new:
                if status < "400":
                    yield f"{what} was removed"
                continue
            before, after = _resolved(self.old, response), _resolved(self.new, new[status])
            for header in before.get("headers", {}).keys() - after.get("headers", {}).keys():
                yield f"{what} no longer has the header {header}"
            yield from self._content(what, before, after, "response")

    def _content(self, what: str, old: Json, new: Json, direction: Direction) -> Iterator[str]:
        after = new.get("content", {})
        for media_type, content in old.get("content", {}).items():
            if media_type not in after:
                yield f"{what} is no longer {media_type}"
                continue
            yield from self._schema(
                f"{what} as {media_type}", content["schema"], after[media_type]["schema"], direction
            )

    def _schema(
        self,
        where: str,
        old: Json,
        new: Json,
        direction: Direction,
        seen: frozenset[tuple[str, str]] = frozenset(),
    ) -> Iterator[str]:
        pair = (old.get("$ref", ""), new.get("$ref", ""))
        if pair in seen:
            return
        if all(pair):
            seen |= {pair}
        old, new = _resolved(self.old, old), _resolved(self.new, new)
        wide, narrow = _wide_and_narrow(old, new, direction)
        if any(narrow.get(name, wide.get(name)) != wide.get(name) for name in ("type", "format")):
            yield f"{where} has a different type"
            return
        if any(old.get(name) != new.get(name) for name in _COMPOSITIONS):
            yield f"{where} has a different composition of schemas"
        yield from _values(where, old, new, direction)
        yield from self._members(where, old, new, direction, seen)
        for name in sorted({"items", "additionalProperties"} & (old.keys() | new.keys())):
            before, after = _as_schema(old.get(name, True)), _as_schema(new.get(name, True))
            if before is not None and after is not None:
                yield from self._schema(f"{where}/{name}", before, after, direction, seen)
            elif (after is None) is (direction == "request") and before is not after:
                yield f"{where} {'accepts' if direction == 'request' else 'has'} other members"

    def _members(
        self,
        where: str,
        old: Json,
        new: Json,
        direction: Direction,
        seen: frozenset[tuple[str, str]],
    ) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, schema in before.items():
            if name in after:
                yield from self._schema(f"{where}/{name}", schema, after[name], direction, seen)
            else:
                yield f"{where}/{name} was removed"
        was, is_now = set(old.get("required", [])), set(new.get("required", []))
        if direction == "request":
            yield from (f"{where}/{name} is newly required" for name in sorted(is_now - was))
        else:
            yield from (f"{where}/{name} is no longer required" for name in sorted(was - is_now))


def _values(where: str, old: Json, new: Json, direction: Direction) -> Iterator[str]:
    """Yield each value that may no longer be sent, or that may now be received."""
    wide, narrow = _wide_and_narrow(old, new, direction)
    verb = "may no longer be" if direction == "request" else "may now be"
    if wide.get("nullable", False) and not narrow.get("nullable", False):
        yield f"{where} {verb} null"
    if "enum" in narrow:
        lost = [value for value in wide.get("enum", ["anything"]) if value not in narrow["enum"]]
        yield from (f"{where} {verb} {value}" for value in lost)
    if narrow.get("pattern", wide.get("pattern")) != wide.get("pattern"):
        yield f"{where} {verb} of a different pattern"
    for bound, greater_is_narrower in _BOUNDS.items():
        if bound not in narrow:
            continue
        limit = wide.get(bound)
        is_stricter = limit is None or (
            narrow[bound] > limit if greater_is_narrower else narrow[bound] < limit
        )
        if is_stricter:
            yield f"{where} {verb} beyond {bound} {narrow[bound]}"


def _wide_and_narrow(old: Json, new: Json, direction: Direction) -> tuple[Json, Json]:
    """Return the schema that must be contained in the other one, then that other one.

    What clients send must still be accepted; what they receive must be what was promised.
    """
    return (old, new) if direction == "request" else (new, old)


def _as_schema(value: Any) -> Json | None:
    """Return the schema that means the same; None for False, which allows nothing."""
    if value is False:
        return None
    return {} if value is True else value


def _with_shared_parameters(item: Json, operation: Json) -> Json:
    shared = [*item.get("parameters", []), *operation.get("parameters", [])]
    return {**operation, "parameters": shared}


def _schemas(document: Json) -> Json:
    schemas: Json = document.get("components", {}).get("schemas", {})
    return schemas


def _resolved(document: Json, value: Json) -> Json:
    while "$ref" in value:
        value = resolve_pointer(document, value["$ref"].removeprefix("#"))
    return value
