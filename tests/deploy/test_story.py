"""A complete deployment: apply, serve with the role's credentials, destroy.

moto stands for AWS and enforces IAM (tests/enforcing_moto.py). It has no
``simulate_principal_policy``, so the role's permissions are tested by calls with its credentials.
It never reports an association as ``associating``, accepts old signatures, and has no metadata
service that checks tokens: tests/imds.py has one.
"""

import itertools
import json
import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import boto3.session
import pytest
from botocore.exceptions import ClientError
from dynamodb_items.config.settings import Settings
from dynamodb_items.local import launcher

from tests.clock import MovableClock
from tests.engines import REGION, ROOT, client_for, enforce, moto
from tests.faults.conftest import eventually
from tests.imds import InstanceMetadata, minted_by_sts
from tests.serving import gunicorn

CLIENTS = 32
WORKERS = 2
LONG_SECONDS = 120
ROLE = "EC2RoleToAccessDynamoDBTable"
TYPED = {"Content_Type": "application/json"}


@dataclass
class Cloud:
    endpoint: str
    keys_seen: Path
    instance_id: str
    operator: tuple[str, str]

    @contextmanager
    def as_nobody(self, service: str):
        """Return a client that IAM does not restrict."""
        enforce(self.endpoint, False)
        yield client_for(self.endpoint, service)
        enforce(self.endpoint, True)

    def deploy(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
        """Run the command as an operator does."""
        environment = {
            name: text
            for name, text in os.environ.items()
            if not name.startswith(("AWS_", "ITEMS_"))
        } | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_CONFIG_FILE": "/dev/null",
        }
        return subprocess.run(
            [sys.executable, "-m", "dynamodb_items_deploy", *arguments],
            env=environment | variables,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=LONG_SECONDS,
            check=False,
        )

    def deploy_as_operator(self, *arguments: str) -> subprocess.CompletedProcess:
        key_id, secret = self.operator
        return self.deploy(
            *arguments,
            *("--instance-id", self.instance_id),
            AWS_ACCESS_KEY_ID=key_id,
            AWS_SECRET_ACCESS_KEY=secret,
        )


def operators_policy() -> str:
    """Return the permissions for deploying, from docs/operations.md."""
    blocks = re.findall(r"```json\n(.*?)```", (ROOT / "docs/operations.md").read_text(), re.DOTALL)
    (policy,) = (block for block in blocks if "iam:CreateRole" in block)
    return json.dumps(json.loads(policy))


def an_operator(endpoint: str) -> tuple[str, str]:
    iam = client_for(endpoint, "iam")
    iam.create_user(UserName="operator")
    iam.put_user_policy(
        UserName="operator", PolicyName="deploys", PolicyDocument=operators_policy()
    )
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


