"""Write tokens, and the attributes that keep them."""

import time

import pytest
from dynamodb_items.domain.write_tokens import (
    LOG_LENGTH,
    LOG_SLACK,
    MAX_TRIM,
    LogTrim,
    VersionAttribute,
    WriteToken,
)
from dynamodb_items.expressions.builder import log_trim
from dynamodb_items.expressions.parts import MAX_EXPRESSION_BYTES, Placeholders
from hypothesis import given
from hypothesis import strategies as st

VERSION = VersionAttribute("_version")
NONE = VersionAttribute("")


def log_of(*tokens: str):
    return {"_version_log": {"L": [{"S": token} for token in tokens]}}


def aged(seconds: float) -> str:
    milliseconds = int((time.time() - seconds) * 1000)
    return f"{milliseconds:011x}0123456789"


def test_tokens_sort_by_time(monkeypatch):
    tokens = []
    for milliseconds in (1_800_000_000_000, 1_800_000_000_001, 4_000_000_000_000):
        monkeypatch.setattr(time, "time_ns", lambda now=milliseconds: now * 1_000_000)
        tokens.append(WriteToken.fresh().text)
    assert tokens == sorted(tokens)
    assert {len(token) for token in tokens} == {len(aged(0))}


@given(st.text(max_size=300), st.text(max_size=300), st.binary(max_size=300))
def test_the_token_of_a_request_is_the_same_each_time_and_fits_dynamodb(path, key, body):
    token = WriteToken.of_request(("PUT", path, key), (body,))
    assert token == WriteToken.of_request(("PUT", path, key), (body,))
    assert 1 <= len(token.client_request_token) <= 36
    other = WriteToken.of_request(("PUT", path, key), (body, b""))
    assert other.prefix == token.prefix
    assert other.text != token.text
    assert WriteToken.of_request(("PUT", path + key, ""), (body,)).prefix != token.prefix or not key


def test_an_item_carries_the_token_that_wrote_it():
    token, other = WriteToken.fresh(), WriteToken.fresh()
    stamped = VERSION.stamp(token)
    assert VERSION.carries(stamped, token)
    assert not VERSION.carries(stamped, other)
    assert VERSION.carries({**VERSION.stamp(other), **log_of(other.text, token.text)}, token)
    assert not VERSION.carries(None, token)
    assert not VERSION.carries({}, token)
    assert not VERSION.carries({"_version": {"N": "1"}}, token)


def test_a_token_of_the_same_key_is_kin_and_not_the_same():
    first = WriteToken.of_request(("PUT", "/items/1/x", "key"), (b"1",))
    second = WriteToken.of_request(("PUT", "/items/1/x", "key"), (b"2",))
    stamped = VERSION.stamp(first)
    assert VERSION.carries_prefix(stamped, second)
    assert not VERSION.carries(stamped, second)
    assert not VERSION.carries_prefix(VERSION.stamp(WriteToken.fresh()), second)


def test_without_the_attribute_nothing_is_stamped_or_recognized():
    token = WriteToken.fresh()
    assert NONE.names == ()
    assert NONE.stamp(token) == {}
    assert not NONE.carries({"": token.value}, token)
    assert not NONE.carries_prefix({"": token.value}, token)
    assert NONE.kept_log(log_of("a")) == {}


def test_a_log_is_cut_only_where_it_is_worth_a_write():
    young = [aged(1)] * 10
    assert VERSION.log_trim(log_of(*young)) is None
    assert VERSION.log_trim(log_of(*young, *[aged(100)] * (LOG_SLACK - 1))) is None
    old = aged(100)
    cut = VERSION.log_trim(log_of(*young, *[old] * LOG_SLACK))
    assert cut == LogTrim(range(10, 10 + LOG_SLACK), 10, {"S": old})


def test_old_tokens_before_a_useful_one_stay():
    tokens = [aged(100)] * 20 + [aged(1)] + [aged(100)] * LOG_SLACK
    cut = VERSION.log_trim(log_of(*tokens))
    assert cut
    assert cut.indexes == range(21, 21 + LOG_SLACK)


@pytest.mark.parametrize("seconds", [1, 100])
def test_a_full_log_is_cut_whatever_has_been_added_since(seconds):
    full = [aged(seconds)] * (LOG_LENGTH + LOG_SLACK)
    cut = VERSION.log_trim(log_of(*full))
    assert cut == LogTrim(
        range(LOG_LENGTH, LOG_LENGTH + LOG_SLACK), LOG_LENGTH + LOG_SLACK - 1, None
    )
    assert len(VERSION.kept_log(log_of(*full))["_version_log"]["L"]) == LOG_LENGTH


def test_one_cut_of_an_overgrown_log_is_bounded():
    cut = VERSION.log_trim(log_of(*[aged(1)] * 2000))
    assert cut
    assert cut.indexes == range(LOG_LENGTH, LOG_LENGTH + MAX_TRIM)
    update, condition = map(Placeholders().text, log_trim(VERSION, cut))
    assert update.startswith("REMOVE #0[255],#0[254],")
    assert update.endswith(",#0[128]")
    assert len(update) < MAX_EXPRESSION_BYTES
    assert condition == "attribute_exists(#0[143])"


def test_a_cut_of_old_tokens_rests_on_the_first_of_them():
    placeholders = Placeholders()
    _, condition = log_trim(VERSION, LogTrim(range(5, 30), 5, {"S": "t"}))
    assert placeholders.text(condition) == "#0[5]=:0"
    assert placeholders.parameters["ExpressionAttributeValues"] == {":0": {"S": "t"}}


def test_a_log_that_is_not_a_list_of_tokens_does_no_harm():
    assert VERSION.log_trim({"_version_log": {"S": "foreign"}}) is None
    assert VERSION.log_trim({"_version_log": {"L": [{"N": "1"}] * 3}}) is None
