"""Bodies of batches."""

import json
from collections.abc import Iterator

from tests.holds.parts import BODY_BYTES, filled, numbered, values


def batches() -> Iterator[tuple[str, bytes]]:
    """Bodies of ``/items:batch``."""

    def operations(member: str, content: bytes, method: str = "PATCH", count: int = 100) -> bytes:
        return b'{"operations":[%s]}' % b",".join(
            b'{"method":"%s","id":"7","name":"%d","%s":%s}'
            % (method.encode(), number, member.encode(), content)
            for number in range(count)
        )

    share = BODY_BYTES // 100 - 80
    for name, value, _ in values():
        yield f"puts of {name}", operations("item", filled(b'{"a":[', value, b"]}", share), "PUT")
        yield f"patches of {name}", operations("patch", filled(b'{"a":[', value, b"]}", share))
        yield (
            f"JSON patches of {name}",
            operations(
                "jsonPatch", filled(b'[{"op":"add","path":"/b","value":[', value, b"]}]", share)
            ),
        )
    yield "puts of members", operations("item", numbered(b"{", b'"%x":{}', b"}", share), "PUT")
    yield "nested patches", operations("patch", numbered(b"{", b'"%x":{}', b"}", share))
    yield (
        "JSON patches of many operations",
        operations("jsonPatch", filled(b"[", b'{"op":"remove","path":"/a/0"}', b"]", share)),
    )
    path = ".".join(["a"] * 2040)
    yield (
        "updates of a long path",
        operations("update", b'{"UpdateExpression":"REMOVE %s"}' % path.encode()),
    )
    paths = ",".join(f"a{n}" for n in range(690))
    yield (
        "updates of many paths",
        operations("update", b'{"UpdateExpression":"REMOVE %s"}' % paths.encode()),
    )
    condition = " AND ".join(["a=b"] * 148)
    yield (
        "updates on long conditions",
        operations(
            "update",
            b'{"UpdateExpression":"REMOVE b","ConditionExpression":"%s"}' % condition.encode(),
        ),
    )
    yield (
        "one JSON patch of zeros",
        operations("jsonPatch", filled(b"[", b"0", b"]", BODY_BYTES - 100), count=1),
    )
    yield (
        "JSON patches of zeros",
        operations("jsonPatch", filled(b"[", b"0", b"]", share)),
    )
    names = numbered(
        b'{"UpdateExpression":"REMOVE a","ExpressionAttributeNames":{',
        b'"#%x":"a"',
        b"}}",
        BODY_BYTES - 100,
    )
    yield "one update with many names", operations("update", names, count=1)
    names = numbered(
        b'{"UpdateExpression":"REMOVE a","ExpressionAttributeNames":{', b'"#%x":"a"', b"}}", share
    )
    yield "updates with many names", operations("update", names)
    invalid = numbered(
        b'{"UpdateExpression":"REMOVE a","ExpressionAttributeNames":{', b'"#%x":0', b"}}", share
    )
    yield "updates with many invalid names", operations("update", invalid)
    given = numbered(
        b'{"UpdateExpression":"SET a=:0","ExpressionAttributeValues":{',
        b'":%x":{"N":"0"}',
        b"}}",
        share,
    )
    yield "updates with many values", operations("update", given)
    yield "operations", filled(b'{"operations":[', b"{}", b"]}")
    yield "100 empty operations", filled(b'{"operations":[', b"{}", b"]}", 16 + 300)
    yield "unknown members", numbered(b'{"operations":[{', b'"%x":0', b"}]}")
    yield "unknown members of the batch", numbered(b"{", b'"%x":0', b"}")
    tags = ",".join(['"a"'] * 1700)
    yield (
        "entity tags",
        b'{"operations":[%s]}'
        % b",".join(
            b'{"method":"DELETE","id":"7","name":"%d","ifMatch":%s}'
            % (number, json.dumps(tags).encode())
            for number in range(100)
        ),
    )
    yield (
        "commas as an entity tag",
        b'{"operations":[{"method":"DELETE","id":"7","name":"0","ifMatch":"%s"}]}'
        % (b"," * 1_000_000),
    )
    long_id = b"1" * 10_000
    yield (
        "long keys",
        b'{"operations":[%s]}'
        % b",".join(
            b'{"method":"DELETE","id":"%s","name":"%d"}' % (long_id, n) for n in range(100)
        ),
    )


def typed_batches() -> Iterator[tuple[str, bytes]]:
    """Bodies of ``/items:batch`` with typed items."""
    share = BODY_BYTES // 100 - 80
    for name, _, value in values():
        item = filled(b'{"a":{"L":[', value, b"]}}", share)
        yield f"puts of {name}", _operations(b"PUT", b'"item":%s' % item)


def conditional_batches() -> Iterator[tuple[str, bytes]]:
    """Bodies of ``/items:batch`` whose operations have a native condition."""
    long_condition = b" AND ".join([b"a=b"] * 148)
    long_path = b"attribute_exists(%s)" % b".".join([b"a"] * 2040)
    names = numbered(
        b'{"ConditionExpression":"a=b","ExpressionAttributeNames":{',
        b'"#%x":"a"',
        b"}}",
        BODY_BYTES - 200,
    )
    for method, content in ((b"PUT", b'"item":{},'), (b"DELETE", b""), (b"CHECK", b"")):
        for name, text in (("a long condition", long_condition), ("a long path", long_path)):
            members = b'%s"condition":{"ConditionExpression":"%s"}' % (content, text)
            yield f"{method.decode()}s on {name}", _operations(method, members)
        members = b'%s"condition":%s' % (content, names)
        yield f"one {method.decode()} with many names", _operations(method, members, 1)


def _operations(method: bytes, members: bytes, count: int = 100) -> bytes:
    """Return a batch of operations that differ in their item keys only."""
    return b'{"operations":[%s]}' % b",".join(
        b'{"method":"%s","id":"7","name":"%d",%s}' % (method, number, members)
        for number in range(count)
    )