@pytest.fixture
def cloud(tmp_path):
    keys_seen = tmp_path / "keys"
    with keys_seen.open("wb") as log, moto("tests.enforcing_moto", log) as endpoint:
        launcher.create_table(client_for(endpoint), Settings())
        client_for(endpoint).create_table(
            TableName="other-table",
            AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        launched = client_for(endpoint, "ec2").run_instances(
            ImageId="ami-12c6146b", MinCount=1, MaxCount=1
        )
        instance_id = launched["Instances"][0]["InstanceId"]
        cloud = Cloud(endpoint, keys_seen, instance_id, an_operator(endpoint))
        enforce(cloud.endpoint, True)
        yield cloud


@pytest.mark.timeout(600)
def test_the_whole_story(cloud, tmp_path):
    applied = cloud.deploy_as_operator("apply", "--yes")
    assert applied.returncode == 0, applied.stderr
    assert cloud.deploy_as_operator("plan").stdout == "Nothing to do.\n"

    clock = MovableClock(tmp_path / "clock")
    mint = minted_by_sts(cloud.endpoint, f"arn:aws:iam::123456789012:role/{ROLE}")
    with InstanceMetadata(mint, role_name=ROLE) as imds:
        examined = cloud.deploy("doctor", **imds.environment)
        assert examined.returncode == 0, examined.stdout
        with the_service(cloud, imds, clock) as service:
            every_operation_works(service)
            the_credentials_do_nothing_else(cloud, imds.credentials)
            nobody_notices_a_rotation(cloud, imds, clock, service)

    destroyed = cloud.deploy_as_operator("destroy", "--yes")
    assert destroyed.returncode == 0, destroyed.stderr
    nothing_of_ours_is_left(cloud)
    again = cloud.deploy_as_operator("destroy", "--yes")
    assert again.stdout.startswith("Nothing to do.\n")


def the_service(cloud, imds, clock):
    """Start the service as on the instance: without keys in the environment or in a file."""
    return gunicorn(
        cloud.endpoint,
        *("-w", str(WORKERS)),
        AWS_ACCESS_KEY_ID=None,
        AWS_SECRET_ACCESS_KEY=None,
        AWS_SHARED_CREDENTIALS_FILE="/dev/null",
        AWS_CONFIG_FILE="/dev/null",
        # 32 clients share one moto and the machine.
        ITEMS_DEADLINE_SECONDS="30",
        ITEMS_READ_TIMEOUT_SECONDS="20",
        ITEMS_CONNECT_TIMEOUT_SECONDS="10",  # moto closes connections
        **imds.environment,
        **clock.environment,
    )


def every_operation_works(service) -> None:
    andrew = service.request("GET", "/items/104/Andrew")
    assert (andrew.status, andrew.json["Email"]) == (200, "andrew@gmail.com")
    assert service.request("PUT", "/items/105/Joseph", '{"Age": 41}', **TYPED).status == 201
    patched = service.request("PATCH", "/items/105/Joseph", '{"Age": 42}', **TYPED)
    assert (patched.status, patched.json["Age"]) == (200, 42)
    assert service.request("GET", "/items/105/Joseph").json["Age"] == 42
    assert service.request("DELETE", "/items/105/Joseph").status == 204
    assert service.request("GET", "/items/105/Joseph").status == 404


def the_credentials_do_nothing_else(cloud, credentials) -> None:
    dynamodb = boto3.session.Session(
        credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["Token"]
    ).client("dynamodb", region_name=REGION, endpoint_url=cloud.endpoint)
    key = {"Id": {"N": "104"}, "Name": {"S": "Andrew"}}
    assert dynamodb.get_item(TableName="my-dynamodb-table", Key=key)["Item"], "these work"
    denied = [
        lambda: dynamodb.scan(TableName="my-dynamodb-table"),
        lambda: dynamodb.describe_table(TableName="my-dynamodb-table"),
        lambda: dynamodb.delete_table(TableName="my-dynamodb-table"),
        dynamodb.list_tables,
        lambda: dynamodb.get_item(TableName="other-table", Key={"Id": {"S": "1"}}),
        lambda: dynamodb.put_item(TableName="other-table", Item={"Id": {"S": "1"}}),
    ]
    for call in denied:
        with pytest.raises(ClientError) as error:
            call()
        assert error.value.response["Error"]["Code"] == "AccessDeniedException"


def nobody_notices_a_rotation(cloud, imds, clock, service) -> None:
    """No call fails while the credentials expire and are replaced."""
    old = imds.credentials["AccessKeyId"]
    done = threading.Event()
    statuses: list[int] = []

    def a_client(number: int) -> None:
        item = f"/items/{1000 + number}/client"
        for age in itertools.count():
            for method, body in (("PUT", f'{{"Age": {age}}}'), ("GET", None)):
                response = service.request(method, item, body, **TYPED)
                assert response.status < HTTPStatus.MULTIPLE_CHOICES, response.body
                assert response.json["Age"] == age
                statuses.append(response.status)
            if done.wait(0.05):
                return

    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(a_client, number) for number in range(CLIENTS)]
        try:
            eventually(lambda: len(statuses) > 2 * CLIENTS, LONG_SECONDS)
            # The credentials are valid for an hour; the instance gets new ones some minutes before.
            imds.rotate()
            new = imds.credentials["AccessKeyId"]
            for minutes in (47, 54, 58):
                clock.move(minutes)
                so_far = len(statuses)
                eventually(lambda so_far=so_far: len(statuses) > so_far + 2 * CLIENTS, LONG_SECONDS)
            eventually(lambda: latest_keys(cloud) == {new}, LONG_SECONDS)
        finally:
            done.set()
        for client in clients:
            client.result(LONG_SECONDS)
    assert old in cloud.keys_seen.read_text().split(), "it served with the old ones before"


def latest_keys(cloud, count: int = 200) -> set[str]:
    lines = cloud.keys_seen.read_text().splitlines()
    keys = [line for line in lines if re.fullmatch("ASIA[A-Z0-9]+", line)]
    return set(keys[-count:])


def nothing_of_ours_is_left(cloud) -> None:
    with cloud.as_nobody("iam") as iam:
        assert iam.list_policies(Scope="Local")["Policies"] == []
        assert iam.list_roles()["Roles"] == []
        assert iam.list_instance_profiles()["InstanceProfiles"] == []
        assert [user["UserName"] for user in iam.list_users()["Users"]] == ["operator"]
    with cloud.as_nobody("ec2") as ec2:
        associations = ec2.describe_iam_instance_profile_associations()
        assert associations["IamInstanceProfileAssociations"] == []
        (reservation,) = ec2.describe_instances(InstanceIds=[cloud.instance_id])["Reservations"]
        assert reservation["Instances"][0]["State"]["Name"] == "running"
    with cloud.as_nobody("dynamodb") as dynamodb:
        assert set(dynamodb.list_tables()["TableNames"]) == {"my-dynamodb-table", "other-table"}
        items = dynamodb.scan(TableName="my-dynamodb-table")["Items"]
        assert {"Andrew", "Priya", "Raj"} <= {item["Name"]["S"] for item in items}
