"""What went wrong, in one line, and what to do about it."""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own name
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
)

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
HANGS = ("DeleteConflict",)

_ADVICE = {
    DENIED: "Use credentials that may do it; docs/operations.md lists what deploying needs.",
    EXPIRED: "Sign in again.",
    INVALID: "Check the access key and the machine's clock.",
    THROTTLED: "Wait a minute and run the same command again: it goes on where it stopped.",
    LIMITED: "Raise the account's quota, or remove what is no longer used.",
    TAKEN: "Somebody made it in the meantime: run the same command again to see the plan.",
    HANGS: "Something was attached in the meantime: run the same command again to see what.",
}
_MEANING = {
    DENIED: "The credentials may not call {operation}.",
    EXPIRED: "The credentials have expired.",
    INVALID: "AWS does not accept the credentials ({code}).",
    THROTTLED: "AWS throttled {operation} until all retries were used up.",
    LIMITED: "A quota is used up: {message}",
    TAKEN: "{operation} found it already there: {message}",
    HANGS: "{operation} was refused: {message}",
}


def explain(error: Exception) -> tuple[str, str]:
    """One line that says what is wrong, and one that says what to do."""
    if isinstance(error, ClientError):
        return _explain_answer(error)
    if isinstance(error, (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError)):
        return (
            "No AWS credentials were found.",
            "Sign in, or name a profile by AWS_PROFILE; on an instance, apply gives it a role.",
        )
    if isinstance(error, TokenRetrievalError):
        return "The session of the single sign-on has expired.", "Sign in again: aws sso login."
    if isinstance(error, ProfileNotFound):
        return f"{error}.", "Check AWS_PROFILE."
    if isinstance(error, (ConnectionError, HTTPClientError)):
        return (
            f"AWS cannot be reached: {error}",
            "Check the region, the network and the proxy; then run the same command again.",
        )
    if isinstance(error, BotoCoreError):
        return f"{error}", "Check the AWS configuration."
    return f"{error}", "Run the same command again: it goes on where it stopped."


def _explain_answer(error: ClientError) -> tuple[str, str]:
    answer = error.response["Error"]
    facts = {
        "operation": error.operation_name,
        "code": answer["Code"],
        "message": " ".join(answer.get("Message", "").split()),
    }
    for codes, meaning in _MEANING.items():
        if facts["code"] in codes:
            return meaning.format(**facts), _ADVICE[codes]
    return (
        "{operation} was refused: {message} ({code})".format(**facts),
        "Mend that and run the same command again: it goes on where it stopped.",
    )
