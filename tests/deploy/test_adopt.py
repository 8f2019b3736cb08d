"""The tutorial's six steps, done by hand with the AWS CLI, and taken over by apply --adopt."""

import json
import os
import shlex
import subprocess
from dataclasses import replace

import pytest
from dynamodb_items.domain.operations import Operation
from dynamodb_items_deploy.planning.ownership import OWNER_TAG
from dynamodb_items_deploy.planning.plan import destroy
from dynamodb_items_deploy.planning.stack import Request

from tests.deploy.conftest import PROFILE
from tests.engines import REGION, ROOT

ROLE = "EC2RoleToAccessDynamoDBTable"
POLICY = "DynamoDBAccessPolicy"
POLICY_ARN = f"arn:aws:iam::123456789012:policy/{POLICY}"
TABLE_ARN = f"arn:aws:dynamodb:{REGION}:123456789012:table/my-dynamodb-table"
AWS = ROOT / ".venv-awscli/bin/aws"

# https://docs.aws.amazon.com/cli/latest/reference/iam/
STEPS = f"""
aws iam create-policy --policy-name {POLICY} --policy-document file://dynamodb-access-policy.json
aws iam create-role --role-name {ROLE} --assume-role-policy-document file://ec2-assume-policy.json
aws iam attach-role-policy --role-name {ROLE} --policy-arn "{POLICY_ARN}"
aws iam create-instance-profile --instance-profile-name {PROFILE}
aws iam add-role-to-instance-profile --role-name {ROLE} --instance-profile-name {PROFILE}
aws ec2 associate-iam-instance-profile --instance-id INSTANCE --iam-instance-profile Name={PROFILE}
"""
DOCUMENTS = {
    "dynamodb-access-policy.json": {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": [
                    "dynamodb:GetItem",
                    "dynamodb:PutItem",
                    "dynamodb:UpdateItem",
                    "dynamodb:DeleteItem",
                ],
                "Resource": TABLE_ARN,
            }
        ],
    },
    "ec2-assume-policy.json": {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    },
}


@pytest.fixture
def by_hand(cloud, tmp_path):
    """Carry out the six steps, as an operator types them."""
    for name, document in DOCUMENTS.items():
        (tmp_path / name).write_text(json.dumps(document, indent=4))
    for line in STEPS.replace("INSTANCE", cloud.instance_id).strip().splitlines():
        program, *arguments = shlex.split(line)
        assert program == "aws"
        ran = subprocess.run(
            [ROOT / ".venv-awscli/bin/python", AWS, *arguments],
            cwd=tmp_path,
            env={**os.environ, "AWS_DEFAULT_REGION": REGION, "AWS_CONFIG_FILE": "/dev/null"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert ran.returncode == 0, f"{line}: {ran.stderr}"
    return cloud


def untagged(state: dict) -> dict:
    """Return a state without tags and metadata options."""
    return {
        "policies": {name: policy["document"] for name, policy in state["policies"].items()},
        "roles": {name: (role["trust"], role["attached"]) for name, role in state["roles"].items()},
        "instance profiles": state["instance profiles"],
        "associations": state["associations"],
    }


def tags_of(cloud) -> list[dict[str, str]]:
    """Return the tags of policy, role and instance profile."""
    iam = cloud.client("iam")
    found = (
        iam.list_policy_tags(PolicyArn=POLICY_ARN)["Tags"],
        iam.list_role_tags(RoleName=ROLE)["Tags"],
        iam.get_instance_profile(InstanceProfileName=PROFILE)["InstanceProfile"]["Tags"],
    )
    return [{tag["Key"]: tag["Value"] for tag in tags} for tags in found]


def test_what_the_six_steps_made_is_adopted_and_works_from_then_on(by_hand, run):
    cloud = by_hand
    made = cloud.state()
    on_it = ("--instance-id", cloud.instance_id)

    rejected = run("apply", "--yes", *on_it)
    assert rejected.status == 1
    assert rejected.out.count("To take it over, use apply --adopt") == 3
    assert cloud.state() == made

    planned = run("plan", "--adopt", *on_it)
    assert planned.status == 2
    assert planned.out.splitlines() == [
        f"~ policy {POLICY}: tags {OWNER_TAG}",
        f"~ role {ROLE}: tags {OWNER_TAG}",
        f"~ instance profile {PROFILE}: tags {OWNER_TAG}",
        f"~ metadata options of {cloud.instance_id}: HttpTokens optional → required",
    ]
    assert cloud.state() == made

    adopted = run("apply", "--adopt", "--yes", *on_it)
    assert adopted.status == 0, adopted.out
    assert untagged(cloud.state()) == untagged(made), "no document was written"
    assert tags_of(cloud) == [{OWNER_TAG: TABLE_ARN}] * 3

    status = run("status", "--json", *on_it)
    assert status.status == 0
    assert {resource["state"] for resource in status.json["resources"]} == {"in place"}
    assert run("apply", "--yes", *on_it).out.startswith("Nothing to do.\n")
    assert run("apply", "--adopt", "--yes", *on_it).out.startswith("Nothing to do.\n")

    destroyed = run("destroy", "--yes", *on_it)
    assert destroyed.status == 0, destroyed.out
    assert untagged(cloud.state()) == {
        "policies": {},
        "roles": {},
        "instance profiles": {},
        "associations": {},
    }


def make(cloud, policy=None, trust=None, **tags):
    """Make policy and role by hand, without the AWS CLI."""
    iam = cloud.client("iam")
    documents = [json.dumps(document) for document in DOCUMENTS.values()]
    listed = [{"Key": name, "Value": value} for name, value in tags.items()]
    iam.create_policy(PolicyName=POLICY, PolicyDocument=policy or documents[0], Tags=listed)
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust or documents[1])
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=POLICY_ARN)


