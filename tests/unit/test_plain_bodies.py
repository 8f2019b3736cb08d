"""The fast parser and the direct conversion return what the slower ones that explain errors do."""

import json
from decimal import Decimal

import pytest
from dynamodb_items.domain.errors import InvalidBody, ItemsError
from dynamodb_items.formats import limits, plain_json, strict_json
from dynamodb_items.formats.direct_conversion import NotDirect, direct_attributes
from dynamodb_items.formats.plain_json import attributes_from_plain
from dynamodb_items.formats.strict_json import parse_json
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.examples import examples

# Bodies

numbers = st.one_of(
    st.from_regex(r"-?(0|[1-9][0-9]{0,5})(\.[0-9]{1,4})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
    st.from_regex(r"-?[1-9][0-9]{36,40}(\.0{1,3})?", fullmatch=True),
    st.sampled_from(
        ["-0", "-0.0", "1e400", "1E-131", "1e99999999999999999999", "0e99999999999999999999"]
    ),
    st.sampled_from(["1" + "0" * 125, "1" + "0" * 126, "0." + "0" * 130 + "1"]),
)
texts = st.one_of(st.text(max_size=4), st.sampled_from(["", "a", "b"]))
spaces = st.sampled_from(["", "", " ", "\n\t\r "])


@st.composite
def strings(draw):
    return json.dumps(draw(texts), ensure_ascii=draw(st.booleans()))


def containers(inner):
    def joined(parts, space):
        return f",{space}".join(parts)

    members = st.lists(st.builds("{0}:{1}".format, strings(), inner), max_size=4)
    return st.one_of(
        st.builds(lambda parts, space: f"[{joined(parts, space)}]", st.lists(inner), spaces),
        st.builds(lambda parts, space: f"{{{space}{joined(parts, space)}}}", members, spaces),
    )


values = st.recursive(
    st.one_of(numbers, strings(), st.sampled_from(["true", "false", "null"])), containers
)
valid = st.builds(lambda before, value, after: before + value + after, spaces, values, spaces)
fragments = st.sampled_from(
    [
        *(
            b"",
            b",",
            b"]",
            b"}",
            b'"',
            b"\\",
            b"\\ud800",
            b"\x00",
            b"\x7f",
            b"\xff",
            b"\xef\xbb\xbf",
        ),
        *(b"0", b"NaN", b"Infinity", b"+", b".", b"e", b":", b"\xc2\xa0", b"/**/", b"'", b"01"),
    ]
)


@st.composite
def bodies(draw):
    """A JSON text, sometimes with a fragment in place of some of its bytes."""
    body = draw(valid).encode()
    if draw(st.booleans()):
        start = draw(st.integers(0, len(body)))
        end = start + draw(st.integers(0, 2))
        body = body[:start] + draw(fragments) + body[end:]
    return body


def outcome(function, *arguments):
    try:
        return exact(function(*arguments))
    except ItemsError as error:
        return type(error), str(error), getattr(error, "errors", None)


def exact(value):
    """The value in a form in which true and 1 differ, and 1 and 1.0 do not."""
    match value:
        case bool() | None | str():
            return value
        case dict():
            return {name: exact(member) for name, member in value.items()}
        case list():
            return [exact(member) for member in value]
        case _:
            return "number", Decimal(value)


@given(bodies())
@example(b"9" * 4300)
@example(b"9" * 4301)
@example(b"[" * 80 + b"]" * 80)
@example(b"[" * 202 + b"]" * 202)
@settings(examples(400))
def test_a_body_has_one_meaning(body):
    assert outcome(parse_json, body) == outcome(strict_json._explained, body)  # noqa: SLF001


@given(values)
@settings(examples(200))
def test_attributes_have_one_typed_form(text):
    try:
        value = parse_json(text.encode())
    except InvalidBody:  # a duplicate key
        return
    explained = outcome(limits.item_attributes, value, "", plain_json._attributes)  # noqa: SLF001
    assert outcome(attributes_from_plain, value) == explained


@given(values)
@settings(examples(100))
def test_attributes_are_at_most_as_large_as_their_json(text):
    try:
        attributes = attributes_from_plain(parse_json(text.encode()))
    except ItemsError:
        return
    dumped = json.dumps(attributes, ensure_ascii=False, separators=(",", ":"))
    assert limits.attributes_bytes(attributes) <= len(dumped.encode())


@pytest.mark.parametrize(
    ("value", "is_direct"),
    [
        ({"a": [{"b": 1}] * 10_000}, True),
        ({"a": [{"b": 1}] * 20_001}, False),
        ({"x" * 16_383: 1}, True),
        ({"x" * 16_384: 1}, False),
        ({"a": 10**38 - 1}, True),
        ({"a": Decimal("1.5")}, True),
        ({"a": Decimal("1E+126")}, False),
        ({"": 1}, False),
        ([], False),
        ({"a": float("nan")}, False),
    ],
    ids=lambda value: str(value)[:30],
)
def test_only_ordinary_items_are_converted_directly(value, is_direct):
    try:
        direct_attributes(value)
    except NotDirect:
        assert not is_direct
    else:
        assert is_direct


def nested(levels):
    return {"a": nested(levels - 1)} if levels else {}


def test_32_levels_are_converted_directly():
    direct_attributes(nested(31))
    with pytest.raises(NotDirect):
        direct_attributes(nested(32))
