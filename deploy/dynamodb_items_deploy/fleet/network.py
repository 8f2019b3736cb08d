"""Who may connect to whom, and the way to DynamoDB.

https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-ddb.html
"""

from dynamodb_items_deploy.fleet.intrinsics import Resources, attribute, if_, ref, substituted

PORT = 8000
"""The port of the unit ``items.service``."""
LISTENER_PORT = if_("HasCertificate", 443, 80)


def network() -> Resources:
    """Return security groups and gateway endpoint: clients, load balancer, instances, DynamoDB."""
    return {
        "LoadBalancerSecurityGroup": {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {
                "GroupDescription": "Load balancer of the items service",
                "VpcId": ref("VpcId"),
                "SecurityGroupIngress": [
                    {
                        "Description": "Clients",
                        "IpProtocol": "tcp",
                        "FromPort": LISTENER_PORT,
                        "ToPort": LISTENER_PORT,
                        "CidrIp": ref("ClientCidr"),
                    }
                ],
            },
        },
        "InstanceSecurityGroup": {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {
                "GroupDescription": "Instances of the items service",
                "VpcId": ref("VpcId"),
                # A client that reached an instance directly could forge X-Forwarded-For.
                "SecurityGroupIngress": [
                    {
                        "Description": "Load balancer",
                        "IpProtocol": "tcp",
                        "FromPort": PORT,
                        "ToPort": PORT,
                        "SourceSecurityGroupId": attribute("LoadBalancerSecurityGroup", "GroupId"),
                    }
                ],
            },
        },
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
