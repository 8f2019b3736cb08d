"""Every call to AWS with every failure: the cause, what to do, and the changes that were made.

The calls are those of the policy in docs/operations.md, which has exactly the required permissions.
Failures occur below botocore's parsers, so that its parsing and its exceptions are tested.
"""

import json
import re

import boto3.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    ReadTimeoutError,
)
from dynamodb_items_deploy.aws.client import SERVICES, Aws
from dynamodb_items_deploy.aws.failures import explain, is_defect, is_temporary
from dynamodb_items_deploy.aws.responses import UnreadableResponse

from tests.deploy.conftest import Raw, error_response
from tests.engines import REGION, ROOT

HTML = b"<html><body>Sign in to the network</body></html>"
DOCTYPE = b"<!DOCTYPE html><html><head><meta charset=utf-8></head><body><p>Oh</body></html>"


def calls_of_the_policy() -> list[tuple[str, str]]:
    page = (ROOT / "docs/operations.md").read_text()
    block = next(
        text
        for text in re.findall(r"```json\n(.*?)```", page, re.DOTALL)
        if "iam:CreateRole" in text
    )
    (statement,) = json.loads(block)["Statement"]
    actions = [tuple(action.split(":")) for action in statement["Action"]]
    return [("sts", "GetCallerIdentity"), *(pair for pair in actions if pair[1] != "PassRole")]


CALLS = calls_of_the_policy()


def page(status: int, body: bytes, media_type: str = "text/html; charset=utf-8"):
    def respond(request, **_):
        return AWSResponse(request.url, status, {"Content-Type": media_type}, Raw(body))

    return respond


def error(code: str, message: str, status: int = 400):
    def respond(request, service, **_):
        headers, body = error_response(service, code, message)
        return AWSResponse(request.url, status, headers, Raw(body))

    return respond


def no_response(kind: type[Exception]):
    def respond(request, **_):
        raise kind(endpoint_url=request.url, error="it took too long")

    return respond


DENIAL = (
    "User: arn:aws:sts::123456789012:assumed-role/ci/x is not authorized to perform: iam:PassRole "
    "on resource: arn:aws:iam::123456789012:role/r {}"
)
# The failure, whether it is temporary, and what the two lines contain.
FAILURES = {
    "an HTML page as a success": (page(200, HTML), True, "is not from AWS", "Check the proxy"),
    "an HTML page that is not XML": (
        page(200, DOCTYPE),
        True,
        "is not from AWS",
        "Check the proxy",
    ),
    "an HTML page as a denial": (page(403, HTML), True, "(HTTP status 403, text/html)", "proxy"),
    "an HTML page as a server error": (page(502, DOCTYPE), True, "(502)", "Wait a minute"),
    "an empty success": (page(200, b""), True, "(HTTP status 200, empty)", "Check the proxy"),
    "an empty error": (page(400, b""), True, "(HTTP status 400, empty)", "Check the proxy"),
    "an empty server error": (page(503, b""), True, "Service Unavailable (503)", "Wait a minute"),
    "a response cut off": (page(200, b"<XResponse><X"), True, "is not from AWS", "Check the proxy"),
    "no connection": (no_response(ConnectTimeoutError), True, "cannot be reached", "network"),
    "no response": (
        no_response(ReadTimeoutError),
        True,
        "did not respond in time",
        "Wait a minute",
    ),
    "a reset": (no_response(ConnectionClosedError), True, "cannot be reached", "the network"),
    "throttling": (error("Throttling", "Rate exceeded"), True, "AWS throttled", "Wait a minute"),
    "an error of AWS": (
        error("InternalFailure", "x", 500),
        True,
        "AWS had an internal error in",
        "Wait a minute",
    ),
    "expired credentials": (error("ExpiredToken", "x"), False, "have expired", "Sign in again"),
    "a denial by a service control policy": (
        error("AccessDenied", DENIAL.format("with an explicit deny in a service control policy")),
        False,
        "which requires iam:PassRole: an explicit deny in a service control policy.",
        "Contact its administrators",
    ),
    "a denial by a permissions boundary": (
        error(
            "AccessDenied",
            DENIAL.format("because no permissions boundary allows the iam:PassRole action"),
        ),
        False,
        "which requires iam:PassRole: no permissions boundary allows the iam:PassRole action.",
        "permissions boundary of these credentials",
    ),
    "a denial for want of a policy": (
        error(
            "AccessDenied",
            DENIAL.format("because no identity-based policy allows the iam:PassRole action"),
        ),
        False,
        "which requires iam:PassRole: no identity-based policy allows the iam:PassRole action.",
        "docs/operations.md",
    ),
    "a denial that EC2 encodes": (
        error(
            "UnauthorizedOperation",
            "You are not authorized to perform this operation. "
            + DENIAL.format("because no session policy allows the iam:PassRole action. Encoded ")
            + "authorization failure message: "
            + "x" * 2000,
        ),
        False,
        "which requires iam:PassRole: no session policy allows the iam:PassRole action.",
        "The policy of the session",
    ),
    "a denial without a reason": (
        error("AccessDenied", "Access Denied"),
        False,
        ": Access Denied.",
        "docs/operations.md",
    ),
    "a missing permissions boundary": (
        error("NoSuchEntity", "Scope ARN: arn:x does not exist or is not attachable."),
        False,
        "the permissions boundary does not exist: Scope ARN: arn:x",
        "Check --permissions-boundary.",
    ),
    "something that is not visible": (
        error("NoSuchEntity", "The role with name r cannot be found."),
        True,
        "AWS was not ready in time: The role with name r",
        "Wait a minute",
    ),
}


@pytest.fixture(scope="module")
def aws() -> Aws:
    session = boto3.session.Session("testing", "testing")
    aws = Aws(REGION, max_attempts=1, session=session)
    for service in SERVICES:
        client = aws.clients[service]
        client.meta.events.register_first(
            f"before-send.{service}",
            lambda request, service=service, **_: aws.respond(request, service=service),
        )
    return aws


def parameters(shape) -> dict:
    """Return the smallest parameters that botocore accepts for an operation."""
    values = {"string": "x" * 20, "list": [], "structure": {}}
    members = shape.members if shape else {}
    return {
        name: values[members[name].type_name] for name in (shape.required_members if shape else [])
    }


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize(("service", "operation"), CALLS, ids=[pair[1] for pair in CALLS])
def test_a_failed_call_is_two_sentences(aws, service, operation, name):
    aws.respond, temporary, reason, advice = FAILURES[name]
    client = aws.clients[service]
    model = client.meta.service_model.operation_model(operation)
    method = next(
        key for key, value in client.meta.method_to_api_mapping.items() if value == operation
    )
    with pytest.raises(
        (
            ClientError,
            UnreadableResponse,
            ConnectionClosedError,
            ConnectTimeoutError,
            ReadTimeoutError,
        )
    ) as raised:
        aws.read(service, method, **parameters(model.input_shape))
    printed = explain(raised.value)
    assert reason in printed[0]
    assert advice in printed[1]
    assert [len(line.splitlines()) for line in printed] == [1, 1]
    assert max(map(len, printed)) < 600
    assert is_temporary(raised.value) is temporary
    assert not is_defect(raised.value)
