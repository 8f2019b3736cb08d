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
    """Return the inline policies of the instances' role; all but the first have a condition."""
    release = _in_bucket("Release")
    read_secret = ["secretsmanager:GetSecretValue"]
    return {
        "LogPolicy": _policy(
            "Log", ["logs:CreateLogStream", "logs:PutLogEvents"], attribute("LogGroup", "Arn")
        ),
        "ReleasePolicy": _policy(
            "Release",
            ["s3:GetObject"],
            if_("HasFiles", [release, _in_bucket("Files")], release),
        )
        | {"Condition": "HasReleaseBucket"},
        "SettingsPolicy": _policy("Settings", read_secret, ref("SettingsSecretArn"))
        | {"Condition": "HasSettingsSecret"},
        "ApiKeysPolicy": _policy("ApiKeys", read_secret, ref("ApiKeysSecretArn"))
        | {"Condition": "HasApiKeysSecret"},
    }


def _in_bucket(key: str) -> dict[str, str]:
    return substituted(f"arn:${{AWS::Partition}}:s3:::${{ReleaseBucket}}/${{{key}}}")


def _policy(name: str, actions: list[str], resource: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": actions, "Resource": resource}
    return {
        "Type": "AWS::IAM::Policy",
        "Properties": {
            "PolicyName": name,
            "PolicyDocument": {"Version": POLICY_LANGUAGE_VERSION, "Statement": [statement]},
            "Roles": [ref("Role")],
        },
    }
