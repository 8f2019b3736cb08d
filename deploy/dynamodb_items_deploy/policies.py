"""The commands that write a policy as JSON, for other tools and for other accounts."""

from typing import Any

import boto3.session
import click
from dynamodb_items.domain.tables import TableArn

from dynamodb_items_deploy import options, report
from dynamodb_items_deploy.aws.account import dns_suffix_of
from dynamodb_items_deploy.aws.client import configured_region
from dynamodb_items_deploy.planning.documents import resource_policy_document, trust_document
from dynamodb_items_deploy.planning.principals import Principal


@click.command(
    epilog="""\b
Examples:
  items-deploy render policy --table orders > policy.json
  items-deploy render policy --table arn:aws:dynamodb:us-east-2:123456789012:table/orders

\b
With a table's ARN, no AWS credentials are needed."""
)
@options.policy_options
def policy(region: str | None, **values: Any) -> None:
    """Write the permissions policy of the role."""
    report.write(True, options.table_stack_from(region, values).policy_document, [])


@click.command(
    epilog="""\b
Examples:
  items-deploy render trust-policy > trust.json
  items-deploy render trust-policy --principal eks"""
)
@options.principal_option
@options.region_option
@options.json_errors_option
def trust_policy(principal: Principal, region: str | None) -> None:
    """Write the trust policy of the role; call nothing."""
    suffix = dns_suffix_of(region or configured_region(boto3.session.Session()))
    report.write(True, trust_document(principal, suffix), [])


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
def resource_policy(region: str | None, role_arn: str | None, **values: Any) -> None:
    """Write the policy that the owner of another account's table attaches to it."""
    request = options.request_from(**values)
    table_arn = request.table
    if role_arn is None or TableArn.of(table_arn) is None:
        stack, _aws = options.stack_from(region, values)
        table_arn, role_arn = stack.table_arn, role_arn or stack.role_arn
    options.region_from(table_arn, region)
    if role_arn.split(":")[1] != table_arn.split(":")[1]:
        raise click.UsageError("--role-arn and --table belong to different partitions.")
    document = resource_policy_document(role_arn, table_arn, request.operations, request.indexes)
    report.write(True, document, [])
