"""A launcher for development: an embedded engine, a table, sample items and the service.

The service starts exactly as in production; AWS's own environment variables set its endpoint.
"""

import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import boto3.session
import click
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from dynamodb_items.config.addresses import is_loopback
from dynamodb_items.config.settings import Settings, SettingsError
from dynamodb_items.config.values import MAX_PORT
from dynamodb_items.credentials.lookup import DEFAULT_REGION
from dynamodb_items.domain.operations import Operation
from dynamodb_items.domain.tables import TableArn
from dynamodb_items.local.processes import free_port, running
from dynamodb_items.local.sample_items import sample_key
from dynamodb_items.local.sample_table import create_table
from dynamodb_items.local.table_check import key_mismatch

LOOPBACK = "127.0.0.1"
# For NO_PROXY: urllib and botocore match ::1 with its brackets, other libraries without.
LOOPBACK_NAMES = (LOOPBACK, "localhost", "::1", "[::1]")
# A service that listens on every address is called on one of them.
CALLED_AT = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104
START_SECONDS = 60


@click.command(
    epilog="""\b
Examples:
  python -m dynamodb_items.local
  python -m dynamodb_items.local --port 8080
  python -m dynamodb_items.local --endpoint http://127.0.0.1:8001"""
)
@click.option("--host", default=LOOPBACK, show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(1, MAX_PORT),
    default=8000,
    show_default=True,
    help="The port to listen on.",
)
@click.option("--endpoint", help="A DynamoDB-compatible endpoint instead of the embedded engine.")
def main(host: str, port: int, endpoint: str | None) -> None:
    """Run the service on this machine, with a table of sample items. Ctrl-C stops everything."""
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        _give_up("Cannot start: invalid configuration: " + " ".join(error.errors))
    if settings.auth is None and not is_loopback(host):
        _give_up(
            f"ITEMS_AUTH is not set, and other machines can reach {host}. Set ITEMS_AUTH=none to "
            "accept every request without authentication."
        )
    _check_address(host, port)
    _check_endpoint(endpoint)
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _interrupt)
    reach_loopback_directly()
    arn = TableArn.of(settings.table)
    try:
        with ExitStack() as processes:
            if not endpoint:
                _say("Starting the embedded engine (moto, in memory) …")
                endpoint = processes.enter_context(_engine(arn.account_id if arn else None))
            _point_at(endpoint, arn.region if arn else None)
            _prepare_table(settings, endpoint)
            _say("Starting the service (gunicorn) …")
            service = processes.enter_context(
                running(
                    [sys.executable, "-m", "dynamodb_items", "serve", "-b", _address(host, port)]
                )
            )
            url = f"http://{_address(CALLED_AT.get(host, host), port)}"
            _wait_until(lambda: _responds(f"{url}/ready"), service, "The service")
            _welcome(url, settings, endpoint)
            # A wait without a limit would miss a signal that arrives just before it.
            while service.poll() is None:
                time.sleep(0.2)
            _give_up(f"The service ended with status {service.returncode}. Its output is above.")
    except KeyboardInterrupt:
        _say("\nStopped.")


def _say(line: str) -> None:
    print(line, flush=True)


def _give_up(line: str) -> NoReturn:
    print(line, file=sys.stderr, flush=True)
    sys.exit(1)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _check_address(host: str, port: int) -> None:
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        _give_up(
            f"The address {_address(host, port)} cannot be used: {error.strerror}. "
            f"Choose another port: make run PORT={port % MAX_PORT + 1}"
        )


def _check_endpoint(endpoint: str | None) -> None:
    try:
        parts = urllib.parse.urlsplit(endpoint or "http://embedded")
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:  # an invalid IPv6 address
        is_valid = False
    if not is_valid:
        _give_up(f"{endpoint!r} is not a valid endpoint. Use a URL such as http://127.0.0.1:8001")


def reach_loopback_directly() -> None:
    """Exclude loopback addresses from proxies, which could not reach the engine."""
    named = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    # Alone, * matches every host; in a list it matches no host.
    names = named if named == "*" else ",".join([*filter(None, [named]), *LOOPBACK_NAMES])
    os.environ |= {"NO_PROXY": names, "no_proxy": names}


