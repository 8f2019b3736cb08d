"""A table named by its ARN, in this account or in another."""

import json

import pytest
import yaml
from dynamodb_items_deploy.aws.account import Account
from dynamodb_items_deploy.planning.plan import converge
from dynamodb_items_deploy.planning.stack import Request, Stack
from dynamodb_items_deploy.resources.table import UNREADABLE, Table
from parliament import analyze_policy_string

from tests.conftest import environment
from tests.deploy.test_documents import linted
from tests.engines import REGION

OWN = f"arn:aws:dynamodb:{REGION}:123456789012:table/my-dynamodb-table"
OTHERS = f"arn:aws:dynamodb:{REGION}:111122223333:table/orders"
HERE = Account("123456789012", "aws", REGION, "amazonaws.com")
ROLE_ARN = "arn:aws:iam::123456789012:role/EC2RoleToAccessDynamoDBTable"
KEY = f"arn:aws:kms:{REGION}:111122223333:key/0f0e0d0c-0b0a-0908-0706-050403020100"


def test_the_policy_names_exactly_that_table():
    stack = Stack(Request(table=OTHERS, kms_key=KEY), HERE)
    items, of_key = stack.policy_document["Statement"]
    assert items["Resource"] == OTHERS
    assert of_key["Resource"] == KEY
    assert stack.role_arn == ROLE_ARN, "the role is made in the account of the credentials"


@pytest.mark.parametrize(
    "table", [OTHERS.replace(REGION, "us-west-2"), OTHERS.replace(":aws:", ":aws-cn:")]
)
def test_an_arn_of_another_place_is_rejected(table):
    with pytest.raises(ValueError, match="--table is a table in"):
        Stack(Request(table=table), HERE)


def test_an_arn_that_is_not_a_table_s_is_rejected():
    with pytest.raises(ValueError, match=r"--table .* is not .* or a table's ARN"):
        Request(table=f"{OTHERS}/index/by-email")


def test_the_tag_of_the_longest_arn_fits_or_the_name_is_rejected():
    head = OTHERS.removesuffix("orders")
    Stack(Request(table=head + "t" * (256 - len(head))), HERE)
    with pytest.raises(ValueError, match=f"at most {256 - len(head)} are possible"):
        Stack(Request(table=head + "t" * (257 - len(head))), HERE)


def test_apply_by_arn_makes_what_apply_by_name_makes(cloud, run):
    ran = run("apply", "--yes", "--table", OWN, "--instance-id", cloud.instance_id)
    assert ran.status == 0, ran.out + ran.err
    assert f"in place  table {OWN}" in ran.out
    assert cloud.plan().is_as_planned, "the same deployment, named by its table's name"
    assert cloud.plan(table=OWN).is_as_planned


def test_another_account_s_table_has_a_notice_for_its_owner():
    """The role may be made although the table cannot be described from here."""
    found = list(Table(OTHERS, OTHERS, HERE.id).converge(UNREADABLE))
    (notice,) = found
    assert "belongs to account 111122223333" in notice.text
    assert "render resource-policy" in notice.text
    assert not notice.foreign


def test_a_table_that_the_engine_does_not_have_blocks(cloud):
    (blocker,) = converge(cloud.observe(cloud.aws(), cloud.request(table=OTHERS))).blockers
    assert f"{OTHERS} does not exist in {REGION}" in blocker.reason


@pytest.mark.parametrize(
    ("arguments", "variables", "named"),
    [
        (["--region", "us-west-2"], {}, "--region is us-west-2"),
        ([], {"AWS_REGION": "us-west-2"}, "AWS_REGION is us-west-2"),
        ([], {"AWS_DEFAULT_REGION": "us-west-2"}, "AWS_DEFAULT_REGION is us-west-2"),
    ],
)
@pytest.mark.parametrize("command", ["plan", "apply", "status", "destroy", "doctor"])
def test_another_region_than_the_arn_s_is_rejected(run, command, arguments, variables, named):
    with environment(**variables):
        ran = run(command, "--table", OTHERS, *arguments)
    assert ran.status == 64
    assert f"--table is a table in {REGION}, but {named}" in ran.err


def test_the_arn_decides_where_the_instance_is_looked_for(cloud, run, monkeypatch):
    monkeypatch.delenv("AWS_REGION")
    table = OWN.replace(REGION, "eu-central-1")
    ran = run("plan", "--table", table, "--instance-id", cloud.instance_id)
    assert ran.status == 1
    assert f"The instance {cloud.instance_id} does not exist in eu-central-1" in ran.out


def test_render_resource_policy_needs_no_credentials(run):
    with environment():
        ran = run("render", "resource-policy", "--table", OTHERS, "--role-arn", ROLE_ARN)
    assert (ran.status, ran.err) == (0, "")
    assert ran.json == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ItemsOfOneTable",
                "Effect": "Allow",
                "Principal": {"AWS": ROLE_ARN},
                "Action": [
                    "dynamodb:GetItem",
                    "dynamodb:PutItem",
                    "dynamodb:UpdateItem",
                    "dynamodb:DeleteItem",
                ],
                "Resource": OTHERS,
            }
        ],
    }


def test_render_resource_policy_names_the_role_that_apply_makes(cloud, run):
    del cloud
    arguments = ("--table", OTHERS, "--operations", "GetItem", "--name-prefix", "shop-")
    ran = run("render", "resource-policy", *arguments, "--path", "/shop/", "--json")
    assert (ran.status, ran.err) == (0, "")
    (statement,) = ran.json["Statement"]
    assert statement["Principal"] == {
        "AWS": "arn:aws:iam::123456789012:role/shop/shop-EC2RoleToAccessDynamoDBTable"
    }
    assert statement["Action"] == ["dynamodb:GetItem"]
    assert statement["Resource"] == OTHERS


def test_the_owner_can_attach_the_resource_policy(cloud, run):
    """moto stores the policy and does not enforce it; parliament checks actions and resources."""
    document = run("render", "resource-policy").out
    assert analyze_policy_string(document, ignore_private_auditors=True).findings == []
    dynamodb = cloud.client("dynamodb")
    dynamodb.put_resource_policy(ResourceArn=OWN, Policy=document)
    stored = dynamodb.get_resource_policy(ResourceArn=OWN)["Policy"]
    assert json.loads(stored) == json.loads(document)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--role-arn", "EC2Role"], "must be a role's ARN"),
        (["--role-arn", ROLE_ARN.replace(":aws:", ":aws-cn:")], "different partitions"),
        (["--role-arn", ROLE_ARN, "--region", "us-west-2"], "--region is us-west-2"),
    ],
)
def test_a_resource_policy_that_could_not_work_is_rejected(run, arguments, message):
    with environment():
        ran = run("render", "resource-policy", "--table", OTHERS, *arguments)
    assert ran.status == 64
    assert message in ran.err


def test_the_template_s_parameter_is_the_arn(run):
    ran = run("render", "cloudformation", "--table", OTHERS)
    document = yaml.safe_load(ran.out)
    assert document["Parameters"]["TableName"]["Default"] == OTHERS
    policy = document["Resources"]["Policy"]["Properties"]["PolicyDocument"]
    assert policy["Statement"][0]["Resource"] == {"Fn::Sub": "${TableName}"}
    assert linted(ran.out) == []
