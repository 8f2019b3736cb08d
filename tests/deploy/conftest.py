"""A cloud with the tutorial's table and an instance without a profile, new for every test."""

import functools
import json
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import boto3.session
import pytest
import requests
from botocore.awsrequest import AWSResponse
from dynamodb_items.config.settings import Settings
from dynamodb_items.local import launcher
from dynamodb_items_deploy import __main__ as command
from dynamodb_items_deploy import options
from dynamodb_items_deploy.aws.client import Aws
from dynamodb_items_deploy.aws.executor import Executor
from dynamodb_items_deploy.planning.documents import trust_document
from dynamodb_items_deploy.planning.plan import Observation, converge, destroy
from dynamodb_items_deploy.planning.stack import Request, Stack

from tests.conftest import environment
from tests.engines import REGION, client_for, enforce, moto
from tests.imds import InstanceMetadata, minted_by_sts

# Creating each of these takes a second.
cached_client = functools.cache(client_for)
session = functools.cache(lambda: boto3.session.Session("testing", "testing"))
READS = ("Get", "List", "Describe")
AMI = "ami-12c6146b"
NO_KEYS = {"AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_CONFIG_FILE": "/dev/null"}
PROFILE = "EC2RoleToAccessDynamoDBTableInstProfile"


class Killed(BaseException):
    """The end of the process, which no code handles."""


@dataclass
class Clock:
    """A clock that advances only by sleeping."""

    now: float = 0.0
    pauses: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.pauses.append(seconds)


@dataclass
class Cloud:
    endpoint: str
    instance_id: str = ""
    lines: list[str] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)

    def client(self, service: str):
        return cached_client(self.endpoint, service)

    def launch(self) -> str:
        ec2 = self.client("ec2")
        return ec2.run_instances(ImageId=AMI, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]

    def request(self, **changes) -> Request:
        return Request(**{"instance_id": self.instance_id, **changes})

    def aws(self) -> Aws:
        return Aws(REGION, max_attempts=1, session=session())

    def observe(self, aws: Aws, request: Request | None = None) -> list[Observation]:
        stack = Stack(request or self.request(), aws.account())
        return [Observation(resource, resource.observe(aws)) for resource in stack.resources]

    def executor(self, aws: Aws) -> Executor:
        return Executor(aws, self.lines.append, sleep=self.clock.sleep, clock=self.clock)

    def plan(self, planned=converge, **changes):
        return planned(self.observe(self.aws(), self.request(**changes)))

    def apply(self, aws: Aws | None = None, planned=converge, **changes):
        """Plan and execute as the command does; return the executed plan."""
        aws = aws or self.aws()
        plan = planned(self.observe(aws, self.request(**changes)))
        assert not plan.blockers
        self.executor(aws).run(plan.changes)
        return plan

    def apply_plan(self, plan) -> None:
        self.executor(self.aws()).run(plan.changes)

    def destroy(self, aws: Aws | None = None, **changes):
        return self.apply(aws, destroy, **changes)

    def state(self) -> dict:
        """Return what a deployment can change in IAM and EC2, without IDs and dates."""
        iam = self.client("iam")
        roles = {role["RoleName"]: role["Path"] for role in iam.list_roles()["Roles"]}
        return {
            "policies": {
                policy["PolicyName"]: {
                    "document": iam.get_policy_version(
                        PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"]
                    )["PolicyVersion"]["Document"],
                    "tags": iam.list_policy_tags(PolicyArn=policy["Arn"])["Tags"],
                }
                for policy in iam.list_policies(Scope="Local")["Policies"]
            },
            "roles": {
                name: {
                    "trust": iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"],
                    "attached": iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"],
                    "tags": iam.list_role_tags(RoleName=name)["Tags"],
                }
                for name in roles
            },
            "instance profiles": {
                profile["InstanceProfileName"]: [role["RoleName"] for role in profile["Roles"]]
                for profile in iam.list_instance_profiles()["InstanceProfiles"]
            },
            "associations": self.associations(),
            "metadata": {
                name: value
                for name, value in self.instance()["MetadataOptions"].items()
                if name in ("HttpTokens", "HttpPutResponseHopLimit", "HttpEndpoint")
            },
        }

    def associations(self) -> dict[str, str]:
        response = self.client("ec2").describe_iam_instance_profile_associations()
        return {
            association["InstanceId"]: association["IamInstanceProfile"]["Arn"].rpartition("/")[2]
            for association in response["IamInstanceProfileAssociations"]
            if association["State"] == "associated"
        }

    def instance(self) -> dict:
        response = self.client("ec2").describe_instances(InstanceIds=[self.instance_id])
        return response["Reservations"][0]["Instances"][0]


