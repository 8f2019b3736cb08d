"""Changes by others: corrected in our resources, rejected or reported in other resources."""

import json

import pytest
from dynamodb_items.config.values import indexes
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation
from dynamodb_items_deploy.planning.ownership import OWNER_TAG

from tests.deploy.conftest import PROFILE, writes

ROLE = "EC2RoleToAccessDynamoDBTable"
POLICY = "DynamoDBAccessPolicy"
POLICY_ARN = f"arn:aws:iam::123456789012:policy/{POLICY}"
EC2_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["ec2.amazonaws.com"]},
                "Action": ["sts:AssumeRole"],
            }
        ],
    }
)


def new_version(cloud, action, **statement):
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*", **statement}],
    }
    return cloud.client("iam").create_policy_version(
        PolicyArn=POLICY_ARN, PolicyDocument=json.dumps(document), SetAsDefault=True
    )["PolicyVersion"]["VersionId"]


def versions(cloud) -> dict[str, bool]:
    response = cloud.client("iam").list_policy_versions(PolicyArn=POLICY_ARN)
    return {version["VersionId"]: version["IsDefaultVersion"] for version in response["Versions"]}


def test_an_equal_old_version_of_the_policy_becomes_the_default_again(cloud):
    cloud.apply()
    new_version(cloud, "dynamodb:*")
    plan = cloud.apply()
    assert [change.call.operation for change in plan.changes] == ["set_default_policy_version"]
    assert versions(cloud) == {"v1": True, "v2": False}


def test_another_document_becomes_a_new_default_version(cloud):
    cloud.apply()
    cloud.apply(operations=frozenset({Operation.GET_ITEM}))
    assert versions(cloud) == {"v1": False, "v2": True}
    (statement,) = cloud.state()["policies"][POLICY]["document"]["Statement"]
    assert statement["Action"] == ["dynamodb:GetItem"]


QUERY = DEFAULT_OPERATIONS | {Operation.QUERY}


def test_another_list_of_indexes_is_drift_and_another_spelling_is_not(cloud):
    both = {"operations": QUERY, "indexes": indexes("by-email=Email:S,by-status=Status:S")}
    cloud.apply(**both)
    table = "arn:aws:dynamodb:us-east-2:123456789012:table/my-dynamodb-table"
    of_the_table, of_the_indexes = cloud.state()["policies"][POLICY]["document"]["Statement"]
    email, status = of_the_indexes["Resource"]
    assert (email, status) == (f"{table}/index/by-email", f"{table}/index/by-status")
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "dynamodb:query", "Resource": [status, table, email]},
            {**of_the_table, "Action": [operation.iam_action for operation in DEFAULT_OPERATIONS]},
        ],
    }
    cloud.client("iam").create_policy_version(
        PolicyArn=POLICY_ARN, PolicyDocument=json.dumps(document), SetAsDefault=True
    )
    assert cloud.plan(**both).is_as_planned
    for fewer in (indexes("by-email=Email:S"), ()):
        (change,) = cloud.apply(operations=QUERY, indexes=fewer).changes
        assert ("by-email" in change.what) == bool(fewer)
        statements = cloud.state()["policies"][POLICY]["document"]["Statement"]
        assert [each["Resource"] for each in statements] == [table, [email]][: len(fewer) + 1]


def test_at_five_versions_the_oldest_that_is_not_the_default_goes(cloud):
    cloud.apply()
    for number in range(4):
        new_version(cloud, f"s3:Get{number}")
    cloud.client("iam").set_default_policy_version(PolicyArn=POLICY_ARN, VersionId="v1")
    cloud.apply(operations=frozenset({Operation.GET_ITEM}))
    assert versions(cloud) == {"v1": False, "v3": False, "v4": False, "v5": False, "v6": True}


def test_the_order_of_actions_and_lists_of_one_are_not_drift(cloud):
    cloud.apply()
    new_version(
        cloud,
        [
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:UpdateItem",
            "dynamodb:PutItem",
        ],
        Sid="ItemsOfOneTable",
        Resource=["arn:aws:dynamodb:us-east-2:123456789012:table/my-dynamodb-table"],
    )
    cloud.client("iam").update_assume_role_policy(RoleName=ROLE, PolicyDocument=EC2_TRUST)
    assert cloud.plan().is_as_planned


def test_a_drifted_trust_is_fixed(cloud):
    cloud.apply()
    expected = cloud.state()
    cloud.client("iam").update_assume_role_policy(
        RoleName=ROLE, PolicyDocument=EC2_TRUST.replace("ec2", "lambda")
    )
    plan = cloud.apply()
    assert [change.call.operation for change in plan.changes] == ["update_assume_role_policy"]
    assert cloud.state() == expected


def test_drifted_tags_are_fixed_and_the_tags_of_others_stay(cloud):
    iam = cloud.client("iam")
    cloud.apply(tags={"team": "shop"})
    iam.tag_role(RoleName=ROLE, Tags=[{"Key": "team", "Value": "x"}, {"Key": "a", "Value": "b"}])
    iam.untag_policy(PolicyArn=POLICY_ARN, TagKeys=["team"])
    cloud.apply(tags={"team": "shop"})
    tags = {tag["Key"]: tag["Value"] for tag in cloud.state()["roles"][ROLE]["tags"]}
    assert (tags["team"], tags["a"]) == ("shop", "b")
    assert {"Key": "team", "Value": "shop"} in cloud.state()["policies"][POLICY]["tags"]


def test_a_detached_policy_is_attached_again(cloud):
    cloud.apply()
    cloud.client("iam").detach_role_policy(RoleName=ROLE, PolicyArn=POLICY_ARN)
    plan = cloud.apply()
    assert [change.call.operation for change in plan.changes] == ["attach_role_policy"]


