"""Parts of requests that cost the most: as many values, or as large ones, as there is room for."""

import base64
from collections.abc import Iterator

PLAIN = "application/json"
TYPED = "application/vnd.dynamodb+json"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
NATIVE = "application/vnd.dynamodb.update+json"

BODY_BYTES = 1024 * 1024 - 100
"""The limit of a body, with room for the item key that some routes have next to the content."""
ITEM_BYTES = 400 * 1024
HEADER_LINES = 95
LINE_BYTES = 8180
ITEM = "/items/7/x"
KEY = b'"Id":{"N":"7"},"Name":{"S":"x"},"_version":{"S":"0"}'


def filled(before: bytes, part: bytes, after: bytes, size: int = BODY_BYTES) -> bytes:
    """Many equal parts with commas between them, as many as fit."""
    count = (size - len(before) - len(after)) // (len(part) + 1)
    return before + b",".join([part] * count) + after


def numbered(before: bytes, part: bytes, after: bytes, size: int = BODY_BYTES) -> bytes:
    """The same with parts that differ."""
    parts, used, number = [], len(before) + len(after), 0
    while True:
        each = part % number
        used += len(each) + 1
        if used > size:
            return before + b",".join(parts) + after
        parts.append(each)
        number += 1


def values() -> Iterator[tuple[str, bytes, bytes]]:
    """Attribute values: a name, plain JSON, and the same typed; each as many as fit in a body."""
    typed = {
        b"0": b'{"N":"0"}',
        b"null": b'{"NULL":true}',
        b'""': b'{"S":""}',
        b"[]": b'{"L":[]}',
        b"{}": b'{"M":{}}',
        b"0.5": b'{"N":"0.5"}',
        b"1e9": b'{"N":"1e9"}',
        b"1" * 38: b'{"N":"%s"}' % (b"1" * 38),
        b"-1e-130": b'{"N":"-1e-130"}',
        b'{"a":0}': b'{"M":{"a":{"N":"0"}}}',
        b'"\\n"': b'{"S":"\\n"}',
        b'"\\ud83d\\ude00"': b'{"S":"\\ud83d\\ude00"}',
        b"[[[[[[[[[[]]]]]]]]]]": b'{"L":[' * 10 + b"]}" * 10,
    }
    for plain, of_type in typed.items():
        yield plain.decode()[:20], plain, of_type


def legal_items(most_bytes: int = 4 * 1024 * 1024) -> Iterator[tuple[str, bytes]]:
    """Typed items of nearly 400 KB, as other writers may have stored them.

    In JSON they have at most ``most_bytes``.
    """
    rest = ITEM_BYTES - 100
    for value, size in (
        (b'{"N":"0"}', 2),
        (b'{"NULL":true}', 2),
        (b'{"S":""}', 1),
        (b'{"L":[]}', 4),
        (b'{"M":{"a":{"B":""}}}', 6),
    ):
        count = min(rest // size, (most_bytes - 100) // (len(value) + 1))
        members = b",".join([value] * count)
        yield f"a list of {value.decode()}", b'{%s,"a":{"L":[%s]}}' % (KEY, members)
    names = b",".join(b'"%x":{"N":"0"}' % number for number in range(rest // 7))
    yield "attributes", b"{%s,%s}" % (KEY, names)
    yield "a map", b'{%s,"a":{"M":{%s}}}' % (KEY, names)
    numbers = b",".join(b'"%d"' % number for number in range(100_000))
    yield "a set of numbers", b'{%s,"a":{"NS":[%s]}}' % (KEY, numbers)
    strings = b",".join(b'"%x"' % number for number in range(75_000))
    yield "a set of strings", b'{%s,"a":{"SS":[%s]}}' % (KEY, strings)
    binary = b",".join(
        b'"%s"' % base64.b64encode(number.to_bytes(3, "big")) for number in range(120_000)
    )
    yield "a set of binary", b'{%s,"a":{"BS":[%s]}}' % (KEY, binary)
