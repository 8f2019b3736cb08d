"""The command ``items-deploy``: plan, apply, status, destroy, doctor, render."""

import errno
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NoReturn

import click
from dynamodb_items.domain.indexes import Index
from dynamodb_items.domain.operations import Operation

from dynamodb_items_deploy import doctor, options, policies, report, template
from dynamodb_items_deploy.aws.client import Aws
from dynamodb_items_deploy.aws.executor import Executor
from dynamodb_items_deploy.aws.failures import is_defect, is_temporary
from dynamodb_items_deploy.fleet.options import check_fleet, fleet_options
from dynamodb_items_deploy.fleet.template import fleet_template
from dynamodb_items_deploy.planning import plan
from dynamodb_items_deploy.planning.stack import Stack

AS_PLANNED, FAILED, CHANGES = 0, 1, 2
# sysexits.h: EX_USAGE, EX_SOFTWARE, EX_TEMPFAIL; a shell's status after SIGINT.
USAGE, DEFECT, TEMPORARY, INTERRUPTED = 64, 70, 75, 130
_EXAMPLES = """\b
Examples:
  items-deploy plan --instance-id i-0123456789abcdef0
  items-deploy apply --instance-id i-0123456789abcdef0 --table orders --yes
  items-deploy apply --instance-id i-0123456789abcdef0 --container --tag team=shop
  items-deploy status --instance-id i-0123456789abcdef0 --json
  items-deploy doctor
  items-deploy render cloudformation > template.yaml
  items-deploy render cloudformation --fleet --setting ITEMS_AUTH=jwt > fleet.yaml
  items-deploy render resource-policy --table arn:aws:dynamodb:us-east-2:111122223333:table/orders
  items-deploy destroy --instance-id i-0123456789abcdef0

\b
Exit status:
  0   success, and nothing is left to change
  1   rejected or failed: the first line names the cause, the second what to do
  2   plan, status: changes are needed; apply: done, but the role also has policies
      that this tool did not attach
  64  invalid command line
  70  a defect of this tool: report it
  75  temporary failure (network, throttling, AWS itself): run the same command again
  130 interrupted: run the same command again"""


@click.group(epilog=_EXAMPLES)
def commands() -> None:
    """Give EC2, ECS, EKS or Lambda access to one DynamoDB table through a role, without keys."""


@commands.command(
    "plan", epilog="\b\nExample:\n  items-deploy plan --instance-id i-0123456789abcdef0"
)
@options.request_options
@options.adopt_option
@click.pass_context
def plan_(context: click.Context, /, as_json: bool, region: str | None, **values: Any) -> None:
    """Show what apply would do, without changing anything."""
    found = plan.converge(_observe(*options.stack_from(region, values)))
    report.write(as_json, report.plan_json(found), report.plan_lines(found))
    if not as_json and found.is_as_planned:
        click.echo("Nothing to do.")
    context.exit(_status(found))


@commands.command(
    epilog="\b\nExamples:\n  items-deploy apply --instance-id i-0123456789abcdef0 --yes\n"
    "  items-deploy apply --instance-id i-0123456789abcdef0 --adopt\n"
    "  items-deploy apply --principal ecs --table orders"
)
@options.request_options
@options.adopt_option
@options.yes_option
@click.pass_context
def apply(
    context: click.Context, /, as_json: bool, yes: bool, region: str | None, **values: Any
) -> None:
    """Make the changes that plan shows; a second run changes nothing."""
    _carry_out(
        context, plan.converge, *options.stack_from(region, values), as_json=as_json, yes=yes
    )


@commands.command(epilog="\b\nExample:\n  items-deploy status --instance-id i-0123456789abcdef0")
@options.request_options
@click.pass_context
def status(context: click.Context, /, as_json: bool, region: str | None, **values: Any) -> None:
    """Show the state of each resource, without changing anything."""
    observations = _observe(*options.stack_from(region, values))
    found = plan.converge(observations)
    report.write(
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
    """Remove only what apply made; keep the table and the instance."""
    _carry_out(context, plan.destroy, *options.stack_from(region, values), as_json=as_json, yes=yes)


@commands.command("doctor", epilog="\b\nExample:\n  items-deploy doctor --table orders")
@options.table_option
@options.region_option
@options.operations_option
@options.indexes_option
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
    indexes: tuple[Index, ...],
    partition_key: str,
    sort_key: str,
    as_json: bool,
) -> None:
    """Check on the instance that the service can work there, without writing anything."""
    keys = doctor.Keys(partition_key, sort_key)
    checks = []
    options.request_from(table=table, operations=operations, indexes=indexes)
    region = options.region_from(table, region)
    found = doctor.examine(
        lambda: Aws(region, max_attempts=3), table, keys, operations, indexes=indexes, region=region
    )
    for check in found:
        checks.append(check)
        if not as_json:
            click.echo(f"{'ok  ' if check.is_well else 'FAIL'} {check.name}: {check.found}")
            if check.advice:
                click.echo(f"     {check.advice}")
    is_well = all(check.is_well for check in checks)
    if as_json:
        report.write(as_json, {"is_well": is_well, "checks": [vars(check) for check in checks]}, [])
    context.exit(AS_PLANNED if is_well else FAILED)


