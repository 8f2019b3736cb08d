"""The command line: ``dynamodb-items``."""

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import click

from dynamodb_items import __version__
from dynamodb_items.access.api_keys import check_name, new_api_key, parse_api_keys
from dynamodb_items.access.callers import Scope

OWNER_ONLY = 0o600
# Exit statuses of `keys new`; 2 is click's own for an invalid command line.
UNUSABLE_KEYS = 1
INVALID_NAME = 2
NAME_IS_TAKEN = 3
CONFIGURATION = "python:dynamodb_items.gunicorn_conf"
APPLICATION = "dynamodb_items.wsgi:app"


# Each is loaded only where it is used. The transfers need the packages of the extra `transfer`.
TRANSFER_COMMANDS = ("export", "import")
SCHEMA_COMMANDS = "schema"
TRANSFER_PACKAGES = ("httpx", "tqdm")


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), SCHEMA_COMMANDS, *TRANSFER_COMMANDS])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in TRANSFER_COMMANDS:
            return _transfer_command(cmd_name)
        if cmd_name == SCHEMA_COMMANDS:
            return _command("dynamodb_items.schema_commands", cmd_name)
        return super().get_command(ctx, cmd_name)


def _transfer_command(name: str) -> click.Command:
    try:
        return _command("dynamodb_items.transfer.commands", f"{name}_items")
    except ModuleNotFoundError as error:
        if error.name not in TRANSFER_PACKAGES:
            raise
        sentence = f"`{name}` requires more packages: pip install 'dynamodb-items[transfer]'."
        return click.Command(
            name,
            callback=lambda: _give_up(sentence, 2),
            help=sentence,
            context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
        )


def _command(module: str, name: str) -> click.Command:
    command: click.Command = getattr(import_module(module), name)
    return command


@click.group(cls=_Commands)
@click.version_option(__version__, prog_name="dynamodb-items")
def main() -> None:
    """Serve the items of one DynamoDB table over HTTP, and manage keys, schemas and items."""


@main.command(
    context_settings={"ignore_unknown_options": True},
    epilog="""\b
Examples:
  dynamodb-items serve
  dynamodb-items serve --workers 4 --bind 127.0.0.1:8080
  dynamodb-items serve --certfile cert.pem --keyfile key.pem
  dynamodb-items serve --check-config

\b
Exit status:
  0  stopped by a signal
  1  the address cannot be opened
  2  invalid gunicorn options
  4  invalid settings; standard error lists all of them""",
)
@click.argument("gunicorn_options", nargs=-1, type=click.UNPROCESSED)
def serve(gunicorn_options: tuple[str, ...]) -> NoReturn:
    """Start the service with gunicorn.

    GUNICORN_OPTIONS are passed to gunicorn after the service's own configuration, so they override
    it; `dynamodb-items serve -h` lists them. The service's settings are environment variables.
    """
    command = [sys.executable, "-m", "gunicorn", "--config", CONFIGURATION, *gunicorn_options]
    # gunicorn replaces this process, so signals reach it and the exit status is its own.
    os.execv(sys.executable, [*command, APPLICATION])  # noqa: S606


@main.group()
def keys() -> None:
    """Manage the API keys of ITEMS_AUTH=api-key."""


@keys.command(
    epilog="""\b
Examples:
  dynamodb-items keys new ci --scope items:read --file api-keys.toml
  dynamodb-items keys new shop --scope items:read --scope items:write \\
      --tenant 104 --file api-keys.toml
  dynamodb-items keys new ci --json --file api-keys.toml | jq -r .key

\b
Exit status:
  0  the key was created
  1  the file cannot be read, parsed or written
  2  invalid NAME or options
  3  the file already has a key of that name"""
)
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    default=[Scope.READ.value],
    show_default=True,
    help="What the key permits; repeat the option for both.",
)
@click.option(
    "--tenant", help="The only partition key value that the key can access. Default: all."
)
@click.option(
    "--file",
    "path",
    required=True,
    envvar="ITEMS_API_KEYS_FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to add the hash to; created if absent. Default: ITEMS_API_KEYS_FILE.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def new(name: str, scopes: tuple[str, ...], tenant: str | None, path: Path, as_json: bool) -> None:
    """Create an API key called NAME, and add its SHA-256 to the file.

    The key itself is printed now and stored nowhere. A running service accepts it within a second.
    To revoke a key, delete its table from the file.
    """
    try:
        check_name(name)
    except ValueError as error:
        _give_up(f"{error}.", INVALID_NAME)
    try:
        known = parse_api_keys(path.read_bytes()) if path.exists() else {}
    except (OSError, ValueError) as error:
        _give_up(f"{path} is not a valid file of API keys: {error}.", UNUSABLE_KEYS)
    if name in known:
        _give_up(
            f"{path} already has a key called {name}. Choose another name, or delete that key.",
            NAME_IS_TAKEN,
        )
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
        _give_up(f"{error}.", UNUSABLE_KEYS)
    if as_json:
        created = {"name": name, "key": key, "scopes": scopes, "tenant": tenant, "file": str(path)}
        click.echo(json.dumps(created))
    else:
        click.echo(key)
        click.echo(f"Send it as X-API-Key. Only its hash is in {path}.", err=True)


def _append(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, OWNER_ONLY), "a") as file:
        file.write(text)


def _give_up(line: str, status: int) -> NoReturn:
    click.echo(line, err=True)
    sys.exit(status)


if __name__ == "__main__":
    main(prog_name="dynamodb-items")
