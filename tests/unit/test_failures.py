"""The table of failures: every error code of AWS that a call may meet, and what it means."""

import ssl

import pytest
from botocore.exceptions import ClientError, EndpointProviderError, NoRegionError, SSLError
from botocore.loaders import Loader
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker
from dynamodb_items.domain.operations import CALLS
from dynamodb_items.dynamodb.error_codes import ForeignResponse, cancellation_reasons, failure_of
from dynamodb_items.dynamodb.failures import CancellationReason, Failure

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html
COMMON_ERRORS = {
    "AccessDeniedException": Failure.MISCONFIGURED,
    "ExpiredTokenException": Failure.CREDENTIALS,
    "IncompleteSignature": Failure.SIGNATURE_REJECTED,
    "InternalFailure": Failure.LOST_RESPONSE,
    "InvalidAction": Failure.MISCONFIGURED,
    "InvalidClientTokenId": Failure.CREDENTIALS,
    "InvalidParameterCombination": Failure.UNEXPECTED,
    "InvalidParameterValue": Failure.UNEXPECTED,
    "InvalidQueryParameter": Failure.UNEXPECTED,
    "MalformedHttpRequestException": Failure.UNEXPECTED,
    "MalformedQueryString": Failure.UNEXPECTED,
    "MissingAction": Failure.UNEXPECTED,
    "MissingAuthenticationToken": Failure.SIGNATURE_REJECTED,
    "MissingParameter": Failure.UNEXPECTED,
    "NotAuthorized": Failure.MISCONFIGURED,
    "OptInRequired": Failure.MISCONFIGURED,
    "RequestAbortedException": Failure.LOST_RESPONSE,
    "RequestEntityTooLargeException": Failure.TOO_LARGE,
    "RequestExpired": Failure.SIGNATURE_REJECTED,
    "RequestTimeoutException": Failure.LOST_RESPONSE,
    "ServiceUnavailable": Failure.LOST_RESPONSE,
    "ThrottlingException": Failure.THROTTLED,
    "UnknownOperationException": Failure.MISCONFIGURED,
    "UnrecognizedClientException": Failure.CREDENTIALS,
    "ValidationError": Failure.UNEXPECTED,
}
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
DYNAMODB_ERRORS = {
    "AccessDeniedException": Failure.MISCONFIGURED,
    "ConditionalCheckFailedException": Failure.CONDITION_FAILED,
    "IdempotentParameterMismatchException": Failure.TOKEN_REUSED,
    "IncompleteSignatureException": Failure.SIGNATURE_REJECTED,
    "InternalServerError": Failure.LOST_RESPONSE,
    "InvalidSignatureException": Failure.SIGNATURE_REJECTED,
    "ItemCollectionSizeLimitExceededException": Failure.TOO_LARGE,
    "LimitExceededException": Failure.THROTTLED,
    "MissingAuthenticationTokenException": Failure.SIGNATURE_REJECTED,
    "ProvisionedThroughputExceededException": Failure.THROTTLED,
    "ReplicatedWriteConflictException": Failure.THROTTLED,
    "RequestLimitExceeded": Failure.THROTTLED,
    "ResourceInUseException": Failure.MISCONFIGURED,
    "ResourceNotFoundException": Failure.MISCONFIGURED,
    "SerializationException": Failure.UNEXPECTED,
    "SubscriptionRequiredException": Failure.MISCONFIGURED,
    "ThrottledException": Failure.THROTTLED,
    "TransactionCanceledException": Failure.CANCELED,
    "TransactionConflictException": Failure.THROTTLED,
    "TransactionInProgressException": Failure.IN_PROGRESS,
    "ValidationException": Failure.UNEXPECTED,
    "KMSAccessDeniedException": Failure.MISCONFIGURED,
}
CODES = COMMON_ERRORS | DYNAMODB_ERRORS


def error(code, status=400, message="words"):
    response = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "PutItem")


