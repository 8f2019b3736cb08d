"""Attempts at one call: what one more of them is made for."""

import ssl

import pytest
from botocore.exceptions import ClientError, SSLError
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.errors import CredentialsUnavailable
from dynamodb_items.domain.operations import Operation
from dynamodb_items.dynamodb.error_codes import failure_of
from dynamodb_items.dynamodb.failures import Failure
from dynamodb_items.dynamodb.retries import Attempts


def refusal(code):
    return ClientError({"Error": {"Code": code}}, "GetItem")


class ScriptedClient:
    """Answers what it is told to, one attempt after the other."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.renewals = 0

    def call(self, _operation, _parameters, _deadline):
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def renew_credentials(self, _timeout_seconds):
        self.renewals += 1


def test_credentials_that_expire_on_a_later_attempt_are_renewed_once():
    client = ScriptedClient(refusal("ThrottlingException"), refusal("ExpiredTokenException"), {})
    assert Attempts(client, Settings()).call(Operation.GET_ITEM, {}) == {}
    assert client.renewals == 1


def test_renewed_credentials_that_are_refused_are_not_renewed_again():
    client = ScriptedClient(*(refusal("ExpiredTokenException") for _ in range(3)))
    with pytest.raises(CredentialsUnavailable):
        Attempts(client, Settings()).call(Operation.GET_ITEM, {})
    assert client.renewals == 1
    assert len(client.outcomes) == 1


@pytest.mark.parametrize(
    ("words", "failure"),
    [
        ("Item size to update has exceeded the maximum allowed size", Failure.TOO_LARGE),
        (
            "Invalid ConditionExpression: Expression size has exceeded the maximum allowed size",
            Failure.UPDATE_REJECTED,
        ),
        (
            "Invalid ConditionExpression: The expression has too many operators",
            Failure.UPDATE_REJECTED,
        ),
        ("The parameter cannot be converted to a numeric value: 1E+126", Failure.UPDATE_REJECTED),
        ("The document path provided in the update expression is invalid", Failure.UPDATE_REJECTED),
        ("Words that nobody has heard", Failure.UNEXPECTED),
    ],
)
def test_what_dynamodb_says_of_a_refused_call_decides_what_it_means(words, failure):
    error = {"Code": "ValidationException", "Message": words}
    assert failure_of(ClientError({"Error": error}, "UpdateItem")) is failure


def test_tls_that_breaks_may_have_let_the_request_through():
    broken = ssl.SSLError(1, "[SSL: DECRYPTION_FAILED_OR_BAD_RECORD_MAC] bad record mac")
    assert failure_of(SSLError(endpoint_url="x", error=broken)) is Failure.LOST_RESPONSE


def test_a_certificate_that_is_not_trusted_is_for_the_operator():
    untrusted = ssl.SSLCertVerificationError(
        1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate"
    )
    assert failure_of(SSLError(endpoint_url="x", error=untrusted)) is Failure.MISCONFIGURED
