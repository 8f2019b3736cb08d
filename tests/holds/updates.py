"""Bodies with a JSON Patch, or with a native update."""

import json
from collections.abc import Iterator

from tests.holds.parts import filled, numbered, values


def json_patches() -> Iterator[tuple[str, bytes]]:
    def patch(*operations: dict) -> bytes:
        return json.dumps(operations).encode()

    for name, value, _ in values():
        for op in ("add", "test"):
            yield (
                f"{op} {name}",
                filled(b'[{"op":"%s","path":"/b","value":[' % op.encode(), value, b"]}]"),
            )
            yield (
                f"{op} {name} to an item",
                filled(b'[{"op":"%s","path":"/b","value":[' % op.encode(), value, b"]}]", 400_000),
            )
    yield "zeros", filled(b"[", b"0", b"]")
    yield "copies", patch(*({"op": "copy", "from": "/a", "path": f"/b{n}"} for n in range(1000)))
    yield (
        "copies of copies",
        patch(*({"op": "copy", "from": "/a", "path": f"/a/{n}"} for n in range(1000))),
    )
    yield "copies of all", patch(*({"op": "copy", "from": "", "path": "/b"} for _ in range(1000)))
    yield (
        "insertions",
        patch(*({"op": "add", "path": "/a/0", "value": 0} for _ in range(1000))),
    )
    yield "removals", patch(*({"op": "remove", "path": "/a/0"} for _ in range(1000)))
    yield "moves", patch(*({"op": "move", "from": "/a/0", "path": "/a/9"} for _ in range(1000)))
    yield (
        "tests of all",
        patch(*({"op": "test", "path": "", "value": {"a": 0}} for _ in range(1000))),
    )
    yield "a deep path", patch({"op": "add", "path": "/a" * 500_000, "value": 0})
    deep_path = {"op": "copy", "path": "/a" * 300, "from": "/a" * 300}
    yield "deep paths", patch(*(deep_path for _ in range(800)))
    yield "a long index", patch({"op": "remove", "path": "/a/" + "1" * 1_000_000})
    yield "a long name", patch({"op": "add", "path": "/" + "~1" * 500_000, "value": 0})
    yield "unknown members", numbered(b'[{"op":"remove","path":"/a",', b'"%x":0', b"}]")


def native_updates() -> Iterator[tuple[str, bytes]]:
    def update(expression: str, **members: object) -> bytes:
        return json.dumps({"UpdateExpression": expression, **members}).encode()

    path = ".".join(["a"] * 2040)
    yield "a long path", update(f"REMOVE {path}")
    yield "indexes", update("REMOVE a" + "[0]" * 1300)
    yield "many paths", update("REMOVE " + ",".join(f"a{n}" for n in range(690)))
    yield (
        "many deep paths",
        update("REMOVE " + ",".join(".".join(["a"] * 30 + [str(f"b{n}")]) for n in range(60))),
    )
    names = {f"#{n:x}": "a" for n in range(60_000)}
    yield "names", update("REMOVE a", ExpressionAttributeNames=names)
    long_names = {f"#{n:x}": "n" * 60_000 for n in range(15)}
    yield (
        "long names",
        update(
            "REMOVE " + ",".join(f"{name}.b{n}" for n, name in enumerate(long_names)),
            ExpressionAttributeNames=long_names,
        ),
    )
    yield "a long text", update("a" * 1_000_000)
    yield "spaces", update(" " * 1_000_000)
    yield "emoji", update("\U0001f600" * 80_000)
    for name, condition in (
        ("parentheses", "(" * 2000 + "a=b" + ")" * 2000),
        ("operators", " AND ".join(["a=b"] * 450)),
        ("less operators", " AND ".join(["a=b"] * 148)),
        ("NOT", "NOT " * 1000 + "a=b"),
        ("members of IN", "a IN (" + ",".join(["b"] * 2000) + ")"),
        ("signs", "<" * 4096),
        ("a long condition", "a=b " * 250_000),
        ("paths", "=".join([".".join(["a"] * 1000)] * 2)),
    ):
        yield name, update("REMOVE a", ConditionExpression=condition)
    for name, _, value in values():
        yield (
            f"values {name}",
            filled(
                b'{"UpdateExpression":"SET a=:a","ExpressionAttributeValues":{":a":{"L":[',
                value,
                b"]}}}",
            ),
        )
    yield (
        "placeholders",
        numbered(
            b'{"UpdateExpression":"SET a=:a","ExpressionAttributeValues":{',
            b'":%x":{"N":"0"}',
            b"}}",
        ),
    )
