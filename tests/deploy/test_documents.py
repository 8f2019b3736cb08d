"""The policies and the template: linted, minimal, and equal to each other."""

import json

import pytest
import yaml
from cfnlint.api import ManualArgs, lint
from dynamodb_items.config.values import indexes
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation
from dynamodb_items_deploy.planning.documents import (
    policy_document,
    resource_policy_document,
    same_document,
)
from dynamodb_items_deploy.planning.plan import destroy
from dynamodb_items_deploy.planning.stack import Request, Stack
from dynamodb_items_deploy.template import template
from hypothesis import given
from hypothesis import strategies as st
from parliament import analyze_policy_string

KEY = "arn:aws:kms:us-east-2:123456789012:key/0f0e0d0c-0b0a-0908-0706-050403020100"
INDEXES = "by-email=Email:S,by-status=Status:S+CreatedAt:N/partial"
LISTS = {
    "operations": DEFAULT_OPERATIONS | {Operation.QUERY, Operation.SCAN},
    "indexes": indexes(INDEXES),
}
REQUESTS = {
    "default": {},
    "read-only": {"operations": frozenset({Operation.GET_ITEM})},
    "with everything": {
        "name_prefix": "shop-",
        "path": "/shop/",
        "permissions_boundary": "arn:aws:iam::123456789012:policy/fence",
        "tags": {"team": "shop"},
        "kms_key": KEY,
    },
    "lists": LISTS,
    "lists of a table by its ARN": {
        **LISTS,
        "table": "arn:aws:dynamodb:us-east-2:123456789012:table/my-dynamodb-table",
    },
}
requests = pytest.mark.parametrize("changes", REQUESTS.values(), ids=REQUESTS)
BOUNDARY = json.dumps(policy_document("*", DEFAULT_OPERATIONS))


def test_the_default_is_exactly_the_four_actions_on_exactly_the_table():
    document = policy_document(
        "arn:aws:dynamodb:us-east-2:123456789012:table/t", DEFAULT_OPERATIONS
    )
    assert document == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ItemsOfOneTable",
                "Effect": "Allow",
                "Action": [
                    "dynamodb:GetItem",
                    "dynamodb:PutItem",
                    "dynamodb:UpdateItem",
                    "dynamodb:DeleteItem",
                ],
                "Resource": "arn:aws:dynamodb:us-east-2:123456789012:table/t",
            }
        ],
    }


def test_an_operation_that_is_off_by_default_is_in_the_policy_where_it_is_chosen():
    operations = {Operation.GET_ITEM, Operation.CONDITION_CHECK_ITEM}
    (statement,) = policy_document("arn", operations)["Statement"]
    assert statement["Action"] == ["dynamodb:GetItem", "dynamodb:ConditionCheckItem"]


def test_query_is_allowed_on_exactly_the_indexes_and_scan_on_none():
    table = "arn:aws:dynamodb:us-east-2:123456789012:table/t"
    of_the_table, of_the_indexes = policy_document(table, **LISTS)["Statement"]
    assert of_the_table["Resource"] == table
    assert of_the_table["Action"][-2:] == ["dynamodb:Query", "dynamodb:Scan"]
    assert of_the_indexes == {
        "Sid": "IndexesOfThatTable",
        "Effect": "Allow",
        "Action": ["dynamodb:Query"],
        "Resource": [f"{table}/index/by-email", f"{table}/index/by-status"],
    }
    role = "arn:aws:iam::123456789012:role/items"
    attached = resource_policy_document(role, table, **LISTS)["Statement"]
    assert attached == [
        {**statement, "Principal": {"AWS": role}} for statement in (of_the_table, of_the_indexes)
    ]


@requests
def test_parliament_finds_nothing_in_the_policy(cloud, changes):
    stack = Stack(cloud.request(**changes), cloud.aws().account())
    assert analyze_policy_string(json.dumps(stack.policy_document)).findings == []


def test_parliament_finds_errors():
    wrong = policy_document("arn:aws:s3:::bucket", DEFAULT_OPERATIONS)
    assert analyze_policy_string(json.dumps(wrong)).findings


def linted(template: str) -> list:
    """Return the errors and warnings of cfn-lint with its default rules."""
    return lint(template, config=ManualArgs(regions=["us-east-2", "cn-north-1", "us-gov-west-1"]))


@requests
@pytest.mark.parametrize("as_json", [False, True], ids=["yaml", "json"])
def test_cfn_lint_finds_nothing_in_the_template(run, changes, as_json):
    ran = run("render", "cloudformation", *options(changes), *(["--json"] if as_json else []))
    assert ran.status == 0
    assert linted(ran.out) == []


def test_cfn_lint_finds_errors():
    wrong = template(Request())
    wrong["Resources"]["Role"]["Properties"]["NoSuchProperty"] = 1
    assert linted(json.dumps(wrong))


def options(changes) -> list[str]:
    found = []
    for name, value in changes.items():
        if name == "tags":
            found += [f"--tag={key}={text}" for key, text in value.items()]
        elif name == "operations":
            found.append(f"--operations={','.join(value)}")
        elif name == "indexes":
            found.append(f"--indexes={INDEXES}")
        else:
            found.append(f"--{name.replace('_', '-')}={value}")
    return found


@requests
def test_template_and_apply_make_the_same(cloud, run, changes):
    iam = cloud.client("iam")
    if "permissions_boundary" in changes:
        iam.create_policy(PolicyName="fence", PolicyDocument=BOUNDARY)
    cloud.apply(instance_id=None, **changes)
    applied = cloud.state()
    cloud.destroy(instance_id=None, **changes)
    body = run("render", "cloudformation", *options(changes)).out
    cloud.client("cloudformation").create_stack(
        StackName="items", TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    stacked = cloud.state()
    assert stacked["instance profiles"] == applied["instance profiles"]
    assert stacked["roles"].keys() == applied["roles"].keys()
    for name, role in stacked["roles"].items():
        assert role["trust"] == applied["roles"][name]["trust"]
        assert role["attached"] == applied["roles"][name]["attached"]
    for name, policy in stacked["policies"].items():
        assert policy["document"] == applied["policies"][name]["document"]


def test_what_cloudformation_made_is_left_to_it(cloud, run):
    cloud.client("cloudformation").create_stack(
        StackName="items",
        TemplateBody=run("render", "cloudformation").out,
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    assert cloud.plan().blockers
    assert cloud.plan(destroy).changes == ()


def test_the_table_is_the_template_s_parameter(run):
    document = yaml.safe_load(run("render", "cloudformation", "--table", "orders").out)
    assert document["Parameters"]["TableName"]["Default"] == "orders"
    assert "orders" not in json.dumps(document["Resources"])


LEAVES = st.text(max_size=3)
DOCUMENTS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(LEAVES, inner, max_size=3)
)


@given(DOCUMENTS)
def test_a_document_means_the_same_as_itself_in_any_order(document):
    assert same_document(document, _reversed(document))


def _reversed(part):
    if isinstance(part, dict):
        return {name: _reversed(value) for name, value in reversed(part.items())}
    if isinstance(part, list):
        return [_reversed(member) for member in reversed(part)]
    return part


@pytest.mark.parametrize("change", ["Action", "Resource", "Effect"])
def test_documents_that_allow_something_else_are_different(change):
    one = policy_document("arn:aws:dynamodb:us-east-2:123456789012:table/t", DEFAULT_OPERATIONS)
    other = json.loads(json.dumps(one))
    other["Statement"][0][change] = "Deny" if change == "Effect" else "*"
    assert not same_document(one, other)
