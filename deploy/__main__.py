"""The command: plan, apply, status, destroy, doctor, render."""

import errno
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, NoReturn

import click
import yaml
from botocore.exceptions import BotoCoreError, ClientError

from deploy import doctor, options, plan, report, template
from deploy.aws import Aws
from deploy.executor import Executor, NotInTime
from deploy.failures import explain
from deploy.stack import Stack
from service.operations import Operation

AS_PLANNED, FAILED, CHANGES = 0, 1, 2
USAGE, INTERRUPTED = 64, 130
_EXAMPLES = """\b
Examples:
  items-deploy plan --instance-id i-0123456789abcdef0
  items-deploy apply --instance-id i-0123456789abcdef0 --table orders --yes
  items-deploy apply --instance-id i-0123456789abcdef0 --container --tag team=shop
  items-deploy status --instance-id i-0123456789abcdef0 --json
  items-deploy doctor
  items-deploy render cloudformation > template.yaml
  items-deploy destroy --instance-id i-0123456789abcdef0

\b
Exit status:
  0   all is as it should be
  1   refused, or failed
  2   plan, status: there is something to change; apply: done, but others' policies are there
  64  the command line is wrong
  130 interrupted"""


@click.group(epilog=_EXAMPLES)
def commands() -> None:
    """Give an EC2 instance access to one DynamoDB table, by a role and without keys."""


@commands.command(
    "plan", epilog="\b\nExample:\n  items-deploy plan --instance-id i-0123456789abcdef0"
)
@options.request_options
@click.pass_context
def plan_(context: click.Context, /, as_json: bool, region: str | None, **values: Any) -> None:
    """Show what apply would do; reads only."""
    found = plan.converge(_observe(*_stack(region, values)))
    _print(as_json, report.plan_json(found), report.plan_lines(found))
    if not as_json and found.is_as_planned:
        click.echo("Nothing to do.")
    context.exit(_status(found))


@commands.command(
    epilog="\b\nExample:\n  items-deploy apply --instance-id i-0123456789abcdef0 --yes"
)
@options.request_options
@options.yes_option
@click.pass_context
def apply(
    context: click.Context, /, as_json: bool, yes: bool, region: str | None, **values: Any
) -> None:
    """Make it so; a second time there is nothing left to do."""
    _carry_out(context, plan.converge, *_stack(region, values), as_json=as_json, yes=yes)


@commands.command(epilog="\b\nExample:\n  items-deploy status --instance-id i-0123456789abcdef0")
@options.request_options
@click.pass_context
def status(context: click.Context, /, as_json: bool, region: str | None, **values: Any) -> None:
    """Show what is there; reads only."""
    observations = _observe(*_stack(region, values))
    found = plan.converge(observations)
    _print(
        as_json,
        {"resources": report.state_json(observations), **report.plan_json(found)},
        [*report.state_lines(observations), *report.remark_lines(found)],
    )
    context.exit(AS_PLANNED if found.is_as_planned else CHANGES)


@commands.command(epilog="\b\nExample:\n  items-deploy destroy --instance-id i-0123456789abcdef0")
@options.request_options
@options.yes_option
@click.pass_context
def destroy(
    context: click.Context, /, as_json: bool, yes: bool, region: str | None, **values: Any
) -> None:
    """Remove what apply made, and nothing else; the table and the instance stay."""
    _carry_out(context, plan.destroy, *_stack(region, values), as_json=as_json, yes=yes)


@commands.command("doctor", epilog="\b\nExample:\n  items-deploy doctor --table orders")
@options.table_option
@options.region_option
@options.operations_option
@options.key_options
@options.json_option
@click.pass_context
def doctor_(
    context: click.Context,
    /,
    *,
    table: str,
    region: str | None,
    operations: frozenset[Operation],
    partition_key: str,
    sort_key: str,
    as_json: bool,
) -> None:
    """On the instance: find out whether the service could do its work here; writes nothing."""
    aws = Aws(region, max_attempts=3)
    keys = doctor.Keys(partition_key, sort_key)
    checks = []
    for check in doctor.examine(aws, table, keys, operations):
        checks.append(check)
        if not as_json:
            click.echo(f"{'ok  ' if check.is_well else 'FAIL'} {check.name}: {check.found}")
            if check.advice:
                click.echo(f"     {check.advice}")
    is_well = all(check.is_well for check in checks)
    if as_json:
        _print(as_json, {"is_well": is_well, "checks": [vars(check) for check in checks]}, [])
    context.exit(AS_PLANNED if is_well else FAILED)


