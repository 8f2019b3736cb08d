"""Large stored items of types that plain JSON does not show, and edits of their plain form."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import orjson
from dynamodb_items.domain.items import Item
from dynamodb_items.dynamodb.wire_json import request_body, response_content
from dynamodb_items.formats.plain_json import to_plain

from tests.holds.parts import BODY_BYTES

KEY = {"Id": {"N": "7"}, "Name": {"S": "x"}, "_version": {"S": "0"}}
LEVELS = 29
"""How many maps and lists are nested around the list that is innermost."""


def binary(count: int) -> list[dict]:
    return [{"B": b"%x" % number} for number in range(count)]


def nested(kinds: str, before: list[dict], innermost: dict, after: list[dict]) -> dict:
    """A value inside of lists and maps, each with other members around the next."""
    value = innermost
    for level in range(LEVELS):
        members = [*before, value, *after]
        is_list = kinds[level % len(kinds)] == "L"
        value = {"L": members} if is_list else {"M": {f"{n}": m for n, m in enumerate(members)}}
    return value


def stored_values() -> Iterator[tuple[str, dict, tuple[str, ...]]]:
    """Values of nearly 400 KB, each with the edits of it that cost the most."""
    yield "empty binary", {"L": [{"B": b""}] * 340_000}, ("unchanged", "changed at both ends")
    members = [number.to_bytes(3, "big") for number in range(130_000)]
    yield "a set of binary", {"BS": members}, ("unchanged", "in reverse")
    yield "maps", {"L": [{"M": {"a": {"B": b""}}}] * 57_000}, ("changed at both ends",)
    named = {f"{number:x}": {"B": b""} for number in range(8_000)}
    large = [{"M": {**named, "id": {"N": f"{number}"}}} for number in range(8)]
    yield "large maps", {"L": large}, ("in reverse", "changed at both ends")
    moved = [{"SS": ["a", f"{number:x}", "c" * 20]} for number in range(9_990)]
    yield "sets", {"L": moved}, ("in reverse", "longer")
    yield "a map", {"M": {f"{n:x}": {"B": b""} for n in range(55_000)}}, ("unchanged",)
    inner = {"L": [{"L": binary(9)}] * 9}
    yield "lists of lists", {"L": [{"L": [{"L": [inner] * 9}] * 5}] * 5}, ("in reverse", "longer")
    side = [{"B": b""}]
    for kinds in ("L", "LM"):
        for name, value in (
            ("a list in", nested(kinds, [], {"L": binary(60_000)}, [])),
            ("a list between others in", nested(kinds, side, {"L": binary(60_000)}, side)),
            ("long lists around", nested(kinds, binary(1_000), {"B": b""}, binary(1_000))),
        ):
            yield f"{name} {kinds}", value, ("changed inside",)


def with_nested(value: Any, leaf: Any) -> Any:
    """The plain value with another leaf, where its nested members lead to."""
    members = value.items() if isinstance(value, dict) else enumerate(value)
    containers = [(name, each) for name, each in members if isinstance(each, dict | list)]
    copied = value.copy()
    if containers:
        name, member = containers[-1]
        copied[name] = with_nested(member, leaf)
    else:
        copied[next(iter(value)) if isinstance(value, dict) else -1] = leaf
    return copied


def with_lists(value: Any, edit: Callable[[list], list]) -> Any:
    """The plain value with each of its lists edited."""
    if isinstance(value, dict):
        return {name: with_lists(member, edit) for name, member in value.items()}
    if isinstance(value, list):
        return edit([with_lists(member, edit) for member in value])
    return value


EDITS: dict[str, Callable[[Any], Any]] = {
    "unchanged": lambda value: value,
    "changed inside": partial(with_nested, leaf=None),
    "in reverse": partial(with_lists, edit=lambda members: members[::-1]),
    "longer": partial(with_lists, edit=lambda members: [0, *members]),
    "changed at both ends": partial(with_lists, edit=lambda members: [0, *members[1:-1], 0]),
}


def edited_items() -> Iterator[tuple[str, bytes, str, bytes]]:
    """A name, the stored item as the table returns it, its fingerprint, and a plain item."""
    for name, value, edits in stored_values():
        response = request_body({"Item": {**KEY, "a": value}})
        item = response_content(response)["Item"]
        shown = orjson.loads(orjson.dumps(to_plain({"a": value})))["a"]
        for edit in edits:
            body = orjson.dumps({"a": EDITS[edit](shown)})
            assert len(body) <= BODY_BYTES, name
            stored = response.removeprefix(b'{"Item":').removesuffix(b"}")
            yield f"{name} {edit}", stored, Item(item).fingerprint, body
