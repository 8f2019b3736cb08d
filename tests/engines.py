"""The DynamoDB engines of the tests, each in its own process on a loopback port."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3.session
from botocore.config import Config
from dynamodb_items.local.processes import free_port, running

from tests.key_schemas import KeyTranslation

ROOT = Path(__file__).parent.parent
IS_SHORT = os.environ.get("ITEMS_TEST_SHORT") == "true"
"""Whether this run leaves out what differs little from other tests: ``.ci/run``."""
START_SECONDS = 60
MINISTACK_SERVICES = (
    *("dynamodb", "iam", "sts", "ec2", "cloudformation", "elasticloadbalancing", "autoscaling"),
    *("logs", "monitoring", "ssm", "acm", "ecs", "eks", "s3", "secretsmanager"),
)
REGION = "us-east-2"
# DynamoDB accepts 100 items in a transaction since 2022; moto rejects reads of more than 25. And it
# has DynamoDB's message for a wrong key, except for a key without the table's sort key.
MOTO_PROGRAM = """
import runpy, sys
from moto.dynamodb import responses
from moto.dynamodb.exceptions import MockValidationException

def as_dynamodb(self, message, original=MockValidationException.__init__):
    if message == "Validation Exception":
        message = "The provided key element does not match the schema"
    original(self, message)

MockValidationException.__init__ = as_dynamodb
responses.TRANSACTION_MAX_ITEMS = 100
runpy.run_module(sys.argv.pop(1), run_name="__main__")
"""
# DynamoDB rejects a path that leads into a value that is neither a map nor a list; ministack stores
# an attribute with two types then.
MINISTACK_PROGRAM = """
import runpy
from ministack.services import dynamodb

TYPES = {"S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"}

def as_dynamodb(item, path, value, original=dynamodb._set_at_path):
    container = "L" if isinstance(path[-1], int) else "M"
    is_value = len(item) == 1 and item.keys() <= TYPES
    if len(path) == 1 and is_value and container not in item:
        raise ValueError(
            "The document path provided in the update expression is invalid for update"
        )
    original(item, path, value)

dynamodb._set_at_path = as_dynamodb
runpy.run_module("ministack", run_name="__main__")
"""


def process(command, environment=None, log=subprocess.DEVNULL):
    """Run a child process in its own session, and end it afterwards in any case."""
    return running(command, env=environment, cwd=ROOT, stdout=log, stderr=log)


def wait_for(url: str, child: subprocess.Popen) -> None:
    # Since Python 3.12 an opener keeps its TLS context, and `urlopen` keeps its opener.
    opener = urllib.request.build_opener()
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if child.poll() is not None:
            raise RuntimeError(f"{child.args} ended with {child.returncode} before it responded")
        try:
            with opener.open(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"{url} did not respond within {START_SECONDS} s")


@contextmanager
def moto(
    module: str = "moto.server", log=subprocess.DEVNULL, host: str = "127.0.0.1"
) -> Iterator[str]:
    port = free_port()
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    command = [sys.executable, "-c", MOTO_PROGRAM, module, "-H", host, "-p", str(port)]
    with process(command, dict(os.environ), log) as child:
        wait_for(f"{url}/moto-api/", child)
        yield url


def enforce(endpoint: str, yes: bool) -> None:
    """Let tests.enforcing_moto enforce IAM, or not."""
    count = b"0" if yes else b"1000000000"
    headers = {"Content-Type": "text/plain"}
    call = urllib.request.Request(f"{endpoint}/moto-api/reset-auth", count, headers)
    urllib.request.urlopen(call, timeout=30).close()


@contextmanager
def ministack() -> Iterator[str]:
    port = free_port()
    python = ROOT / ".venv-ministack/bin/python"
    if not python.exists():
        raise RuntimeError("ministack is not installed: make .venv-ministack/.installed")
    environment = {
        **os.environ,
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "SERVICES": ",".join(MINISTACK_SERVICES),
        "LOG_LEVEL": "ERROR",
    }
    with process([str(python), "-c", MINISTACK_PROGRAM], environment) as child:
        wait_for(f"http://127.0.0.1:{port}/_localstack/health", child)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def given() -> Iterator[str]:
    """Yield the DynamoDB-compatible endpoint that the environment names."""
    yield os.environ["ITEMS_TEST_ENDPOINT"]


ENGINES = {"moto": moto, "ministack": ministack}
if os.environ.get("ITEMS_TEST_ENDPOINT"):
    ENGINES["given"] = given


TESTING = ("testing", "testing")


def client_for(
    endpoint: str,
    service: str = "dynamodb",
    credentials=TESTING,
    keys: KeyTranslation | None = None,
):
    """Return a plain boto3 client, as any other user of the table has.

    With ``keys``, calls and responses have the keys of the tests.
    """
    client = boto3.session.Session(*credentials).client(
        service,
        region_name=REGION,
        endpoint_url=endpoint,
        config=Config(retries={"total_max_attempts": 1}),
    )
    if keys:

        def translate_call(params, **_):
            params["body"] = keys.to_table(params["body"])

        def translate_response(response_dict, **_):
            response_dict["body"] = keys.from_table(response_dict["body"])

        client.meta.events.register("before-call", translate_call)
        client.meta.events.register("before-parse", translate_response)
    return client
