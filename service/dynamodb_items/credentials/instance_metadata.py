"""The causes of failures of the instance metadata service: read it step by step, as botocore does.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
"""

import json
import os
from typing import Any

import botocore.session
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ReadTimeoutError
from botocore.httpsession import URLLib3Session
from botocore.utils import (
    METADATA_BASE_URL,
    METADATA_BASE_URL_IPv6,
    get_environ_proxies,
    resolve_imds_endpoint_mode,
)

_TOKEN = "latest/api/token"  # noqa: S105 - a path
_ROLES = "latest/meta-data/iam/security-credentials/"
_OK, _FORBIDDEN, _NOT_FOUND = 200, 403, 404


class _Failed(Exception):
    """A step has failed; the arguments are the cause and what to do next."""


def metadata_failure() -> tuple[str, str]:
    """Return why the metadata service has no credentials, and what to do next."""
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return (
            "AWS_EC2_METADATA_DISABLED turns the instance's role off",
            "Unset it on an instance; elsewhere sign in or name a profile by AWS_PROFILE.",
        )
    try:
        _read_credentials()
    except _Failed as failed:
        cause, advice = failed.args
        return cause, advice
    except ReadTimeoutError:
        return (
            "the instance metadata service did not respond in time: in a container the hop limit "
            "of 1 drops its response",
            "In a container: items-deploy apply --container, or a hop limit of 2. On the instance "
            "itself: raise AWS_METADATA_SERVICE_TIMEOUT.",
        )
    except BotoCoreError:
        return (
            "the instance metadata service cannot be reached",
            "On an instance: check the firewall and NO_PROXY for 169.254.169.254. Elsewhere: sign "
            "in or name a profile by AWS_PROFILE.",
        )
    return (
        "the instance metadata service failed, and responds again now",
        "If it repeats: raise AWS_METADATA_SERVICE_TIMEOUT and AWS_METADATA_SERVICE_NUM_ATTEMPTS.",
    )


def _read_credentials() -> None:
    """Take the steps to the credentials of the role.

    Raises:
        _Failed: the service responds, but not with credentials.
        botocore.exceptions.BotoCoreError: it does not respond.
    """
    session = botocore.session.Session()
    send = _Sender(session)
    status, token = send("PUT", _TOKEN, {"x-aws-ec2-metadata-token-ttl-seconds": "60"})
    if status == _FORBIDDEN:
        raise _Failed(
            "the instance metadata service responded 403: it is off for this instance, or a proxy "
            "passed the request on",
            "aws ec2 modify-instance-metadata-options --http-endpoint enabled; add "
            "169.254.169.254 to NO_PROXY.",
        )
    _check_ok(status)
    headers = {"x-aws-ec2-metadata-token": token}
    status, roles = send("GET", _ROLES, headers)
    if status == _NOT_FOUND or (status == _OK and not roles.strip()):
        raise _Failed(
            "the instance has no role",
            "Give it one: items-deploy apply --instance-id with this instance's id.",
        )
    _check_ok(status)
    role = roles.split()[0]
    status, text = send("GET", _ROLES + role, headers)
    _check_ok(status)
    code = _code(text)
    if code != "Success":
        raise _Failed(
            f"EC2 cannot assume the instance's role {role}: {code}",
            "Its trust policy must allow sts:AssumeRole for ec2.amazonaws.com, and the role must "
            "exist: items-deploy apply.",
        )


def _check_ok(status: int) -> None:
    if status != _OK:
        raise _Failed(
            f"the instance metadata service responded {status}",
            "Wait: it is called again. If it stays, check that nothing else has its address.",
        )


def _code(text: str) -> str:
    try:
        content: Any = json.loads(text)
    except ValueError:
        content = None
    return str(content.get("Code", "no code")) if isinstance(content, dict) else "no JSON"


class _Sender:
    """A sender of requests to the endpoint and with the timeout of botocore's settings."""

    def __init__(self, session: botocore.session.Session) -> None:
        is_ipv6 = resolve_imds_endpoint_mode(session) == "ipv6"
        default = METADATA_BASE_URL_IPv6 if is_ipv6 else METADATA_BASE_URL
        endpoint = session.get_config_variable("ec2_metadata_service_endpoint") or default
        self._base_url = endpoint.rstrip("/")
        self._http = URLLib3Session(
            timeout=session.get_config_variable("metadata_service_timeout"),
            proxies=get_environ_proxies(self._base_url),
        )

    def __call__(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
        """Return the status and the text of a response."""
        request = AWSRequest(method, f"{self._base_url}/{path}", headers)
        response = self._http.send(request.prepare())
        return response.status_code, response.text