@commands.group()
def render() -> None:
    """Write the policies and templates of a deployment, for other tools."""


@render.command(
    epilog="\b\nExamples:\n  items-deploy render cloudformation --table orders > template.yaml\n"
    "  items-deploy render cloudformation --fleet --setting ITEMS_AUTH=none > fleet.yaml"
)
@options.template_options
@fleet_options
def cloudformation(as_json: bool, fleet: bool, settings: dict[str, str], **values: Any) -> None:
    """Write a CloudFormation template of policy, role and, for EC2, profile; call nothing."""
    request = options.request_from(**values)
    check_fleet(fleet, settings, request)
    document = fleet_template(request, settings) if fleet else template.template(request)
    report.write(as_json, document, [template.as_yaml(document).rstrip()])


for writes_policy in (policies.policy, policies.trust_policy, policies.resource_policy):
    render.add_command(writes_policy)


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
    """Plan, confirm, make the changes and show the resulting state."""
    if as_json and not yes:
        raise click.UsageError("--json cannot prompt for confirmation. Add --yes.")
    found = planned(_observe(stack, aws))
    if not as_json:
        report.write(as_json, None, report.plan_lines(found))
    if found.blockers:
        if as_json:
            report.write(as_json, report.plan_json(found), [])
        context.exit(FAILED)
    if found.changes and not yes:
        click.confirm(f"Make {_count(found.changes)}?", abort=True)
    executor = Executor(aws, lambda line: click.echo(line, err=as_json))
    try:
        executor.run(found.changes)
        observations = _observe(stack, aws)
    except (Exception, KeyboardInterrupt) as error:
        raise _Stopped(report.Progress(found.changes, len(executor.made)), error) from error
    report.write(
        as_json,
        {**report.plan_json(found), "resources": report.state_json(observations)},
        ["Done." if found.changes else "Nothing to do.", *report.state_lines(observations)],
    )
    if not as_json and found.changes and not planned(observations).is_as_planned:
        click.echo("AWS may show these changes after some seconds. Check with: items-deploy status")
    context.exit(CHANGES if any(notice.foreign for notice in found.notices) else AS_PLANNED)


class _Stopped(Exception):
    """An error that occurred while changes were being made."""

    def __init__(self, progress: report.Progress, error: BaseException) -> None:
        super().__init__(str(error))
        self.progress = progress
        self.error = error


def _count(changes: Sequence[Any]) -> str:
    return "this change" if len(changes) == 1 else f"these {len(changes)} changes"


def _status(found: plan.Plan) -> int:
    if found.blockers:
        return FAILED
    return AS_PLANNED if found.is_as_planned else CHANGES


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit; report a failure in two lines, or as one JSON object."""
    try:
        _run(sys.argv[1:] if arguments is None else list(arguments))
    except OSError as error:
        # After EPIPE the reader of the output has ended, so an error message would not be read.
        if error.errno != errno.EPIPE:
            with suppress(OSError):
                click.echo(f"Cannot write the output: {error.strerror}.", err=True)
        # Buffered output must not fail again at exit:
        # https://docs.python.org/3/library/signal.html#note-on-sigpipe
        for stream in filter(None, (sys.stdout, sys.stderr)):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        sys.exit(FAILED)


def _run(arguments: list[str]) -> NoReturn:
    as_json = "--json" in arguments
    try:
        sys.exit(commands.main(arguments, "items-deploy", standalone_mode=False))
    except click.UsageError as error:
        if as_json:
            report.write(
                True,
                {"error": error.format_message(), "advice": "Run the command with --help."},
                [],
            )
        else:
            error.show()
        sys.exit(USAGE)
    except click.Abort:
        _fail(as_json, KeyboardInterrupt(), None)
    except _Stopped as stopped:
        _fail(as_json, stopped.error, stopped.progress)
    except OSError:
        raise  # the output's: calls to AWS fail with botocore's errors
    except Exception as error:  # noqa: BLE001 - the operator gets a sentence, not a stack trace
        _fail(as_json, error, None)


def _fail(as_json: bool, error: BaseException, progress: report.Progress | None) -> NoReturn:
    if as_json:
        report.write(True, report.failure_json(error, progress), [])
    else:
        for line in report.failure_lines(error, progress):
            click.echo(line, err=True)
    if isinstance(error, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    if is_defect(error):
        sys.exit(DEFECT)
    sys.exit(TEMPORARY if is_temporary(error) else FAILED)


if __name__ == "__main__":
    main()
