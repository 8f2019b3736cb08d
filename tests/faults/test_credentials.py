"""The metadata service may be away: nobody waits for it while the credentials in hand are good."""

import json
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from botocore.credentials import Credentials, RefreshableCredentials
from botocore.exceptions import NoCredentialsError
from dynamodb_items.credentials import background as module
from dynamodb_items.credentials.background import BackgroundCredentials

from tests import wire as faults
from tests.faults.conftest import eventually
from tests.imds import InstanceMetadata
from tests.serving import gunicorn

FROM_THE_INSTANCE = {
    "AWS_ACCESS_KEY_ID": None,
    "AWS_SECRET_ACCESS_KEY": None,
    "AWS_CONFIG_FILE": "/no",
    "AWS_SHARED_CREDENTIALS_FILE": "/no",
}
ROLE = "/latest/meta-data/iam/security-credentials/"


@pytest.fixture
def imds():
    with InstanceMetadata() as imds:
        yield imds


def on_the_instance(imds):
    return {**FROM_THE_INSTANCE, **imds.environment}


def looks(imds):
    """How often the credentials themselves were fetched."""
    return Counter(path for _, path, _ in imds.requests)[ROLE + str(imds.role_name)]


def access_keys(calls):
    return {call.headers["authorization"].partition("Credential=")[2][:20] for call in calls}


def test_it_starts_without_the_metadata_service_and_becomes_ready_once_that_exists(own_wire, imds):
    imds.close_port()
    with gunicorn(own_wire.url, "-w", "1", until="/live", **on_the_instance(imds)) as server:
        assert server.request("GET", "/ready").status == 503
        response = server.request("GET", "/items/7/x")
        assert response.status == 503
        assert response.headers["Retry-After"] == "5"
        assert response.json["type"] == "/docs/errors#credentials-unavailable"
        assert not own_wire.calls, "without credentials nothing is sent"
        imds.accept()
        eventually(lambda: server.request("GET", "/ready").status == 200)
        assert server.request("GET", "/items/7/x").status == 404


def test_a_profile_that_assumes_a_role_is_ready_with_only_aws_region_set(
    own_wire, fault_engine, tmp_path
):
    (tmp_path / "config").write_text(
        "[profile base]\naws_access_key_id = testing\naws_secret_access_key = testing\n"
        "[profile items]\nrole_arn = arn:aws:iam::000000000000:role/items\n"
        "source_profile = base\n"
    )
    variables = {
        **FROM_THE_INSTANCE,
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_PROFILE": "items",
        "AWS_ENDPOINT_URL_STS": fault_engine,
    }
    with gunicorn(own_wire.url, "-w", "1", **variables) as server:
        assert server.request("GET", "/items/7/x").status == 404


def test_the_log_names_why_there_are_no_credentials(own_wire, imds):
    imds.role_name = None
    with gunicorn(own_wire.url, "-w", "1", until="/live", **on_the_instance(imds)) as server:
        assert server.request("GET", "/items/7/x").status == 503
        line = next(line for line in server.log if line["event"] == "credentials not found")
    assert line["level"] == "error"
    assert "the instance has no role" in line["cause"]
    assert "items-deploy apply" in line["advice"]


def test_an_outage_of_the_metadata_service_costs_no_request(own_wire, imds):
    with gunicorn(own_wire.url, "-w", "1", **on_the_instance(imds)) as server:
        imds.delay_seconds = 5
        imds.status = 503
        for _ in range(20):
            assert server.request("GET", "/items/7/x").status == 404


