"""Item keys of every key schema, from URL segments and back."""

import base64

import pytest
from dynamodb_items.access.callers import tenant_partition
from dynamodb_items.config.settings import Settings, SettingsError
from dynamodb_items.domain.errors import InvalidKey, NotPermitted, UnacceptableItem
from dynamodb_items.domain.keys import ItemKey, KeyAttribute, KeySchema
from dynamodb_items.domain.preconditions import Precondition
from dynamodb_items.web.media_types import PatchForm, Representation
from dynamodb_items.web.request.item_requests import item_path
from dynamodb_items.web.request.write_bodies import WriteBody
from hypothesis import given
from hypothesis import strategies as st

DIGEST = KeyAttribute("Digest", "B", 2048)
EMAIL = KeyAttribute("Email", "S", 2048)


def test_a_table_without_a_sort_key_has_one_key_attribute():
    schema = Settings.from_environment(
        {"ITEMS_PARTITION_KEY": "Email:S", "ITEMS_SORT_KEY": ""}
    ).key_schema
    key = schema.key("me@example.com")
    assert schema.names == ("Email",)
    assert key == ItemKey({"Email": {"S": "me@example.com"}})
    assert (key.partition_name, key.values) == ("Email", ("me@example.com",))
    assert item_path(key) == "/items/me%40example.com"


def test_the_partition_key_cannot_be_empty():
    with pytest.raises(SettingsError, match="ITEMS_PARTITION_KEY"):
        Settings.from_environment({"ITEMS_PARTITION_KEY": ""})


def test_a_sort_key_is_required_where_the_table_has_one():
    with pytest.raises(InvalidKey):
        Settings().key_schema.key("104")


@given(st.binary(min_size=1, max_size=2048))
def test_every_binary_key_has_one_path(binary):
    text = base64.urlsafe_b64encode(binary).decode().rstrip("=")
    key = KeySchema(DIGEST).key(text)
    assert key.attributes == {"Digest": {"B": binary}}
    assert key.values == (text,)
    assert item_path(key) == f"/items/{text}"


@given(
    st.binary(min_size=1, max_size=20), st.sampled_from("+/=-_AQgw \u00fc\U0001f600"), st.integers()
)
def test_any_other_spelling_of_a_binary_key_is_invalid(binary, extra, position):
    text = base64.urlsafe_b64encode(binary).decode().rstrip("=")
    at = position % len(text)
    changed = text[:at] + extra + text[at + 1 :]
    try:
        key = KeySchema(DIGEST).key(changed)
    except InvalidKey:
        return
    assert key.values == (changed,), "a valid text is the only spelling of its bytes"


@pytest.mark.parametrize(
    "text",
    [
        *("", "A", "AB", "AAB", "AAAAA", "AQ==", "AQ=", "A+/A", "AQ\n", "A Q", "\u00fc\u00fc"),
        *("A" * 2732, "=" * 10, "A" * 1_000_000),
    ],
)
def test_invalid_binary_keys(text):
    """The unused bits of the last character must be zero: AB and AA would be the same byte."""
    with pytest.raises(InvalidKey) as raised:
        KeySchema(DIGEST).key(text)
    assert len(raised.value.detail) < 300


def test_the_longest_binary_key():
    binary = b"\xff" * 2048
    text = base64.urlsafe_b64encode(binary).decode().rstrip("=")
    assert KeySchema(DIGEST).key(text).partition == {"B": binary}


def test_binary_sort_keys_are_limited_to_1024_bytes():
    schema = Settings.from_environment({"ITEMS_SORT_KEY": "Digest:B"}).key_schema
    longest = base64.urlsafe_b64encode(b"x" * 1024).decode().rstrip("=")
    assert schema.key("1", longest).attributes["Digest"] == {"B": b"x" * 1024}
    with pytest.raises(InvalidKey, match="1 to 1024 bytes"):
        schema.key("1", base64.urlsafe_b64encode(b"x" * 1025).decode().rstrip("="))


@pytest.mark.parametrize("sort_key", ["Name:X", "Name", ":S", "Name:"])
def test_invalid_sort_keys_are_reported(sort_key):
    with pytest.raises(SettingsError, match=r"ITEMS_SORT_KEY.*N, S, B"):
        Settings.from_environment({"ITEMS_SORT_KEY": sort_key})


def test_a_tenant_of_a_table_without_a_sort_key_is_one_key():
    assert tenant_partition("me@example.com", KeySchema(EMAIL)) == {"S": "me@example.com"}


def test_a_tenant_of_a_binary_partition_is_base64url():
    assert tenant_partition("-_8", KeySchema(DIGEST)) == {"B": b"\xfb\xff"}
    for tenant in ("+/8", "-_8=", ""):
        with pytest.raises(NotPermitted):
            tenant_partition(tenant, KeySchema(DIGEST))


def body_of(value):
    key = KeySchema(DIGEST).key("-_8")
    return WriteBody(value, key, Precondition(), Settings())


def test_a_binary_key_in_a_plain_body_is_the_text_that_a_read_returns():
    body = body_of({"Digest": "+/8=", "a": "+/8="})
    put = body.put(Representation.PLAIN)
    assert put.attributes == {"Digest": {"B": b"\xfb\xff"}, "a": {"S": "+/8="}}
    patch = body.patch(PatchForm.MERGE)
    assert patch.changes.set == {"a": {"S": "+/8="}}
    typed = body_of({"Digest": {"B": "+/8="}}).put(Representation.TYPED)
    assert typed.attributes == {"Digest": {"B": b"\xfb\xff"}}


@pytest.mark.parametrize("text", ["-_8", "+/8", "+/9=", ""])
def test_any_other_text_is_not_the_binary_key(text):
    for write in (
        lambda body: body.put(Representation.PLAIN),
        lambda body: body.patch(PatchForm.MERGE),
    ):
        with pytest.raises(UnacceptableItem) as raised:
            write(body_of({"Digest": text}))
        assert [error.pointer for error in raised.value.errors] == ["/Digest"]
