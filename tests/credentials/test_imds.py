"""The metadata double, as a plain HTTP client and as botocore see it."""

import urllib.error
import urllib.request

import pytest
from botocore.utils import InstanceMetadataFetcher, InstanceMetadataRegionFetcher

from tests.imds import CREDENTIALS, InstanceMetadata, made_up

FETCH = {"num_attempts": 1, "timeout": 10, "env": {}}


@pytest.fixture
def imds():
    with InstanceMetadata() as imds:
        yield imds


def request_of(imds, path, method="GET", **headers):
    request = urllib.request.Request(
        imds.url + path,
        method=method,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, None


def token(imds, seconds="60", **headers):
    return request_of(
        imds,
        "/latest/api/token",
        "PUT",
        X_aws_ec2_metadata_token_ttl_seconds=seconds,
        **headers,
    )


def botocore_reads(imds):
    config = {"ec2_metadata_service_endpoint": imds.url, "ec2_metadata_v1_disabled": True}
    return InstanceMetadataFetcher(config=config, **FETCH).retrieve_iam_role_credentials()


def test_botocore_finds_the_role_its_credentials_and_the_region(imds):
    found = botocore_reads(imds)
    assert found["role_name"] == imds.role_name
    assert found["access_key"] == imds.credentials["AccessKeyId"]
    assert found["expiry_time"] == imds.credentials["Expiration"]
    config = {"ec2_metadata_service_endpoint": imds.url}
    region = InstanceMetadataRegionFetcher(config=config, **FETCH).retrieve_region()
    assert region == imds.region


def test_nothing_is_read_without_a_valid_token():
    now = 0.0
    with InstanceMetadata(clock=lambda: now) as imds:
        _, issued = token(imds, "60")
        assert request_of(imds, CREDENTIALS)[0] == 401
        assert request_of(imds, CREDENTIALS, X_aws_ec2_metadata_token="wrong")[0] == 401
        assert request_of(imds, CREDENTIALS, X_aws_ec2_metadata_token=issued)[0] == 200
        now = 60.0
        assert request_of(imds, CREDENTIALS, X_aws_ec2_metadata_token=issued)[0] == 401


@pytest.mark.parametrize("seconds", ["", "0", "21601", "-1", "soon"])
def test_a_token_needs_a_lifetime_of_up_to_six_hours(imds, seconds):
    assert token(imds, seconds)[0] == 400


def test_a_forwarded_request_gets_no_token(imds):
    assert token(imds, X_Forwarded_For="192.0.2.1")[0] == 403


def test_credentials_stay_the_same_until_they_are_rotated(imds):
    first = botocore_reads(imds)["access_key"]
    assert botocore_reads(imds)["access_key"] == first
    imds.rotate()
    assert botocore_reads(imds)["access_key"] != first


def test_an_instance_without_a_role_has_no_credentials():
    with InstanceMetadata(made_up, role_name=None) as imds:
        _, issued = token(imds)
        assert request_of(imds, CREDENTIALS, X_aws_ec2_metadata_token=issued)[0] == 404
        assert botocore_reads(imds) == {}


def test_it_can_be_away_and_come_back_on_the_same_port(imds):
    imds.status = 503
    assert token(imds)[0] == 503
    imds.status = None
    imds.close_port()
    with pytest.raises(urllib.error.URLError):
        token(imds)
    imds.accept()
    assert token(imds)[0] == 200
