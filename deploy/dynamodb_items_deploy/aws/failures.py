"""Explanations of failures: the cause in one line, and what to do in another."""

import traceback

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own name
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    SSLError,
    TokenRetrievalError,
)

from dynamodb_items_deploy.aws.denials import explain_denial
from dynamodb_items_deploy.aws.executor import NotInTime
from dynamodb_items_deploy.aws.responses import UnreadableResponse

DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError")
EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")
INVALID = (
    *("InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure"),
    *("SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature"),
)
THROTTLED = (
    *("Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded"),
    *("TooManyRequestsException", "RequestThrottled", "SlowDown"),
)
LIMITED = ("LimitExceeded", "LimitExceededException")
TAKEN = ("EntityAlreadyExists",)
ATTACHED = ("DeleteConflict",)
AWS_NOT_READY = (
    *("NoSuchEntity", "ConcurrentModification", "EntityTemporarilyUnmodifiable"),
    *("IncorrectState", "IncorrectInstanceState"),
)
_SERVER_ERRORS = 500

AGAIN = "Run the same command again: it continues where it stopped."
_LATER = "Wait a minute and run the same command again: it continues where it stopped."
_ADVICE = {
    EXPIRED: "Sign in again, then run the same command again.",
    INVALID: "Check the access key and the clock of this machine.",
    THROTTLED: _LATER,
    LIMITED: "Request a higher quota, or remove unused resources; then run the same command again.",
    TAKEN: "Run the same command again to see the plan. If it still has this change, the name "
    "exists with different case, which IAM ignores: choose a --name-prefix.",
    ATTACHED: "Something was attached in the meantime. Run the same command again to see what.",
    AWS_NOT_READY: _LATER,
}
_MEANING = {
    EXPIRED: "The credentials have expired ({operation}).",
    INVALID: "AWS rejected the credentials ({code}).",
    THROTTLED: "AWS throttled {operation} until all retries were used up.",
    LIMITED: "A quota is exceeded: {message}",
    TAKEN: "{operation} failed, the resource already exists: {message}",
    ATTACHED: "{operation} failed: {message}",
    AWS_NOT_READY: "{operation} failed, AWS was not ready in time: {message} ({code})",
}


def explain(error: BaseException) -> tuple[str, str]:
    """Return a line with the cause, and a line with what to do."""
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted.", AGAIN
    if isinstance(error, ClientError):
        return _explain_client_error(error)
    if isinstance(error, BotoCoreError):
        return _explain_botocore_error(error)
    if isinstance(error, (NotInTime, ValueError)):
        return f"{error}", AGAIN if isinstance(error, NotInTime) else "Fix it and try again."
    frame = traceback.extract_tb(error.__traceback__)[-1:]
    position = f" at {frame[0].filename.rpartition('/')[2]}:{frame[0].lineno}" if frame else ""
    return (
        f"Unexpected error in this tool: {type(error).__name__}: {error}{position}",
        "Report this line as a bug. Running the same command again is safe.",
    )


def is_temporary(error: BaseException) -> bool:
    """Return whether running the same command again may succeed."""
    if isinstance(error, ClientError):
        code = error.response["Error"]["Code"]
        if _names_missing_boundary(error):
            return False
        return code in (*THROTTLED, *AWS_NOT_READY) or _status(error) >= _SERVER_ERRORS
    return isinstance(error, (ConnectionError, HTTPClientError, UnreadableResponse, NotInTime))


def may_have_been_made(error: BaseException) -> bool:
    """Return whether AWS may have made the change although the call failed."""
    if isinstance(error, ClientError):
        return _status(error) >= _SERVER_ERRORS
    return not isinstance(error, (NoCredentialsError, PartialCredentialsError, TokenRetrievalError))


def is_defect(error: BaseException) -> bool:
    """Return whether the error is a defect of this tool."""
    return not isinstance(error, (ClientError, BotoCoreError, NotInTime, ValueError))


def _names_missing_boundary(error: ClientError) -> bool:
    """Return whether IAM reports that the permissions boundary does not exist."""
    details = error.response["Error"]
    return details["Code"] == "NoSuchEntity" and "Scope ARN" in details.get("Message", "")


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _explain_botocore_error(error: BotoCoreError) -> tuple[str, str]:
    if isinstance(error, (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError)):
        return (
            "No AWS credentials were found.",
            "Sign in, or set AWS_PROFILE. On an instance, give it a role with items-deploy apply.",
        )
    if isinstance(error, TokenRetrievalError):
        return "The single sign-on session has expired.", "Sign in again: aws sso login."
    if isinstance(error, ProfileNotFound):
        return f"{error}.", "Check AWS_PROFILE."
    if isinstance(error, UnreadableResponse):
        return (
            f"{error}",
            "Check the proxy (HTTPS_PROXY, NO_PROXY), AWS_ENDPOINT_URL and whether the network "
            "requires a sign-in; then run the same command again.",
        )
    if isinstance(error, ReadTimeoutError):
        return f"AWS did not respond in time: {error}", _LATER
    if isinstance(error, SSLError):
        return (
            f"AWS cannot be reached: {error}",
            "If a proxy inspects TLS, set AWS_CA_BUNDLE to the file of its certificates.",
        )
    if isinstance(error, (ConnectionError, HTTPClientError)):
        return (
            f"AWS cannot be reached: {error}",
            "Check the region, the network and the proxy; then run the same command again.",
        )
    return f"{error}", "Check the AWS configuration."


def _explain_client_error(error: ClientError) -> tuple[str, str]:
    details = error.response["Error"]
    facts = {
        "operation": error.operation_name,
        "code": details["Code"],
        "message": " ".join(details.get("Message", "").split()),
    }
    if facts["code"] in DENIED:
        return explain_denial(facts["operation"], facts["message"])
    if _names_missing_boundary(error):
        return (
            "{operation} failed, the permissions boundary does not exist: {message}".format(
                **facts
            ),
            f"Check --permissions-boundary. {AGAIN}",
        )
    for codes, meaning in _MEANING.items():
        if facts["code"] in codes:
            return meaning.format(**facts), _ADVICE[codes]
    if _status(error) >= _SERVER_ERRORS:
        reason = "AWS had an internal error in {operation}: {message} ({code})"
        return reason.format(**facts), _LATER
    return (
        "{operation} failed: {message} ({code})".format(**facts),
        f"Fix the cause. {AGAIN}",
    )
