"""The permitted connections: security groups, and the gateway endpoint of DynamoDB.

https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-ddb.html
"""

from collections.abc import Mapping
from typing import Any

from dynamodb_items_deploy.fleet.intrinsics import Resources, attribute, if_, ref, substituted

PORT = 8000
"""The port of the unit ``items.service``."""
LISTENER_PORT = if_("HasCertificate", 443, 80)


def network() -> Resources:
    """Return the security groups of load balancer and instances, and the gateway endpoint."""
    return {
        "LoadBalancerSecurityGroup": _security_group(
            "Load balancer of the items service",
            LISTENER_PORT,
            {"Description": "Clients", "CidrIp": ref("ClientCidr")},
        ),
        # A client that reached an instance directly could forge X-Forwarded-For.
        "InstanceSecurityGroup": _security_group(
            "Instances of the items service",
            PORT,
            {
                "Description": "Load balancer",
                "SourceSecurityGroupId": attribute("LoadBalancerSecurityGroup", "GroupId"),
            },
        ),
        "DynamoDBEndpoint": {
            "Type": "AWS::EC2::VPCEndpoint",
            "Condition": "HasRouteTables",
            "Properties": {
                "VpcEndpointType": "Gateway",
                "ServiceName": substituted("com.amazonaws.${AWS::Region}.dynamodb"),
                "VpcId": ref("VpcId"),
                "RouteTableIds": ref("RouteTables"),
            },
        },
    }


def _security_group(description: str, port: Any, source: Mapping[str, Any]) -> dict[str, Any]:
    """Return a security group that accepts connections to one port, from one source."""
    return {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {
            "GroupDescription": description,
            "VpcId": ref("VpcId"),
            "SecurityGroupIngress": [
                {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **source}
            ],
        },
    }