def _point_at(endpoint: str, table_region: str | None) -> None:
    """Set the environment that the service inherits: AWS's variables, and its pages on."""
    os.environ["AWS_ENDPOINT_URL_DYNAMODB"] = endpoint
    os.environ.setdefault(
        "AWS_REGION", table_region or os.environ.get("AWS_DEFAULT_REGION", DEFAULT_REGION)
    )
    for page in ("ITEMS_DOCS_UI", "ITEMS_ITEM_PAGE"):
        os.environ.setdefault(page, "true")
    if not _is_aws(endpoint):
        # The engine accepts any keys, and must not receive real ones.
        os.environ |= {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
        for variable in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
            os.environ.pop(variable, None)


def _is_aws(endpoint: str) -> bool:
    host = urllib.parse.urlsplit(endpoint).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws"))


@contextmanager
def _engine(account_id: str | None) -> Iterator[str]:
    port = free_port()
    endpoint = f"http://{LOOPBACK}:{port}"
    with tempfile.TemporaryDirectory(prefix="items-engine-") as folder:
        log = Path(folder, "engine.log")
        # The engine logs every request; the log is shown only if the engine fails to start.
        command = [
            sys.executable,
            "-c",
            "import sys; sys.stdout = sys.stderr = open(sys.argv[1], 'a', buffering=1);"
            # DynamoDB accepts 100 items in a transaction; moto rejects reads of more than 25.
            "from moto.dynamodb import responses; responses.TRANSACTION_MAX_ITEMS = 100;"
            "from moto.server import main; main(sys.argv[2:])",
            str(log),
            *("-H", LOOPBACK, "-p", str(port)),
        ]
        # The engine uses boto3 itself; variables for the service would change how it works.
        environment = {n: value for n, value in os.environ.items() if not n.startswith("AWS_")}
        if account_id:
            environment["MOTO_ACCOUNT_ID"] = account_id
        with running(command, env=environment) as engine:
            _wait_until(lambda: _responds(endpoint), engine, "The engine", log)
            yield endpoint


def _responds(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _wait_until(
    happened: Callable[[], bool],
    process: subprocess.Popen[Any],
    name: str,
    log: Path | None = None,
) -> None:
    until = time.monotonic() + START_SECONDS
    while not happened():
        if process.poll() is not None:
            output = f" Its output ends: {log.read_text()[-500:]}" if log and log.exists() else ""
            _give_up(f"{name} ended before it was ready (status {process.returncode}).{output}")
        if time.monotonic() > until:
            _give_up(f"{name} was not ready within {START_SECONDS} seconds.")
        time.sleep(0.1)


def _prepare_table(settings: Settings, endpoint: str) -> None:
    """Create the table and sample items, except on AWS; leave an existing table as it is."""
    _say(f"Connecting to {endpoint} …")
    # An endpoint that was started at the same time may need some seconds.
    config = Config(
        connect_timeout=3,
        read_timeout=10,
        retries={"total_max_attempts": 5, "mode": "standard"},
    )
    try:
        client: Any = boto3.session.Session().client(
            "dynamodb", region_name=os.environ["AWS_REGION"], config=config
        )
        if not _is_aws(endpoint):
            _say(f"Creating the table {settings.table} …")
            try:
                create_table(client, settings)
            except client.exceptions.ResourceInUseException:
                _say(f"The table {settings.table} already exists; it is not changed.")
    except (BotoCoreError, ClientError) as error:
        _give_up(f"The endpoint {endpoint} cannot be used: {error}")
    if mismatch := key_mismatch(client, settings):
        _give_up(mismatch)


def _welcome(url: str, settings: Settings, endpoint: str) -> None:
    schema = settings.key_schema
    # An IPv6 address has brackets, which are a pattern in some shells.
    andrew, joseph = (
        shlex.quote("/".join((f"{url}/items", *sample_key(schema, number, name).values)))
        for number, name in (("104", "Andrew"), ("105", "Joseph"))
    )
    json_body = "-H 'Content-Type: application/json' -d"
    lines = {
        Operation.GET_ITEM: f"curl -i {andrew}",
        Operation.PUT_ITEM: f"curl -i -X PUT {joseph} {json_body} '{{\"Age\": 41}}'",
        Operation.UPDATE_ITEM: f"curl -i -X PATCH {andrew} {json_body} '{{\"Age\": 42}}'",
    }
    examples = "\n".join(
        f"  {line}" for operation, line in lines.items() if operation in settings.operations
    )
    _say(
        f"""
The service is ready.

  Items      {url}/items/{{id}}{"/{name}" if schema.sort else ""}
  Page       {url}/
  API        {url}/docs, from {url}/openapi.json
  Health     {url}/ready
  Table      {settings.table} on {endpoint}

Try these; Ctrl-C stops everything:

{examples}
"""
    )
