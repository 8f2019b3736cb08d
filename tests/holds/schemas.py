"""Items that take the longest to judge: for each keyword that loops, as many values as fit.

The time is also proportional to the number of subschemas that apply to a value, which is up to the
author of the schema.
"""

from collections.abc import Iterator
from decimal import Decimal

from tests.holds.parts import BODY_BYTES, ITEM_BYTES, filled, numbered

CENTS = {"type": "number", "multipleOf": Decimal("0.01"), "minimum": -1}
LARGE = [{f"name-{number}-{at}": Decimal(number) for at in range(1_000)} for number in range(20)]
ATTRIBUTES = {
    "multiples": {"items": CENTS},
    "definitions": {"items": {"$ref": "#/$defs/cents"}},
    "either": {"anyOf": [{"type": "string"}, {"items": CENTS}]},
    "none": {"not": {"contains": {"type": "number", "multipleOf": Decimal("0.7")}}},
    "bounds": {"items": {"anyOf": [{"minimum": Decimal("1e100")}, {"maximum": Decimal("0.5")}]}},
    "choices": {"items": {"enum": [Decimal("0.5"), *map(Decimal, range(100)), "x", None, [], {}]}},
    "words": {"items": {"enum": [f"word-{number}" for number in range(1_000)]}},
    "large": {"enum": LARGE},
    "many": {"items": {"not": {"enum": LARGE}}},
    "constant": {"items": {"not": {"const": {"a": Decimal(1)}}}},
    "unique": {"uniqueItems": True},
    "some": {"contains": {"type": "number", "minimum": 5}, "maxContains": 3, "minContains": 2},
    "matched": {"items": {"type": "string", "pattern": "^(a|b|ab)*c?$"}},
    "text": {"type": "string", "pattern": "^(a+)+$", "minLength": 3, "maxLength": 400_000},
    "formats": {"items": {"format": "email"}},
    "typed": {"items": {"type": "string"}, "x-dynamodb-type": "SS"},
    "unevaluated": {"contains": {"type": "string"}, "unevaluatedItems": {"type": "number"}},
    "members": {
        "type": "object",
        "patternProperties": {"^[0-9a-f]+$": CENTS, "0$": {"type": "number"}, "^(a|b)*x": False},
        "propertyNames": {"maxLength": 100, "pattern": "^[^ ]*$"},
        "unevaluatedProperties": False,
    },
}
SCHEMA = {"$defs": {"cents": CENTS}, "properties": ATTRIBUTES}


def list_of(name: str, value: bytes, size: int = ITEM_BYTES) -> bytes:
    """As many of a value as an item holds; a digit takes a byte of it, and a number another."""
    return filled(b'{"%s":[' % name.encode(), value, b"]}", size)


def plain_bodies() -> Iterator[tuple[str, bytes]]:
    for name in ("multiples", "definitions", "either", "none", "bounds", "choices", "constant"):
        for value in (b"0.5", b"9e125"):
            yield f"{name} of {value[:6].decode()}", list_of(name, value)
        invalid = list_of(name, b"0.5")[:-2] + b",0.001]}"
        yield f"{name}, the last invalid", invalid
    for name in ("many", "constant", "choices"):
        for value in (b"{}", b'{"a":0}', b'"x"'):
            yield f"{name} of {value.decode()}", list_of(name, value, BODY_BYTES // 2)
    yield "words", list_of("words", b'"word-999"')
    yield "texts", list_of("matched", b'"ababab"')
    yield "short texts", list_of("matched", b'""')
    yield "no emails", list_of("formats", b'"a.b.c.d@"')
    yield "emails", list_of("formats", b'"a@b.de"')
    yield "a long text", b'{"text":"%s"}' % (b"a" * 390_000)
    yield "a long invalid text", b'{"text":"%sb"}' % (b"a" * 390_000)
    yield "a large choice", b'{"large":%s}' % numbered(b"{", b'"name-19-%d":19', b"}", 300_000)
    for name in ("unique", "some", "unevaluated"):
        for part in (b"%d.5", b'"%x"', b'{"a":%d}'):
            yield (
                f"{name} of {part.decode()}",
                numbered(b'{"%s":[' % name.encode(), part, b"]}", ITEM_BYTES),
            )
    yield "texts in branches", list_of("either", b'"x"')
    yield "a set", numbered(b'{"typed":[', b'"%x"', b"]}", ITEM_BYTES)
    for name, part in (
        ("members", b'"%x":0.5'),
        ("invalid members", b'"%x":0.001'),
        ("unknown", b'"-%x":0'),
    ):
        yield name, numbered(b'{"members":{', part, b"}}", ITEM_BYTES)


def typed_bodies() -> Iterator[tuple[str, bytes]]:
    for name in ("multiples", "either", "choices"):
        for value in (b"0.5",):
            before, after = b'{"%s":{"L":[' % name.encode(), b"]}}"
            yield f"{name} of {value.decode()}", filled(before, b'{"N":"%s"}' % value, after)
