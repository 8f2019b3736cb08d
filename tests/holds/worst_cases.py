"""Requests that cost the most that a request of their form can cost, over every input.

Each form of body, each header that is parsed, the path and the query string has its generator.
Sizes are the greatest that the service or the server in front of it lets through.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

PLAIN = "application/json"
TYPED = "application/vnd.dynamodb+json"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
NATIVE = "application/vnd.dynamodb.update+json"

BODY_BYTES = 1024 * 1024
ITEM_BYTES = 400 * 1024
HEADER_LINES = 95
LINE_BYTES = 8180
ITEM = "/items/7/x"
KEY = b'"Id":{"N":"7"},"Name":{"S":"x"},"_version":{"S":"0"}'


@dataclass(frozen=True)
class Case:
    name: str
    status: int
    method: str = "PUT"
    path: str = ITEM
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    stored: bytes | None = None
    conditions_hold: bool = True


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


def deep(part: bytes, levels: int) -> tuple[bytes, bytes]:
    return part * levels, b"}" * levels


LONG_NAME = b"/\xf0\x9f\x98\x80" * 13_000  # 65,000 bytes, two of each five to be escaped


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


def legal_items() -> Iterator[tuple[str, bytes]]:
    """Typed items of nearly 400 KB, as other writers may have stored them."""
    rest = ITEM_BYTES - 100
    for value, size in (
        (b'{"N":"0"}', 2),
        (b'{"NULL":true}', 2),
        (b'{"S":""}', 1),
        (b'{"L":[]}', 4),
        (b'{"N":"0.5"}', 3),
        (b'{"N":"-1.5"}', 4),
        (b'{"M":{"a":{"B":""}}}', 6),
        (b'{"B":"AA=="}', 2),
    ):
        members = b",".join([value] * (rest // size))
        yield f"a list of {value.decode()}", b'{%s,"a":{"L":[%s]}}' % (KEY, members)
    names = b",".join(b'"%x":{"N":"0"}' % number for number in range(rest // 7))
    yield "attributes", b"{%s,%s}" % (KEY, names)
    yield "a map", b'{%s,"a":{"M":{%s}}}' % (KEY, names)
    numbers = b",".join(b'"%d"' % number for number in range(100_000))
    yield "a set of numbers", b'{%s,"a":{"NS":[%s]}}' % (KEY, numbers)
    strings = b",".join(b'"%x"' % number for number in range(75_000))
    yield "a set of strings", b'{%s,"a":{"SS":[%s]}}' % (KEY, strings)
    import base64

    binary = b",".join(
        b'"%s"' % base64.b64encode(number.to_bytes(3, "big")) for number in range(120_000)
    )
    yield "a set of binary", b'{%s,"a":{"BS":[%s]}}' % (KEY, binary)


def typed_bodies() -> Iterator[tuple[str, bytes]]:
    for name, _, value in values():
        yield name, filled(b'{"a":{"L":[', value, b"]}}")
    yield "members", numbered(b"{", b'"%x":{"N":"0"}', b"}")
    for kind in (b"NS", b"SS"):
        yield f"a {kind.decode()}", numbered(b'{"a":{"%s":[' % kind, b'"%d"', b"]}}")
    yield "a NS of equal members", filled(b'{"a":{"NS":[', b'"1e9"', b"]}}")
    yield "binary", filled(b'{"a":{"BS":[', b'"AA=="', b"]}}")
    before, after = b'{"%s":{"M":' % LONG_NAME, b"}}"
    inner = b'{"a":{"M":' * 8
    yield (
        "below a long name",
        filled(before + inner + b'{"z":{"L":[', b'{"N":"0"}', b"]}}" + b"}}" * 8 + after),
    )


def plain_bodies() -> Iterator[tuple[str, bytes]]:
    for name, value, _ in values():
        yield name, filled(b'{"a":[', value, b"]}")
        yield f"{name}, the last one invalid", filled(b'{"a":[', value, b",1e999]}")
        size = 3 * ITEM_BYTES // 4
        yield f"{name}, less", filled(b'{"a":[', value, b"]}", size)
    yield "members", numbered(b"{", b'"%x":0', b"}")
    yield "empty members", numbered(b"{", b'"%x":{}', b"}")
    yield "removed members", numbered(b"{", b'"%x":null', b"}")
    yield "members of members", numbered(b'{"a":{"b":{', b'"%x":{"c":0}', b"}}}")
    yield (
        "31 levels",
        filled(b'{"a":', b'{"b":' * 29 + b"[0]" + b"}" * 29, b"}"),
    )
    yield "many of 31 levels", numbered(b"{", b'"%x":' + b"[" * 31 + b"]" * 31, b"}")
    yield "too deep", filled(b"[" * 79, b"[]", b"]" * 79)
    yield "brackets", b"[" * BODY_BYTES
    yield "brackets in a text", b'{"a":"%s"}' % (b"[" * (BODY_BYTES - 8))
    yield "an open text", b'[[[[{"' * 30 + b"\\" * (BODY_BYTES - 200)
    yield "quotes", b'"' * BODY_BYTES
    yield "a long name", b'{"%s":0}' % (b"\xf0\x9f\x98\x80" * 250_000)
    yield "digits", b'{"a":%s}' % (b"7" * 1_000_000)
    yield "places", b'{"a":0.%s}' % (b"7" * 1_000_000)
    yield "a long exponent", b'{"a":1e%s}' % (b"7" * 1_000_000)
    yield "exponents", filled(b'{"a":[', b"1e99999999999999999999", b"]}")
    yield "equal names", filled(b"{", b'"a":0', b"}")
    yield "an equal name", numbered(b"{", b'"%x":0', b',"0":0}')
    before = b'{"%s":' % LONG_NAME + b'{"a":' * 8
    yield "below a long name", filled(before + b"[", b"0", b"]" + b"}" * 9, 600_000)
    yield "invalid below a long name", filled(before + b"[", b"0", b',""]' + b"}" * 9, 600_000)
    names = b"".join(b'{"%s":' % LONG_NAME[: 5 * 6000] for _ in range(25))
    yield "below long names", names + b"1e999" + b"}" * 25
    yield "lone surrogates", filled(b'{"a":[', b'"\\ud83d"', b"]}")
    yield "not JSON at the end", filled(b'{"a":[', b"[]", b"]")


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
    tags = ",".join(['"a"'] * 2000)
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


def headers() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Request headers: one long line, and as many as a server takes."""
    elements = {
        "Accept": ["a/b", "application/json;q=0.1", "*/*;q=0.5", "", ";", '"', 'a/b;c="d"'],
        "Accept-Encoding": ["gzip", ""],
        "If-Match": ['"a"', "", 'W/"a"', '"'],
        "If-None-Match": ['"a"', 'W/"a"'],
        "Prefer": ["a=b", "", '"', "a;b;c"],
        "Idempotency-Key": ["a"],
        "Authorization": ["Bearer a", "a=b"],
        "Access-Control-Request-Headers": ["", "a"],
        "X-Forwarded-For": ["1.1.1.1", "", '"'],
        "X-Forwarded-Proto": ["https", ""],
        "Forwarded": ["for=a"],
        "Cookie": ["a=b", ";"],
        "traceparent": ["00-" + "a" * 32 + "-" + "b" * 16 + "-01"],
        "tracestate": ["a=b", ""],
        "X-Request-Id": ["a"],
        "X-API-Key": ["items_a_b"],
        "Origin": ["https://page.example"],
        "Connection": ["close"],
    }
    for name, parts in elements.items():
        for part in parts:
            line = ",".join([part] * (LINE_BYTES // (len(part) + 1)))
            yield f"{name}: {part},… once", [(name, line)]
            yield f"{name}: {part},… often", [(name, line)] * HEADER_LINES
    yield "many headers", [(f"X-{n}", "a" * LINE_BYTES) for n in range(HEADER_LINES)]
    content_types = [
        PLAIN + ";a=b" * 2000,
        PLAIN + ';a="' + '\\"' * 4000,
        PLAIN + ";" * 8000,
        PLAIN + ";a*0=b" * 1300,
        PLAIN + ";a" * 4000,
        PLAIN + " " * 8000,
    ]
    for value in content_types:
        yield f"Content-Type: {value[:24]}…", [("Content-Type", value)]


def queries() -> Iterator[tuple[str, str]]:
    yield "paths", "fields=" + ",".join(["a"] * 5900)
    yield "different paths", "fields=" + ",".join(f"{n:x}" for n in range(2600))
    yield "a deep path", "fields=" + ".".join(["a"] * 5900)
    yield "parameters", "&".join(["fields=a"] * 1300)
    yield "unknown parameters", "&".join(f"{n:x}" for n in range(3000))
    yield "ampersands", "&" * 11_900
    yield "escapes", "fields=" + "%5C%2E" * 1900
    yield "backslashes", "fields=" + "\\" * 11_900
    yield "dots", "fields=" + "." * 11_900
    yield "commas", "fields=" + "," * 11_900
    yield "repeated", "&".join(["consistent_read=true"] * 560)


def paths() -> Iterator[tuple[str, str]]:
    yield "an encoded name", "/items/7/" + "%C3%A9" * 1990
    yield "a long number", "/items/" + "1" * 11_900 + "/x"
    yield "a number's exponent", "/items/1e" + "9" * 11_900 + "/x"
    yield "segments", "/items" + "/a" * 5900
    yield "slashes", "/" * 11_900
    yield "escapes that end", "/items/7/" + "%" * 11_900
    yield "dots", "/items/7/" + "../" * 3900


ENTITY_TAG = ("If-Match", '"a"')


def cases() -> Iterator[Case]:
    """All of them."""
    for name, body in plain_bodies():
        yield Case(f"PUT {name}", 0, headers=[("Content-Type", PLAIN)], body=body)
        yield Case(
            f"PATCH {name}",
            0,
            "PATCH",
            headers=[("Content-Type", MERGE)],
            body=body,
            stored=b"{%s}" % KEY,
        )
    for name, body in typed_bodies():
        yield Case(f"PUT typed {name}", 0, headers=[("Content-Type", TYPED)], body=body)
    items = dict(legal_items())
    for name, item in items.items():
        for media_type in (PLAIN, TYPED):
            accept = [("Accept", media_type)]
            yield Case(f"GET {name} as {media_type}", 0, "GET", headers=accept, stored=item)
            yield Case(
                f"batchGet of 10 {name} as {media_type}",
                0,
                "POST",
                "/items:batchGet",
                [*accept, ("Content-Type", PLAIN)],
                b'{"keys":[%s]}' % b",".join(b'{"id":"7","name":"%d"}' % n for n in range(10)),
                item,
            )
        yield Case(
            f"PUT over {name}",
            0,
            headers=[("Content-Type", PLAIN), ("If-Match", "*")],
            body=b"{}",
            stored=item,
        )
        yield Case(
            f"PUT typed {name}",
            0,
            headers=[("Content-Type", TYPED), ("If-Match", '"a"')],
            body=item,
            stored=item,
        )
        yield Case(
            f"PUT typed {name} once",
            0,
            headers=[("Content-Type", TYPED), ("Idempotency-Key", "a")],
            body=item,
            stored=item,
        )
        yield Case(
            f"PUT typed {name} in a batch",
            0,
            "POST",
            "/items:batch",
            headers=[("Content-Type", TYPED), ("Prefer", "return=representation")],
            body=b'{"operations":[{"method":"PUT","id":"7","name":"x","item":%s}]}' % item,
            stored=item,
        )
        yield Case(
            f"PUT, false over {name}",
            0,
            headers=[("Content-Type", PLAIN), ("If-Match", "*")],
            body=b"{}",
            stored=item,
            conditions_hold=False,
        )
        yield Case(
            f"PATCH {name}",
            0,
            "PATCH",
            headers=[("Content-Type", PLAIN)],
            body=b'{"b":{"c":0}}',
            stored=item,
        )
        yield Case(
            f"DELETE {name}",
            0,
            "DELETE",
            headers=[("Prefer", "return=representation")],
            stored=item,
        )
        yield Case(
            f"native update of {name}",
            0,
            "PATCH",
            headers=[("Content-Type", NATIVE)],
            body=b'{"UpdateExpression":"REMOVE b"}',
            stored=item,
        )
        yield Case(
            f"10 patches of {name}",
            0,
            "POST",
            "/items:batch",
            headers=[("Content-Type", PLAIN)],
            body=b'{"operations":[%s]}'
            % b",".join(
                b'{"method":"PATCH","id":"7","name":"%d","patch":{"b":{"c":0}}}' % n
                for n in range(10)
            ),
            stored=item,
        )
        yield Case(
            f"10 false puts over {name}",
            0,
            "POST",
            "/items:batch",
            headers=[("Content-Type", PLAIN)],
            body=b'{"operations":[%s]}'
            % b",".join(
                b'{"method":"PUT","id":"7","name":"%d","item":{},"ifMatch":"*"}' % n
                for n in range(10)
            ),
            stored=item,
            conditions_hold=False,
        )
        plain_copy = json.dumps(
            [{"op": "copy", "from": "/a", "path": "/b"}, {"op": "remove", "path": "/b"}]
        ).encode()
        yield Case(
            f"copy in {name}",
            0,
            "PATCH",
            headers=[("Content-Type", JSON_PATCH)],
            body=plain_copy,
            stored=item,
        )
    for name, body in json_patches():
        for stored in ('a list of {"N":"0"}', 'a list of {"L":[]}'):
            yield Case(
                f"JSON Patch {name} on {stored}",
                0,
                "PATCH",
                headers=[("Content-Type", JSON_PATCH)],
                body=body,
                stored=items[stored],
            )
    for name, body in native_updates():
        yield Case(
            f"native {name}",
            0,
            "PATCH",
            headers=[("Content-Type", NATIVE)],
            body=body,
            stored=b"{%s}" % KEY,
        )
    for name, body in batches():
        yield Case(
            f"batch {name}",
            0,
            "POST",
            "/items:batch",
            headers=[("Content-Type", PLAIN)],
            body=body,
            stored=b'{%s,"a":{"L":[]}}' % KEY,
        )
        yield Case(
            f"batchGet {name}",
            0,
            "POST",
            "/items:batchGet",
            headers=[("Content-Type", PLAIN)],
            body=body.replace(b'"operations"', b'"keys"', 1),
        )
    for name, fields_ in headers():
        for method, path in (("GET", ITEM), ("OPTIONS", ITEM), ("PUT", ITEM), ("GET", "/live")):
            yield Case(
                f"{method} {path} {name}",
                0,
                method,
                path,
                fields_,
                b"{}" if method == "PUT" else b"",
                b"{%s}" % KEY,
            )
    for name, query in queries():
        yield Case(f"query {name}", 0, "GET", f"{ITEM}?{query}", stored=b"{%s}" % KEY)
        yield Case(
            f"write query {name}", 0, "PUT", f"{ITEM}?{query}", [("Content-Type", PLAIN)], b"{}"
        )
    for name, path in paths():
        yield Case(f"path {name}", 0, "GET", path, stored=b"{%s}" % KEY)
