"""Credentials of ECS, EKS Pod Identity and web identity, used and renewed by the real service.

moto enforces IAM, so the service works only with the credentials of the role that ``apply`` made.
ECS's relative address is on 169.254.170.2, so only its resolution is tested, not in the service.
"""

import re
from contextlib import ExitStack, contextmanager

import pytest
from botocore.utils import ContainerMetadataFetcher
from dynamodb_items.config.settings import Settings
from dynamodb_items.credentials.lookup import find_credentials
from dynamodb_items.local import launcher
from dynamodb_items_deploy.planning.principals import Principal

from tests.clock import MovableClock
from tests.conftest import environment
from tests.containers import PATH, ContainerEndpoint, TokenService
from tests.credentials.conftest import failure
from tests.deploy.conftest import Cloud
from tests.engines import REGION, client_for, enforce, moto
from tests.faults.conftest import eventually
from tests.imds import made_up, minted_by_sts
from tests.serving import gunicorn

sources = pytest.mark.parametrize("source", [ContainerEndpoint, TokenService])
ROLES = {
    ContainerEndpoint: (Principal.EKS, "EKSRoleToAccessDynamoDBTable"),
    TokenService: (Principal.ECS, "ECSRoleToAccessDynamoDBTable"),
}
LONG_SECONDS = 180


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """Yield an engine that enforces IAM, with table and roles, and its log of access keys."""
    log = tmp_path_factory.mktemp("engine") / "keys"
    with log.open("wb") as file, moto("tests.enforcing_moto", file) as endpoint:
        with environment(
            AWS_ENDPOINT_URL=endpoint,
            AWS_ACCESS_KEY_ID="testing",
            AWS_SECRET_ACCESS_KEY="testing",
            AWS_REGION=REGION,
        ):
            launcher.create_table(client_for(endpoint), Settings())
            for principal, _ in ROLES.values():
                Cloud(endpoint).apply(instance_id=None, principal=principal)
        enforce(endpoint, True)
        yield endpoint, log


@pytest.mark.timeout(400)
def test_a_service_uses_and_renews_the_credentials_of_its_role(engine, tmp_path, files):
    """Both services run at once: each of them takes seconds to notice that its clock has moved."""
    endpoint, log = engine
    clock = MovableClock(tmp_path / "clock")
    with ExitStack() as running:
        services = [
            running.enter_context(served(endpoint, source, tmp_path, files, clock))
            for source in ROLES
        ]
        old = []
        for service, given in services:
            assert reads(service)
            old.append(given.served[-1])
            assert used(log)[-1] == old[-1]
            given.rotate()
        # The credentials are valid for an hour; they are renewed 15 minutes before that.
        clock.move(47)
        for (service, given), former in zip(services, old, strict=True):
            eventually(lambda given=given, former=former: given.served[-1] != former, LONG_SECONDS)
            eventually(
                lambda service=service, given=given: (
                    reads(service) and used(log)[-1] == given.served[-1]
                ),
                LONG_SECONDS,
            )


@contextmanager
def served(endpoint, source, tmp_path, files, clock):
    """Run the service with credentials from a source alone; yield both."""
    _, role = ROLES[source]
    mint = minted_by_sts(endpoint, f"arn:aws:iam::123456789012:role/{role}")
    with source(mint, tmp_path / f"token-{role}") as given:
        variables = {**files(), **given.environment, **clock.environment}
        keys = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
        # The probe would also sign calls, with either service's credentials.
        variables["ITEMS_PROBE_INTERVAL_SECONDS"] = "3600"
        with gunicorn(endpoint, "-w", "1", **keys, **variables) as service:
            yield service, given


def used(log) -> list[str]:
    """Return the access key IDs of roles that signed calls to DynamoDB, in order."""
    return re.findall("^ASIA[A-Z0-9]+$", log.read_text(), re.MULTILINE)


def reads(service) -> bool:
    """Return whether the service can read an item."""
    return service.request("GET", "/items/104/Andrew").status == 200


@sources
def test_the_newest_token_of_the_file_is_sent(tmp_path, files, source):
    with source(made_up, tmp_path / "token") as given, environment(**files(), **given.environment):
        first = find_credentials()
        given.rotate()
        second = find_credentials()
    assert [first.access_key, second.access_key] == given.served
    assert first.access_key != second.access_key


@pytest.mark.parametrize(
    ("source", "cause", "advice"),
    [
        (
            ContainerEndpoint,
            "the container's credentials endpoint at 127.0.0.1 responded 403",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        ),
        (TokenService, "InvalidIdentityToken: The token is not accepted.", "IAM OIDC provider"),
    ],
)
def test_a_token_that_is_not_accepted_is_explained(tmp_path, files, source, cause, advice):
    with source(made_up, tmp_path / "token") as given:
        old = tmp_path / "old"
        old.write_text(given.token)
        given.rotate()
        variables = {
            name: str(old) if text == str(given.token_file) else text
            for name, text in given.environment.items()
        }
        found, next_step = failure(**files(), **variables)
    assert given.served == []
    assert cause in found
    assert advice in next_step


def test_ecs_s_relative_address_is_called_without_a_token(tmp_path, files, monkeypatch):
    with ContainerEndpoint(made_up, tmp_path / "token") as given:
        given.accepts = lambda headers, path, _body: (
            path == "/v2/credentials/id" and "Authorization" not in headers
        )
        monkeypatch.setattr(
            ContainerMetadataFetcher, "IP_ADDRESS", given.url.removeprefix("http://")
        )
        with environment(**files(), AWS_CONTAINER_CREDENTIALS_RELATIVE_URI="/v2/credentials/id"):
            found = find_credentials()
    assert found.access_key == given.served[0]
    assert found.method == "container-role"


def test_the_container_s_credentials_come_before_those_of_the_instance(tmp_path, files):
    """A task on an EC2 instance uses its own role, not the instance's."""
    with ContainerEndpoint(made_up, tmp_path / "token") as given:
        assert given.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"].endswith(PATH)
        nowhere = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:9"}
        with environment(**files(), **given.environment, **nowhere):
            assert find_credentials().access_key == given.served[0]
