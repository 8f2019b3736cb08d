"""Roles for EC2, ECS, EKS and Lambda, and the policies that render writes."""

import re

import pytest
import yaml
from dynamodb_items_deploy.planning.plan import destroy
from dynamodb_items_deploy.planning.principals import Principal
from dynamodb_items_deploy.planning.stack import Request

from tests.conftest import environment
from tests.deploy.conftest import PROFILE
from tests.deploy.test_documents import linted
from tests.engines import ROOT

TABLE = "arn:aws:dynamodb:us-east-2:111122223333:table/orders"
TRUSTED = {
    "ec2": ("ec2.amazonaws.com", "sts:AssumeRole"),
    "ecs": ("ecs-tasks.amazonaws.com", "sts:AssumeRole"),
    "eks": ("pods.eks.amazonaws.com", ["sts:AssumeRole", "sts:TagSession"]),
    "lambda": ("lambda.amazonaws.com", "sts:AssumeRole"),
}
NAMES = {
    "ec2": ("EC2RoleToAccessDynamoDBTable", "DynamoDBAccessPolicy"),
    "ecs": ("ECSRoleToAccessDynamoDBTable", "DynamoDBAccessPolicyForECS"),
    "eks": ("EKSRoleToAccessDynamoDBTable", "DynamoDBAccessPolicyForEKS"),
    "lambda": ("LambdaRoleToAccessDynamoDBTable", "DynamoDBAccessPolicyForLambda"),
}
principals = pytest.mark.parametrize("principal", TRUSTED)
without_instance = pytest.mark.parametrize("principal", ["ecs", "eks", "lambda"])


@principals
def test_render_trust_policy_names_exactly_the_service(run, principal):
    service, action = TRUSTED[principal]
    with environment():
        ran = run("render", "trust-policy", "--principal", principal)
    assert (ran.status, ran.err) == (0, "")
    assert ran.json == {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": action}],
    }


@principals
def test_only_ec2_s_principal_follows_the_partition(run, principal):
    service, _ = TRUSTED[principal]
    ran = run("render", "trust-policy", "--principal", principal, "--region", "cn-north-1")
    (statement,) = ran.json["Statement"]
    china = "ec2.amazonaws.com.cn" if principal == "ec2" else service
    assert statement["Principal"] == {"Service": china}


def test_render_policy_by_arn_needs_no_credentials(run):
    key = "arn:aws:kms:us-east-2:111122223333:key/0f0e0d0c-0b0a-0908-0706-050403020100"
    with environment():
        ran = run("render", "policy", "--table", TABLE, "--operations", "GetItem", "--kms-key", key)
    assert (ran.status, ran.err) == (0, "")
    items, of_key = ran.json["Statement"]
    assert items["Action"] == ["dynamodb:GetItem"]
    assert items["Resource"] == TABLE
    assert of_key["Resource"] == key
    assert of_key["Condition"] == {
        "StringEquals": {"kms:ViaService": "dynamodb.us-east-2.amazonaws.com"}
    }


@pytest.mark.usefixtures("cloud")
def test_render_policy_by_name_is_the_policy_that_apply_makes(cloud, run):
    written = run("render", "policy").json
    cloud.apply(instance_id=None)
    assert cloud.state()["policies"]["DynamoDBAccessPolicy"]["document"] == written


def test_an_arn_whose_region_is_in_another_partition_is_rejected(run):
    with environment():
        ran = run("render", "policy", "--table", TABLE.replace("us-east-2", "cn-north-1"))
    assert ran.status == 64
    assert "--table is in partition aws, but the region cn-north-1 is in aws-cn" in ran.err


@pytest.mark.parametrize("command", ["policy", "trust-policy", "resource-policy"])
def test_each_help_has_an_example(run, command):
    ran = run("render", command, "--help")
    assert ran.status == 0
    assert f"items-deploy render {command}" in ran.out.partition("Examples:")[2]


