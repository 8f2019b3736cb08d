"""The load balancer, its listener and its target group.

The times agree with those of the service: docs/fleet.md.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
"""

from collections.abc import Mapping
from typing import Any

from dynamodb_items_deploy.fleet.intrinsics import NO_VALUE, Resources, attribute, if_, ref
from dynamodb_items_deploy.fleet.network import LISTENER_PORT, PORT

# Below the 75 seconds for which the service keeps an idle connection.
_IDLE_SECONDS = 60
# More than ITEMS_DEADLINE_SECONDS, so that requests in progress get their responses.
DEREGISTRATION_SECONDS = 30
_CHECK_SECONDS = 5
_TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"


def load_balancer() -> Resources:
    """Return load balancer, target group and listener."""
    return {
        "LoadBalancer": {
            "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "Properties": {
                "Type": "application",
                "Scheme": ref("Scheme"),
                "Subnets": ref("LoadBalancerSubnets"),
                "SecurityGroups": [attribute("LoadBalancerSecurityGroup", "GroupId")],
                "LoadBalancerAttributes": _attributes(
                    {
                        "idle_timeout.timeout_seconds": str(_IDLE_SECONDS),
                        "routing.http.drop_invalid_header_fields.enabled": "true",
                    }
                ),
            },
        },
        "TargetGroup": _target_group(),
        "Listener": {
            "Type": "AWS::ElasticLoadBalancingV2::Listener",
            "Properties": {
                "LoadBalancerArn": ref("LoadBalancer"),
                "Port": LISTENER_PORT,
                "Protocol": if_("HasCertificate", "HTTPS", "HTTP"),
                "Certificates": if_(
                    "HasCertificate", [{"CertificateArn": ref("CertificateArn")}], NO_VALUE
                ),
                "SslPolicy": if_("HasCertificate", _TLS_POLICY, NO_VALUE),
                "DefaultActions": [{"Type": "forward", "TargetGroupArn": ref("TargetGroup")}],
            },
        },
    }


def _target_group() -> dict[str, Any]:
    """Return the target group, with the health check of its instances."""
    return {
        "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
        "Properties": {
            "VpcId": ref("VpcId"),
            "TargetType": "instance",
            "Protocol": "HTTP",
            "Port": PORT,
            "HealthCheckPath": "/ready",
            "HealthCheckIntervalSeconds": _CHECK_SECONDS,
            "HealthCheckTimeoutSeconds": 2,
            "HealthyThresholdCount": 2,
            "UnhealthyThresholdCount": 2,
            "Matcher": {"HttpCode": "200"},
            "TargetGroupAttributes": _attributes(
                {
                    "deregistration_delay.timeout_seconds": str(DEREGISTRATION_SECONDS),
                    # A slow instance gets fewer requests than the others, not as many.
                    "load_balancing.algorithm.type": "least_outstanding_requests",
                }
            ),
        },
    }


def _attributes(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": name, "Value": value} for name, value in values.items()]