@pytest.mark.parametrize(("code", "failure"), CODES.items())
def test_a_code_means_the_same_with_and_without_its_suffix(code, failure):
    base = code.removesuffix("Exception")
    assert failure_of(error(base)) is failure
    assert failure_of(error(f"{base}Exception")) is failure


def test_the_table_has_every_error_of_the_operations_in_use():
    model = Loader().load_service_model("dynamodb", "service-2")
    modelled = {
        each["shape"]
        for operation in CALLS
        for each in model["operations"][operation.value]["errors"]
    }
    assert modelled <= CODES.keys()


def test_every_code_that_botocore_retries_is_transient():
    throttled = ThrottledRetryableChecker()._THROTTLED_ERROR_CODES  # noqa: SLF001
    transient = TransientRetryableChecker()._TRANSIENT_ERROR_CODES  # noqa: SLF001
    assert "ThrottledException" in throttled
    for code in (*throttled, *transient):
        assert failure_of(error(code)).is_transient, code


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (400, Failure.REJECTED),
        (403, Failure.REJECTED),
        (408, Failure.LOST_RESPONSE),
        (429, Failure.THROTTLED),
        (500, Failure.LOST_RESPONSE),
        (503, Failure.LOST_RESPONSE),
    ],
)
def test_the_status_decides_on_an_unknown_code(status, failure):
    assert failure_of(error("SomethingNewException", status)) is failure


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        *((status, Failure.MISCONFIGURED) for status in (300, 301, 302, 307, 400, 401, 403, 404)),
        *((status, Failure.MISCONFIGURED) for status in (407, 411, 413, 421, 426, 451)),
        (408, Failure.LOST_RESPONSE),
        (429, Failure.THROTTLED),
        *((status, Failure.LOST_RESPONSE) for status in (500, 502, 503, 504, 599)),
    ],
)
def test_the_status_decides_on_what_a_proxy_sent(status, failure):
    assert failure_of(ForeignResponse(status)) is failure


@pytest.mark.parametrize("message", [None, 7, [], {}])
def test_a_message_that_is_not_text_raises_nothing(message):
    assert failure_of(error("ValidationException", message=message)) is Failure.UNEXPECTED


@pytest.mark.parametrize(
    "configured", [NoRegionError(), EndpointProviderError(msg="no rule matches")]
)
def test_a_wrong_configuration_of_the_client_is_for_the_operator(configured):
    assert failure_of(configured) is Failure.MISCONFIGURED


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        ("None", None),
        ("ConditionalCheckFailed", Failure.CONDITION_FAILED),
        ("ItemCollectionSizeLimitExceeded", Failure.TOO_LARGE),
        ("TransactionConflict", Failure.THROTTLED),
        ("ProvisionedThroughputExceeded", Failure.THROTTLED),
        ("ThrottlingError", Failure.THROTTLED),
        ("ValidationError", Failure.UNEXPECTED),
        ("AccessDenied", Failure.MISCONFIGURED),
        ("InternalServerError", Failure.REJECTED),
        ("SomethingNew", Failure.REJECTED),
    ],
)
def test_each_reason_of_a_canceled_transaction_has_a_meaning(code, failure):
    canceled = error("TransactionCanceledException")
    canceled.response["CancellationReasons"] = [{"Code": code, "Message": "words"}]
    assert cancellation_reasons(canceled) == [CancellationReason(failure, None)]


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
        ("The table does not have the specified index: by-email", Failure.MISCONFIGURED),
        (
            "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported"
            " for global secondary index by-email because its projection type is not ALL",
            Failure.MISCONFIGURED,
        ),
        (
            "Cannot read from backfilling global secondary index: by-email",
            Failure.MISCONFIGURED,
        ),
        ("Query condition missed key schema element: Email", Failure.MISCONFIGURED),
        (
            "One or more parameter values were invalid: Condition parameter type does not match "
            "schema type",
            Failure.MISCONFIGURED,
        ),
    ],
)
def test_the_message_of_a_rejected_call_decides_what_it_means(words, failure):
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
