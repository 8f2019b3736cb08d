"""The commands that write a policy as JSON, for other tools and for other accounts."""

from typing import Any

import click
from dynamodb_items.domain.tables import TableArn

from dynamodb_items_deploy import options, report
from dynamodb_items_deploy.planning.documents import resource_policy_document


@click.command(
    epilog="""\b
Examples:
  items-deploy render resource-policy > policy.json \\
    --table arn:aws:dynamodb:us-east-2:111122223333:table/orders
  aws dynamodb put-resource-policy --policy file://policy.json \\
    --resource-arn arn:aws:dynamodb:us-east-2:111122223333:table/orders

\b
The administrators of the table's account run the second command, once apply has created
the role. With --role-arn and a table's ARN, no AWS credentials are needed."""
)
@options.resource_policy_options
def resource_policy(as_json: bool, region: str | None, role_arn: str | None, **values: Any) -> None:
    """Write the policy that the owner of another account's table attaches to it."""
    _ = as_json  # a policy is JSON in any case
    request = options.request_from(**values)
    table_arn = request.table
    if role_arn is None or TableArn.of(table_arn) is None:
        stack, _aws = options.stack_from(region, values)
        table_arn, role_arn = stack.table_arn, role_arn or stack.role_arn
    options.region_from(table_arn, region)
    if role_arn.split(":")[1] != table_arn.split(":")[1]:
        raise click.UsageError("--role-arn and --table belong to different partitions.")
    report.write(True, resource_policy_document(role_arn, table_arn, request.operations), [])
