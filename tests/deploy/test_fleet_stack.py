"""Stacks of the fleet's template, created, updated and deleted on both engines.

ministack makes every resource and starts no instances; moto starts and registers instances, and
ignores scaling policy, alarms and target group attributes.
"""

import time
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError
from dynamodb_items_deploy.fleet import alarms

from tests.conftest import environment
from tests.deploy.conftest import cached_client
from tests.engines import REGION, ministack

FLEET = ("render", "cloudformation", "--fleet", "--setting", "ITEMS_AUTH=none")
ROLE = "EC2RoleToAccessDynamoDBTable"


IMAGE = "/images/al2023"


def listed(value):
    return [value] if isinstance(value, str) else value


class Made:
    """What a stack of the fleet's template has made on one engine."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        # No engine has all of AWS's public parameters with the newest images.
        self.client("ssm").put_parameter(Name=IMAGE, Value="ami-12c6146b", Type="String")

    def client(self, service: str):
        return cached_client(self.endpoint, service)

    def target_group(self):
        return self.client("elbv2").describe_target_groups()["TargetGroups"][0]

    def listener(self):
        (balancer,) = self.client("elbv2").describe_load_balancers()["LoadBalancers"]
        arn = balancer["LoadBalancerArn"]
        return self.client("elbv2").describe_listeners(LoadBalancerArn=arn)["Listeners"][0]

    def group(self):
        groups = self.client("autoscaling").describe_auto_scaling_groups()
        return groups["AutoScalingGroups"][0]

    def launched(self):
        template = self.group()["LaunchTemplate"]
        (version,) = self.client("ec2").describe_launch_template_versions(
            LaunchTemplateId=template["LaunchTemplateId"], Versions=[template["Version"]]
        )["LaunchTemplateVersions"]
        return version["LaunchTemplateData"]

    def allowed(self):
        """Return the resources that the instances may use in addition to the table, by action."""
        iam = self.client("iam")
        documents = [
            iam.get_role_policy(RoleName=ROLE, PolicyName=name)["PolicyDocument"]
            for name in iam.list_role_policies(RoleName=ROLE)["PolicyNames"]
        ]
        for policy in iam.list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"]:
            arn = policy["PolicyArn"]
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            found = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
            documents.append(found["Document"])
        allowed = {}
        for document in documents:
            for statement in document["Statement"]:
                for action in listed(statement["Action"]):
                    allowed.setdefault(action, []).extend(listed(statement["Resource"]))
        return {
            action: sorted(resources)
            for action, resources in allowed.items()
            if not action.startswith("dynamodb:")
        }

    def left(self):
        """Return what costs money or has a name."""
        ec2, elbv2 = self.client("ec2"), self.client("elbv2")
        return [
            *elbv2.describe_load_balancers()["LoadBalancers"],
            *self.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"],
            *ec2.describe_launch_templates()["LaunchTemplates"],
            *ec2.describe_vpc_endpoints()["VpcEndpoints"],
            *self.client("logs").describe_log_groups()["logGroups"],
            *[r for r in self.client("iam").list_roles()["Roles"] if r["RoleName"] == ROLE],
        ]


class Fleet(Made):
    """A stack of the fleet's template in a network of its own."""

    def __init__(self, endpoint: str, body: str) -> None:
        super().__init__(endpoint)
        self.body = body
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone=f"{REGION}{zone}"
            )["Subnet"]["SubnetId"]
            for number, zone in enumerate("ab")
        ]
        found = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
        self.parameters = {
            "VpcId": vpc,
            "LoadBalancerSubnets": ",".join(subnets),
            "InstanceSubnets": ",".join(subnets),
            "RouteTables": found["RouteTables"][0]["RouteTableId"],
            "ClientCidr": "10.0.0.0/8",
            "ReleaseBucket": "artefacts",
            "Release": "items/release.tar.gz",
            "ReleaseSha256": "a" * 64,
            "ImageId": IMAGE,
        }

    def status(self) -> str:
        """Return the status of the stack once it is final."""
        until = time.monotonic() + 60
        while True:
            stacks = self.client("cloudformation").describe_stacks(StackName=self.id)["Stacks"]
            if not stacks[0]["StackStatus"].endswith("IN_PROGRESS"):
                return stacks[0]["StackStatus"]
            assert time.monotonic() < until
            time.sleep(0.1)

    def _arguments(self):
        return {
            "StackName": "items",
            "TemplateBody": self.body,
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "Parameters": [
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in self.parameters.items()
            ],
        }

    def create(self) -> str:
        self.id = self.client("cloudformation").create_stack(**self._arguments())["StackId"]
        return self.status()

    def update(self, **parameters: str) -> str:
        self.parameters |= parameters
        self.client("cloudformation").update_stack(**self._arguments())
        return self.status()

    def policies(self) -> dict[str, str]:
        """Return the identifiers of the policies by their logical names."""
        found = self.client("cloudformation").describe_stack_resources(StackName=self.id)
        return {
            one["LogicalResourceId"]: one["PhysicalResourceId"]
            for one in found["StackResources"]
            if one["LogicalResourceId"].endswith("Access")
        }

    def delete(self) -> str:
        self.client("cloudformation").delete_stack(StackName=self.id)
        return self.status()


