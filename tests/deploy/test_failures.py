"""Reports of failures: one line with the cause, one with what to do, and no stack trace."""

import subprocess
import sys

import pytest
from dynamodb_items_deploy import options
from dynamodb_items_deploy.aws.client import Aws

from tests.conftest import environment
from tests.engines import ROOT


@pytest.fixture
def rejected(reject, monkeypatch):
    """Let AWS reject an operation of the command's own clients."""

    def rejected(operation: str, code: str, message: str = "") -> None:
        def connect(region=None, **_):
            aws = Aws(region, max_attempts=1)
            reject(aws, operation, code, message)
            return aws

        monkeypatch.setattr(options, "Aws", connect)

    return rejected


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (("CreateRole", "AccessDenied"), ("not allowed to call CreateRole", "docs/operations.md")),
        (("GetCallerIdentity", "ExpiredToken"), ("have expired", "Sign in again")),
        (("GetCallerIdentity", "InvalidClientTokenId"), ("rejected the credentials", "access key")),
        (
            ("DescribeInstances", "UnauthorizedOperation"),
            ("not allowed to call DescribeInst", "credentials"),
        ),
        (
            ("DescribeInstances", "RequestLimitExceeded"),
            ("throttled DescribeInst", "Wait a minute"),
        ),
        (("GetRole", "Throttling"), ("throttled GetRole", "continues where it stopped")),
        (("CreatePolicy", "LimitExceeded"), ("A quota is exceeded", "quota")),
        (("CreateRole", "MalformedPolicyDocument"), ("MalformedPolicyDocument", "again")),
    ],
)
def test_an_error_of_aws_begins_with_two_lines(cloud, run, rejected, response, expected):
    rejected(*response)
    ran = run("apply", "--yes", "--instance-id", cloud.instance_id)
    assert ran.status == (75 if "throttled" in expected[0] else 1)
    for line, part in zip(ran.err.splitlines(), expected, strict=False):
        assert part in line
    assert "Traceback" not in ran.out + ran.err


def test_a_rejection_is_json_for_machines(cloud, run, rejected):
    rejected("CreateRole", "AccessDenied")
    ran = run("apply", "--yes", "--json", "--instance-id", cloud.instance_id)
    assert ran.status == 1
    assert "CreateRole" in ran.json["error"]
    assert ran.json["advice"]


def test_throttling_is_retried_before_it_is_reported(cloud, reject):
    aws = Aws(max_attempts=3)
    reject(aws, "GetRole", "Throttling", times=1)
    assert cloud.observe(aws)


def in_a_process(*arguments: str, **variables: str) -> subprocess.CompletedProcess:
    with environment(
        AWS_SHARED_CREDENTIALS_FILE="/dev/null", AWS_CONFIG_FILE="/dev/null", **variables
    ):
        return subprocess.run(
            [sys.executable, "-m", "dynamodb_items_deploy", *arguments],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
            cwd=ROOT,
        )


def test_missing_credentials_are_reported():
    ended = in_a_process("plan", AWS_EC2_METADATA_DISABLED="true")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[0] == "No AWS credentials were found."
    assert len(ended.stderr.splitlines()) == 2


def test_without_a_network_it_is_reported():
    ended = in_a_process(
        "plan",
        AWS_ACCESS_KEY_ID="x",
        AWS_SECRET_ACCESS_KEY="x",
        AWS_ENDPOINT_URL="http://127.0.0.1:9",
        AWS_MAX_ATTEMPTS="1",
    )
    assert ended.returncode == 75
    assert "AWS cannot be reached" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_unknown_profile_is_named():
    ended = in_a_process("plan", AWS_PROFILE="nobody")
    assert ended.returncode == 1
    assert "nobody" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--instance-id", "web-1"], "--instance-id 'web-1' is not an instance id"),
        (["--table", "a/b"], "--table 'a/b' is not 3 to 255"),
        (["--path", "team"], "--path 'team' is not a path"),
        (["--kms-key", "alias/mine"], "--kms-key 'alias/mine' is not a key's ARN"),
        (["--permissions-boundary", "x"], "--permissions-boundary 'x' is not"),
        (["--tag", "team"], "must have the form KEY=VALUE"),
        (["--tag", "aws:x=y"], "--tag 'aws:x'"),
        (["--tag", "team=\N{SNOWMAN}"], "--tag team="),
        (["--tag", f"team={'x' * 257}"], "a key has at most 128 characters, a value 256"),
        (["--tag", "Team=a", "--tag", "team=b"], "has Team, team more than once"),
        (["--tag", "team=a", "--tag", "team=b"], "has team, team more than once"),
        (["--tag", "DynamoDB-Items:Table=x"], "is reserved by AWS or this tool"),
        ([f"--tag=t{number}=x" for number in range(50)], "--tag is given 50 times"),
        (["--operations", "BatchGetItem"], "unknown: BatchGetItem"),
        (["--operations", "PutItem"], "must include GetItem"),
        (["--name-prefix", "a" * 37], "--name-prefix"),
        (["--no-such-option"], "No such option"),
    ],
)
def test_a_wrong_command_line_has_a_status_of_its_own(run, arguments, error):
    ran = run("plan", *arguments)
    assert ran.status == 64
    assert error in ran.err


def test_all_errors_are_printed_together(run):
    ran = run("plan", "--instance-id", "web-1", "--path", "team")
    assert "--instance-id" in ran.err
    assert "--path" in ran.err
