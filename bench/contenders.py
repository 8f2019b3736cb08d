"""The service and comparable servers: how to start each with one worker on one port."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from dynamodb_items.credentials.lookup import DEFAULT_REGION
from dynamodb_items.domain.tables import DEFAULT_TABLE
from dynamodb_items.local.processes import free_port

from bench import items
from bench.credentials import MakeCredential, api_key, token
from bench.items import Size
from bench.load import BATCH_PUT, Load, usual_connections

ROOT = Path(__file__).parent.parent
# Only the packages of the image: packages for developers would add to the measured memory.
SERVICE_PYTHON = ROOT / ".venv-bench-service/bin/python"
PEERS_PYTHON = ROOT / ".venv-bench/bin/python"
AWS_COMMAND = ROOT / ".venv-awscli/bin/aws"
FASTIFY = ROOT / "bench/peers/fastify"
GO_PROGRAM = ROOT / "build/bench-go"
ITEM_SCHEMA = ROOT / "bench/item-schema.json"

PLAIN = "plain"
SERVICE = "service"
SERVICE_WITH_TOKENS = "service-jwt"
SERVICE_WITH_API_KEYS = "service-api-key"
SERVICE_WITH_ONE_KEY = "service-one-key"
SERVICE_WITH_SCHEMA = "service-schema"
SERVICE_WITH_TWO_WORKERS = "service-two-workers"
SERVICE_WITH_IDLE_CONNECTIONS = "service-idle-connections"
SERVICE_WITHOUT_FAST_PATH = "service-botocore"
FASTAPI_AIOBOTO3 = "fastapi-aioboto3"
FASTAPI_AIODYNAMO = "fastapi-aiodynamo"
STARLETTE_AIODYNAMO = "starlette-aiodynamo"
FASTIFY_SDK = "fastify-sdk"
GO_SDK = "go-sdk"


@dataclass(frozen=True, slots=True)
class Contender:
    """A server of items and the command that starts it; ``{port}`` stands for its port."""

    name: str
    title: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = ROOT
    is_python: bool = True
    is_ours: bool = False
    credential: MakeCredential | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers of every request to it."""

    items_path: str = items.PATH
    """The path below which it serves each item by its name."""

    loads: tuple[Load, ...] | None = None
    """The only loads under which it is measured; None for all loads."""

    has_lists: bool = False
    """Whether it serves a page of items."""

    has_batches: bool = False
    """Whether it serves the service's batches."""

    idle_connections: int = 0
    """How many more connections to it are open."""

    def with_credential(self, folder: Path) -> Self:
        """Return the contender with its credential made, if it requires one."""
        if self.credential is None:
            return self
        made = self.credential(folder)
        environment = {**self.environment, **made.environment}
        return replace(self, environment=environment, headers=made.headers)

    def is_measured_under(self, load: Load) -> bool:
        """Return whether the contender is measured under the load."""
        if load.is_list and not self.has_lists:
            return False
        if load.is_batch and not self.has_batches:
            return False
        return self.loads is None or load in self.loads

    def path(self, load: Load) -> str:
        """Return the path of the item, or of the page of items, that a load requests."""
        if load.is_list:
            return items.page_path(load.size)
        if load.is_batch:
            return items.BATCH_PATH if load.method == BATCH_PUT else items.BATCH_GET_PATH
        return f"{self.items_path}/{load.item_name}"

    def command_on(self, port: int) -> list[str]:
        """Return the command that serves on a port."""
        return [word.format(port=port) for word in self.command]


def _uvicorn(application: str) -> tuple[str, ...]:
    return (
        *(str(PEERS_PYTHON), "-m", "uvicorn", application, "--port", "{port}"),
        *("--log-level", "warning", "--no-access-log"),
    )


def _gunicorn(*arguments: str) -> tuple[str, ...]:
    return (str(SERVICE_PYTHON), "-m", "gunicorn", "--bind", "127.0.0.1:{port}", *arguments)


# By default the service rejects requests above a limit; the other servers have no limit.
_UNLIMITED = {
    "ITEMS_MAX_IN_FLIGHT": "1000",
    "ITEMS_OPERATIONS": "GetItem,PutItem,UpdateItem,DeleteItem,Query",
}
_PRODUCTION = (
    "--config",
    "python:dynamodb_items.gunicorn_conf",
    "--workers",
    "1",
    "dynamodb_items.wsgi:app",
)