def test_an_expired_token_is_renewed_once_for_all_requests_and_costs_none(own_wire, imds):
    with gunicorn(own_wire.url, "-w", "1", **on_the_instance(imds)) as server:
        old = imds.credentials["AccessKeyId"]
        imds.rotate()
        new = imds.credentials["AccessKeyId"]
        own_wire.fault(
            faults.reject("ExpiredTokenException"),
            when=lambda call: old in call.headers["authorization"],
        )
        before, statuses = looks(imds), []
        threads = [
            threading.Thread(
                target=lambda: statuses.append(server.request("GET", "/items/7/x").status)
            )
            for _ in range(16)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [404] * 16
        assert looks(imds) == before + 1
        last = []
        own_wire.fault(faults.pass_on, when=lambda call: last.append(call) or False)
        server.request("GET", "/items/7/x")
        assert access_keys(last) == {new}


# The rest tests the renewal itself, with a clock that is moved.


class Source:
    """Where credentials come from: counts, fails and is slow on demand."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        self.looks = 0
        self.fails = False
        self.gate = threading.Event()
        self.gate.set()

    def clock(self):
        return self.now

    def find(self):
        self.looks += 1
        self.gate.wait(20)
        if self.fails:
            raise NoCredentialsError
        return RefreshableCredentials(
            f"key-{self.looks}",
            "secret",
            "token",
            self.now + timedelta(hours=6),
            self.never,
            "imds",
            time_fetcher=self.clock,
        )

    def never(self):
        raise AssertionError("botocore's own refresh must not be reached")


@pytest.fixture
def source(monkeypatch):
    monkeypatch.setattr(module, "CHECK_SECONDS", 0.02)
    monkeypatch.setattr(module, "STILL_OLD_RETRY_SECONDS", 0.02)
    monkeypatch.setattr(module, "FIRST_LOOKUP_RETRY_SECONDS", 0.02)
    return Source()


@pytest.fixture
def credentials(source):
    credentials = BackgroundCredentials(source.find)
    credentials.start(10)
    assert credentials.current().access_key == "key-1"
    return credentials


def test_credentials_are_renewed_before_they_expire_and_nobody_waits(source, credentials):
    source.gate.clear()
    source.now += timedelta(hours=5, minutes=46)
    eventually(lambda: source.looks == 2)
    assert credentials.current().access_key == "key-1", "the old ones serve meanwhile"
    source.gate.set()
    eventually(lambda: credentials.current().access_key == "key-2")


def test_new_credentials_are_renewed_as_soon_as_they_are_old(monkeypatch, source):
    monkeypatch.setattr(module, "STILL_OLD_RETRY_SECONDS", 3600.0)
    credentials = BackgroundCredentials(source.find)
    credentials.start(10)
    source.now += timedelta(hours=5, minutes=46)
    eventually(lambda: credentials.current().access_key == "key-2")


def test_credentials_in_hand_are_used_to_their_end_when_no_others_are_found(source, credentials):
    source.fails = True
    source.now += timedelta(hours=5, minutes=59)
    eventually(lambda: source.looks >= 4)
    assert credentials.current().access_key == "key-1"
    source.now += timedelta(minutes=2)

    def have_expired():
        try:
            credentials.current()
        except NoCredentialsError:
            return True
        return False

    eventually(have_expired)
    source.fails = False
    eventually(lambda: not have_expired())
    assert credentials.current().access_key != "key-1"


def test_many_requested_renewals_are_one_lookup(source, credentials):
    source.gate.clear()
    threads = [threading.Thread(target=credentials.renew, args=(10,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    eventually(lambda: source.looks == 2)
    source.gate.set()
    for thread in threads:
        thread.join()
    assert credentials.current().access_key == "key-2"
    credentials.renew(10)
    assert source.looks == 2, "they were renewed a moment ago"


def test_a_renewal_that_takes_too_long_is_not_waited_for(source, credentials):
    source.gate.clear()
    began = time.monotonic()
    credentials.renew(0.1)
    assert time.monotonic() - began < 5
    assert credentials.current().access_key == "key-1"
    source.gate.set()


def test_credentials_without_an_end_are_looked_for_once(monkeypatch):
    monkeypatch.setattr(module, "CHECK_SECONDS", 0.001)
    found, checks = [], threading.Semaphore(0)
    credentials = BackgroundCredentials(lambda: found.append(1) or Credentials("key", "secret"))
    is_old = credentials._is_old  # noqa: SLF001 - what each check calls

    def counted(seconds):
        checks.release()
        return is_old(seconds)

    credentials._is_old = counted  # noqa: SLF001
    credentials.start(10)
    for _ in range(10):
        assert checks.acquire(timeout=10)
    assert credentials.current().access_key == "key"
    assert len(found) == 1


def test_what_is_logged_names_no_secret(own_wire, imds):
    with gunicorn(own_wire.url, "-w", "1", **on_the_instance(imds)) as server:
        server.request("GET", "/items/7/x")
        log = json.dumps(server.log)
        assert "credentials found" in log
        assert imds.credentials["SecretAccessKey"] not in log
        assert imds.credentials["Token"] not in log
