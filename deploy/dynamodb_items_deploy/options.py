"""The command-line options that the commands share."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import click
from dynamodb_items.credentials.lookup import DEFAULT_REGION
from dynamodb_items.domain.defaults import DEFAULT_TABLE
from dynamodb_items.domain.operations import (
    DEFAULT_OPERATIONS,
    format_operations,
    parse_operations,
)

from dynamodb_items_deploy.planning.stack import Request

_CREDENTIALS = ("AWS_ACCESS_KEY", "AWS_SECRET", "AWS_SESSION")
_USE_ROLE = "The instances have a role, and keys would replace it."
_OF_THE_TEMPLATE = {
    "ITEMS_TABLE": "Use --table: the policy has to name the same table.",
    "ITEMS_OPERATIONS": "Use --operations: the policy has to allow the same operations.",
    "AWS_REGION": "It is the region of the stack.",
    "ITEMS_API_KEYS_FILE": "Use the parameter ApiKeysSecretArn.",
}


def _operations(_context: click.Context, _option: click.Parameter, value: str) -> Any:
    try:
        return parse_operations(value)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from None


def _tags(_context: click.Context, _option: click.Parameter, value: tuple[str, ...]) -> Any:
    pairs = [text.partition("=") for text in value]
    for name, equals, _ in pairs:
        if not (name and equals):
            raise click.BadParameter("must have the form KEY=VALUE.")
    names = [name.lower() for name, *_ in pairs]
    if repeated := [name for name, *_ in pairs if names.count(name.lower()) > 1]:
        raise click.BadParameter(
            f"has {', '.join(repeated)} more than once. Set each key once: IAM ignores case in the "
            "keys of a role's tags."
        )
    return {name: text for name, _, text in pairs}


def _settings(_context: click.Context, _option: click.Parameter, value: tuple[str, ...]) -> Any:
    found = {}
    for text in value:
        name, _, setting = text.partition("=")
        if not re.fullmatch("[A-Z][A-Z0-9_]*", name) or not setting:
            raise click.BadParameter("must have the form NAME=VALUE.")
        if name in _OF_THE_TEMPLATE or name.startswith(_CREDENTIALS):
            raise click.BadParameter(f"cannot be {name}. {_OF_THE_TEMPLATE.get(name, _USE_ROLE)}")
        # systemd removes quotes and backslashes, and the script has the settings in quotes.
        if re.search(r"[^ -~]|['\"\\]", setting):
            raise click.BadParameter(
                f"{name} must be printable ASCII without quotes and backslashes. Put other values "
                "into the secret of the parameter SettingsSecretArn."
            )
        found[name] = setting
    return found


def _key(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if not re.fullmatch(".+:[NS]", value):
        raise click.BadParameter("must be an attribute name and its type, such as Id:N or Name:S.")
    return value


table_option = click.option(
    "--table",
    default=DEFAULT_TABLE,
    envvar="ITEMS_TABLE",
    show_default=True,
    help="Name of the table, which must exist.",
)
region_option = click.option(
    "--region",
    help="Region of table and instance; by default that of the AWS configuration, or "
    f"{DEFAULT_REGION}.",
)
operations_option = click.option(
    "--operations",
    default=format_operations(DEFAULT_OPERATIONS),
    envvar="ITEMS_OPERATIONS",
    show_default=True,
    callback=_operations,
    help="Operations that the service may call, comma-separated.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON.")
yes_option = click.option("--yes", is_flag=True, help="Do not prompt for confirmation.")
_NAMING = (
    click.option("--name-prefix", default="", help="Prefix of the names in IAM."),
    click.option("--path", default="/", show_default=True, help="Path of the names in IAM."),
)
_INSTANCE = click.option("--instance-id", help="Instance that gets the role.")
_SHAPE = (
    click.option("--permissions-boundary", metavar="ARN", help="Policy that limits the role."),
    click.option(
        "--tag",
        "tags",
        multiple=True,
        metavar="KEY=VALUE",
        callback=_tags,
        help="Tag of every resource that is made; may be repeated.",
    ),
    click.option("--kms-key", metavar="ARN", help="KMS key of the table, if you manage it."),
)
_ON_THE_INSTANCE = (
    click.option("--replace", is_flag=True, help="Replace another profile of the instance."),
    click.option(
        "--container", is_flag=True, help="The service runs in a container on the instance."
    ),
)


def key_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of the table's key attributes."""
    options = (
        click.option(
            f"--{kind}-key",
            default=default,
            envvar=f"ITEMS_{kind.upper()}_KEY",
            show_default=True,
            callback=_key,
            help=f"Attribute name and type of the table's {kind} key.",
        )
        for kind, default in (("partition", "Id:N"), ("sort", "Name:S"))
    )
    return _with(tuple(options), command)


def request_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that describe a deployment."""
    options = (
        *(table_option, region_option, _INSTANCE, *_NAMING),
        *(*_SHAPE, operations_option, *_ON_THE_INSTANCE, json_option),
    )
    return _with(options, command)


def template_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that describe a template, which has neither region nor instance."""
    return _with((table_option, *_NAMING, *_SHAPE, operations_option, json_option), command)


def fleet_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a fleet's template."""
    options = (
        click.option("--fleet", is_flag=True, help="Write a fleet behind a load balancer."),
        click.option(
            "--setting",
            "settings",
            multiple=True,
            metavar="NAME=VALUE",
            callback=_settings,
            help="Setting of the service on every instance of the fleet; may be repeated.",
        ),
    )
    return _with(options, command)


def check_fleet(fleet: bool, settings: Mapping[str, str]) -> None:
    """Check that the settings belong to a fleet, and that its callers are chosen.

    Raises:
        click.UsageError: they do not, or are not.
    """
    if settings and not fleet:
        raise click.UsageError("--setting needs --fleet: other templates have no instances.")
    if fleet and "ITEMS_AUTH" not in settings:
        raise click.UsageError(
            "--fleet needs --setting ITEMS_AUTH=jwt, api-key or none: the instances listen on "
            "every address."
        )


def _with(
    options: tuple[Callable[[Callable[..., Any]], Callable[..., Any]], ...],
    command: Callable[..., Any],
) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command


def request_from(**values: Any) -> Request:
    """Return the request that the options describe.

    Raises:
        click.UsageError: with every error.
    """
    try:
        return Request(**values)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
