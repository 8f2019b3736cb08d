"""The log group, and alarms for what an operator has to see.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
"""

from typing import Any

from dynamodb_items_deploy.fleet.intrinsics import (
    NO_VALUE,
    Resources,
    attribute,
    if_,
    ref,
    substituted,
)

_LOAD_BALANCER = {"LoadBalancer": attribute("LoadBalancer", "LoadBalancerFullName")}
_TARGETS = {"TargetGroup": attribute("TargetGroup", "TargetGroupFullName"), **_LOAD_BALANCER}
_TABLE = {"TableName": ref("TableName")}
ALARMS: dict[str, dict[str, Any]] = {
    "UnhealthyHosts": {
        "AlarmDescription": "An instance fails its health check at /ready.",
        "Namespace": "AWS/ApplicationELB",
        "MetricName": "UnHealthyHostCount",
        "Dimensions": _TARGETS,
        "Statistic": "Maximum",
        "Threshold": 1,
    },
    "ServiceErrors": {
        "AlarmDescription": "The service returns statuses of 500 and above.",
        "Namespace": "AWS/ApplicationELB",
        "MetricName": "HTTPCode_Target_5XX_Count",
        "Dimensions": _LOAD_BALANCER,
        "Statistic": "Sum",
        "Threshold": ref("ErrorsPerMinute"),
    },
    "LoadBalancerErrors": {
        "AlarmDescription": "The load balancer returns statuses of 500 and above of its own: no "
        "instance is healthy, or one does not respond.",
        "Namespace": "AWS/ApplicationELB",
        "MetricName": "HTTPCode_ELB_5XX_Count",
        "Dimensions": _LOAD_BALANCER,
        "Statistic": "Sum",
        "Threshold": ref("ErrorsPerMinute"),
    },
    "ThrottledReads": {
        "AlarmDescription": "DynamoDB throttles reads of the table.",
        "Namespace": "AWS/DynamoDB",
        "MetricName": "ReadThrottleEvents",
        "Dimensions": _TABLE,
        "Statistic": "Sum",
        "Threshold": 1,
    },
    "ThrottledWrites": {
        "AlarmDescription": "DynamoDB throttles writes to the table.",
        "Namespace": "AWS/DynamoDB",
        "MetricName": "WriteThrottleEvents",
        "Dimensions": _TABLE,
        "Statistic": "Sum",
        "Threshold": 1,
    },
}
"""What each alarm measures, by the alarm's logical name."""


def log_and_alarms(*, is_table_here: bool) -> Resources:
    """Return the log group of the instances, and the alarms.

    The metrics of a table are in its own account and region, and so are not those of the stack
    where the table is named by its ARN.
    """
    return {
        "LogGroup": {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "LogGroupName": substituted("/dynamodb-items/${AWS::StackName}"),
                "RetentionInDays": ref("LogDays"),
            },
        },
        **{
            name: _alarm(measured)
            for name, measured in ALARMS.items()
            if is_table_here or measured["Dimensions"] is not _TABLE
        },
    }


def _alarm(measured: dict[str, Any]) -> dict[str, Any]:
    """Return an alarm for what holds in three of five minutes."""
    topic = if_("HasAlarmTopic", [ref("AlarmTopicArn")], NO_VALUE)
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            **measured,
            "Dimensions": [
                {"Name": name, "Value": value} for name, value in measured["Dimensions"].items()
            ],
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Period": 60,
            "EvaluationPeriods": 5,
            "DatapointsToAlarm": 3,
            "TreatMissingData": "notBreaching",
            "AlarmActions": topic,
            "OKActions": topic,
        },
    }
