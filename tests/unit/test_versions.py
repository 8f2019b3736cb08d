"""Write tokens, and the attributes that keep them."""

import time

from hypothesis import given
from hypothesis import strategies as st

from service.versions import LOG_LENGTH, LOG_SLACK, VersionAttribute, WriteToken

VERSION = VersionAttribute("_version")
NONE = VersionAttribute("")


def log_of(*tokens: str):
    return {"_version_log": {"L": [{"S": token} for token in tokens]}}


def aged(seconds: float) -> str:
    milliseconds = int((time.time() - seconds) * 1000)
    return f"{milliseconds:011x}0123456789"


def test_tokens_sort_by_time():
    older = WriteToken.fresh()
    time.sleep(0.002)
    assert older.text < WriteToken.fresh().text
    assert len(older.text) == len(aged(0))


@given(st.text(max_size=300), st.text(max_size=300), st.binary(max_size=300))
def test_the_token_of_a_request_is_the_same_each_time_and_fits_dynamodb(path, key, body):
    token = WriteToken.of_request(("PUT", path, key), (body,))
    assert token == WriteToken.of_request(("PUT", path, key), (body,))
    assert 1 <= len(token.client_request_token) <= 36
    other = WriteToken.of_request(("PUT", path, key), (body, b""))
    assert other.family == token.family
    assert other.text != token.text
    assert WriteToken.of_request(("PUT", path + key, ""), (body,)).family != token.family or not key


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
    assert VERSION.carries_kin(stamped, second)
    assert not VERSION.carries(stamped, second)
    assert not VERSION.carries_kin(VERSION.stamp(WriteToken.fresh()), second)


def test_without_the_attribute_nothing_is_stamped_or_recognised():
    token = WriteToken.fresh()
    assert NONE.names == ()
    assert NONE.stamp(token) == {}
    assert not NONE.carries({"": token.value}, token)
    assert not NONE.carries_kin({"": token.value}, token)
    assert NONE.kept_log(log_of("a")) == {}


def test_a_log_is_cut_only_where_it_is_worth_a_write():
    young = [aged(1)] * 10
    assert VERSION.shortened_log(log_of(*young)) is None
    assert VERSION.shortened_log(log_of(*young, *[aged(100)] * (LOG_SLACK - 1))) is None
    cut = VERSION.shortened_log(log_of(*young, *[aged(100)] * LOG_SLACK))
    assert cut == [{"S": token} for token in young]


def test_a_log_has_a_greatest_length():
    busy = [aged(1)] * (LOG_LENGTH + LOG_SLACK)
    assert len(VERSION.shortened_log(log_of(*busy)) or []) == LOG_LENGTH
    assert len(VERSION.kept_log(log_of(*busy))["_version_log"]["L"]) == LOG_LENGTH


def test_a_log_that_is_no_list_of_tokens_does_no_harm():
    assert VERSION.shortened_log({"_version_log": {"S": "foreign"}}) is None
    assert VERSION.shortened_log({"_version_log": {"L": [{"N": "1"}] * 3}}) is None
