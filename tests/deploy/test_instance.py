"""The instance, its state and its profile."""

import pytest
from dynamodb_items_deploy.planning.plan import converge
from dynamodb_items_deploy.resources.table import Table

from tests.deploy.conftest import PROFILE, Cloud, Killed, on_calls, writes

ROLE = "EC2RoleToAccessDynamoDBTable"


def give_another_profile(cloud: Cloud) -> str:
    iam = cloud.client("iam")
    iam.create_instance_profile(InstanceProfileName="theirs")
    cloud.client("ec2").associate_iam_instance_profile(
        InstanceId=cloud.instance_id, IamInstanceProfile={"Name": "theirs"}
    )
    return "theirs"


def test_another_profile_is_rejected_and_named(cloud, run):
    give_another_profile(cloud)
    before = cloud.state()
    ran = run("apply", "--yes", "--instance-id", cloud.instance_id)
    assert ran.status == 1
    assert "instance-profile/theirs" in ran.out
    assert "--replace" in ran.out
    assert cloud.state() == before


def test_replace_takes_the_place_of_another_profile(cloud, recorded):
    give_another_profile(cloud)
    aws, calls = recorded
    cloud.apply(aws, replace=True)
    assert cloud.associations() == {cloud.instance_id: PROFILE}
    assert "ReplaceIamInstanceProfileAssociation" in calls


def test_on_a_stopped_instance_replacing_takes_two_steps(cloud, recorded):
    give_another_profile(cloud)
    cloud.client("ec2").stop_instances(InstanceIds=[cloud.instance_id])
    aws, calls = recorded
    cloud.apply(aws, replace=True)
    assert cloud.associations() == {cloud.instance_id: PROFILE}
    assert writes(calls)[-2:] == [
        "DisassociateIamInstanceProfile",
        "AssociateIamInstanceProfile",
    ]


def test_killed_between_the_two_steps_it_goes_on_with_ours(cloud):
    give_another_profile(cloud)
    cloud.client("ec2").stop_instances(InstanceIds=[cloud.instance_id])
    aws = cloud.aws()

    def kill(**_):
        raise Killed

    on_calls(aws, "after-call.ec2.DisassociateIamInstanceProfile", kill)
    with pytest.raises(Killed):
        cloud.apply(aws, replace=True)
    assert cloud.associations() == {}
    cloud.apply()
    assert cloud.associations() == {cloud.instance_id: PROFILE}


def test_the_old_profile_is_restored_when_the_new_one_fails(cloud, reject):
    give_another_profile(cloud)
    cloud.client("ec2").stop_instances(InstanceIds=[cloud.instance_id])
    aws = cloud.aws()
    reject(aws, "AssociateIamInstanceProfile", "UnauthorizedOperation", times=1)
    with pytest.raises(aws.clients["ec2"].exceptions.ClientError, match="UnauthorizedOperation"):
        cloud.apply(aws, replace=True)
    assert cloud.associations() == {cloud.instance_id: "theirs"}
    assert any("restoring" in line for line in cloud.lines)


def delete_our_profile(cloud: Cloud) -> None:
    iam = cloud.client("iam")
    iam.remove_role_from_instance_profile(InstanceProfileName=PROFILE, RoleName=ROLE)
    iam.delete_instance_profile(InstanceProfileName=PROFILE)


def test_one_apply_replaces_a_profile_that_others_deleted(cloud):
    cloud.apply()
    delete_our_profile(cloud)
    plan = cloud.apply()
    assert [change.call.operation for change in plan.changes] == [
        "create_instance_profile",
        "add_role_to_instance_profile",
        "replace_iam_instance_profile_association",
    ]
    assert "replaces the deleted arn:" in plan.changes[-1].what
    assert cloud.plan().is_as_planned


def test_a_profile_that_others_deleted_and_made_again_is_replaced(cloud):
    cloud.apply()
    delete_our_profile(cloud)
    cloud.apply(instance_id=None)
    plan = cloud.apply()
    assert [change.call.operation for change in plan.changes] == [
        "replace_iam_instance_profile_association"
    ]
    assert cloud.plan().is_as_planned


def test_what_ec2_still_reports_of_the_deleted_profile_does_not_end_the_wait(cloud):
    """The old and the new profile have the same ARN and different IDs."""
    cloud.apply()
    (old,) = cloud.client("ec2").describe_iam_instance_profile_associations()[
        "IamInstanceProfileAssociations"
    ]
    delete_our_profile(cloud)
    aws, late = cloud.aws(), [2]

    def as_before(parsed, **_):
        if cloud.lines and "replaces" in cloud.lines[-1] and late[0]:
            late[0] -= 1
            parsed["IamInstanceProfileAssociations"] = [old]

    event = "after-call.ec2.DescribeIamInstanceProfileAssociations"
    aws.clients["ec2"].meta.events.register(event, as_before)
    cloud.apply(aws)
    assert any("waiting for" in line for line in cloud.lines)
    assert cloud.plan().is_as_planned


def test_destroy_takes_only_our_profile_from_the_instance(cloud):
    cloud.apply()
    ec2 = cloud.client("ec2")
    (association,) = ec2.describe_iam_instance_profile_associations()[
        "IamInstanceProfileAssociations"
    ]
    cloud.client("iam").create_instance_profile(InstanceProfileName="theirs")
    ec2.replace_iam_instance_profile_association(
        AssociationId=association["AssociationId"], IamInstanceProfile={"Name": "theirs"}
    )
    cloud.destroy()
    assert cloud.associations() == {cloud.instance_id: "theirs"}
    assert cloud.state()["roles"] == {}


