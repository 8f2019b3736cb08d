"""A boto3 client for any endpoint, and the fast path that is learned from it."""

from types import SimpleNamespace

import boto3.session
import pytest
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from dynamodb_items.dynamodb.fast.transport import FastPath
from dynamodb_items.dynamodb.response_checks import check_response
from dynamodb_items.runtime.deadline import Deadline

from tests.conftest import environment
from tests.fastpath.scripted import ScriptedServer, http_response

KEY = ReadOnlyCredentials("testing", "testing", None)
TABLE = "my-dynamodb-table"


def boto3_client(endpoint: str | None, *, account_id: str | None = None, **config):
    with environment():
        return boto3.session.Session("testing", "testing", aws_account_id=account_id).client(
            "dynamodb",
            region_name="us-east-2",
            endpoint_url=endpoint,
            config=Config(
                retries={"total_max_attempts": 1, "mode": "standard"},
                parameter_validation=False,
                connect_timeout=10,
                read_timeout=10,
                **config,
            ),
        )


class Path:
    """The fast path with the arguments that stay the same."""

    def __init__(self, endpoint: str | None, *, verify=None, max_idle=10, **config) -> None:
        self.client = boto3_client(endpoint, **config)
        with environment():
            self.fast = FastPath(
                self.client, TABLE, verify, account_id=None, max_idle_connections=max_idle
            )

    def call(
        self, operation, parameters, *, key=KEY, connect_seconds=20, read_seconds=20, within=60
    ):
        request = self.fast.request(operation, parameters, key)
        return self.fast.send(
            operation,
            request,
            connect_seconds=connect_seconds,
            read_seconds=read_seconds,
            deadline=Deadline(within),
        )


EXAMPLE = SimpleNamespace(
    parameters={"TableName": TABLE, "Key": {"Id": {"N": "104"}, "Name": {"S": "Andrew"}}},
    body=b'{"Item":{"Id":{"N":"104"},"Name":{"S":"Andrew"}}}',
    content={"Item": {"Id": {"N": "104"}, "Name": {"S": "Andrew"}}},
)


@pytest.fixture(scope="module")
def pair():
    """A scripted server, botocore's client and the fast path to it."""
    script = [http_response(EXAMPLE.body)]
    with ScriptedServer(lambda _: list(script)) as server:
        path = Path(server.url)
        path.client.meta.events.register("before-parse.dynamodb", check_response)
        path.server, path.script = server, script
        yield path
