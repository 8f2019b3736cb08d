"""The operator's commands."""

import json
import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from dynamodb_items import __version__
from dynamodb_items.access.api_keys import check_name, new_api_key, parse_api_keys
from dynamodb_items.access.callers import Scope

PRIVATE = 0o600
CONFIGURATION = "python:dynamodb_items.gunicorn_conf"
APPLICATION = "dynamodb_items.wsgi:app"


@click.group()
@click.version_option(__version__, prog_name="dynamodb-items")
def main() -> None:
    """Serve the items of one DynamoDB table over HTTP, and manage what that needs."""


@main.command(
    context_settings={"ignore_unknown_options": True},
    epilog="""\b
Examples:
  dynamodb-items serve
  dynamodb-items serve --workers 4 --bind 127.0.0.1:8080
  dynamodb-items serve --certfile cert.pem --keyfile key.pem""",
)
@click.argument("gunicorn_options", nargs=-1, type=click.UNPROCESSED)
def serve(gunicorn_options: tuple[str, ...]) -> NoReturn:
    """Start the service under gunicorn, with the service's own configuration.

    GUNICORN_OPTIONS are passed on; the service's settings are environment variables.
    """
    command = [sys.executable, "-m", "gunicorn", "--config", CONFIGURATION, *gunicorn_options]
    # The arbiter takes this process over: signals and the exit status are gunicorn's own.
    os.execv(sys.executable, [*command, APPLICATION])  # noqa: S606


@main.group()
def keys() -> None:
    """The API keys of ITEMS_AUTH=api-key."""


@keys.command(
    epilog="""\b
Examples:
  dynamodb-items keys new ci --scope items:read --file api-keys.toml
  dynamodb-items keys new shop --scope items:read --scope items:write \\
      --tenant 104 --file api-keys.toml
  dynamodb-items keys new ci --json --file api-keys.toml | jq -r .key"""
)
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    default=[Scope.READ.value],
    show_default=True,
    help="What the key allows; give it twice for both.",
)
@click.option("--tenant", help="The one partition key that the key reaches; else all.")
@click.option(
    "--file",
    "path",
    required=True,
    envvar="ITEMS_API_KEYS_FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to add its hash; made where there is none. Default: ITEMS_API_KEYS_FILE.",
)
@click.option("--json", "as_json", is_flag=True, help="Answer with one JSON object.")
def new(name: str, scopes: tuple[str, ...], tenant: str | None, path: Path, as_json: bool) -> None:
    """Make an API key called NAME, and add its SHA-256 to the file.

    The key itself is shown this once and stored nowhere. A running service takes it within
    a second. To revoke a key, delete its table from the file.
    """
    try:
        check_name(name)
    except ValueError as error:
        _give_up(f"{error}.")
    try:
        known = parse_api_keys(path.read_bytes()) if path.exists() else {}
    except (OSError, ValueError) as error:
        _give_up(f"{path} is no file of API keys: {error}.")
    if name in known:
        _give_up(f"{path} has a key called {name} already. Choose another name, or delete that.")
    key, sha256 = new_api_key(name)
    table = [
        f"\n[{json.dumps(name)}]",
        f'sha256 = "{sha256}"',
        f"scopes = {json.dumps(list(dict.fromkeys(scopes)))}",
    ]
    if tenant is not None:
        table.append(f"tenant = {json.dumps(tenant, ensure_ascii=False)}")
    try:
        _append(path, "\n".join(table) + "\n")
    except OSError as error:
        _give_up(f"{error}.")
    if as_json:
        answer = {"name": name, "key": key, "scopes": scopes, "tenant": tenant, "file": str(path)}
        click.echo(json.dumps(answer))
    else:
        click.echo(key)
        click.echo(f"Send it as X-API-Key. Only its hash is in {path}.", err=True)


def _append(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE), "a") as file:
        file.write(text)


def _give_up(line: str) -> NoReturn:
    click.echo(line, err=True)
    sys.exit(1)


if __name__ == "__main__":
    main(prog_name="dynamodb-items")
