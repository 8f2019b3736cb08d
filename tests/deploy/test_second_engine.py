"""Deployments on ministack, which has some features that moto does not have.

It rejects the deletion of an attached policy, tags instance profiles and simulates policies. It has
no metadata options, so they are not tested here.
"""

import json

import pytest
from dynamodb_items.config.settings import Settings
from dynamodb_items.config.values import indexes
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation
from dynamodb_items.local import launcher
from dynamodb_items_deploy.planning.stack import Request, Stack
from dynamodb_items_deploy.resources.metadata_options import MetadataOptions

from tests.conftest import environment
from tests.deploy.conftest import PROFILE, Cloud
from tests.engines import REGION, ministack

ROLE = "EC2RoleToAccessDynamoDBTable"


class WithoutMetadataOptions(Cloud):
    def observe(self, aws, request=None):
        return [
            observation
            for observation in super().observe(aws, request)
            if not isinstance(observation.resource, MetadataOptions)
        ]


@pytest.fixture(scope="module")
def second():
    with (
        ministack() as endpoint,
        environment(
            AWS_ACCESS_KEY_ID="testing",
            AWS_SECRET_ACCESS_KEY="testing",
            AWS_ENDPOINT_URL=endpoint,
            AWS_REGION=REGION,
        ),
    ):
        cloud = WithoutMetadataOptions(endpoint)
        launcher.create_table(cloud.client("dynamodb"), Settings())
        cloud.instance_id = cloud.launch()
        yield cloud


@pytest.fixture
def applied(second):
    second.apply()
    yield second
    second.destroy()


def test_a_second_apply_changes_nothing(applied):
    assert applied.plan().is_as_planned
    assert applied.associations() == {applied.instance_id: PROFILE}


def test_the_policy_allows_the_four_and_nothing_else(applied):
    account = applied.aws().account()
    arn = account.iam_arn("role", "/", ROLE)
    actions = [operation.iam_action for operation in DEFAULT_OPERATIONS]
    more = ["dynamodb:Scan", "dynamodb:Query", "dynamodb:DescribeTable", "dynamodb:BatchGetItem"]
    assert decisions(applied, arn, [*actions, *more], account.table_arn("my-dynamodb-table")) == {
        **dict.fromkeys(actions, "allowed"),
        **dict.fromkeys(more, "implicitDeny"),
    }
    assert set(decisions(applied, arn, actions, account.table_arn("other")).values()) == {
        "implicitDeny"
    }


def test_query_is_allowed_on_exactly_the_indexes(second):
    table = f"arn:aws:dynamodb:{REGION}:111122223333:table/orders"
    operations = DEFAULT_OPERATIONS | {Operation.QUERY, Operation.SCAN}
    request = Request(table=table, operations=operations, indexes=indexes("by-email=Email:S"))
    document = json.dumps(Stack(request, second.aws().account()).policy_document)
    iam = second.client("iam")
    arn = iam.create_role(RoleName="lists", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    iam.put_role_policy(RoleName="lists", PolicyName="p", PolicyDocument=document)
    actions = ["dynamodb:Query", "dynamodb:Scan", "dynamodb:GetItem"]
    denied, allowed = "implicitDeny", "allowed"
    for resource, expected in (
        (table, (allowed, allowed, allowed)),
        (f"{table}/index/by-email", (allowed, denied, denied)),
        (f"{table}/index/by-email2", (denied, denied, denied)),
        (f"{table}/index/by-status", (denied, denied, denied)),
        (f"{table}2/index/by-email", (denied, denied, denied)),
    ):
        found = decisions(second, arn, actions, resource)
        assert found == dict(zip(actions, expected, strict=True))
    iam.delete_role_policy(RoleName="lists", PolicyName="p")
    iam.delete_role(RoleName="lists")


def test_a_policy_by_arn_allows_the_four_on_that_table_of_that_account(second):
    table = f"arn:aws:dynamodb:{REGION}:111122223333:table/orders"
    stack = Stack(Request(table=table), second.aws().account())
    actions = [operation.iam_action for operation in DEFAULT_OPERATIONS]
    iam = second.client("iam")
    arn = iam.create_role(RoleName="by-arn", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    document = json.dumps(stack.policy_document)
    iam.put_role_policy(RoleName="by-arn", PolicyName="p", PolicyDocument=document)
    own = table.replace("111122223333", stack.account.id)
    for resource, decision in ((table, "allowed"), (own, "implicitDeny")):
        assert set(decisions(second, arn, actions, resource).values()) == {decision}
    iam.delete_role_policy(RoleName="by-arn", PolicyName="p")
    iam.delete_role(RoleName="by-arn")


def decisions(cloud, role_arn, actions, table_arn) -> dict[str, str]:
    response = cloud.client("iam").simulate_principal_policy(
        PolicySourceArn=role_arn, ActionNames=actions, ResourceArns=[table_arn]
    )
    return {
        result["EvalActionName"]: result["EvalDecision"] for result in response["EvaluationResults"]
    }


def test_an_instance_profile_s_drifted_tags_are_fixed(applied):
    applied.apply(tags={"team": "shop"})
    tags = applied.client("iam").list_instance_profile_tags(InstanceProfileName=PROFILE)["Tags"]
    assert {"Key": "team", "Value": "shop"} in tags
    assert applied.plan(tags={"team": "shop"}).is_as_planned


def test_destroy_leaves_nothing_of_ours(second):
    iam = second.client("iam")
    second.apply()
    second.destroy()
    assert ROLE not in {role["RoleName"] for role in iam.list_roles()["Roles"]}
    assert iam.list_policies(Scope="Local")["Policies"] == []
    assert second.associations() == {}