def test_a_permissions_boundary_is_set_and_never_taken_away(cloud):
    boundary = "arn:aws:iam::123456789012:policy/fence"
    cloud.apply()
    cloud.apply(permissions_boundary=boundary)
    role = cloud.client("iam").get_role(RoleName=ROLE)["Role"]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    assert cloud.plan(permissions_boundary=boundary).is_as_planned
    assert cloud.plan().is_as_planned


def test_foreign_policies_on_our_role_are_reported_and_untouched(cloud, run):
    cloud.apply()
    iam = cloud.client("iam")
    arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    foreign = iam.create_policy(PolicyName="foreign", PolicyDocument=EC2_POLICY)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=foreign)
    iam.put_role_policy(RoleName=ROLE, PolicyName="inline", PolicyDocument=EC2_POLICY)
    before = cloud.state()
    for command in (["plan"], ["status"], ["apply", "--yes"]):
        ran = run(*command, "--instance-id", cloud.instance_id)
        assert ran.status == 2, arn
        assert foreign in ran.out
        assert "inline" in ran.out
    assert cloud.state() == before


EC2_POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}],
    }
)


def foreign_role(cloud):
    cloud.client("iam").create_role(RoleName=ROLE, AssumeRolePolicyDocument=EC2_TRUST)


def foreign_policy(cloud):
    cloud.client("iam").create_policy(PolicyName=POLICY, PolicyDocument=EC2_POLICY)


def policy_on_another_path(cloud):
    cloud.client("iam").create_policy(
        PolicyName=POLICY, PolicyDocument=EC2_POLICY, Path="/elsewhere/"
    )


def foreign_profile(cloud):
    cloud.client("iam").create_instance_profile(InstanceProfileName=PROFILE)


def role_of_another_table(cloud):
    cloud.client("iam").create_role(
        RoleName=ROLE,
        AssumeRolePolicyDocument=EC2_TRUST,
        Tags=[{"Key": OWNER_TAG, "Value": "arn:aws:dynamodb:us-east-1:123456789012:table/x"}],
    )


def profile_with_another_role(cloud):
    iam = cloud.client("iam")
    cloud.apply()
    iam.create_role(RoleName="other", AssumeRolePolicyDocument=EC2_TRUST)
    iam.remove_role_from_instance_profile(InstanceProfileName=PROFILE, RoleName=ROLE)
    iam.add_role_to_instance_profile(InstanceProfileName=PROFILE, RoleName="other")


@pytest.mark.parametrize(
    ("arrange", "reason"),
    [
        (foreign_role, f"role {ROLE} exists, and this tool did not make it"),
        (foreign_policy, f"policy {POLICY} exists, and this tool did not make it"),
        (foreign_profile, f"instance profile {PROFILE} exists, and this tool did not make it"),
        (policy_on_another_path, "exists as arn:aws:iam::123456789012:policy/elsewhere/"),
        (role_of_another_table, "deployment of arn:aws:dynamodb:us-east-1:123456789012:table/x"),
        (profile_with_another_role, "contains the role other"),
    ],
)
def test_what_is_not_ours_is_rejected_before_the_first_write(cloud, run, arrange, reason):
    arrange(cloud)
    before = cloud.state()
    ran = run("apply", "--yes", "--instance-id", cloud.instance_id)
    assert ran.status == 1
    assert reason in ran.out
    shown = run("status", "--instance-id", cloud.instance_id)
    assert shown.status == 2
    assert reason in shown.out
    assert cloud.state() == before


def policy_on_a_user(cloud):
    iam = cloud.client("iam")
    iam.create_user(UserName="ada")
    iam.attach_user_policy(UserName="ada", PolicyArn=POLICY_ARN)


def another_policy_on_the_role(cloud):
    cloud.client("iam").put_role_policy(
        RoleName=ROLE, PolicyName="theirs", PolicyDocument=EC2_POLICY
    )


def role_in_another_profile(cloud):
    iam = cloud.client("iam")
    iam.create_instance_profile(InstanceProfileName="theirs")
    iam.add_role_to_instance_profile(InstanceProfileName="theirs", RoleName=ROLE)


def another_instance(cloud):
    cloud.client("ec2").associate_iam_instance_profile(
        InstanceId=cloud.launch(), IamInstanceProfile={"Name": PROFILE}
    )


def the_role_handed_over(cloud):
    cloud.client("iam").untag_role(RoleName=ROLE, TagKeys=[OWNER_TAG])


@pytest.mark.parametrize(
    ("arrange", "reason"),
    [
        (policy_on_a_user, "also attached to user ada"),
        (another_policy_on_the_role, "also has the inline policy theirs"),
        (role_in_another_profile, "also has the instance profile theirs"),
        (another_instance, "is used by i-"),
        (the_role_handed_over, "was not made by this tool and has arn:"),
    ],
)
def test_destroy_is_blocked_while_something_foreign_is_attached(cloud, run, arrange, reason):
    cloud.apply()
    arrange(cloud)
    before = cloud.state()
    ran = run("destroy", "--yes", "--instance-id", cloud.instance_id)
    assert ran.status == 1
    assert reason in ran.out
    assert cloud.state() == before


def test_destroy_leaves_what_does_not_carry_our_tag(cloud, recorded):
    foreign_role(cloud)
    foreign_policy(cloud)
    foreign_profile(cloud)
    before = cloud.state()
    aws, calls = recorded
    plan = cloud.destroy(aws)
    assert len(plan.notices) == 3
    assert writes(calls) == []
    assert cloud.state() == before
