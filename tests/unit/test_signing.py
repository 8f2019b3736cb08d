"""Signatures, held byte for byte to botocore's own."""

import calendar
import string
import time

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from dynamodb_items.dynamodb.fast.signing import Signer, UnsupportedCredentials
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from tests.signatures import sign_at

CONTENT_TYPE = "application/x-amz-json-1.0"
VISIBLE = string.ascii_letters + string.digits + string.punctuation
KEY = ReadOnlyCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None)

names = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=20)
hosts = st.builds(
    lambda name, port: name + (f":{port}" if port else ""),
    st.one_of(names, st.just("127.0.0.1"), st.just("[::1]")),
    st.one_of(st.none(), st.integers(1, 65535).filter(lambda port: port != 80)),
)
moments = st.integers(
    calendar.timegm((2000, 1, 1, 0, 0, 0)), calendar.timegm((2100, 1, 1, 0, 0, 0))
)
credentials = st.builds(
    ReadOnlyCredentials,
    st.text(string.ascii_uppercase + string.digits, min_size=1, max_size=128),
    st.text(VISIBLE, min_size=1, max_size=80),
    st.one_of(st.none(), st.text(VISIBLE, min_size=1, max_size=1500)),
)


def botocores(region, service, host, target, body, key, moment) -> dict[str, str]:
    """The headers that botocore adds to the same request at that moment."""
    request = AWSRequest(
        "POST", f"http://{host}/", {"X-Amz-Target": target, "Content-Type": CONTENT_TYPE}, body
    )
    timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(moment))
    sign_at(request, SigV4Auth(key, service, region), timestamp)
    own = ("X-Amz-Date", "X-Amz-Security-Token", "Authorization")
    return {name: request.headers[name] for name in own if name in request.headers}


def headers_of(lines: str) -> dict[str, str]:
    assert lines.endswith("\r\n")
    return dict(line.split(": ", 1) for line in lines[:-2].split("\r\n"))


@examples(500)
@given(names, names, hosts, names, st.binary(max_size=300), credentials, moments)
def test_any_request_is_signed_as_botocore_signs_it(
    region, service, host, target, body, key, moment
):
    signer = Signer(region, service, host, CONTENT_TYPE, lambda: moment)
    lines = signer.header_lines(target, body, key)
    assert headers_of(lines) == botocores(region, service, host, target, body, key, moment)


@examples(200)
@given(st.lists(st.tuples(credentials, moments, st.binary(max_size=50)), min_size=2, max_size=8))
def test_one_signer_keeps_up_with_the_clock_and_with_new_keys(requests):
    now = [0]
    signer = Signer("us-east-2", "dynamodb", "localhost", CONTENT_TYPE, lambda: now[0])
    for key, moment, body in requests:
        now[0] = moment
        lines = signer.header_lines("DynamoDB_20120810.GetItem", body, key)
        assert headers_of(lines) == botocores(
            "us-east-2", "dynamodb", "localhost", "DynamoDB_20120810.GetItem", body, key, moment
        )


def test_a_key_that_changes_its_secret_or_token_alone_is_another_key():
    signer = Signer("us-east-2", "dynamodb", "localhost", CONTENT_TYPE, lambda: 1_800_000_000)
    keys = [
        KEY,
        KEY._replace(secret_key="other"),
        KEY._replace(token="t1"),
        KEY._replace(token="t2"),
    ]
    lines = [signer.header_lines("T", b"{}", key) for key in [*keys, KEY]]
    assert len(set(lines)) == len(keys)
    assert lines[0] == lines[-1]


@pytest.mark.parametrize(
    "changes",
    [{"token": "two\r\nlines"}, {"token": "a b"}, {"access_key": "é"}, {"access_key": "a\nb"}],
)
def test_credentials_that_no_header_may_hold_are_not_signed_with(changes):
    signer = Signer("us-east-2", "dynamodb", "localhost", CONTENT_TYPE)
    with pytest.raises(UnsupportedCredentials):
        signer.header_lines("T", b"{}", KEY._replace(**changes))
