"""The metadata service without credentials: which cause is named, and what is logged."""

import json
import threading

import pytest
from dynamodb_items.credentials.background import BackgroundCredentials
from dynamodb_items.credentials.lookup import find_credentials
from dynamodb_items.local.processes import free_port
from structlog.testing import capture_logs

from tests.conftest import environment
from tests.credentials.conftest import failure
from tests.imds import InstanceMetadata, made_up


def misbehave(imds, **attributes):
    for name, value in attributes.items():
        setattr(imds, name, value)


@pytest.mark.parametrize(
    ("attributes", "cause", "advice"),
    [
        ({"role_name": None}, "the instance has no role", "items-deploy apply --instance-id"),
        ({"status": 403}, "the instance metadata service responded 403", "--http-endpoint enabled"),
        ({"status": 503}, "the instance metadata service responded 503", "called again"),
        ({"delay_seconds": 1.5}, "hop limit of 1 drops its response", "apply --container"),
        (
            {"code": "AssumeRoleUnauthorizedAccess"},
            "EC2 cannot assume the instance's role EC2RoleToAccessDynamoDBTable: "
            "AssumeRoleUnauthorizedAccess",
            "sts:AssumeRole for ec2.amazonaws.com",
        ),
    ],
    ids=["no role", "off", "failing", "hop limit", "trust policy"],
)
def test_the_metadata_service_without_credentials_is_explained(files, attributes, cause, advice):
    with InstanceMetadata(made_up) as imds:
        misbehave(imds, **attributes)
        found, next_step = failure(**files(), **imds.environment)
    assert found.startswith("none in the environment and the AWS files; ")
    assert cause in found
    assert advice in next_step


def test_a_metadata_service_that_cannot_be_reached_is_named(files):
    url = f"http://127.0.0.1:{free_port()}"
    cause, advice = failure(AWS_EC2_METADATA_SERVICE_ENDPOINT=url, **files())
    assert cause.endswith("the instance metadata service cannot be reached")
    assert "NO_PROXY" in advice


def test_a_metadata_service_that_is_switched_off_is_named(files):
    cause, advice = failure(AWS_EC2_METADATA_DISABLED="true", **files())
    assert "AWS_EC2_METADATA_DISABLED" in cause
    assert "sign in" in advice


def test_the_log_names_each_cause_once(files, monkeypatch):
    monkeypatch.setattr("dynamodb_items.credentials.background.CHECK_SECONDS", 0.02)
    monkeypatch.setattr("dynamodb_items.credentials.background.FIRST_LOOKUP_RETRY_SECONDS", 0.01)
    looks = threading.Semaphore(0)

    def find():
        looks.release()
        return find_credentials()

    with (
        InstanceMetadata(made_up, role_name=None) as imds,
        environment(**files(), **imds.environment),
        capture_logs() as lines,
    ):
        credentials = BackgroundCredentials(find)
        credentials.start(10)
        for _ in range(3):
            assert looks.acquire(timeout=10)
        imds.role_name, imds.code = "items", "AssumeRoleUnauthorizedAccess"
        for _ in range(3):
            assert looks.acquire(timeout=10)
        imds.code = "Success"
        for _ in range(200):
            if any(line["event"] == "credentials found" for line in lines):
                break
            looks.acquire(timeout=0.05)
    found = [line for line in lines if line["event"] == "credentials not found"]
    causes = [line["cause"] for line in found]
    assert "the instance has no role" in causes[0]
    assert "EC2 cannot assume the instance's role items" in causes[1]
    assert len(set(causes)) == len(causes)
    assert all(line["advice"] for line in found)
    assert json.dumps(lines).count("credentials found") == 1
