"""The command-line options that the commands share."""

import functools
import os
import re
from collections.abc import Callable, Mapping
from typing import Any

import click
from dynamodb_items.config import values as setting_values
from dynamodb_items.credentials.lookup import DEFAULT_REGION
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, format_operations, parse_operations
from dynamodb_items.domain.tables import DEFAULT_TABLE, TableArn

from dynamodb_items_deploy.aws.account import Account
from dynamodb_items_deploy.aws.client import Aws
from dynamodb_items_deploy.planning.principals import Principal
from dynamodb_items_deploy.planning.stack import PROFILE_NAME, Request, Stack


def _parsed_by(parse: Callable[[str], Any]) -> Callable[..., Any]:
    """Return the callback of an option that has the form of a setting."""

    def parsed(_context: click.Context, _option: click.Parameter, value: str) -> Any:
        try:
            return parse(value)
        except ValueError as error:
            raise click.BadParameter(f"{error}.") from None

    return parsed


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


def _key(_context: click.Context, option: click.Parameter, value: str) -> str:
    if not re.fullmatch(".+:[NSB]", value) and (value or option.name != "sort_key"):
        raise click.BadParameter(
            "must be an attribute name and its type, such as Id:N, Name:S or Digest:B."
        )
    return value


def _role_arn(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value and not re.fullmatch(r"arn:[\w-]+:iam::\d{12}:role/.+", value, re.ASCII):
        raise click.BadParameter("must be a role's ARN.")
    return value


table_option = click.option(
    "--table",
    default=DEFAULT_TABLE,
    envvar="ITEMS_TABLE",
    show_default=True,
    help="Name of the table, which must exist, or its ARN, also in another account.",
)
region_option = click.option(
    "--region",
    help="Region of table and instance; by default that of the table's ARN, of the AWS "
    f"configuration, or {DEFAULT_REGION}.",
)
operations_option = click.option(
    "--operations",
    default=format_operations(DEFAULT_OPERATIONS),
    envvar="ITEMS_OPERATIONS",
    show_default=True,
    callback=_parsed_by(parse_operations),
    help="Operations that the service may call, comma-separated.",
)
indexes_option = click.option(
    "--indexes",
    default="",
    envvar="ITEMS_INDEXES",
    metavar="NAME=KEYS,…",
    callback=_parsed_by(setting_values.indexes),
    help="Indexes that the service may query, such as by-email=Email:S; needs Query.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Write the output as JSON.")
# A policy is JSON in any case; the option makes errors JSON too.
json_errors_option = click.option(
    "--json", is_flag=True, expose_value=False, help="Write errors as JSON too."
)
yes_option = click.option("--yes", is_flag=True, help="Do not prompt for confirmation.")
principal_option = click.option(
    "--principal",
    type=click.Choice([principal.value for principal in Principal]),
    default=Principal.EC2.value,
    show_default=True,
    callback=lambda _context, _option, value: Principal(value),
    help="What runs the service and assumes the role.",
)
adopt_option = click.option(
    "--adopt",
    is_flag=True,
    help="Take over a policy, role and profile with these names that somebody else created: they "
    "only get tags.",
)
kms_option = click.option(
    "--kms-key", metavar="ARN", help="KMS key of the table, if you manage it."
)
_NAMING = (
    click.option("--name-prefix", default="", help="Prefix of the names in IAM."),
    click.option("--path", default="/", show_default=True, help="Path of the names in IAM."),
)
_PROFILE = click.option(
    "--instance-profile-name",
    metavar="NAME",
    help=f"Name of the instance profile; by default {PROFILE_NAME}, with the prefix.",
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
    kms_option,
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
            # click takes an empty variable for an absent one, and no sort key is an empty text.
            default=functools.partial(os.environ.get, f"ITEMS_{kind.upper()}_KEY", default),
            show_default=default,
            callback=_key,
            help=f"Attribute name and type of the table's {kind} key{more}.",
        )
        for kind, default, more in (
            ("partition", "Id:N", ""),
            ("sort", "Name:S", "; empty for a table without one"),
        )
    )
    return _with(tuple(options), command)


def request_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that describe a deployment."""
    options = (
        *(table_option, region_option, principal_option, _INSTANCE, *_NAMING, _PROFILE),
        *(*_SHAPE, operations_option, indexes_option, *_ON_THE_INSTANCE, json_option),
    )
    return _with(options, command)


def resource_policy_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that describe the policy of a table for one role."""
    role_option = click.option(
        "--role-arn",
        metavar="ARN",
        callback=_role_arn,
        help="Role that gets access; by default the one that apply makes in this account.",
    )
    options = (
        *(table_option, region_option, role_option, principal_option, *_NAMING),
        *(operations_option, indexes_option, json_errors_option),
    )
    return _with(options, command)


def policy_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that describe the policy of the role."""
    access = (operations_option, indexes_option)
    return _with((table_option, region_option, kms_option, *access, json_errors_option), command)


def template_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that describe a template, which has neither region nor instance."""
    naming = (principal_option, *_NAMING, _PROFILE)
    access = (operations_option, indexes_option)
    return _with((table_option, *naming, *_SHAPE, *access, json_option), command)


def _with(
    options: tuple[Callable[[Callable[..., Any]], Callable[..., Any]], ...],
    command: Callable[..., Any],
) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command


def region_from(table: str, region: str | None) -> str | None:
    """Return the region of the table's ARN, or the chosen one for a table's name.

    Raises:
        click.UsageError: another region than the ARN's was chosen.
    """
    arn = TableArn.of(table)
    if arn is None:
        return region
    variables = {name: os.environ.get(name) for name in ("AWS_REGION", "AWS_DEFAULT_REGION")}
    for name, chosen in {"--region": region, **variables}.items():
        if chosen and chosen != arn.region:
            raise click.UsageError(
                f"--table is a table in {arn.region}, but {name} is {chosen}. "
                f"Leave {name} out, or set it to {arn.region}."
            )
        if chosen:
            break
    return arn.region


def request_from(**values: Any) -> Request:
    """Return the request that the options describe.

    Raises:
        click.UsageError: with every error.
    """
    try:
        return Request(**values)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def stack_from(region: str | None, values: Mapping[str, Any]) -> tuple[Stack, Aws]:
    """Return the stack that the options describe in the account of the credentials.

    Raises:
        click.UsageError: with every error.
    """
    request = request_from(**values)
    aws = Aws(region_from(request.table, region))
    account = aws.account()
    try:
        return Stack(request, account), aws
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def table_stack_from(region: str | None, values: Mapping[str, Any]) -> Stack:
    """Return the stack in the account of the table; with an ARN, AWS is not called.

    Raises:
        click.UsageError: with every error.
    """
    request = request_from(**values)
    arn = TableArn.of(request.table)
    if arn is None:
        return stack_from(region, values)[0]
    region_from(request.table, region)
    try:
        return Stack(request, Account.of_table(arn))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
