"""The same stack as a CloudFormation template.

CloudFormation can give a profile only to an instance that it launches, so the association and the
metadata options belong in the template of the instance. CloudFormation owns the stack, so its
resources do not have the tag that marks the resources of ``apply``.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html
"""

from typing import Any

import yaml
from dynamodb_items.domain.tables import TABLE_ARN_PATTERN, TABLE_NAME_PATTERN, TableArn

from dynamodb_items_deploy.planning.documents import key_statement, policy_document, trust_document
from dynamodb_items_deploy.planning.ownership import as_tag_list
from dynamodb_items_deploy.planning.stack import Request

TABLE_ARN = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${TableName}"
DNS_SUFFIX = "${AWS::URLSuffix}"
DYNAMODB_HOST = f"dynamodb.${{AWS::Region}}.{DNS_SUFFIX}"


def template(request: Request) -> dict[str, Any]:
    """Return a template of policy, role and instance profile for any partition and region."""
    rendered: dict[str, Any] = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": request.principal.role_description.replace("Lets", "A role that lets"),
        "Parameters": {"TableName": _table_parameter(request.table)},
        "Resources": {
            "Role": {"Type": "AWS::IAM::Role", "Properties": _role(request)},
            "Policy": {"Type": "AWS::IAM::ManagedPolicy", "Properties": _policy(request)},
        },
        "Outputs": {
            "RoleArn": {
                "Description": "The role, as a task definition, a pod identity association or a "
                "function names it.",
                "Value": {"Fn::GetAtt": ["Role", "Arn"]},
            }
        },
    }
    if request.profile_name is not None:
        _add_instance_profile(rendered, request.profile_name, request.path)
    return rendered


def _role(request: Request) -> dict[str, Any]:
    role: dict[str, Any] = {
        "RoleName": request.role_name,
        "Path": request.path,
        "Description": request.principal.role_description,
        "AssumeRolePolicyDocument": _substituted(trust_document(request.principal, DNS_SUFFIX)),
    }
    if request.tags:
        role["Tags"] = as_tag_list(request.tags)
    if request.permissions_boundary:
        role["PermissionsBoundary"] = request.permissions_boundary
    return role


def _policy(request: Request) -> dict[str, Any]:
    # An ARN is the value of the parameter itself, and DynamoDB takes it in place of the name.
    table_arn = "${TableName}" if TableArn.of(request.table) else TABLE_ARN
    statement = key_statement(request.kms_key, DYNAMODB_HOST) if request.kms_key else None
    document = policy_document(table_arn, request.operations, request.indexes, statement)
    return {
        "ManagedPolicyName": request.policy_name,
        "Path": request.path,
        "Description": "Operations of the items service on its table.",
        "PolicyDocument": _substituted(document),
        "Roles": [{"Ref": "Role"}],
    }


def _add_instance_profile(document: dict[str, Any], name: str, path: str) -> None:
    document["Resources"]["InstanceProfile"] = {
        "Type": "AWS::IAM::InstanceProfile",
        "Properties": {
            "InstanceProfileName": name,
            "Path": path,
            "Roles": [{"Ref": "Role"}],
        },
    }
    document["Outputs"] = {
        "InstanceProfileArn": {
            "Description": "The value for IamInstanceProfile of an instance.",
            "Value": {"Fn::GetAtt": ["InstanceProfile", "Arn"]},
        }
    }


class _Dumper(yaml.SafeDumper):
    """A writer of YAML that CloudFormation accepts and people can read."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the name is PyYAML's
        """Return that equal parts are written out each time: CloudFormation rejects aliases."""
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, "|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)


def as_yaml(document: dict[str, Any]) -> str:
    """Return a template as YAML, with scripts in lines of their own."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False)


def _table_parameter(table: str) -> dict[str, str]:
    is_arn = TableArn.of(table) is not None
    return {
        "Type": "String",
        "Default": table,
        "AllowedPattern": TABLE_ARN_PATTERN if is_arn else TABLE_NAME_PATTERN,
        "Description": f"{'ARN' if is_arn else 'Name'} of the table, which must exist.",
    }


def _substituted(part: Any) -> Any:
    """Return the part with each text that names a parameter wrapped in ``Fn::Sub``."""
    if isinstance(part, dict):
        return {name: _substituted(value) for name, value in part.items()}
    if isinstance(part, list):
        return [_substituted(member) for member in part]
    return {"Fn::Sub": part} if "${" in part else part
