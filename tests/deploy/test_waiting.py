"""Waits for AWS, with responses in AWS's form, since moto applies every change at once.

Time advances only when the executor sleeps.
"""

import itertools

import pytest
from botocore.exceptions import ClientError
from dynamodb_items_deploy.aws.executor import Executor, NotInTime
from dynamodb_items_deploy.planning.findings import Call, Change, Wait

NOT_VISIBLE = [
    ("AddRoleToInstanceProfile", "NoSuchEntity", "The role with name x cannot be found."),
    ("AttachRolePolicy", "NoSuchEntity", "Policy x does not exist or is not attachable."),
    (
        "AssociateIamInstanceProfile",
        "InvalidParameterValue",
        "Value (x) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile",
    ),
    (
        "AssociateIamInstanceProfile",
        "InvalidParameterValue",
        'IAM Instance Profile "arn:x" has no associated IAM Roles',
    ),
    ("AssociateIamInstanceProfile", "IncorrectState", "InstanceIdentityProfileNotFound: x"),
    (
        "AssociateIamInstanceProfile",
        "IncorrectInstanceState",
        "The instance 'i-x' is not in the 'running' or 'stopped' states.",
    ),
    (
        "ModifyInstanceMetadataOptions",
        "IncorrectInstanceState",
        "The instance is not in a state from which its metadata options can be modified.",
    ),
    ("CreateRole", "ConcurrentModification", "Another request is changing it."),
]


@pytest.mark.parametrize(("operation", "code", "message"), NOT_VISIBLE)
def test_what_is_not_visible_yet_is_retried_and_reported(cloud, reject, operation, code, message):
    cloud.apply()
    expected = cloud.state()
    cloud.destroy()
    loosen_metadata_options(cloud)
    aws = cloud.aws()
    reject(aws, operation, code, message, times=5)
    cloud.apply(aws)
    assert cloud.state() == expected
    assert len(cloud.clock.pauses) == 5
    (line,) = [line for line in cloud.lines if "not ready yet" in line]
    assert code in line


def loosen_metadata_options(cloud) -> None:
    cloud.client("ec2").modify_instance_metadata_options(
        InstanceId=cloud.instance_id,
        HttpTokens="optional",
        HttpPutResponseHopLimit=1,
        HttpEndpoint="enabled",
    )


@pytest.mark.parametrize(("operation", "code", "message"), NOT_VISIBLE)
def test_after_120_seconds_waiting_ends(cloud, reject, operation, code, message):
    aws = cloud.aws()
    reject(aws, operation, code, message)
    with pytest.raises(ClientError, match=code):
        cloud.apply(aws)
    assert cloud.clock.now == pytest.approx(120)


def test_pauses_grow_and_have_jitter(cloud, reject):
    aws = cloud.aws()
    reject(aws, "AddRoleToInstanceProfile", "NoSuchEntity", times=6)
    cloud.apply(aws)
    pauses = cloud.clock.pauses
    ceilings = [1, 2, 4, 8, 10, 10]
    assert len(pauses) == len(ceilings)
    assert all(high / 2 <= pause <= high for pause, high in zip(pauses, ceilings, strict=True))
    assert any(pause not in (high, high / 2) for pause, high in zip(pauses, ceilings, strict=True))


def test_another_error_of_the_same_call_is_not_tried_again(cloud, reject):
    aws = cloud.aws()
    reject(aws, "AssociateIamInstanceProfile", "InvalidParameterValue", "Some other value")
    with pytest.raises(ClientError, match="Some other value"):
        cloud.apply(aws)
    assert cloud.clock.pauses == []


def test_an_accepted_change_is_waited_for(cloud, states):
    states("associating", "associating", "associated")
    cloud.apply()
    assert len(cloud.clock.pauses) == 2
    assert any("waiting for" in line for line in cloud.lines)


def test_a_change_that_never_takes_effect_is_reported(cloud, states):
    states("associating")
    with pytest.raises(NotInTime, match=r"120 s for i-\w+ to have the profile"):
        cloud.apply()


@pytest.fixture
def states(cloud, monkeypatch):
    """Let EC2 report these states of the association; the last one is repeated."""

    def states(*names: str) -> None:
        upcoming = itertools.chain(names, itertools.repeat(names[-1]))
        aws = cloud.aws()

        def report(parsed, **_):
            for association in parsed["IamInstanceProfileAssociations"]:
                association["State"] = next(upcoming)

        aws.clients["ec2"].meta.events.register(
            "after-call.ec2.DescribeIamInstanceProfileAssociations", report
        )
        monkeypatch.setattr(cloud, "aws", lambda: aws)

    return states


@pytest.mark.parametrize("operation", ["DeleteInstanceProfile", "DeleteRole", "DeletePolicy"])
def test_what_still_seems_to_hang_on_it_is_waited_for(cloud, reject, operation):
    cloud.apply()
    aws = cloud.aws()
    reject(aws, operation, "DeleteConflict", "Cannot delete entity, must remove x first.", times=3)
    cloud.destroy(aws)
    assert len(cloud.clock.pauses) == 3
    assert cloud.state()["policies"] == {}


def test_removing_what_is_gone_already_is_done(cloud, reject):
    cloud.apply()
    aws = cloud.aws()
    reject(aws, "DetachRolePolicy", "NoSuchEntity", times=1)
    cloud.client("iam").detach_role_policy(
        RoleName="EC2RoleToAccessDynamoDBTable",
        PolicyArn="arn:aws:iam::123456789012:policy/DynamoDBAccessPolicy",
    )
    plan = cloud.destroy(aws)
    assert plan.changes
    assert cloud.state()["roles"] == {}


def test_after_a_failed_change_no_further_one_is_made(cloud, recorded):
    aws, calls = recorded
    wrong = Call("iam", "delete_role", {"RoleName": "no-such-role"})
    fine = Call("iam", "create_role", {"RoleName": "r", "AssumeRolePolicyDocument": "{}"})
    with pytest.raises(ClientError):
        cloud.executor(aws).run([Change("-", "a role", wrong), Change("+", "a role", fine)])
    assert calls == ["DeleteRole"]


def test_time_is_real_unless_it_is_given(cloud):
    executor = Executor(cloud.aws(), cloud.lines.append)
    call = Call("ec2", "describe_instances", {"InstanceIds": [cloud.instance_id]})
    responses = iter([False, True])
    executor.run([Change("~", "x", call, Wait("x", call, lambda _: next(responses)))])
    assert executor.clock() > 0