SMALL_READ = Load("GET", Size.SMALL, usual_connections(Size.SMALL))
MEDIUM_READ, MEDIUM_PUT = (
    Load(method, Size.MEDIUM, usual_connections(Size.MEDIUM)) for method in ("GET", "PUT")
)


def _variant(
    name: str,
    title: str,
    *arguments: str,
    environment: Mapping[str, str] = _UNLIMITED,
    loads: tuple[Load, ...] = (SMALL_READ,),
    **more: Any,
) -> Contender:
    """Return the service with other arguments or settings, measured with few loads."""
    command = _gunicorn(*_PRODUCTION, *arguments)
    return Contender(
        name, f"this service, {title}", command, environment, is_ours=True, loads=loads, **more
    )


CONTENDERS = (
    Contender(
        PLAIN,
        "Flask + flask-smorest + boto3, gunicorn with threads",
        _gunicorn("--threads", "16", "bench.peers.plain:app"),
    ),
    Contender(
        SERVICE,
        "this service",
        _gunicorn(*_PRODUCTION),
        _UNLIMITED,
        is_ours=True,
        has_lists=True,
        has_batches=True,
    ),
    _variant(SERVICE_WITH_TWO_WORKERS, "two workers", "--workers", "2"),
    _variant(
        SERVICE_WITH_IDLE_CONNECTIONS,
        "1,000 more connections that are idle",
        "--worker-connections",
        "1100",
        idle_connections=1000,
    ),
    _variant(SERVICE_WITH_TOKENS, "authentication with a JSON Web Token", credential=token),
    _variant(SERVICE_WITH_API_KEYS, "authentication with an API key", credential=api_key),
    _variant(
        SERVICE_WITH_ONE_KEY,
        "a table without a sort key",
        environment={
            "ITEMS_MAX_IN_FLIGHT": "1000",
            "ITEMS_PARTITION_KEY": "Name:S",
            "ITEMS_SORT_KEY": "",
        },
        items_path=items.PATH_WITHOUT_PARTITION,
    ),
    _variant(
        SERVICE_WITH_SCHEMA,
        "an item schema",
        environment={**_UNLIMITED, "ITEMS_SCHEMA": str(ITEM_SCHEMA)},
        loads=(MEDIUM_READ, MEDIUM_PUT),
    ),
    Contender(
        SERVICE_WITHOUT_FAST_PATH,
        "this service without its fast path",
        _gunicorn(*_PRODUCTION),
        {**_UNLIMITED, "ITEMS_FAST_PATH": "0"},
        is_ours=True,
        has_lists=True,
        has_batches=True,
    ),
    Contender(
        FASTAPI_AIOBOTO3,
        "FastAPI + aioboto3, uvicorn",
        _uvicorn("bench.peers.fastapi_aioboto3:app"),
    ),
    Contender(
        FASTAPI_AIODYNAMO,
        "FastAPI + aiodynamo, uvicorn",
        _uvicorn("bench.peers.fastapi_aiodynamo:app"),
    ),
    Contender(
        STARLETTE_AIODYNAMO,
        "Starlette + aiodynamo, uvicorn",
        _uvicorn("bench.peers.starlette_aiodynamo:app"),
        has_lists=True,
    ),
    Contender(
        FASTIFY_SDK,
        "Fastify + AWS SDK v3, Node.js",
        (shutil.which("node") or "node", "server.js"),
        {"NODE_ENV": "production"},
        folder=FASTIFY,
        is_python=False,
        has_lists=True,
    ),
    Contender(
        GO_SDK,
        "net/http + AWS SDK for Go v2",
        (str(GO_PROGRAM),),
        {"GOMAXPROCS": "1"},
        is_python=False,
        has_lists=True,
    ),
)


def environment_of(contender: Contender, endpoint: str, port: int) -> dict[str, str]:
    """Return the variables with which the contender's process finds its table and port."""
    return {
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_REGION": DEFAULT_REGION,
        "AWS_DEFAULT_REGION": DEFAULT_REGION,
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "BENCH_TABLE": DEFAULT_TABLE,
        "ITEMS_TABLE": DEFAULT_TABLE,
        "PORT": str(port),
        **({"ITEMS_ADMIN_BIND": f"127.0.0.1:{free_port()}"} if contender.is_ours else {}),
        "PYTHONPATH": f"{ROOT}:{ROOT / 'service'}",
        **contender.environment,
    }
