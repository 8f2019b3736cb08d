"""What an instance may do in addition to the service: fetch its release and secrets, send its log.

The policy of the service itself allows only calls to the table.
"""

from typing import Any

from dynamodb_items_deploy.fleet.intrinsics import (
    Resources,
    attribute,
    if_,
    ref,
    substituted,
)
from dynamodb_items_deploy.planning.documents import POLICY_LANGUAGE_VERSION


def instance_policies() -> Resources:
    """Return the policies of the instances' role; all but the first have a condition.

    During an update, instances start with the former archives and secrets until all have been
    replaced. So a policy that names others takes its place only after the update: CloudFormation
    replaces a managed policy whose description has changed, and deletes the former one at the end.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-managedpolicy.html
    """
    release = _in_bucket("Release")
    log = ["logs:CreateLogStream", "logs:PutLogEvents"]
    return {
        "LogPolicy": {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "PolicyName": "Log",
                **_allowing(log, attribute("LogGroup", "Arn")),
            },
        },
        "ReleaseAccess": _replaced(
            "HasReleaseBucket",
            substituted("${Release} ${Files} in ${ReleaseBucket}"),
            "s3:GetObject",
            if_("HasFiles", [release, _in_bucket("Files")], release),
        ),
        "SettingsAccess": _secret("Settings"),
        "ApiKeysAccess": _secret("ApiKeys"),
    }


def _secret(name: str) -> dict[str, Any]:
    arn = ref(f"{name}SecretArn")
    return _replaced(f"Has{name}Secret", arn, "secretsmanager:GetSecretValue", arn)


def _in_bucket(key: str) -> dict[str, str]:
    return substituted(f"arn:${{AWS::Partition}}:s3:::${{ReleaseBucket}}/${{{key}}}")


def _replaced(condition: str, description: Any, action: str, resource: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Condition": condition,
        "Properties": {"Description": description, **_allowing([action], resource)},
    }


def _allowing(actions: list[str], resource: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": actions, "Resource": resource}
    document = {"Version": POLICY_LANGUAGE_VERSION, "Statement": [statement]}
    return {"PolicyDocument": document, "Roles": [ref("Role")]}
