"""What IAM does not allow is found by the plan, before the first write."""

import json

import pytest
from dynamodb_items_deploy.planning.plan import destroy

from tests.deploy.conftest import PROFILE

ROLE = "EC2RoleToAccessDynamoDBTable"
POLICY = "DynamoDBAccessPolicy"


def a_policy(cloud, name):
    cloud.client("iam").create_policy(
        PolicyName=name,
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "s3:List*", "Resource": "*"}],
            }
        ),
    )


def a_role(cloud, name):
    cloud.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")


def a_profile(cloud, name):
    cloud.client("iam").create_instance_profile(InstanceProfileName=name)


@pytest.mark.parametrize(
    ("make", "name"),
    [(a_policy, POLICY), (a_role, ROLE), (a_profile, PROFILE)],
    ids=["policy", "role", "profile"],
)
def test_a_name_taken_in_another_case_is_rejected_before_the_first_write(cloud, make, name):
    make(cloud, name.lower())
    (blocker,) = cloud.plan().blockers
    assert f" {name} exists as arn:aws:iam::123456789012:" in blocker.reason
    assert blocker.reason.partition(". ")[0].endswith(f"/{name.lower()}")
    assert "--name-prefix" in blocker.advice
    assert cloud.plan(destroy).changes == ()


def test_deploying_does_not_require_the_permission_to_list_names(cloud, reject):
    aws = cloud.aws()
    for operation in ("ListRoles", "ListInstanceProfiles", "ListPolicies"):
        reject(aws, operation, "AccessDenied")
    cloud.apply(aws)
    assert cloud.plan().is_as_planned


def test_more_tags_than_iam_allows_are_rejected_before_the_first_write(cloud):
    cloud.apply()
    others = [{"Key": f"t{number}", "Value": "x"} for number in range(49)]
    cloud.client("iam").tag_role(RoleName=ROLE, Tags=others)
    (blocker,) = cloud.plan(tags={"team": "shop"}).blockers
    assert blocker.reason == f"The role {ROLE} would have 51 tags, and IAM allows 50."


@pytest.mark.usefixtures("cloud")
def test_a_table_name_too_long_for_the_tag_is_rejected(run):
    ran = run("plan", "--table", "t" * 211)
    assert ran.status == 64
    assert "--table has 211 characters" in ran.err
    assert "at most 210 are possible" in ran.err
    assert "does not exist in" in run("plan", "--table", "t" * 210).out


@pytest.mark.usefixtures("cloud")
def test_more_indexes_than_fit_into_a_policy_are_rejected(run):
    indexes = [f"{'i' * 252}{number}=Email:S" for number in range(100, 120)]
    arguments = ("plan", "--operations", "GetItem,Query", "--indexes")
    ran = run(*arguments, ",".join(indexes))
    assert ran.status == 64
    assert "--indexes makes a policy of" in ran.err
    assert "IAM allows 6144" in ran.err
    assert "on the indexes iii" in run(*arguments, ",".join(indexes[:15])).out


@pytest.mark.parametrize(
    "command",
    ["plan", "doctor", "render cloudformation", "render policy", "render resource-policy"],
)
def test_indexes_without_query_are_rejected(run, command):
    ran = run(*command.split(), "--indexes", "by-email=Email:S")
    assert ran.status == 64
    assert "--indexes is set, but has no effect without Query in --operations." in ran.err
    invalid = run(*command.split(), "--operations", "GetItem,Query", "--indexes", "by-email")
    assert invalid.status == 64
    assert "must be a comma-separated list of indexes and their keys" in invalid.err


@pytest.mark.usefixtures("cloud")
def test_a_permissions_boundary_of_another_account_is_rejected(run):
    ran = run("plan", "--permissions-boundary", "arn:aws:iam::999999999999:policy/fence")
    assert ran.status == 64
    assert "is a policy of account 999999999999" in ran.err
