"""The doctor, on an engine that enforces IAM, with credentials of a role as on an instance."""

import pytest
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation
from dynamodb_items_deploy.planning.documents import policy_document

from tests.conftest import environment
from tests.deploy.conftest import NO_KEYS
from tests.engines import REGION, client_for, enforce
from tests.imds import InstanceMetadata, made_up

TABLE = "arn:aws:dynamodb:us-east-2:123456789012:table/my-dynamodb-table"


def items(enforcing_engine) -> list:
    enforce(enforcing_engine, False)
    return client_for(enforcing_engine).scan(TableName="my-dynamodb-table")["Items"]


def test_the_policy_that_apply_makes_is_well_and_nothing_is_written(
    enforcing_engine, on_instance, run
):
    before = items(enforcing_engine)
    imds = on_instance(policy_document(TABLE, DEFAULT_OPERATIONS))
    ran = run("doctor", "--json")
    assert ran.json["is_well"], ran.out
    assert ran.status == 0
    found = {check["name"]: check["found"] for check in ran.json["checks"]}
    assert found["credentials"] == "from the instance's role"
    assert found["region"] == REGION
    assert ":assumed-role/" in found["identity"]
    for operation in DEFAULT_OPERATIONS:
        assert found[f"{operation} on my-dynamodb-table"] == "allowed"
    assert found["another table"] == "denied, as expected"
    for secret in ("AccessKeyId", "SecretAccessKey", "Token"):
        assert imds.credentials[secret] not in ran.out
    assert items(enforcing_engine) == before


def test_each_missing_permission_is_found_with_advice(on_instance, run):
    on_instance(policy_document(TABLE, [Operation.GET_ITEM, Operation.DELETE_ITEM]))
    ran = run("doctor")
    assert ran.status == 1
    failed = [line for line in ran.out.splitlines() if line.startswith("FAIL")]
    assert failed == [
        "FAIL PutItem on my-dynamodb-table: denied",
        "FAIL UpdateItem on my-dynamodb-table: denied",
    ]
    assert ran.out.count("Run items-deploy apply") == 2


def test_a_narrowed_service_requires_the_other_operations_to_be_denied(on_instance, run):
    on_instance(policy_document(TABLE, [Operation.GET_ITEM]))
    assert run("doctor", "--operations", "GetItem").status == 0


def test_a_permission_too_many_is_found(on_instance, run):
    on_instance(policy_document(TABLE, DEFAULT_OPERATIONS))
    ran = run("doctor", "--operations", "GetItem")
    assert ran.status == 1
    assert ran.out.count("allowed, but not in --operations") == 3


def test_access_to_another_table_is_found(on_instance, run):
    on_instance(policy_document("*", DEFAULT_OPERATIONS))
    ran = run("doctor")
    assert ran.status == 1
    assert "FAIL another table: can be read as well" in ran.out


def test_a_table_that_is_not_there_is_found(on_instance, run):
    on_instance(policy_document(TABLE.replace("my-dynamodb-table", "gone"), DEFAULT_OPERATIONS))
    ran = run("doctor", "--table", "gone")
    assert ran.status == 1
    assert "the table gone does not exist in this region" in ran.out


def test_a_table_with_another_key_is_found(on_instance, run):
    on_instance(policy_document(TABLE, DEFAULT_OPERATIONS))
    ran = run("doctor", "--partition-key", "Id:S")
    assert ran.status == 1
    assert "the table has a different key schema" in ran.out
    assert "ITEMS_PARTITION_KEY" in ran.out


def test_a_table_named_by_its_arn_is_checked_by_its_arn(on_instance, run):
    on_instance(policy_document(TABLE, DEFAULT_OPERATIONS))
    ran = run("doctor", "--table", TABLE)
    assert ran.status == 0, ran.out
    assert f"ok   PutItem on {TABLE}: allowed" in ran.out
    assert "ok   another table: denied, as expected" in ran.out
    on_instance(policy_document("*", DEFAULT_OPERATIONS))
    assert "FAIL another table: can be read as well" in run("doctor", "--table", TABLE).out


@pytest.mark.parametrize("type_", ["S", "N", "B"])
def test_a_table_without_a_sort_key_is_checked(
    enforcing_engine, on_instance, run, type_, monkeypatch
):
    table = f"one-key-{type_}"
    enforce(enforcing_engine, False)
    client_for(enforcing_engine).create_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": "Digest", "AttributeType": type_}],
        KeySchema=[{"AttributeName": "Digest", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    on_instance(policy_document(TABLE.replace("my-dynamodb-table", table), DEFAULT_OPERATIONS))
    for variable, text in {
        "ITEMS_TABLE": table,
        "ITEMS_PARTITION_KEY": f"Digest:{type_}",
        "ITEMS_SORT_KEY": "",
    }.items():
        monkeypatch.setenv(variable, text)
    ran = run("doctor")
    assert ran.status == 0, ran.out
    assert f"ok   UpdateItem on {table}: allowed" in ran.out


def test_a_table_that_cannot_exist_is_rejected(run):
    ran = run("doctor", "--table", f"{TABLE}/index/by-email")
    assert ran.status == 64
    assert "or a table's ARN" in ran.err


@pytest.mark.parametrize(
    "arguments", [("--partition-key", ""), ("--sort-key", "Name"), ("--sort-key", "Name:SS")]
)
def test_a_key_of_another_form_is_rejected(run, arguments):
    ran = run("doctor", *arguments)
    assert ran.status == 64
    assert "must be an attribute name and its type" in ran.err


@pytest.mark.parametrize(
    ("attributes", "cause", "advice"),
    [
        ({"role_name": None}, "the instance has no role", "items-deploy apply --instance-id"),
        ({"status": 403}, "the instance metadata service responded 403", "--http-endpoint enabled"),
        ({"delay_seconds": 1.5}, "hop limit of 1", "items-deploy apply --container"),
        ({"code": "AssumeRoleUnauthorizedAccess"}, "EC2 cannot assume", "ec2.amazonaws.com"),
    ],
    ids=["no role", "off", "hop limit", "trust policy"],
)
def test_the_cause_of_absent_credentials_is_found_with_advice(run, attributes, cause, advice):
    with (
        InstanceMetadata(made_up) as imds,
        environment(AWS_REGION=REGION, **NO_KEYS, **imds.environment),
    ):
        for name, value in attributes.items():
            setattr(imds, name, value)
        ran = run("doctor")
    assert ran.status == 1
    (line, next_step) = ran.out.splitlines()
    assert line.startswith("FAIL credentials: none in the environment and the AWS files; ")
    assert cause in line
    assert advice in next_step


def test_a_profile_that_does_not_exist_is_found(run):
    with environment(AWS_REGION=REGION, AWS_PROFILE="itmes", **NO_KEYS):
        ran = run("doctor")
    assert ran.status == 1
    assert "FAIL credentials: the profile itmes is in neither of /dev/null and /dev/null" in ran.out
    assert "Correct AWS_PROFILE" in ran.out


def test_a_network_without_sts_is_not_a_failure(on_instance, run, monkeypatch):
    on_instance(policy_document(TABLE, DEFAULT_OPERATIONS))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
    ran = run("doctor")
    assert "ok   identity: unknown" in ran.out
    assert ran.status == 0
