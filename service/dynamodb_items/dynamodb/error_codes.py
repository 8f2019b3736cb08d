"""The failure that each exception and error code of a DynamoDB call stands for.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from botocore.exceptions import (
    BaseEndpointResolverError,
    BotoCoreError,
    ClientError,
    ConfigParseError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    EndpointProviderError,
    HTTPClientError,
    InvalidConfigError,
    InvalidProxiesConfigError,
    MetadataRetrievalError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
    ReadTimeoutError,
    ResponseStreamingError,
    SSLError,
    TokenRetrievalError,
)

from dynamodb_items.dynamodb.failures import CancellationReason, Failure
from dynamodb_items.runtime.descriptors import is_out_of_descriptors


class BrokenResponse(BotoCoreError):
    """An incomplete response, or one not from DynamoDB; the call may have been executed."""

    fmt = "Invalid response: {reason}"


class ForeignResponse(BotoCoreError):
    """An HTTP error without an error code of DynamoDB, such as the HTML page of a proxy.

    ``status`` is the HTTP status.
    """

    fmt = (
        "HTTP status {status} without an error code of DynamoDB: a proxy or another server sent it"
    )

    def __init__(self, status: int) -> None:
        super().__init__(status=status)
        self.status = status


class DifferentKeys(BotoCoreError):
    """A page whose items have other key attributes than the settings name."""

    fmt = "The items have other key attributes than {names}"


# Error codes without the suffixes Exception and Error, which services and engines use differently.
_CODES = {
    Failure.CONDITION_FAILED: ("ConditionalCheckFailed",),
    Failure.THROTTLED: (
        *("ProvisionedThroughputExceeded", "Throttling", "Throttled", "RequestThrottled"),
        *("RequestLimitExceeded", "LimitExceeded", "BandwidthLimitExceeded", "TooManyRequests"),
        *("SlowDown", "PriorRequestNotComplete", "EC2Throttled"),
        *("TransactionConflict", "ReplicatedWriteConflict"),
    ),
    Failure.IN_PROGRESS: ("TransactionInProgress",),
    Failure.CANCELED: ("TransactionCanceled",),
    Failure.TOKEN_REUSED: ("IdempotentParameterMismatch",),
    Failure.TOO_LARGE: ("ItemCollectionSizeLimitExceeded", "RequestEntityTooLarge"),
    Failure.LOST_RESPONSE: (
        *("InternalServer", "InternalFailure", "Internal", "ServiceUnavailable"),
        *("RequestTimeout", "RequestAborted"),
    ),
    Failure.CREDENTIALS: (
        *("UnrecognizedClient", "ExpiredToken", "InvalidClientTokenId", "InvalidAccessKeyId"),
        *("InvalidToken", "TokenRefreshRequired", "AuthFailure"),
    ),
    Failure.SIGNATURE_REJECTED: (
        *("IncompleteSignature", "InvalidSignature", "SignatureDoesNotMatch"),
        *("MissingAuthenticationToken", "RequestExpired", "RequestTimeTooSkewed"),
    ),
    Failure.MISCONFIGURED: (
        # Permissions and the account.
        *("AccessDenied", "NotAuthorized", "UnauthorizedOperation", "Unauthorized"),
        *("OptInRequired", "SubscriptionRequired", "PendingVerification", "Blocked"),
        # Table and endpoint.
        *("ResourceNotFound", "TableNotFound", "IndexNotFound", "ResourceInUse", "TableInUse"),
        *("UnknownOperation", "InvalidAction", "InvalidEndpoint"),
    ),
    Failure.UNEXPECTED: (
        *("Serialization", "MalformedHttpRequest", "MalformedQueryString", "MissingAction"),
        *("MissingParameter", "InvalidParameterCombination", "InvalidParameterValue"),
        "InvalidQueryParameter",
    ),
}
_FAILURES = {code: failure for failure, codes in _CODES.items() for code in codes}

# The failures that a single operation of a canceled transaction may have.
_REASONS = frozenset(
    {
        Failure.CONDITION_FAILED,
        Failure.TOO_LARGE,
        Failure.VALUES_REJECTED,
        Failure.UPDATE_REJECTED,
        Failure.THROTTLED,
        Failure.KEY_MISMATCH,
        Failure.MISCONFIGURED,
        Failure.UNEXPECTED,
    }
)

# Only the message of a ValidationException contains its reason: the first words found decide.
_VALIDATION_WORDS = (
    ("Expression size", Failure.UPDATE_REJECTED),
    ("size has exceeded", Failure.TOO_LARGE),
    ("size exceeded", Failure.TOO_LARGE),
    ("size to update has exceeded", Failure.TOO_LARGE),
    ("for Index Key", Failure.VALUES_REJECTED),
    ("index key", Failure.VALUES_REJECTED),
    ("does not match the schema", Failure.KEY_MISMATCH),
    ("number of conditions on the keys", Failure.KEY_MISMATCH),
    ("Missing the key", Failure.KEY_MISMATCH),
    ("Type mismatch for key", Failure.KEY_MISMATCH),
    ("One of the required keys was not given", Failure.KEY_MISMATCH),
    # ITEMS_INDEXES has an index, its keys or its projection otherwise than the table.
    ("does not have the specified index", Failure.MISCONFIGURED),
    ("backfilling global secondary index", Failure.MISCONFIGURED),
    ("Select type", Failure.MISCONFIGURED),
    ("Query condition missed key schema element", Failure.MISCONFIGURED),
    ("Query key condition not supported", Failure.MISCONFIGURED),
    ("Condition parameter type does not match schema type", Failure.MISCONFIGURED),
    ("update expression", Failure.UPDATE_REJECTED),
    ("UpdateExpression", Failure.UPDATE_REJECTED),
    ("ConditionExpression", Failure.UPDATE_REJECTED),
    ("refers to an attribute that does not exist", Failure.UPDATE_REJECTED),
    ("nesting levels", Failure.UPDATE_REJECTED),
    ("Nesting Levels", Failure.UPDATE_REJECTED),
    ("Number overflow", Failure.UPDATE_REJECTED),
    ("Number underflow", Failure.UPDATE_REJECTED),
    ("significant digits", Failure.UPDATE_REJECTED),
    ("cannot be converted to a numeric value", Failure.UPDATE_REJECTED),
    ("more than one datatypes", Failure.UPDATE_REJECTED),
    ("One or more parameter values were invalid", Failure.VALUES_REJECTED),
)


def failure_of(error: BotoCoreError | ClientError) -> Failure:
    """Return the failure that the exception of one attempt stands for."""
    if isinstance(error, ClientError):
        return _client_failure(error)
    match error:
        case (
            NoCredentialsError()
            | PartialCredentialsError()
            | CredentialRetrievalError()
            | MetadataRetrievalError()
            | TokenRetrievalError()
        ):
            return Failure.CREDENTIALS
        case EndpointConnectionError() if is_out_of_descriptors(error):
            return Failure.NO_DESCRIPTORS
        case ConnectTimeoutError() | EndpointConnectionError() | ProxyConnectionError():
            return Failure.UNREACHABLE
        case ReadTimeoutError():
            return Failure.TIMED_OUT
        case SSLError() if "CERTIFICATE_VERIFY_FAILED" not in str(error):
            return Failure.LOST_RESPONSE  # TLS failed, perhaps after the request had arrived
        case (
            SSLError()
            | ProfileNotFound()
            | ConfigParseError()
            | InvalidConfigError()
            | InvalidProxiesConfigError()
            | NoRegionError()
            | BaseEndpointResolverError()
            | EndpointProviderError()
        ):
            return Failure.MISCONFIGURED
        case HTTPClientError() | ResponseStreamingError() | BrokenResponse():
            # The connection closed before the response was complete; the request may have arrived.
            return Failure.LOST_RESPONSE
        case ForeignResponse(status=status):
            return _status_failure(status, Failure.MISCONFIGURED)
        case _:
            return Failure.UNEXPECTED


def _client_failure(error: ClientError) -> Failure:
    code, message = _code_and_message(error.response.get("Error", {}))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    return _code_failure(code, message) or _status_failure(status, Failure.REJECTED)


def _code_and_message(error: Mapping[str, Any]) -> tuple[str, str]:
    return str(error.get("Code") or ""), str(error.get("Message") or "")


def _code_failure(code: str, message: str) -> Failure | None:
    """Return the failure of an error code, None if the code is unknown."""
    base = code.removesuffix("Exception").removesuffix("Error")
    if base == "Validation":
        return _validation_failure(message)
    if code.startswith("KMS") or "Kms" in code:
        return Failure.MISCONFIGURED
    return _FAILURES.get(base)


def _status_failure(status: int, rejected: Failure) -> Failure:
    """Return the failure of a status without a known error code; ``rejected`` for 3xx and 4xx.

    https://www.rfc-editor.org/rfc/rfc9110#section-15
    """
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Failure.THROTTLED
    if status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Failure.LOST_RESPONSE
    return rejected


def _validation_failure(message: str) -> Failure:
    return next(
        (failure for words, failure in _VALIDATION_WORDS if words in message), Failure.UNEXPECTED
    )


def cancellation_reasons(error: ClientError) -> list[CancellationReason]:
    """Return the reasons of a canceled transaction, in the order of its operations."""
    response: Mapping[str, Any] = error.response
    return [
        CancellationReason(_reason_failure(reason), reason.get("Item"))
        for reason in response.get("CancellationReasons", ())
    ]


def _reason_failure(reason: Mapping[str, Any]) -> Failure | None:
    code, message = _code_and_message(reason)
    if code in ("", "None"):
        return None
    failure = _code_failure(code, message)
    return failure if failure in _REASONS else Failure.REJECTED
