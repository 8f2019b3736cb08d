"""What each failure of a DynamoDB call means: the one place that decides it.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
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

from dynamodb_items.domain.items import Attributes
from dynamodb_items.runtime.descriptors import is_out_of_descriptors


class BrokenResponse(BotoCoreError):
    """A response that is incomplete or not DynamoDB's; the call may have been executed."""

    fmt = "The response is broken: {reason}"


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


class InvalidCall(RuntimeError):
    """DynamoDB rejected a call as invalid: a defect of this service."""


class Failure(enum.Enum):
    """What one failed attempt means."""

    CONDITION_REFUSED = enum.auto()  # the write's condition was false; nothing was written
    THROTTLED = enum.auto()  # nothing was done; the same call may succeed soon
    IN_PROGRESS = enum.auto()  # the same transaction is being carried out at this moment
    UNREACHABLE = enum.auto()  # nothing was sent
    LOST_ANSWER = enum.auto()  # sent, and perhaps done
    TIMED_OUT = enum.auto()  # sent, perhaps done, and not answered in time
    CREDENTIALS = enum.auto()  # none, or no longer valid
    MISCONFIGURED = enum.auto()  # rejected, and the operator must fix something
    REJECTED = enum.auto()  # rejected for a reason that is not known here; nothing was done
    SIGNATURE_REJECTED = enum.auto()  # the secret key or the clock is wrong
    NO_DESCRIPTORS = enum.auto()  # nothing was sent: this process has no file descriptor left
    TOO_LARGE = enum.auto()  # the item would be over DynamoDB's limit
    REFUSED = enum.auto()  # the values do not suit the table, such as an index key's type
    UPDATE_REFUSED = enum.auto()  # the update expression does not suit the stored item
    CANCELED = enum.auto()  # a transaction, for what one of its operations met
    TOKEN_REUSED = enum.auto()  # another transaction had the same client request token
    UNEXPECTED = enum.auto()  # the call was invalid: a defect here

    @property
    def leaves_outcome_unknown(self) -> bool:
        """Whether a write that failed so may have been applied."""
        return self in (Failure.LOST_ANSWER, Failure.TIMED_OUT)

    @property
    def is_transient(self) -> bool:
        """Whether another attempt may succeed."""
        return self in _TRANSIENT


_TRANSIENT = frozenset(
    {
        Failure.THROTTLED,
        Failure.IN_PROGRESS,
        Failure.UNREACHABLE,
        Failure.LOST_ANSWER,
        Failure.TIMED_OUT,
        Failure.CREDENTIALS,
        Failure.NO_DESCRIPTORS,
    }
)

# Error codes without "Exception" or "Error" at the end: services and engines differ in that.
_CODES = {
    Failure.CONDITION_REFUSED: ("ConditionalCheckFailed",),
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
    Failure.LOST_ANSWER: (
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

# What a single operation of a canceled transaction may meet; nothing was written in any case.
_REASONS = frozenset(
    {
        Failure.CONDITION_REFUSED,
        Failure.TOO_LARGE,
        Failure.REFUSED,
        Failure.UPDATE_REFUSED,
        Failure.THROTTLED,
        Failure.MISCONFIGURED,
        Failure.UNEXPECTED,
    }
)

# The reason of a ValidationException is only in its message: the first words found decide.
_VALIDATION_WORDS = (
    ("Expression size", Failure.UPDATE_REFUSED),
    ("size has exceeded", Failure.TOO_LARGE),
    ("size exceeded", Failure.TOO_LARGE),
    ("size to update has exceeded", Failure.TOO_LARGE),
    ("for Index Key", Failure.REFUSED),
    ("index key", Failure.REFUSED),
    ("does not match the schema", Failure.MISCONFIGURED),
    ("Missing the key", Failure.MISCONFIGURED),
    ("Type mismatch for key", Failure.MISCONFIGURED),
    ("One of the required keys was not given", Failure.MISCONFIGURED),
    ("update expression", Failure.UPDATE_REFUSED),
    ("UpdateExpression", Failure.UPDATE_REFUSED),
    ("ConditionExpression", Failure.UPDATE_REFUSED),
    ("refers to an attribute that does not exist", Failure.UPDATE_REFUSED),
    ("nesting levels", Failure.UPDATE_REFUSED),
    ("Nesting Levels", Failure.UPDATE_REFUSED),
    ("Number overflow", Failure.UPDATE_REFUSED),
    ("Number underflow", Failure.UPDATE_REFUSED),
    ("significant digits", Failure.UPDATE_REFUSED),
    ("cannot be converted to a numeric value", Failure.UPDATE_REFUSED),
    ("more than one datatypes", Failure.UPDATE_REFUSED),
    ("One or more parameter values were invalid", Failure.REFUSED),
)


def failure_of(error: BotoCoreError | ClientError) -> Failure:
    """What the exception of one attempt means."""
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
            return Failure.LOST_ANSWER  # TLS broke, perhaps after the request had arrived
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
            # A closed connection, a response that breaks off: the request may have arrived.
            return Failure.LOST_ANSWER
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
    """Return what an error code means, None if it is not known."""
    base = code.removesuffix("Exception").removesuffix("Error")
    if base == "Validation":
        return _validation_failure(message)
    if code.startswith("KMS") or "Kms" in code:
        return Failure.MISCONFIGURED
    return _FAILURES.get(base)


def _status_failure(status: int, rejected: Failure) -> Failure:
    """Return what an HTTP status means where no error code decides; ``rejected`` for 3xx and 4xx.

    https://www.rfc-editor.org/rfc/rfc9110#section-15
    """
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Failure.THROTTLED
    if status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Failure.LOST_ANSWER
    return rejected


def _validation_failure(message: str) -> Failure:
    return next(
        (failure for words, failure in _VALIDATION_WORDS if words in message), Failure.UNEXPECTED
    )


@dataclass(frozen=True, slots=True)
class CancellationReason:
    """What one operation of a canceled transaction met, None where it met nothing.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CancellationReason.html
    """

    failure: Failure | None
    found: Attributes | None
    """The item as it was, where its condition was false and there was one."""


def cancellation_reasons(error: ClientError) -> list[CancellationReason]:
    """The reasons of a canceled transaction, in the order of its operations."""
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