@pytest.fixture(scope="session")
def moto_endpoint() -> Iterator[str]:
    with moto() as endpoint:
        yield endpoint


@pytest.fixture
def cloud(moto_endpoint) -> Iterator[Cloud]:
    requests.post(f"{moto_endpoint}/moto-api/reset", timeout=30).raise_for_status()
    with environment(
        AWS_ACCESS_KEY_ID="testing",
        AWS_SECRET_ACCESS_KEY="testing",
        AWS_ENDPOINT_URL=moto_endpoint,
        AWS_REGION=REGION,
        AWS_EC2_METADATA_DISABLED="true",
    ):
        cloud = Cloud(moto_endpoint)
        launcher.create_table(cloud.client("dynamodb"), Settings())
        cloud.instance_id = cloud.launch()
        yield cloud


@pytest.fixture(scope="module")
def enforcing_engine():
    """Yield an engine that enforces IAM, with the table."""
    with moto("tests.enforcing_moto") as endpoint:
        launcher.create_table(client_for(endpoint), Settings())
        enforce(endpoint, False)
        yield endpoint


@pytest.fixture
def on_instance(enforcing_engine):
    """Use the credentials of a role with a policy for all calls of this process."""
    with ExitStack() as stack:

        def on_instance(document) -> InstanceMetadata:
            enforce(enforcing_engine, False)
            iam = client_for(enforcing_engine, "iam")
            name = f"role-{uuid.uuid4().hex}"
            arn = iam.create_role(
                RoleName=name, AssumeRolePolicyDocument=json.dumps(trust_document())
            )["Role"]["Arn"]
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(document))
            imds = stack.enter_context(InstanceMetadata(minted_by_sts(enforcing_engine, arn)))
            stack.enter_context(
                environment(
                    AWS_ENDPOINT_URL=enforcing_engine,
                    AWS_REGION=REGION,
                    **NO_KEYS,
                    **imds.environment,
                )
            )
            enforce(enforcing_engine, True)
            return imds

        yield on_instance


def on_calls(aws: Aws, event: str, handler) -> None:
    """Register a handler for every call of these clients."""
    for client in aws.clients.values():
        client.meta.events.register(event, handler)


@pytest.fixture
def recorded(cloud):
    """Return clients, and a list to which their calls are added."""
    aws, calls = cloud.aws(), []
    on_calls(aws, "before-call", lambda model, **_: calls.append(model.name))
    return aws, calls


def writes(calls: list[str]) -> list[str]:
    return [call for call in calls if not call.startswith(READS)]


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def run(request, capsys, monkeypatch):
    """Run the command in this process; return its status and output."""
    if "cloud" in request.fixturenames:
        for module in (command, options):
            monkeypatch.setattr(module, "Aws", functools.partial(Aws, session=session()))

    def run(*arguments: str) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            command.main(arguments)
        captured = capsys.readouterr()
        return Ran(ended.value.code or 0, captured.out, captured.err)

    return run


def error_response(service: str, code: str, message: str) -> tuple[dict, bytes]:
    """Return headers and body of an error response in the protocol of the service."""
    if service == "dynamodb":
        body = json.dumps(
            {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "Message": message}
        )
        return {"Content-Type": "application/x-amz-json-1.0"}, body.encode()
    body = (
        f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
        "<RequestID>1</RequestID></Response>"
        if service == "ec2"
        else '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error>'
        f"<Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        "<RequestId>1</RequestId></ErrorResponse>"
    )
    return {"Content-Type": "text/xml"}, body.encode()


class Raw:
    """The body of a response, as urllib3 would give it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_) -> Iterator[bytes]:
        yield self._content


@pytest.fixture
def reject():
    """Let AWS reject an operation a number of times; botocore parses the response."""

    def reject(aws: Aws, operation: str, code: str, message: str = "", times: int = 1_000_000):
        left = [times]
        for service, client in aws.clients.items():

            def respond(request, service=service, **_):
                if left[0] == 0:
                    return None
                left[0] -= 1
                headers, body = error_response(service, code, message or f"{code}.")
                return AWSResponse(request.url, 400, headers, Raw(body))

            client.meta.events.register(f"before-send.{service}.{operation}", respond)

    return reject