def test_ministack_rejects_parameters_that_do_not_belong_together(run):
    """moto does not evaluate rules."""
    body = run(*FLEET, "--setting=ITEMS_SCHEMA=/etc/dynamodb-items/customer.json").out
    files = {"Files": "files.tar.gz", "FilesSha256": "b" * 64}
    with ministack() as endpoint, environment():
        fleet = Fleet(endpoint, body)
        for wrong, message in (
            ({}, "The settings ITEMS_SCHEMA name a file in /etc/dynamodb-items: set Files."),
            ({**files, "FilesSha256": ""}, "Files needs FilesSha256."),
            ({**files, "MinSize": "6"}, "MaxSize must be more than MinSize"),
            ({**files, "MinSize": "3", "MaxSize": "2"}, "MaxSize must be more than MinSize"),
            ({**files, "MinSize": "21", "MaxSize": "22"}, "MinSize"),
        ):
            with changed(fleet.parameters, wrong), pytest.raises(ClientError, match=message):
                fleet.create()
        with changed(fleet.parameters, {**files, "MinSize": "5"}):
            assert fleet.create() == "CREATE_COMPLETE"
        assert fleet.group()["MinSize"] == 5
        assert fleet.allowed()["s3:GetObject"] == [
            "arn:aws:s3:::artefacts/files.tar.gz",
            "arn:aws:s3:::artefacts/items/release.tar.gz",
        ]


@contextmanager
def changed(parameters, changes):
    before = dict(parameters)
    parameters |= changes
    try:
        yield
    finally:
        parameters.clear()
        parameters |= before


def check_created(fleet: Fleet) -> None:
    target_group = fleet.target_group()
    assert target_group["HealthCheckPath"] == "/ready"
    assert target_group["HealthCheckIntervalSeconds"] == 5
    assert fleet.listener()["Protocol"] == "HTTP"
    group = fleet.group()
    assert (group["MinSize"], group["MaxSize"], group["HealthCheckType"]) == (2, 6, "ELB")
    launched = fleet.launched()
    assert launched["MetadataOptions"]["HttpTokens"] == "required"
    assert f"instance-profile/{ROLE}" in launched["IamInstanceProfile"]["Arn"]
    (endpoint,) = fleet.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    assert endpoint["ServiceName"] == f"com.amazonaws.{REGION}.dynamodb"
    (group,) = fleet.client("logs").describe_log_groups()["logGroups"]
    assert group["retentionInDays"] == 30
    allowed = fleet.allowed()
    assert allowed.keys() == {"logs:CreateLogStream", "logs:PutLogEvents", "s3:GetObject"}
    assert allowed["s3:GetObject"] == ["arn:aws:s3:::artefacts/items/release.tar.gz"]


def check_updated(fleet: Fleet) -> None:
    assert fleet.listener()["Protocol"] == "HTTPS"
    assert fleet.listener()["Port"] == 443
    assert fleet.group()["MaxSize"] == 8
    assert fleet.group()["LaunchTemplate"]["Version"] == "2"


def updated(fleet: Fleet) -> str:
    """Update to another release, HTTPS and more instances."""
    certificate = fleet.client("acm").request_certificate(DomainName="example.com")
    return fleet.update(
        ReleaseBucket="",
        Release="https://example.com/next.tar.gz",
        CertificateArn=certificate["CertificateArn"],
        MaxSize="8",
    )


