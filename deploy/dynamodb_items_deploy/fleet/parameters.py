"""What an operator chooses for each stack, and the conditions that follow from it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

from typing import Any

from dynamodb_items_deploy.fleet.intrinsics import is_set, ref

_AMI = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
# An optional parameter is an empty text.
_OPTIONAL_SECRET = {
    "Type": "String",
    "Default": "",
    "AllowedPattern": r"(arn:[\w-]+:secretsmanager:[\w-]+:\d{12}:secret:[\w/+=.@-]+)?",
}

MOST_MIN_SIZE = 20
"""The largest MinSize; rules.py compares it with MaxSize, for which it has to name each value."""

PARAMETERS: dict[str, dict[str, Any]] = {
    "VpcId": {"Type": "AWS::EC2::VPC::Id", "Description": "VPC of the fleet."},
    "LoadBalancerSubnets": {
        "Type": "List<AWS::EC2::Subnet::Id>",
        "Description": "Subnets of the load balancer in two availability zones or more; public "
        "ones for the scheme internet-facing.",
    },
    "InstanceSubnets": {
        "Type": "List<AWS::EC2::Subnet::Id>",
        "Description": "Subnets of the instances in two availability zones or more; they need a "
        "route to the package repository, S3, CloudFormation and CloudWatch Logs.",
    },
    "RouteTables": {
        "Type": "CommaDelimitedList",
        "Description": "Route tables of InstanceSubnets, which get a gateway endpoint for "
        "DynamoDB; empty if the VPC has one.",
    },
    "Scheme": {
        "Type": "String",
        "Default": "internal",
        "AllowedValues": ["internal", "internet-facing"],
        "Description": "Whether the load balancer has public addresses.",
    },
    "ClientCidr": {
        "Type": "String",
        "AllowedPattern": r"\d{1,3}(\.\d{1,3}){3}/\d{1,2}",
        "Description": "Addresses that may connect to the load balancer, such as 10.0.0.0/8.",
    },
    "CertificateArn": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": r"(arn:[\w-]+:(acm|iam):.+)?",
        "Description": "Certificate of the HTTPS listener; without one the listener is HTTP.",
    },
    "ReleaseBucket": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": "[a-z0-9.-]{0,63}",
        "Description": "S3 bucket of the release archive; empty if Release is an HTTPS address.",
    },
    "Release": {
        "Type": "String",
        "AllowedPattern": r"[\w/:.!*()?=&%~+-]+",
        "Description": "Release archive: its key in ReleaseBucket, or an address https://….",
    },
    "ReleaseSha256": {
        "Type": "String",
        "AllowedPattern": "[0-9a-f]{64}",
        "Description": "SHA-256 checksum of the release archive, from SHA256SUMS.",
    },
    "Files": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": r"[\w/:.!*()?=&%~+-]*",
        "Description": "Archive (.tar.gz) of the files that settings name, which are not secret: "
        "its key in ReleaseBucket, or an address https://…; may be empty.",
    },
    "FilesSha256": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": "([0-9a-f]{64})?",
        "Description": "SHA-256 checksum of Files.",
    },
    "ImageId": {
        "Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>",
        "Default": _AMI,
        "Description": "Parameter with the image of Amazon Linux 2023, for the architecture of "
        "InstanceType.",
    },
    "InstanceType": {
        "Type": "String",
        "Default": "t4g.small",
        "AllowedPattern": r"[a-z0-9-]+\.[a-z0-9-]+",
        "Description": "Type of the instances.",
    },
    "MinSize": {
        "Type": "Number",
        "Default": 2,
        "MinValue": 1,
        "MaxValue": MOST_MIN_SIZE,
        "Description": "Instances that always run; a rolling update keeps that many in service.",
    },
    "MaxSize": {
        "Type": "Number",
        "Default": 6,
        "MinValue": 2,
        "Description": "Most instances; more than MinSize, so that an update can add one.",
    },
    "CpuPercent": {
        "Type": "Number",
        "Default": 50,
        "MinValue": 10,
        "MaxValue": 90,
        "Description": "Average processor use that scaling keeps.",
    },
    "SettingsSecretArn": _OPTIONAL_SECRET
    | {"Description": "Secret with more lines of settings, NAME=value; may be empty."},
    "ApiKeysSecretArn": _OPTIONAL_SECRET
    | {"Description": "Secret with the file of API keys, for ITEMS_AUTH=api-key."},
    "LogDays": {
        "Type": "Number",
        "Default": 30,
        "AllowedValues": [1, 3, 5, 7, 14, 30, 60, 90, 180, 365],
        "Description": "Days that CloudWatch Logs keeps the log.",
    },
    "ErrorsPerMinute": {
        "Type": "Number",
        "Default": 5,
        "MinValue": 1,
        "Description": "Responses with a status of 500 or above in a minute that raise an alarm.",
    },
    "AlarmTopicArn": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": r"(arn:[\w-]+:sns:.+)?",
        "Description": "SNS topic that the alarms notify; may be empty.",
    },
}


CONDITIONS: dict[str, Any] = {
    "HasCertificate": is_set(ref("CertificateArn")),
    "HasRouteTables": is_set({"Fn::Select": [0, ref("RouteTables")]}),
    "HasAlarmTopic": is_set(ref("AlarmTopicArn")),
    "HasSettingsSecret": is_set(ref("SettingsSecretArn")),
    "HasApiKeysSecret": is_set(ref("ApiKeysSecretArn")),
    "HasReleaseBucket": is_set(ref("ReleaseBucket")),
    "HasFiles": is_set(ref("Files")),
}
