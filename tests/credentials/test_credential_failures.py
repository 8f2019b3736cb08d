"""Credentials that are found, and the cause that is named for those that are not."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from dynamodb_items.credentials.lookup import find_credentials
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS
from dynamodb_items.local.processes import free_port
from dynamodb_items_deploy.checks import Check
from dynamodb_items_deploy.doctor import Keys, examine

from tests.conftest import environment
from tests.credentials.conftest import SECRET, failure
from tests.imds import InstanceMetadata, made_up

ROLE = "arn:aws:iam::123456789012:role/items"
ASSUMED = f"""<{{0}}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{{0}}Result>
<AssumedRoleUser><AssumedRoleId>R:s</AssumedRoleId><Arn>{ROLE}</Arn></AssumedRoleUser>
<Credentials><AccessKeyId>ASSUMED</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey>
<SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
</{{0}}Result></{{0}}Response>"""


def denied(code, message):
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return f"<ErrorResponse>{error}</ErrorResponse>"


@contextmanager
def endpoint(status, body):
    """A server that gives one response to everything, and the requests that it got."""
    requests = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            length = int(self.headers.get("Content-Length", 0))
            requests.append((self.headers, self.rfile.read(length).decode()))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def do_POST(self):
            self.do_GET()

        def log_message(self, *_arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requests
    finally:
        server.shutdown()
        server.server_close()


PROFILE = f"""[profile base]
aws_access_key_id = BASE
aws_secret_access_key = {SECRET}
[profile items]
role_arn = {ROLE}
source_profile = base
"""


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({"AWS_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-north-1"}, "eu-north-1"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-north-1"}, "eu-west-1"),
        ({}, "us-east-2"),
    ],
    ids=["AWS_REGION", "AWS_DEFAULT_REGION", "both", "none"],
)
def test_a_profile_assumes_its_role_in_the_region_of_the_service(files, variables, region):
    with endpoint(200, ASSUMED.format("AssumeRole")) as (url, requests):
        names = {"AWS_PROFILE": "items", "AWS_ENDPOINT_URL_STS": url, **files(PROFILE)}
        with environment(**names, **variables):
            assert find_credentials().access_key == "ASSUMED"
    assert f"/{region}/sts/aws4_request" in requests[0][0]["Authorization"]


def doctors_check_of_credentials(files, url):
    """The first check of the doctor for the profile, with only AWS_REGION set."""
    variables = {"AWS_PROFILE": "items", "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL_STS": url}
    with environment(**variables, **files(PROFILE)):
        return next(examine(lambda: None, "t", Keys("Id:N", "Name:S"), DEFAULT_OPERATIONS))


def test_the_doctor_assumes_the_role_of_a_profile_in_the_region_of_the_service(files):
    with endpoint(200, ASSUMED.format("AssumeRole")) as (url, requests):
        check = doctors_check_of_credentials(files, url)
    assert (check.is_well, check.found) == (True, "from a profile that assumes a role")
    assert "/eu-west-1/sts/aws4_request" in requests[0][0]["Authorization"]


def test_the_doctor_finds_a_role_that_cannot_be_assumed(files):
    with endpoint(403, denied("AccessDenied", "words")) as (url, _):
        check = doctors_check_of_credentials(files, url)
    assert check == Check(
        "credentials", False, "AssumeRole failed: AccessDenied: words", check.advice
    )
    assert "trust policy must allow sts:AssumeRole" in check.advice


def web_identity(tmp_path, url):
    token = tmp_path / "token"
    token.write_text("a.b.c")
    return {
        "AWS_ROLE_ARN": ROLE,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
        "AWS_ENDPOINT_URL_STS": url,
        "AWS_REGION": "eu-west-1",
    }


def test_a_web_identity_assumes_its_role_with_only_aws_region_set(files, tmp_path):
    with (
        endpoint(200, ASSUMED.format("AssumeRoleWithWebIdentity")) as (url, requests),
        environment(**web_identity(tmp_path, url), **files()),
    ):
        assert find_credentials().access_key == "ASSUMED"
    assert "WebIdentityToken=a.b.c" in requests[0][1]


def test_an_unknown_profile_is_named_with_the_files(files):
    names = files(PROFILE)
    cause, advice = failure(AWS_PROFILE="itmes", **names)
    config, credentials = names.values()
    assert cause == f"the profile itmes is in neither of {config} and {credentials}"
    assert "AWS_PROFILE" in advice


def test_a_trust_policy_that_denies_assume_role_is_named(files):
    words = f"User: arn:aws:iam::1:user/a is not authorized to perform: sts:AssumeRole on {ROLE}"
    with endpoint(403, denied("AccessDenied", words)) as (url, _):
        cause, advice = failure(
            AWS_PROFILE="items", AWS_REGION="eu-west-1", AWS_ENDPOINT_URL_STS=url, **files(PROFILE)
        )
    assert cause == f"AssumeRole failed: AccessDenied: {words}"
    assert "trust policy must allow sts:AssumeRole" in advice


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidIdentityToken", "ExpiredTokenException"])
def test_a_web_identity_that_is_rejected_is_named(files, tmp_path, code):
    with endpoint(400, denied(code, "words")) as (url, _):
        cause, advice = failure(**web_identity(tmp_path, url), **files())
    assert cause == f"AssumeRoleWithWebIdentity failed: {code}: words"
    assert "IAM OIDC provider" in advice


def test_a_web_identity_token_that_is_absent_is_named(files, tmp_path):
    names = web_identity(tmp_path, "http://127.0.0.1:9")
    (tmp_path / "token").unlink()
    cause, advice = failure(**names, **files())
    assert cause == f"the file {tmp_path / 'token'} cannot be read: No such file or directory"
    assert "AWS_WEB_IDENTITY_TOKEN_FILE" in advice


def test_an_sts_that_cannot_be_reached_is_named(files):
    url = f"http://127.0.0.1:{free_port()}"
    cause, advice = failure(
        AWS_PROFILE="items", AWS_REGION="eu-west-1", AWS_ENDPOINT_URL_STS=url, **files(PROFILE)
    )
    assert cause == "127.0.0.1 cannot be reached"
    assert "VPC endpoint for STS" in advice


@pytest.fixture(autouse=True)
def no_waits(monkeypatch):
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0)


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (403, SECRET, "responded 403"),
        (500, "", "responded 500"),
        (200, f"<html>{SECRET}</html>", "responded without JSON"),
    ],
)
def test_a_container_endpoint_that_fails_is_named(files, status, body, cause):
    with endpoint(status, body) as (url, _):
        found, advice = failure(
            AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{url}/v2/credentials/{SECRET}", **files()
        )
    assert found == f"the container's credentials endpoint at 127.0.0.1 {cause}"
    assert "EKS" in advice


def test_a_container_endpoint_without_credentials_is_named(files):
    with endpoint(200, "{}") as (url, _):
        cause, _ = failure(AWS_CONTAINER_CREDENTIALS_FULL_URI=url, **files())
    assert cause == "the container's credentials endpoint returned no 'AccessKeyId'"


def test_a_container_endpoint_that_cannot_be_reached_is_named(files):
    url = f"http://127.0.0.1:{free_port()}/{SECRET}"
    cause, advice = failure(AWS_CONTAINER_CREDENTIALS_FULL_URI=url, **files())
    assert cause == "the container's credentials endpoint at 127.0.0.1 cannot be reached"
    assert "Pod Identity agent" in advice


def test_a_container_token_file_that_is_absent_is_named(files, tmp_path):
    cause, advice = failure(
        AWS_CONTAINER_CREDENTIALS_FULL_URI="http://127.0.0.1:9",
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(tmp_path / "absent"),
        **files(),
    )
    assert cause == f"the file {tmp_path / 'absent'} cannot be read: No such file or directory"
    assert "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE" in advice


def test_keys_without_their_secret_are_named(files):
    cause, advice = failure(AWS_ACCESS_KEY_ID="AKIA", **files())
    assert cause == "Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY"
    assert "Set the missing variable" in advice


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("Ec2InstanceMetadata", "the instance has no role"),
        (
            "Environment",
            "the profile's credential_source is Environment, and no keys are set there",
        ),
        (
            "EcsContainer",
            "the profile's credential_source is EcsContainer, and no container endpoint is set",
        ),
    ],
)
def test_a_source_of_a_profile_that_has_nothing_is_named(files, source, cause):
    config = f"[profile items]\nrole_arn = {ROLE}\ncredential_source = {source}\n"
    with InstanceMetadata(made_up, role_name=None) as imds:
        assert failure(AWS_PROFILE="items", **files(config), **imds.environment)[0] == cause


def test_a_profile_that_is_incomplete_is_named(files):
    config = f"[profile items]\nrole_arn = {ROLE}\n"
    cause, advice = failure(AWS_PROFILE="items", **files(config))
    assert "source_profile" in cause
    assert advice


def test_a_file_that_cannot_be_parsed_is_named(files):
    cause, advice = failure(**files("no section"))
    assert "Unable to parse config file" in cause
    assert advice == "Correct the AWS configuration."