@without_instance
def test_apply_makes_role_and_policy_without_a_profile(cloud, run, principal):
    role, policy = NAMES[principal]
    service, action = TRUSTED[principal]
    before = cloud.state()
    ran = run("apply", "--yes", "--principal", principal)
    assert ran.status == 0, ran.err
    state = cloud.state()
    (trust,) = state["roles"][role]["trust"]["Statement"]
    assert (trust["Principal"], trust["Action"]) == ({"Service": service}, action)
    assert [found["PolicyName"] for found in state["roles"][role]["attached"]] == [policy]
    assert state["instance profiles"] == {}
    assert run("plan", "--principal", principal).out == "Nothing to do.\n"
    assert run("destroy", "--yes", "--principal", principal).status == 0
    assert cloud.state() == before


def test_deployments_of_one_table_do_not_disturb_each_other(cloud):
    cloud.apply(instance_id=None)
    cloud.apply(instance_id=None, principal=Principal.ECS)
    cloud.apply(planned=destroy, instance_id=None, principal=Principal.ECS)
    assert cloud.plan(instance_id=None).is_as_planned
    assert cloud.state()["instance profiles"] == {PROFILE: ["EC2RoleToAccessDynamoDBTable"]}


def test_a_profile_of_somebody_else_keeps_a_role_for_ecs(cloud):
    cloud.apply(instance_id=None, principal=Principal.ECS)
    iam = cloud.client("iam")
    iam.create_instance_profile(InstanceProfileName="theirs")
    iam.add_role_to_instance_profile(
        InstanceProfileName="theirs", RoleName="ECSRoleToAccessDynamoDBTable"
    )
    (blocker,) = cloud.plan(destroy, instance_id=None, principal=Principal.ECS).blockers
    assert "the instance profile theirs" in blocker.reason


@without_instance
@pytest.mark.parametrize(
    "arguments",
    [
        ["--instance-id", "i-0123456789abcdef0"],
        ["--instance-profile-name", "mine"],
        ["--replace"],
        ["--container"],
    ],
)
def test_options_of_an_instance_are_rejected(run, principal, arguments):
    ran = run("plan", "--principal", principal, *arguments)
    assert ran.status == 64
    assert f"{arguments[0]} needs an instance. Leave it out with --principal {principal}" in ran.err


def test_a_prefix_that_makes_the_role_s_name_too_long_is_rejected():
    Request(principal=Principal.EC2, name_prefix="p" * 36)
    Request(principal=Principal.LAMBDA, name_prefix="p" * 33)
    with pytest.raises(ValueError, match="--name-prefix has 34 characters; use at most 33"):
        Request(principal=Principal.LAMBDA, name_prefix="p" * 34)


@without_instance
def test_the_template_has_role_and_policy_and_no_profile(run, principal):
    ran = run("render", "cloudformation", "--principal", principal)
    document = yaml.safe_load(ran.out)
    assert document["Resources"].keys() == {"Role", "Policy"}
    assert document["Resources"]["Role"]["Properties"]["RoleName"] == NAMES[principal][0]
    assert document["Outputs"].keys() == {"RoleArn"}
    assert linted(ran.out) == []


def test_the_roles_page_shows_only_commands_and_options_that_exist(run):
    page = (ROOT / "docs/roles.md").read_text().replace("\\\n", "")
    lines = re.findall(r"^\$ items-deploy (.*)$", page, re.MULTILINE)
    assert len(lines) == 8
    for line in lines:
        command, *_ = line.split(" --")
        shown = run(*command.split(), "--help")
        assert shown.status == 0, line
        assert set(re.findall(r"--[a-z-]+", line)) <= set(re.findall(r"--[a-z-]+", shown.out)), line


def test_the_roles_page_has_the_names_of_each_principal():
    page = (ROOT / "docs/roles.md").read_text()
    for principal, names in NAMES.items():
        (row,) = re.findall(rf"^\| `{principal}`.*$", page, re.MULTILINE)
        assert re.findall("`([^`]+)`", row)[1:] == [TRUSTED[principal][0], *names]
