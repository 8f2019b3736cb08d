"""The instances: launch template, auto scaling group and scaling.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html
"""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from dynamodb_items_deploy.fleet.intrinsics import (
    Resources,
    attribute,
    if_,
    joined,
    ref,
    substituted,
)

GROUP = "Instances"
"""The logical name of the auto scaling group, which each instance signals."""
# What AWS advises to suspend during a rolling update: nothing else then starts or ends instances.
_SUSPENDED = (
    *("HealthCheck", "ReplaceUnhealthy", "AZRebalance"),
    *("AlarmNotification", "ScheduledActions", "InstanceRefresh"),
)
_START_SECONDS = 300
_BEGIN = "\nRELEASE_URL="
_END = "# --- Nothing below has to be set. ---\n"


def instances(settings: Mapping[str, str]) -> Resources:
    """Return the resources that start instances, replace them one by one, and scale them."""
    return {
        "LaunchTemplate": {
            "Type": "AWS::EC2::LaunchTemplate",
            "Properties": {"LaunchTemplateData": _launch(settings)},
        },
        GROUP: _group(),
        "Scaling": {
            "Type": "AWS::AutoScaling::ScalingPolicy",
            "Properties": {
                "AutoScalingGroupName": ref(GROUP),
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingConfiguration": {
                    "PredefinedMetricSpecification": {
                        "PredefinedMetricType": "ASGAverageCPUUtilization"
                    },
                    "TargetValue": ref("CpuPercent"),
                },
            },
        },
    }


def _group() -> dict[str, Any]:
    """Return the auto scaling group."""
    return {
        "Type": "AWS::AutoScaling::AutoScalingGroup",
        # A target group without a listener has no health checks.
        "DependsOn": ["Listener", "Policy", "LogPolicy"],
        "CreationPolicy": {
            "ResourceSignal": {"Count": ref("MinSize"), "Timeout": "PT15M"},
        },
        "UpdatePolicy": {
            "AutoScalingRollingUpdate": {
                "MinInstancesInService": ref("MinSize"),
                "MaxBatchSize": 1,
                "WaitOnResourceSignals": True,
                "PauseTime": "PT15M",
                "SuspendProcesses": list(_SUSPENDED),
            }
        },
        "Properties": {
            "MinSize": ref("MinSize"),
            "MaxSize": ref("MaxSize"),
            "VPCZoneIdentifier": ref("InstanceSubnets"),
            "TargetGroupARNs": [ref("TargetGroup")],
            # Safe, since /ready reports only what concerns the instance itself.
            "HealthCheckType": "ELB",
            "HealthCheckGracePeriod": _START_SECONDS,
            "DefaultInstanceWarmup": 120,
            "LaunchTemplate": {
                "LaunchTemplateId": ref("LaunchTemplate"),
                "Version": attribute("LaunchTemplate", "LatestVersionNumber"),
            },
            "Tags": [{"Key": "Name", "Value": ref("AWS::StackName"), "PropagateAtLaunch": True}],
        },
    }


def _launch(settings: Mapping[str, str]) -> dict[str, Any]:
    return {
        "ImageId": ref("ImageId"),
        "InstanceType": ref("InstanceType"),
        "IamInstanceProfile": {"Arn": attribute("InstanceProfile", "Arn")},
        "SecurityGroupIds": [attribute("InstanceSecurityGroup", "GroupId")],
        "MetadataOptions": {
            "HttpEndpoint": "enabled",
            "HttpTokens": "required",
            "HttpPutResponseHopLimit": 1,
        },
        "BlockDeviceMappings": [
            {
                "DeviceName": "/dev/xvda",
                "Ebs": {"VolumeSize": 8, "VolumeType": "gp3", "Encrypted": True},
            }
        ],
        "UserData": {"Fn::Base64": joined(_user_data(settings))},
    }


def _address(parameter: str) -> dict[str, Any]:
    """Return the address of the archive that a parameter names."""
    in_bucket = substituted(f"s3://${{ReleaseBucket}}/${{{parameter}}}")
    return if_("HasReleaseBucket", in_bucket, ref(parameter))


def _user_data(settings: Mapping[str, str]) -> list[Any]:
    """Return the parts of the shipped script, its values replaced by parameters."""
    script = files(__package__).joinpath("user-data.sh").read_text("utf-8")
    heading, _, rest = script.partition(_BEGIN)
    _, marker, commands = rest.partition(_END)
    values = {
        "RELEASE_URL": _address("Release"),
        "RELEASE_SHA256": ref("ReleaseSha256"),
        "FILES_URL": if_("HasFiles", _address("Files"), ""),
        "FILES_SHA256": ref("FilesSha256"),
        "REGION": ref("AWS::Region"),
        "SETTINGS_SECRET": if_("HasSettingsSecret", ref("SettingsSecretArn"), ""),
        "API_KEYS_SECRET": if_("HasApiKeysSecret", ref("ApiKeysSecretArn"), ""),
        "LOG_GROUP": ref("LogGroup"),
        "STACK": ref("AWS::StackName"),
        "RESOURCE": GROUP,
    }
    parts: list[Any] = [heading, "\n"]
    for name, value in values.items():
        parts += [f"{name}='", value, "'\n"]
    lines = "\n".join(f"{name}={value}" for name, value in settings.items())
    parts += ["SETTINGS='ITEMS_TABLE=", ref("TableName"), "\nAWS_REGION=", ref("AWS::Region")]
    return [*parts, f"\n{lines}'\n{marker}{commands}"]
