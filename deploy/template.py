"""The same stack as a CloudFormation template.

CloudFormation can give a profile to an instance that it launches, and to no other: associating
and the metadata options stay with the instance's own template, or with ``apply``.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html
"""

from typing import Any

from deploy.documents import key_statement, policy_document, trust_document
from deploy.ownership import OWNER_TAG, as_tag_list
from deploy.stack import Request

TABLE_ARN = {
    "Fn::Sub": "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${TableName}"
}
EC2_PRINCIPAL = {"Fn::Sub": "ec2.${AWS::URLSuffix}"}
DYNAMODB_HOST = {"Fn::Sub": "dynamodb.${AWS::Region}.${AWS::URLSuffix}"}


def template(request: Request) -> dict[str, Any]:
    """Policy, role and instance profile, for any partition, account and region."""
    # The pseudo parameters stand where apply has the account's own values.
    statement: Any = (
        key_statement(request.kms_key, DYNAMODB_HOST)  # type: ignore[arg-type]
        if request.kms_key
        else None
    )
    policy = policy_document(TABLE_ARN, request.operations, statement)  # type: ignore[arg-type]
    trust = trust_document(EC2_PRINCIPAL)  # type: ignore[arg-type]
    role: dict[str, Any] = {
        "RoleName": request.role_name,
        "Path": request.path,
        "Description": "Lets EC2 instances serve the items of one DynamoDB table.",
        "AssumeRolePolicyDocument": trust,
        "ManagedPolicyArns": [{"Ref": "Policy"}],
        "Tags": [
            *as_tag_list(dict(request.tags)),
            {"Key": OWNER_TAG, "Value": TABLE_ARN},
        ],
    }
    if request.permissions_boundary:
        role["PermissionsBoundary"] = request.permissions_boundary
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "A role by which EC2 instances serve the items of one DynamoDB table.",
        "Parameters": {
            "TableName": {
                "Type": "String",
                "Default": request.table,
                "AllowedPattern": "[a-zA-Z0-9_.-]{3,255}",
                "Description": "The table, which exists already.",
            }
        },
        "Resources": {
            "Policy": {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {
                    "ManagedPolicyName": request.policy_name,
                    "Path": request.path,
                    "Description": "What the items service may do with its table.",
                    "PolicyDocument": policy,
                },
            },
            "Role": {"Type": "AWS::IAM::Role", "Properties": role},
            "InstanceProfile": {
                "Type": "AWS::IAM::InstanceProfile",
                "Properties": {
                    "InstanceProfileName": request.instance_profile_name,
                    "Path": request.path,
                    "Roles": [{"Ref": "Role"}],
                },
            },
        },
        "Outputs": {
            "InstanceProfileArn": {
                "Description": "For an instance's IamInstanceProfile.",
                "Value": {"Fn::GetAtt": ["InstanceProfile", "Arn"]},
            }
        },
    }
