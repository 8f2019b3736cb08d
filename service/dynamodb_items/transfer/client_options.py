"""The options that import and export share."""

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from dynamodb_items.transfer.client.urls import service_url
from dynamodb_items.transfer.session import Client

_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([!-~](?:[ \t!-~]*[!-~])?)")


def _url(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    try:
        return service_url(value)
    except ValueError as error:
        raise click.BadParameter(f"It {error}.") from None


_CLIENT_OPTIONS = (
    click.option(
        "--url",
        required=True,
        envvar="DYNAMODB_ITEMS_URL",
        callback=_url,
        help="The URL of the service. Default: DYNAMODB_ITEMS_URL.",
    ),
    click.option(
        "--header",
        "headers",
        multiple=True,
        metavar="HEADER",
        help="A header, `Name: value`, or @FILE with one header per line. A token belongs in "
        "DYNAMODB_ITEMS_TOKEN, an API key in DYNAMODB_ITEMS_API_KEY: other users of the machine "
        "can read a command line.",
    ),
    click.option("--ca-file", help="Certificates of the authorities to trust, as PEM."),
    click.option(
        "--retry-seconds",
        type=click.FloatRange(0, 86_400),
        default=300,
        show_default=True,
        help="How long a request is retried.",
    ),
    click.option("--quiet", is_flag=True, help="Show no progress, and nothing on success."),
    click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object."),
)


def _headers(text: str) -> list[tuple[str, str]]:
    lines = [text]
    if text.startswith("@"):
        try:
            lines = Path(text[1:]).read_text("latin-1").splitlines()
        except OSError as error:
            raise click.BadParameter(
                f"Cannot read {text[1:]}: {error.strerror}.", param_hint="--header"
            ) from None
    found = [_HEADER.fullmatch(line.strip()) for line in lines if line.strip()]
    if None in found:
        raise click.BadParameter("A header must be `Name: value`.", param_hint="--header")
    return [(match[1], match[2]) for match in found if match is not None]


def client_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a client of the service, and pass them as ``client``."""

    @functools.wraps(command)
    def with_client(
        *,
        url: str,
        headers: tuple[str, ...],
        ca_file: str | None,
        retry_seconds: float,
        quiet: bool,
        as_json: bool,
        **options: Any,
    ) -> None:
        parsed = [header for text in headers for header in _headers(text)]
        command(client=Client(url, parsed, ca_file, retry_seconds, quiet, as_json), **options)

    for option in reversed(_CLIENT_OPTIONS):
        with_client = option(with_client)
    return with_client


def resume_options(state_suffix: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that adds --state and --restart, of a state file with that suffix."""
    state = click.option(
        "--state",
        type=click.Path(dir_okay=False, path_type=Path),
        help=f"The state file. Default: FILE{state_suffix}.",
    )
    restart = click.option(
        "--restart", is_flag=True, help="Start from the beginning, not from the state file."
    )
    return lambda command: state(restart(command))