@commands.group()
def render() -> None:
    """Write the same deployment for another tool."""


@render.command(
    epilog="\b\nExample:\n  items-deploy render cloudformation --table orders > template.yaml"
)
@options.template_options
def cloudformation(as_json: bool, **values: Any) -> None:
    """A CloudFormation template of policy, role and instance profile; calls nothing."""
    document = template.template(options.request_from(**values))
    _print(as_json, document, [yaml.safe_dump(document, sort_keys=False).rstrip()])


def _stack(region: str | None, values: dict[str, Any]) -> tuple[Stack, Aws]:
    request = options.request_from(**values)
    aws = Aws(region)
    return Stack(request, aws.account()), aws


def _observe(stack: Stack, aws: Aws) -> list[plan.Observation]:
    return [plan.Observation(resource, resource.observe(aws)) for resource in stack.resources]


def _carry_out(
    context: click.Context,
    planned: Callable[[Sequence[plan.Observation]], plan.Plan],
    stack: Stack,
    aws: Aws,
    *,
    as_json: bool,
    yes: bool,
) -> None:
    """Plan, ask, do, and say what is there afterwards."""
    if as_json and not yes:
        raise click.UsageError("--json asks nothing, so it needs --yes.")
    found = planned(_observe(stack, aws))
    if not as_json:
        _print(as_json, None, report.plan_lines(found))
    if found.refusals:
        if as_json:
            _print(as_json, report.plan_json(found), [])
        context.exit(FAILED)
    if found.changes:
        if not yes:
            click.confirm(f"Make {_count(found.changes)}?", abort=True)
        Executor(aws, lambda line: click.echo(line, err=as_json)).run(found.changes)
    observations = _observe(stack, aws)
    _print(
        as_json,
        {**report.plan_json(found), "resources": report.state_json(observations)},
        ["Done." if found.changes else "Nothing to do.", *report.state_lines(observations)],
    )
    if not as_json and found.changes and not planned(observations).is_as_planned:
        click.echo("AWS may take some seconds to show all of that.")
    context.exit(CHANGES if any(notice.foreign for notice in found.notices) else AS_PLANNED)


def _count(changes: Sequence[Any]) -> str:
    return "this change" if len(changes) == 1 else f"these {len(changes)} changes"


def _status(found: plan.Plan) -> int:
    if found.refusals:
        return FAILED
    return AS_PLANNED if found.is_as_planned else CHANGES


def _print(as_json: bool, document: Any, lines: Iterable[str]) -> None:
    if as_json:
        click.echo(json.dumps(document, indent=2))
    else:
        for line in lines:
            click.echo(line)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit; every failure is two lines, or one JSON object with --json."""
    try:
        _run(sys.argv[1:] if arguments is None else list(arguments))
    except OSError as error:
        # The output cannot be written. Where its reader is gone, nobody is left to be told.
        if error.errno != errno.EPIPE:
            with suppress(OSError):
                click.echo(f"The output cannot be written: {error.strerror}.", err=True)
        # What Python still holds of it must not fail again at exit:
        # https://docs.python.org/3/library/signal.html#note-on-sigpipe
        for stream in filter(None, (sys.stdout, sys.stderr)):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        sys.exit(FAILED)


def _run(arguments: list[str]) -> NoReturn:
    try:
        sys.exit(commands.main(arguments, "items-deploy", standalone_mode=False))
    except click.UsageError as error:
        error.show()
        sys.exit(USAGE)
    except click.Abort:
        click.echo("Stopped. The same command goes on where this one stopped.", err=True)
        sys.exit(INTERRUPTED)
    except (ClientError, BotoCoreError, NotInTime, ValueError) as error:
        reason, advice = explain(error)
        if "--json" in arguments:
            click.echo(json.dumps({"error": reason, "advice": advice}))
        else:
            click.echo(f"{reason}\n{advice}", err=True)
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
