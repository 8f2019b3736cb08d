"""ARNs and principals of each partition; without an engine, since none has all of them."""

import pytest
from dynamodb_items_deploy.aws.account import Account
from dynamodb_items_deploy.planning.stack import Request, Stack

PARTITIONS = [
    ("us-east-2", "aws", "amazonaws.com"),
    ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
    ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
    ("us-iso-east-1", "aws-iso", "c2s.ic.gov"),
    ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
]


@pytest.mark.parametrize(("region", "partition", "domain"), PARTITIONS)
def test_arns_and_principals_follow_the_partition(region, partition, domain):
    account = Account.of(f"arn:{partition}:iam::210987654321:user/ada", region)
    key = f"arn:{partition}:kms:{region}:210987654321:key/x"
    stack = Stack(Request(instance_id="i-0123456789abcdef0", kms_key=key), account)
    items, of_key = stack.policy_document["Statement"]
    assert items["Resource"] == (
        f"arn:{partition}:dynamodb:{region}:210987654321:table/my-dynamodb-table"
    )
    assert of_key["Resource"] == key
    assert of_key["Condition"]["StringEquals"]["kms:ViaService"] == f"dynamodb.{region}.{domain}"
    (trust,) = stack.trust_document["Statement"]
    assert trust["Principal"] == {"Service": f"ec2.{domain}"}
    arns = [arn for resource in stack.resources for arn in vars_of(resource, "arn", "profile_arn")]
    assert len(arns) == 4
    assert all(arn.startswith(f"arn:{partition}:") for arn in arns)


def vars_of(resource, *names):
    return [getattr(resource, name) for name in names if hasattr(resource, name)]


def test_credentials_of_another_partition_are_rejected():
    with pytest.raises(ValueError, match="partition aws, but the region cn-north-1 is in aws-cn"):
        Account.of("arn:aws:iam::210987654321:root", "cn-north-1")


def test_the_account_comes_from_sts(cloud):
    assert cloud.aws().account() == Account("123456789012", "aws", "us-east-2", "amazonaws.com")


def test_in_china_it_deploys_there(cloud, run):
    ran = run("plan", "--json", "--region", "cn-north-1", "--instance-id", cloud.instance_id)
    assert ran.status == 1, "the instance and the table are in another region"
    assert len(ran.json["blockers"]) == 2
    attach = ran.json["changes"][2]["parameters"]
    assert attach["PolicyArn"] == "arn:aws-cn:iam::123456789012:policy/DynamoDBAccessPolicy"
