"""The service and its peers: how each is started, one worker, on one port."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from dynamodb_items.local.processes import free_port

from bench.credentials import MakeCredential, api_key, token
from bench.items import Size
from bench.load import Load, usual_connections

ROOT = Path(__file__).parent.parent
# What is shipped and no more: a package that is only of use to developers would be weighed too.
SERVICE_PYTHON = ROOT / ".venv-bench-service/bin/python"
PEERS_PYTHON = ROOT / ".venv-bench/bin/python"
AWS_COMMAND = ROOT / ".venv-awscli/bin/aws"
FASTIFY = ROOT / "bench/peers/fastify"
TABLE = "my-dynamodb-table"

PLAIN = "plain"
SERVICE = "service"
SERVICE_WITH_TOKENS = "service-jwt"
SERVICE_WITH_API_KEYS = "service-api-key"
SERVICE_ON_GRANIAN = "service-granian"
SERVICE_WITHOUT_FAST_PATH = "service-botocore"
FASTAPI_AIOBOTO3 = "fastapi-aioboto3"
FASTAPI_AIODYNAMO = "fastapi-aiodynamo"
STARLETTE_AIODYNAMO = "starlette-aiodynamo"
FASTIFY_SDK = "fastify-sdk"


@dataclass(frozen=True, slots=True)
class Contender:
    """A server of items, and how to start one worker of it; ``{port}`` stands for its port."""

    name: str
    title: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = ROOT
    is_python: bool = True
    is_ours: bool = False
    credential: MakeCredential | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """What every request to it shows."""

    loads: tuple[Load, ...] | None = None
    """Measured under these alone, and started for nothing else; None for all."""

    def with_credential(self, folder: Path) -> Self:
        """The same, asking for a credential that its requests show, if it is one that asks."""
        if self.credential is None:
            return self
        made = self.credential(folder)
        environment = {**self.environment, **made.environment}
        return replace(self, environment=environment, headers=made.headers)

    def is_measured_under(self, load: Load) -> bool:
        """Whether the load is one of its own."""
        return self.loads is None or load in self.loads

    def command_on(self, port: int) -> list[str]:
        """The command that serves on a port."""
        return [word.format(port=port) for word in self.command]


def _uvicorn(application: str) -> tuple[str, ...]:
    return (
        *(str(PEERS_PYTHON), "-m", "uvicorn", application, "--port", "{port}"),
        *("--log-level", "warning", "--no-access-log"),
    )


def _gunicorn(*arguments: str) -> tuple[str, ...]:
    return (str(SERVICE_PYTHON), "-m", "gunicorn", "--bind", "127.0.0.1:{port}", *arguments)


# By default the service refuses requests beyond its share; here everyone answers everything.
_UNLIMITED = {"ITEMS_MAX_IN_FLIGHT": "1000"}
_PRODUCTION = (
    "--config",
    "python:dynamodb_items.gunicorn_conf",
    "--workers",
    "1",
    "dynamodb_items.wsgi:app",
)

SMALL_READ = Load("GET", Size.SMALL, usual_connections(Size.SMALL))


def _asking(name: str, title: str, credential: MakeCredential) -> Contender:
    """The service, asking each caller for a credential: a small read tells what that costs."""
    return Contender(
        name,
        title,
        _gunicorn(*_PRODUCTION),
        _UNLIMITED,
        is_ours=True,
        credential=credential,
        loads=(SMALL_READ,),
    )


CONTENDERS = (
    Contender(
        PLAIN,
        "flask-smorest + marshmallow + boto3, gunicorn gthread",
        _gunicorn("--threads", "16", "bench.peers.plain:app"),
    ),
    Contender(SERVICE, "this service, gunicorn", _gunicorn(*_PRODUCTION), _UNLIMITED, is_ours=True),
    _asking(SERVICE_WITH_TOKENS, "this service with a JSON Web Token, gunicorn", token),
    _asking(SERVICE_WITH_API_KEYS, "this service with an API key, gunicorn", api_key),
    Contender(
        SERVICE_ON_GRANIAN,
        "this service on granian (not offered, for it hides the raw path)",
        (
            *(str(SERVICE_PYTHON), "-m", "granian", "--interface", "wsgi", "--workers", "1"),
            *("--host", "127.0.0.1", "--port", "{port}", "--log-level", "error"),
            *("--blocking-threads", "64", "--backpressure", "256", "dynamodb_items.wsgi:app"),
        ),
        # The service cannot see where granian listens, so it asks who may in.
        {**_UNLIMITED, "ITEMS_AUTH": "none"},
        is_ours=True,
    ),
    Contender(
        SERVICE_WITHOUT_FAST_PATH,
        "this service without its fast path, gunicorn",
        _gunicorn(*_PRODUCTION),
        {**_UNLIMITED, "ITEMS_FAST_PATH": "0"},
        is_ours=True,
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
    ),
    Contender(
        FASTIFY_SDK,
        "Fastify + AWS SDK v3, Node.js",
        (shutil.which("node") or "node", "server.js"),
        {"NODE_ENV": "production"},
        folder=FASTIFY,
        is_python=False,
    ),
)


def environment_of(contender: Contender, endpoint: str, port: int) -> dict[str, str]:
    """What the contender's process needs to find its table and its port."""
    return {
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_REGION": "us-east-2",
        "AWS_DEFAULT_REGION": "us-east-2",
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "BENCH_TABLE": TABLE,
        "ITEMS_TABLE": TABLE,
        "PORT": str(port),
        **({"ITEMS_ADMIN_BIND": f"127.0.0.1:{free_port()}"} if contender.is_ours else {}),
        "PYTHONPATH": f"{ROOT}:{ROOT / 'service'}",
        **contender.environment,
    }