def test_ministack_creates_updates_and_deletes_the_fleet(run):
    body = run(*FLEET, "--tag=team=shop").out
    with ministack() as endpoint, environment():
        fleet = Fleet(endpoint, body)
        assert fleet.create() == "CREATE_COMPLETE"
        check_created(fleet)
        arn = fleet.target_group()["TargetGroupArn"]
        found = fleet.client("elbv2").describe_target_group_attributes(TargetGroupArn=arn)
        attributes = {pair["Key"]: pair["Value"] for pair in found["Attributes"]}
        assert attributes["load_balancing.algorithm.type"] == "least_outstanding_requests"
        assert attributes["deregistration_delay.timeout_seconds"] == "30"
        found = fleet.client("cloudwatch").describe_alarms()["MetricAlarms"]
        made = {alarm["AlarmName"].split("-")[1] for alarm in found}
        assert made >= set(alarms.ALARMS)
        (policy,) = fleet.client("autoscaling").describe_policies()["ScalingPolicies"]
        assert policy["TargetTrackingConfiguration"]["TargetValue"] == 50
        assert updated(fleet) == "UPDATE_COMPLETE"
        check_updated(fleet)
        assert fleet.delete() == "DELETE_COMPLETE"
        assert fleet.left() == []


def test_a_policy_that_allows_something_else_replaces_the_former_one(run):
    """So the former one stays until the update has replaced all instances, which may start again.

    CloudFormation deletes what it has replaced at the end of an update.
    """
    secret = "arn:aws:secretsmanager:us-east-2:123456789012:secret:items-Ab12C"
    buckets = "arn:aws:s3:::"
    with ministack() as endpoint, environment():
        fleet = Fleet(endpoint, run(*FLEET).out)
        fleet.parameters |= {"SettingsSecretArn": f"{secret}d", "ApiKeysSecretArn": f"{secret}e"}
        assert fleet.create() == "CREATE_COMPLETE"
        for changes, replaced in (
            ({"Release": "new.tar.gz"}, {"ReleaseAccess"}),
            ({"ReleaseBucket": "others"}, {"ReleaseAccess"}),
            ({"Files": "files.tar.gz", "FilesSha256": "b" * 64}, {"ReleaseAccess"}),
            ({"SettingsSecretArn": f"{secret}f"}, {"SettingsAccess"}),
            ({"ApiKeysSecretArn": f"{secret}g"}, {"ApiKeysAccess"}),
        ):
            before = fleet.policies()
            assert fleet.update(**changes) == "UPDATE_COMPLETE"
            after = fleet.policies()
            assert {name for name in before if before[name] != after[name]} == replaced
        allowed = fleet.allowed()
    assert allowed["s3:GetObject"] == [
        f"{buckets}others/files.tar.gz",
        f"{buckets}others/new.tar.gz",
    ]
    assert allowed["secretsmanager:GetSecretValue"] == [f"{secret}f", f"{secret}g"]


def test_moto_starts_instances_and_registers_them(cloud, run):
    fleet = Fleet(cloud.endpoint, run(*FLEET).out)
    before = {instance["InstanceId"] for instance in instances(fleet)}
    assert fleet.create() == "CREATE_COMPLETE"
    check_created(fleet)
    started = [one for one in instances(fleet) if one["InstanceId"] not in before]
    assert fleet.group()["AvailabilityZones"] == [f"{REGION}a", f"{REGION}b"]
    arn = fleet.target_group()["TargetGroupArn"]
    health = fleet.client("elbv2").describe_target_health(TargetGroupArn=arn)
    targets = {one["Target"]["Id"] for one in health["TargetHealthDescriptions"]}
    assert targets == {one["InstanceId"] for one in started}
    assert updated(fleet) == "UPDATE_COMPLETE"
    check_updated(fleet)
    # moto does not detach what a stack has attached.
    policies = fleet.client("iam").list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"]
    for policy in policies:
        fleet.client("iam").detach_role_policy(RoleName=ROLE, PolicyArn=policy["PolicyArn"])
    assert fleet.delete() == "DELETE_COMPLETE"
    # Nor does it delete gateway endpoints.
    assert [one for one in fleet.left() if "VpcEndpointId" not in one] == []


def instances(fleet: Fleet) -> list[dict]:
    return [
        instance
        for reservation in fleet.client("ec2").describe_instances()["Reservations"]
        for instance in reservation["Instances"]
        if instance["State"]["Name"] == "running"
    ]


def test_without_route_tables_no_endpoint_is_made(cloud, run):
    fleet = Fleet(cloud.endpoint, run(*FLEET).out)
    fleet.parameters["RouteTables"] = ""
    assert fleet.create() == "CREATE_COMPLETE"
    assert fleet.client("ec2").describe_vpc_endpoints()["VpcEndpoints"] == []
