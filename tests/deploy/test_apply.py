"""Apply, repeated apply, killed runs and destroy, on moto's IAM and EC2.

moto never reports ``associating`` and is consistent at once; test_waiting.py has the other cases.
"""

import itertools

import pytest

from tests.deploy.conftest import PROFILE, Killed, on_calls, writes

TABLE_ARN = "arn:aws:dynamodb:us-east-2:123456789012:table/my-dynamodb-table"
ROLE = "EC2RoleToAccessDynamoDBTable"
POLICY = "DynamoDBAccessPolicy"


def test_apply_makes_what_the_tutorial_makes(cloud):
    cloud.apply()
    state = cloud.state()
    (statement,) = state["policies"][POLICY]["document"]["Statement"]
    assert statement["Resource"] == TABLE_ARN
    assert statement["Action"] == [
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
    ]
    (trust,) = state["roles"][ROLE]["trust"]["Statement"]
    assert trust == {
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    assert [policy["PolicyName"] for policy in state["roles"][ROLE]["attached"]] == [POLICY]
    assert state["instance profiles"] == {PROFILE: [ROLE]}
    assert state["associations"] == {cloud.instance_id: PROFILE}


def test_apply_requires_imdsv2_and_one_hop(cloud):
    cloud.apply()
    assert cloud.state()["metadata"] == {
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 1,
        "HttpEndpoint": "enabled",
    }


def test_only_a_container_gets_a_second_hop(cloud):
    cloud.apply(container=True)
    assert cloud.state()["metadata"]["HttpPutResponseHopLimit"] == 2


def test_a_second_apply_writes_nothing(cloud, recorded):
    cloud.apply()
    before = cloud.state()
    aws, calls = recorded
    plan = cloud.apply(aws)
    assert plan.is_as_planned
    assert calls, "it looked"
    assert writes(calls) == []
    assert cloud.state() == before


def killed_after(cloud, count, attempt) -> list[str]:
    """Kill the process after the response to its ``count``-th call; return its calls.

    Returns an empty list if the process ended before.
    """
    aws, calls = cloud.aws(), []

    def responded(model, **_):
        calls.append(model.name)
        if len(calls) == count:
            raise Killed

    on_calls(aws, "after-call", responded)
    try:
        attempt(aws)
    except Killed:
        return calls
    return []


def dirty(cloud):
    """Make a deployment with every kind of drift."""
    iam = cloud.client("iam")
    cloud.apply(tags={"team": "one"})
    arn = f"arn:aws:iam::123456789012:policy/{POLICY}"
    for number in range(4):
        document = (
            '{"Version": "2012-10-17", "Statement": '
            '[{"Effect": "Allow", "Action": "s3:%s", "Resource": "*"}]}'
        )
        iam.create_policy_version(
            PolicyArn=arn, PolicyDocument=document % f"Get{number}", SetAsDefault=True
        )
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    document = document % "List*"
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
    iam.update_assume_role_policy(
        RoleName=ROLE,
        PolicyDocument='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '
        '"Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}',
    )
    iam.detach_role_policy(RoleName=ROLE, PolicyArn=arn)
    iam.untag_role(RoleName=ROLE, TagKeys=["team"])
    iam.remove_role_from_instance_profile(InstanceProfileName=PROFILE, RoleName=ROLE)


def reset(cloud):
    cloud.destroy()
    cloud.client("ec2").modify_instance_metadata_options(
        InstanceId=cloud.instance_id,
        HttpTokens="optional",
        HttpPutResponseHopLimit=1,
        HttpEndpoint="enabled",
    )


@pytest.mark.parametrize("start", [lambda _: None, dirty], ids=["from nothing", "from drift"])
def test_killed_after_any_one_call_and_run_again_ends_in_the_same_state(cloud, start):
    def apply(aws=None):
        cloud.apply(aws, tags={"team": "one"})

    start(cloud)
    at_first = cloud.state()
    apply()
    expected = cloud.state()
    reset(cloud)
    start(cloud)
    for count in itertools.count(1):
        calls = killed_after(cloud, count, apply)
        if not calls:
            break
        if not writes(calls):
            assert cloud.state() == at_first, f"killed after call {count}, a read"
            continue
        apply()
        assert cloud.state() == expected, f"killed after call {count}, {calls[-1]}"
        reset(cloud)
        start(cloud)
    assert count > 15, "every read and every write was the last one once"


def test_destroy_leaves_nothing_of_ours_and_the_rest_as_it_was(cloud):
    iam = cloud.client("iam")
    iam.create_role(RoleName="other", AssumeRolePolicyDocument="{}")
    before = cloud.state()
    cloud.apply()
    cloud.destroy()
    after = cloud.state()
    # IMDSv2 stays required: the previous options are unknown, and IMDSv1 is less secure.
    assert {**after, "metadata": None} == {**before, "metadata": None}
    table = cloud.client("dynamodb").scan(TableName="my-dynamodb-table")
    assert table["Count"] == 3
    assert cloud.instance()["State"]["Name"] == "running"


def test_a_second_destroy_writes_nothing(cloud, recorded):
    cloud.apply()
    cloud.destroy()
    aws, calls = recorded
    plan = cloud.destroy(aws)
    assert plan.is_as_planned
    assert writes(calls) == []


def test_destroy_killed_after_any_one_call_and_run_again_leaves_nothing(cloud):
    cloud.apply()
    cloud.destroy()
    expected = cloud.state()
    cloud.apply()
    for count in itertools.count(1):
        calls = killed_after(cloud, count, cloud.destroy)
        if not calls:
            break
        if writes(calls):
            cloud.destroy()
            assert cloud.state() == expected, f"killed after call {count}, {calls[-1]}"
            cloud.apply()
    assert count > 15


def test_two_deployments_of_two_tables_live_side_by_side(cloud):
    cloud.client("dynamodb").create_table(
        TableName="orders",
        AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    cloud.apply()
    other = cloud.launch()
    cloud.apply(table="orders", name_prefix="orders-", instance_id=other)
    cloud.destroy()
    assert cloud.associations() == {other: f"orders-{PROFILE}"}
    assert cloud.plan(table="orders", name_prefix="orders-", instance_id=other).is_as_planned


def test_without_an_instance_only_iam_is_touched(cloud):
    cloud.apply(instance_id=None)
    assert cloud.state()["instance profiles"] == {PROFILE: [ROLE]}
    assert cloud.associations() == {}
