"""The causes of a failed lookup of AWS credentials: one sentence, and what to do next.

botocore reports no failure of the instance metadata service, so that service is read again here.
No sentence contains a secret, or a path that works as one.
"""

import os
import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own name
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from dynamodb_items.credentials.instance_metadata import metadata_failure

Explanation = tuple[str, str]
"""The cause, and what to do next."""

_SIGN_IN = "Sign in again: aws sso login."
_ASSUME_ROLE = (
    "The role's trust policy must allow sts:AssumeRole for the caller, and the caller's own policy "
    "must allow it on the role."
)
_WEB_IDENTITY = (
    "Register the token's issuer as an IAM OIDC provider, and allow sts:AssumeRoleWithWebIdentity "
    "for its audience and subject in the role's trust policy."
)


def explain(error: Exception) -> Explanation:  # noqa: C901 - one case per kind of failure
    """Return the cause of a failure to find credentials, and what to do next."""
    match error:
        case NoCredentialsError():
            cause, advice = metadata_failure()
            return f"none in the environment and the AWS files; {cause}", advice
        case ProfileNotFound():
            return _profile_failure(error)
        case CredentialRetrievalError():
            return _retrieval_failure(error)
        case ClientError():
            return _call_failure(error)
        case HTTPClientError() | ConnectionError():
            return _unreachable(error)
        case PartialCredentialsError():
            return _message(error), "Set the missing variable or member, or remove the others."
        case SSOError() | TokenRetrievalError():
            return _message(error), _SIGN_IN
        case BotoCoreError():
            return _message(error), "Correct the AWS configuration."
        case OSError() if error.filename is not None:
            return (
                f"the file {error.filename} cannot be read: {error.strerror}",
                "Check AWS_WEB_IDENTITY_TOKEN_FILE, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE and the "
                "AWS files, and their permissions.",
            )
        case KeyError():
            return (
                f"the container's credentials endpoint returned no {error}",
                "Check that the endpoint is that of ECS or EKS.",
            )
        case _:
            return f"{type(error).__name__}: {_message(error)}", "Correct the AWS configuration."


def _message(error: Exception) -> str:
    return " ".join(str(error).split())


def _profile_failure(error: ProfileNotFound) -> Explanation:
    files = [
        os.environ.get("AWS_CONFIG_FILE", "~/.aws/config"),
        os.environ.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
    ]
    return (
        f"the profile {error.kwargs.get('profile')} is in neither of {' and '.join(files)}",
        "Correct AWS_PROFILE or add the profile; ~ is the home directory of the user that the "
        "service runs as.",
    )


def _retrieval_failure(error: CredentialRetrievalError) -> Explanation:
    provider = str(error.kwargs.get("provider"))
    message = str(error.kwargs.get("error_msg"))
    known: Mapping[str, Callable[[], Explanation]] = {
        "container-role": lambda: _container_failure(message),
        "EcsContainer": lambda: (
            "the profile's credential_source is EcsContainer, and no container endpoint is set",
            "Run it as a task with a role, or correct credential_source.",
        ),
        "Environment": lambda: (
            "the profile's credential_source is Environment, and no keys are set there",
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or correct credential_source.",
        ),
        "Ec2InstanceMetadata": metadata_failure,
    }
    if provider in known:
        return known[provider]()
    return _message(error), "Run the same source by hand, as the user that the service runs as."


def _container_failure(message: str) -> Explanation:
    """Explain a failure of ECS's or EKS's endpoint, without quoting what the endpoint sent."""
    uri = os.environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.2")
    endpoint = f"the container's credentials endpoint at {urlsplit(uri).hostname}"
    status = re.search(r"non 200 response (\d{3})", message)
    if status is not None:
        return (
            f"{endpoint} responded {status[1]}",
            "Give the task its role (ECS: taskRoleArn; EKS: a Pod Identity association for the "
            "service account), and check AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE.",
        )
    if "parse JSON" in message:
        return f"{endpoint} responded without JSON", "Check that it is that of ECS or EKS."
    return (
        f"{endpoint} cannot be reached",
        "Check that the ECS agent or the EKS Pod Identity agent runs, and the route to it.",
    )


def _call_failure(error: ClientError) -> Explanation:
    details = error.response.get("Error", {})
    code, message = details.get("Code", ""), " ".join(str(details.get("Message", "")).split())
    cause = f"{error.operation_name} failed: {code}: {message}"
    if error.operation_name == "AssumeRoleWithWebIdentity":
        return cause, _WEB_IDENTITY
    if code in ("ExpiredToken", "ExpiredTokenException", "UnauthorizedException"):
        return cause, _SIGN_IN
    if error.operation_name == "AssumeRole" and code.startswith("AccessDenied"):
        return cause, _ASSUME_ROLE
    return cause, "Check the credentials of the profile's source, and the clock of this machine."


def _unreachable(error: HTTPClientError | ConnectionError) -> Explanation:
    host = urlsplit(str(error.kwargs.get("endpoint_url", ""))).hostname
    return (
        f"{host or 'the source of the credentials'} cannot be reached",
        "Check the region, the route (VPC endpoint for STS, security group, name server), and the "
        "proxy variables.",
    )