def test_destroy_leaves_somebody_else_s_profile_of_our_name_on_the_instance(cloud, run):
    iam, ec2 = cloud.client("iam"), cloud.client("ec2")
    iam.create_instance_profile(InstanceProfileName=PROFILE)
    ec2.associate_iam_instance_profile(
        InstanceId=cloud.instance_id, IamInstanceProfile={"Name": PROFILE}
    )
    before = cloud.state()
    ran = run("destroy", "--yes", "--instance-id", cloud.instance_id)
    assert ran.status == 0
    assert f"association of {cloud.instance_id} with arn:" in ran.out
    assert f"instance-profile/{PROFILE} was not made by this tool. It is kept." in ran.out
    assert cloud.state() == before
    assert cloud.associations() == {cloud.instance_id: PROFILE}


def test_destroy_removes_an_association_whose_profile_others_deleted(cloud):
    cloud.apply()
    delete_our_profile(cloud)
    cloud.destroy()
    assert cloud.associations() == {}
    assert cloud.state()["roles"] == {}


def test_a_terminated_instance_is_rejected_before_the_first_write(cloud, recorded):
    cloud.client("ec2").terminate_instances(InstanceIds=[cloud.instance_id])
    aws, calls = recorded
    (blocker,) = converge(cloud.observe(aws)).blockers
    assert "is terminated" in blocker.reason
    assert writes(calls) == []


def test_an_unknown_instance_is_rejected_before_the_first_write(cloud, run):
    ran = run("apply", "--yes", "--instance-id", "i-00000000000000000")
    assert ran.status == 1
    assert "The instance i-00000000000000000 does not exist in us-east-2" in ran.out
    assert cloud.state()["roles"] == {}


def test_an_instance_in_another_region_is_rejected_before_the_first_write(cloud, run):
    ran = run("apply", "--yes", "--instance-id", cloud.instance_id, "--region", "us-west-2")
    assert ran.status == 1
    assert f"The instance {cloud.instance_id} does not exist in us-west-2" in ran.out
    assert "Check --instance-id and --region" in ran.out
    assert cloud.state()["roles"] == {}


def test_a_missing_table_is_rejected_before_the_first_write(cloud, run):
    ran = run("apply", "--yes", "--instance-id", cloud.instance_id, "--table", "no-such-table")
    assert ran.status == 1
    assert "The table no-such-table does not exist in us-east-2" in ran.out
    assert cloud.state()["roles"] == {}


def test_an_operator_who_may_not_describe_the_table_may_deploy_all_the_same(cloud, reject):
    aws = cloud.aws()
    reject(aws, "DescribeTable", "AccessDeniedException")
    cloud.apply(aws)
    assert cloud.associations() == {cloud.instance_id: PROFILE}


def test_a_terminated_instance_does_not_stand_in_the_way_of_destroying(cloud):
    cloud.apply()
    ec2 = cloud.client("ec2")
    (association,) = ec2.describe_iam_instance_profile_associations()[
        "IamInstanceProfileAssociations"
    ]
    # moto keeps the association of a terminated instance; EC2 ends it.
    ec2.disassociate_iam_instance_profile(AssociationId=association["AssociationId"])
    ec2.terminate_instances(InstanceIds=[cloud.instance_id])
    cloud.destroy()
    assert cloud.state()["roles"] == {}


def test_metadata_options_that_others_loosened_are_tightened_and_the_hop_limit_stays(cloud):
    cloud.apply()
    cloud.client("ec2").modify_instance_metadata_options(
        InstanceId=cloud.instance_id,
        HttpTokens="optional",
        HttpEndpoint="enabled",
        HttpPutResponseHopLimit=3,
    )
    plan = cloud.apply()
    (change,) = plan.changes
    assert change.what == f"metadata options of {cloud.instance_id}: HttpTokens optional → required"
    assert [notice.text for notice in plan.notices] == [
        f"The metadata options of {cloud.instance_id} allow 3 hops and the service needs 1. "
        "The limit is kept, since other containers may need it."
    ]
    assert cloud.state()["metadata"]["HttpTokens"] == "required"
    assert cloud.state()["metadata"]["HttpPutResponseHopLimit"] == 3
    assert cloud.plan().is_as_planned


def test_the_plan_shows_the_hop_limit_that_is_and_the_one_to_come(cloud):
    cloud.apply()
    (change,) = cloud.plan(container=True).changes
    assert change.what.endswith(": HttpPutResponseHopLimit 1 → 2")
    cloud.apply(container=True)
    assert cloud.plan().changes == ()


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("CREATING", "Wait until it is ACTIVE"),
        ("DELETING", "Check --table."),
        ("ARCHIVING", "Restore the table from the backup"),
        ("ARCHIVED", "Restore the table from the backup"),
        ("INACCESSIBLE_ENCRYPTION_CREDENTIALS", "Enable the table's KMS key again"),
        ("REPLICATION_NOT_AUTHORIZED", "Allow DynamoDB to replicate"),
        ("A_STATUS_TO_COME", "Wait until it is ACTIVE"),
    ],
)
def test_a_table_that_cannot_be_used_is_rejected_with_what_to_do(status, advice):
    (blocker,) = Table("orders", "arn:aws:dynamodb:us-east-2:1:table/orders", "1").converge(status)
    assert blocker.reason == f"The table orders is in status {status}."
    assert advice in blocker.advice


@pytest.mark.parametrize("status", ["ACTIVE", "UPDATING", "unreadable"])
def test_a_table_that_can_be_used_passes(status):
    assert (
        list(Table("orders", "arn:aws:dynamodb:us-east-2:1:table/orders", "1").converge(status))
        == []
    )
