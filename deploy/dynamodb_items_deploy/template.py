"""The same stack as a CloudFormation template.

CloudFormation can give a profile to an instance that it launches, and to no other: associating
and the metadata options stay with the instance's own template. The stack is CloudFormation's, so
nothing in it carries the tag by which ``apply`` and ``destroy`` know their own.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html
"""

from typing import Any

from dynamodb_items_deploy.planning.documents import key_statement, policy_document, trust_document
from dynamodb_items_deploy.planning.ownership import as_tag_list
from dynamodb_items_deploy.planning.stack import Request

TABLE_ARN = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${TableName}"
EC2_PRINCIPAL = "ec2.${AWS::URLSuffix}"
DYNAMODB_HOST = "dynamodb.${AWS::Region}.${AWS::URLSuffix}"


def template(request: Request) -> dict[str, Any]:
    """Policy, role and instance profile, for any partition, account and region."""
    statement = key_statement(request.kms_key, DYNAMODB_HOST) if request.kms_key else None
    role: dict[str, Any] = {
        "RoleName": request.role_name,
        "Path": request.path,
        "Description": "Lets EC2 instances serve the items of one DynamoDB table.",
        "AssumeRolePolicyDocument": _substituted(trust_document(EC2_PRINCIPAL)),
    }
    if request.tags:
        role["Tags"] = as_tag_list(request.tags)
    if request.permissions_boundary:
        role["PermissionsBoundary"] = request.permissions_boundary
    policy = {
        "ManagedPolicyName": request.policy_name,
        "Path": request.path,
        "Description": "What the items service may do with its table.",
        "PolicyDocument": _substituted(policy_document(TABLE_ARN, request.operations, statement)),
        "Roles": [{"Ref": "Role"}],
    }
    instance_profile = {
        "InstanceProfileName": request.instance_profile_name,
        "Path": request.path,
        "Roles": [{"Ref": "Role"}],
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "A role by which EC2 instances serve the items of one DynamoDB table.",
        "Parameters": {"TableName": _table_parameter(request.table)},
        "Resources": {
            "Role": {"Type": "AWS::IAM::Role", "Properties": role},
            "Policy": {"Type": "AWS::IAM::ManagedPolicy", "Properties": policy},
            "InstanceProfile": {
                "Type": "AWS::IAM::InstanceProfile",
                "Properties": instance_profile,
            },
        },
        "Outputs": {
            "InstanceProfileArn": {
                "Description": "For an instance's IamInstanceProfile.",
                "Value": {"Fn::GetAtt": ["InstanceProfile", "Arn"]},
            }
        },
    }


def _table_parameter(table: str) -> dict[str, str]:
    return {
        "Type": "String",
        "Default": table,
        "AllowedPattern": "[a-zA-Z0-9_.-]{3,255}",
        "Description": "The table, which exists already.",
    }


def _substituted(part: Any) -> Any:
    """The same, its pseudo parameters and parameters left to CloudFormation to fill in."""
    if isinstance(part, dict):
        return {name: _substituted(value) for name, value in part.items()}
    if isinstance(part, list):
        return [_substituted(member) for member in part]
    return {"Fn::Sub": part} if "${" in part else part
