"""Bodies with an item: plain, which is also a merge patch, and typed."""

from collections.abc import Iterator

from tests.holds.parts import BODY_BYTES, ITEM_BYTES, filled, numbered, values

LONG_NAME = b"/\xf0\x9f\x98\x80" * 13_000  # 65,000 bytes; every fifth must be escaped


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
