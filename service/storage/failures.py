"""The one table from what boto3 raises to what it means here.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    InvalidConfigError,
    MetadataRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
    ReadTimeoutError,
    ResponseStreamingError,
    SSLError,
    TokenRetrievalError,
)

from service.descriptors import is_out_of_descriptors
from service.items import Attributes


class BrokenAnswer(BotoCoreError):
    """The answer is no whole JSON object: cut off, garbled, or not DynamoDB's."""

    fmt = "The answer is broken: {reason}"


class Failure(enum.Enum):
    """What one failed attempt means."""

    CONDITION_REFUSED = enum.auto()  # the write's condition was false; nothing was written
    THROTTLED = enum.auto()  # nothing was done; the same call may succeed soon
    IN_PROGRESS = enum.auto()  # the same transaction is being carried out at this moment
    UNREACHABLE = enum.auto()  # nothing was sent
    LOST_ANSWER = enum.auto()  # sent, and perhaps done
    TIMED_OUT = enum.auto()  # sent, perhaps done, and not answered in time
    CREDENTIALS = enum.auto()  # none, or no longer valid
    MISCONFIGURED = enum.auto()  # the operator must mend something
    SIGNATURE_REJECTED = enum.auto()  # the secret key or the clock is wrong
    NO_DESCRIPTORS = enum.auto()  # nothing was sent: this process has no file descriptor left
    TOO_LARGE = enum.auto()  # the item would be over DynamoDB's limit
    REFUSED = enum.auto()  # the values do not suit the table, such as an index key's type
    UPDATE_REFUSED = enum.auto()  # the update expression does not suit the stored item
    CANCELED = enum.auto()  # a transaction, for what one of its operations met
    TOKEN_REUSED = enum.auto()  # another transaction had the same client request token
    UNEXPECTED = enum.auto()  # a defect here

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

_CODES = {
    "ConditionalCheckFailedException": Failure.CONDITION_REFUSED,
    "ProvisionedThroughputExceededException": Failure.THROTTLED,
    "ThrottlingException": Failure.THROTTLED,
    "Throttling": Failure.THROTTLED,
    "RequestLimitExceeded": Failure.THROTTLED,
    "LimitExceededException": Failure.THROTTLED,
    "TransactionConflictException": Failure.THROTTLED,
    "TransactionInProgressException": Failure.IN_PROGRESS,
    "TransactionCanceledException": Failure.CANCELED,
    "IdempotentParameterMismatchException": Failure.TOKEN_REUSED,
    "ReplicatedWriteConflictException": Failure.THROTTLED,
    "UnrecognizedClientException": Failure.CREDENTIALS,
    "ExpiredTokenException": Failure.CREDENTIALS,
    "ExpiredToken": Failure.CREDENTIALS,
    "InvalidClientTokenId": Failure.CREDENTIALS,
    "AccessDeniedException": Failure.MISCONFIGURED,
    "AccessDenied": Failure.MISCONFIGURED,
    "IncompleteSignature": Failure.SIGNATURE_REJECTED,
    "InvalidSignatureException": Failure.SIGNATURE_REJECTED,
    "MissingAuthenticationTokenException": Failure.SIGNATURE_REJECTED,
    "RequestExpired": Failure.SIGNATURE_REJECTED,
    "ResourceNotFoundException": Failure.MISCONFIGURED,
    "SignatureDoesNotMatch": Failure.SIGNATURE_REJECTED,
    "ItemCollectionSizeLimitExceededException": Failure.TOO_LARGE,
}

# The codes of a canceled transaction's reasons, one for each of its operations.
_REASONS = {
    "None": None,
    "ConditionalCheckFailed": Failure.CONDITION_REFUSED,
    "ItemCollectionSizeLimitExceeded": Failure.TOO_LARGE,
    "TransactionConflict": Failure.THROTTLED,
    "ProvisionedThroughputExceeded": Failure.THROTTLED,
    "ThrottlingError": Failure.THROTTLED,
}

# ValidationException says why only in words; the first that occurs decides.
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
        case SSLError() | ProfileNotFound() | ConfigParseError() | InvalidConfigError():
            return Failure.MISCONFIGURED
        case HTTPClientError() | ResponseStreamingError() | BrokenAnswer():
            # A closed connection, an answer that breaks off: the request may have arrived.
            return Failure.LOST_ANSWER
        case _:
            return Failure.UNEXPECTED


def _client_failure(error: ClientError) -> Failure:
    code = error.response.get("Error", {}).get("Code", "")
    failure = _CODES.get(code)
    if failure is not None:
        return failure
    if code == "ValidationException":
        return _validation_failure(error.response["Error"].get("Message", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    if code.startswith("KMS") or "Kms" in code:
        return Failure.MISCONFIGURED
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Failure.THROTTLED
    return Failure.LOST_ANSWER if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Failure.UNEXPECTED


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
    code = reason.get("Code") or "None"
    if code == "ValidationError":
        return _validation_failure(reason.get("Message") or "")
    return _REASONS.get(code, Failure.UNEXPECTED)