def plan_of(cloud, **changes):
    return cloud.plan(instance_id=None, adopt=True, **changes)


def test_what_the_first_three_steps_made_is_completed(cloud):
    make(cloud)
    assert [change.call.operation for change in plan_of(cloud).changes] == [
        "tag_policy",
        "tag_role",
        "create_instance_profile",
        "add_role_to_instance_profile",
    ]
    cloud.apply(instance_id=None, adopt=True)
    assert cloud.plan(instance_id=None).is_as_planned


def test_a_document_that_means_the_same_is_not_written(cloud):
    actions = (["dynamodb:GetItem"], ["dynamodb:DeleteItem", "dynamodb:updateitem"])
    statements = [
        {"Sid": f"Mine{number}", "Effect": "Allow", "Action": action, "Resource": [TABLE_ARN]}
        for number, action in enumerate((*actions, "dynamodb:PutItem"))
    ]
    trust = json.loads(json.dumps(DOCUMENTS["ec2-assume-policy.json"]))
    trust["Statement"][0] |= {"Sid": "", "Action": ["sts:AssumeRole"]}
    policy = {"Id": "mine", "Version": "2012-10-17", "Statement": statements}
    make(cloud, json.dumps(policy), json.dumps(trust))
    plan = plan_of(cloud)
    assert plan.blockers == ()
    assert {change.call.operation for change in plan.changes if change.sign == "~"} == {
        "tag_policy",
        "tag_role",
    }


def test_a_policy_that_allows_something_else_is_rejected(cloud, run):
    make(cloud, json.dumps(DOCUMENTS["dynamodb-access-policy.json"]).replace("my-", "other-"))
    (blocker,) = plan_of(cloud).blockers
    assert blocker.reason == (
        f"--adopt changes only tags, and this would change more: policy {POLICY}: a new default "
        "version: dynamodb:GetItem, dynamodb:PutItem, dynamodb:UpdateItem, dynamodb:DeleteItem."
    )
    assert "items-deploy render policy" in blocker.advice
    made = cloud.state()
    assert run("apply", "--adopt", "--yes").status == 1
    assert cloud.state() == made


def test_the_policy_of_other_operations_is_adopted_with_those_operations(cloud):
    reading = json.loads(json.dumps(DOCUMENTS["dynamodb-access-policy.json"]))
    reading["Statement"][0]["Action"] = "dynamodb:GetItem"
    make(cloud, json.dumps(reading))
    assert plan_of(cloud).blockers
    assert not plan_of(cloud, operations=frozenset({Operation.GET_ITEM})).blockers


def test_a_role_that_another_service_may_assume_is_rejected(cloud):
    make(cloud, trust=json.dumps(DOCUMENTS["ec2-assume-policy.json"]).replace("ec2.", "lambda."))
    (blocker,) = plan_of(cloud).blockers
    assert blocker.reason.endswith(f"role {ROLE}: trust: EC2 only.")


def test_what_belongs_to_another_deployment_is_never_adopted(cloud):
    make(cloud, **{OWNER_TAG: TABLE_ARN.replace("my-", "other-")})
    (blocker,) = plan_of(cloud).blockers
    assert f"belongs to the deployment of {TABLE_ARN.replace('my-', 'other-')}" in blocker.reason


def test_adopting_that_was_interrupted_continues(cloud):
    make(cloud)
    plan = plan_of(cloud)
    cloud.apply_plan(replace(plan, changes=plan.changes[:1]))
    cloud.apply(instance_id=None, adopt=True)
    assert cloud.plan(instance_id=None).is_as_planned


def test_destroy_removes_nothing_that_was_not_adopted(cloud):
    make(cloud)
    plan = cloud.plan(destroy, instance_id=None)
    assert plan.changes == ()


def test_policies_of_others_on_an_adopted_role_are_reported(cloud, run):
    make(cloud)
    document = json.dumps(DOCUMENTS["dynamodb-access-policy.json"])
    cloud.client("iam").put_role_policy(RoleName=ROLE, PolicyName="theirs", PolicyDocument=document)
    ran = run("apply", "--adopt", "--yes")
    assert ran.status == 2
    assert "inline policy theirs, which this tool did not attach" in ran.out


def test_a_chosen_name_of_the_profile_is_used_as_it_is(cloud, run):
    ran = run("apply", "--yes", "--name-prefix", "shop-", "--instance-profile-name", "mine")
    assert ran.status == 0
    assert cloud.state()["instance profiles"] == {"mine": [f"shop-{ROLE}"]}
    with pytest.raises(ValueError, match="--instance-profile-name 'a/b' is not"):
        Request(instance_profile_name="a/b")
