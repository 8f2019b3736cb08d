"""The command-line options of a fleet's template."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import click

from dynamodb_items_deploy.planning.principals import Principal
from dynamodb_items_deploy.planning.stack import Request

_CREDENTIALS = ("AWS_ACCESS_KEY", "AWS_SECRET", "AWS_SESSION")
_USE_ROLE = "The instances have a role, and keys would replace it."
_OF_THE_TEMPLATE = {
    "ITEMS_TABLE": "Use --table: the policy has to name the same table.",
    "ITEMS_OPERATIONS": "Use --operations: the policy has to allow the same operations.",
    "ITEMS_INDEXES": "Use --indexes: the policy has to name the same indexes.",
    "AWS_REGION": "It is the region of the stack.",
    "ITEMS_API_KEYS_FILE": "Use the parameter ApiKeysSecretArn.",
}
FILES_FOLDER = "/etc/dynamodb-items"
"""The folder of the instances that gets the files of the parameter Files."""
_FILE = f"{FILES_FOLDER}/"
_BEGINNINGS = {"ITEMS_SCHEMA": (_FILE,), "ITEMS_JWT_KEY_SET": ("https://", _FILE)}
# systemd removes quotes and backslashes, and the script has the settings in quotes.
_UNSUITABLE = re.compile(r"[^ -~]|['\"\\]")


def _settings(_context: click.Context, _option: click.Parameter, value: tuple[str, ...]) -> Any:
    found = {}
    for text in value:
        name, equals, setting = text.partition("=")
        if not re.fullmatch("[A-Z][A-Z0-9_]*", name) or not equals:
            raise click.BadParameter("must have the form NAME=VALUE.")
        if name in _OF_THE_TEMPLATE or name.startswith(_CREDENTIALS):
            raise click.BadParameter(f"cannot be {name}. {_OF_THE_TEMPLATE.get(name, _USE_ROLE)}")
        if _UNSUITABLE.search(setting):
            raise click.BadParameter(
                f"{name} must be printable ASCII without quotes and backslashes. Put other values "
                "into the secret of the parameter SettingsSecretArn."
            )
        beginnings = _BEGINNINGS.get(name, ("",))
        if not setting.startswith(beginnings):
            raise click.BadParameter(
                f"{name} must begin with {' or '.join(beginnings)}. "
                "That folder has the files of the parameter Files."
            )
        found[name] = setting
    return found


_FLEET = click.option("--fleet", is_flag=True, help="Write a fleet behind a load balancer.")
_SETTING = click.option(
    "--setting",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_settings,
    help="Setting of the service on every instance of the fleet; may be repeated.",
)


def fleet_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a fleet's template."""
    return _FLEET(_SETTING(command))


def check_fleet(fleet: bool, settings: Mapping[str, str], request: Request) -> None:
    """Check that the settings belong to a fleet of EC2 instances, and that its callers are chosen.

    Raises:
        click.UsageError: they do not, or are not.
    """
    if settings and not fleet:
        raise click.UsageError("--setting needs --fleet: other templates have no instances.")
    if fleet and request.principal is not Principal.EC2:
        raise click.UsageError("--fleet needs --principal ec2: a fleet is of EC2 instances.")
    if fleet and any(_UNSUITABLE.search(str(index)) for index in request.indexes):
        raise click.UsageError(
            "--indexes must be printable ASCII without quotes and backslashes for a fleet."
        )
    if fleet and not settings.get("ITEMS_AUTH"):
        raise click.UsageError(
            "--fleet needs --setting ITEMS_AUTH=jwt, api-key or none: the instances listen on "
            "every address."
        )
