"""A run that stops half-way: its report of the changes, and how the next run continues."""

import functools
from http import HTTPStatus

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, ReadTimeoutError
from dynamodb_items_deploy import options
from dynamodb_items_deploy.aws.client import Aws
from dynamodb_items_deploy.planning.plan import converge, destroy

from tests.deploy.conftest import Raw, session

ROLE = "EC2RoleToAccessDynamoDBTable"
POLICY = "DynamoDBAccessPolicy"
APPLY = [
    "CreatePolicy",
    "CreateRole",
    "AttachRolePolicy",
    "CreateInstanceProfile",
    "AddRoleToInstanceProfile",
    "ModifyInstanceMetadataOptions",
    "AssociateIamInstanceProfile",
]
DESTROY = [
    "DisassociateIamInstanceProfile",
    "RemoveRoleFromInstanceProfile",
    "DeleteInstanceProfile",
    "DetachRolePolicy",
    "DeleteRole",
    "DeletePolicy",
]


def html(request, **_):
    return AWSResponse(request.url, HTTPStatus.OK, {"Content-Type": "text/html"}, Raw(b"<html/>"))


def lost(request, **_):
    raise ReadTimeoutError(endpoint_url=request.url)


def defect(**_):
    raise KeyError("Role")


def interrupt(**_):
    raise KeyboardInterrupt


@pytest.fixture
def failing(monkeypatch):
    """Let an operation of the command's own clients fail."""

    def failing(operation: str, handler) -> None:
        def connect(region=None, **_):
            aws = Aws(region, max_attempts=1, session=session())
            for client in aws.clients.values():
                client.meta.events.register(f"before-send.*.{operation}", handler)
            return aws

        monkeypatch.setattr(options, "Aws", connect)

    return failing


def calls(changes: list[dict]) -> list[str]:
    return ["".join(word.title() for word in change["operation"].split("_")) for change in changes]


@pytest.mark.parametrize("handler", [html, lost])
@pytest.mark.parametrize("number", range(len(APPLY)), ids=APPLY)
def test_apply_reports_what_it_made_and_the_next_one_goes_on(
    cloud, run, failing, monkeypatch, number, handler
):
    on_it = ("--yes", "--json", "--instance-id", cloud.instance_id)
    failing(APPLY[number], handler)
    ran = run("apply", *on_it)
    assert ran.status == 75
    assert calls(ran.json["made"]) == APPLY[:number]
    assert calls(ran.json["unconfirmed"]) == [APPLY[number]]
    assert calls(ran.json["left"]) == APPLY[number + 1 :]
    assert ran.json["failed"] == []
    assert ran.json["temporary"] is True
    monkeypatch.setattr(options, "Aws", functools.partial(Aws, session=session()))
    again = run("apply", *on_it)
    assert again.status == 0
    assert calls(again.json["changes"]) == APPLY[number:]
    assert cloud.plan().is_as_planned


@pytest.mark.parametrize("number", range(len(DESTROY)), ids=DESTROY)
def test_destroy_reports_what_it_removed_and_the_next_one_goes_on(
    cloud, run, failing, monkeypatch, number
):
    on_it = ("--yes", "--json", "--instance-id", cloud.instance_id)
    cloud.apply()
    failing(DESTROY[number], html)
    ran = run("destroy", *on_it)
    assert ran.status == 75
    assert calls(ran.json["made"]) == DESTROY[:number]
    assert calls(ran.json["left"]) == DESTROY[number + 1 :]
    monkeypatch.setattr(options, "Aws", functools.partial(Aws, session=session()))
    again = run("destroy", *on_it)
    assert again.status == 0
    assert calls(again.json["changes"]) == DESTROY[number:]
    assert cloud.state()["roles"] == {}


def test_the_lines_name_the_changes(cloud, run, failing):
    failing("CreateRole", html)
    ran = run("apply", "--yes", "--instance-id", cloud.instance_id)
    assert ran.status == 75
    _, _, *lines = ran.err.splitlines()
    assert lines[:4] == [
        "Made:",
        f"  + policy {POLICY}: dynamodb:GetItem, dynamodb:PutItem, dynamodb:UpdateItem, "
        "dynamodb:DeleteItem",
        "Unconfirmed (it may have been made):",
        f"  + role {ROLE}, for EC2 to assume",
    ]
    assert lines[4] == "Not tried:"
    assert len(lines) == 10


def test_a_rejected_change_has_failed(cloud, run, reject, monkeypatch):
    def connect(region=None, **_):
        aws = Aws(region, max_attempts=1, session=session())
        reject(aws, "CreatePolicy", "AccessDenied")
        return aws

    monkeypatch.setattr(options, "Aws", connect)
    ran = run("apply", "--yes", "--instance-id", cloud.instance_id)
    assert ran.status == 1
    assert "Failed:\n  + policy" in ran.err
    assert "Unconfirmed" not in ran.err
    assert "No change was confirmed." in ran.err


def test_what_was_made_is_reported_when_the_state_cannot_be_read_afterwards(cloud, run, failing):
    requests = []

    def second_time(request, **_):
        requests.append(request)
        return html(request) if len(requests) > 1 else None

    failing("GetRole", second_time)
    ran = run("apply", "--yes", "--json", "--instance-id", cloud.instance_id)
    assert ran.status == 75
    assert calls(ran.json["made"]) == APPLY
    assert ran.json["left"] == ran.json["failed"] == ran.json["unconfirmed"] == []


def test_a_defect_has_a_status_of_its_own_and_no_stack_trace(cloud, run, failing):
    failing("CreateRole", defect)
    ran = run("apply", "--yes", "--instance-id", cloud.instance_id)
    assert ran.status == 70
    assert ran.err.startswith("Unexpected error in this tool: KeyError: 'Role' at test_")
    assert "Made:\n  + policy" in ran.err
    assert "Traceback" not in ran.err


def test_an_interruption_reports_what_was_made(cloud, run, failing):
    failing("CreateRole", interrupt)
    ran = run("apply", "--yes", "--json", "--instance-id", cloud.instance_id)
    assert ran.status == 130
    assert ran.json["error"] == "Interrupted."
    assert calls(ran.json["made"]) == ["CreatePolicy"]


def test_a_wrong_command_line_is_json_for_machines(run):
    ran = run("plan", "--json", "--path", "team")
    assert ran.status == 64
    assert "--path 'team' is not a path" in ran.json["error"]


def test_a_failing_read_is_reported_before_anything_is_changed(cloud, run, failing):
    failing("DescribeTable", html)
    before = cloud.state()
    ran = run("apply", "--yes", "--json", "--instance-id", cloud.instance_id)
    assert ran.status == 75
    assert set(ran.json) == {"error", "advice", "temporary"}
    assert cloud.state() == before


def twice(changes) -> list:
    """Return each change twice, except one after which moto returns a 500."""
    once = "remove_role_from_instance_profile"
    return [change for change in changes for _ in range(1 if change.call.operation == once else 2)]


@pytest.mark.parametrize("replace", [False, True], ids=["without a profile", "with another's"])
def test_a_write_repeated_after_a_lost_response_counts_once(cloud, replace):
    """botocore retries a call without response, and the retry finds the first result."""
    if replace:
        cloud.client("iam").create_instance_profile(InstanceProfileName="theirs")
        cloud.client("ec2").associate_iam_instance_profile(
            InstanceId=cloud.instance_id, IamInstanceProfile={"Name": "theirs"}
        )
    aws = cloud.aws()
    plan = converge(cloud.observe(aws, cloud.request(replace=replace)))
    cloud.executor(aws).run(twice(plan.changes))
    assert cloud.plan().is_as_planned
    cloud.executor(aws).run(twice(destroy(cloud.observe(aws)).changes))
    assert cloud.state()["roles"] == cloud.state()["policies"] == {}
    assert cloud.associations() == {}


@pytest.mark.parametrize("operation", ["GetPolicy", "GetRole", "GetInstanceProfile"])
def test_what_an_earlier_apply_made_and_iam_does_not_show_yet_is_recognized(
    cloud, reject, operation
):
    cloud.apply()
    aws = cloud.aws()
    reject(aws, operation, "NoSuchEntity", times=1)
    plan = cloud.apply(aws)
    assert plan.changes
    assert cloud.plan().is_as_planned
    assert len(cloud.state()["roles"]) == len(cloud.state()["policies"]) == 1


def test_what_iam_does_not_show_yet_is_waited_for(cloud, reject):
    cloud.apply()
    aws = cloud.aws()
    reject(aws, "GetRole", "NoSuchEntity", times=3)
    cloud.apply(aws)
    assert len(cloud.clock.pauses) == 2
    assert f"  … waiting for the role {ROLE} to be visible: up to 120 s" in cloud.lines


@pytest.mark.parametrize("number", [0, 1, 3])
def test_what_others_made_since_the_plan_is_left_to_them(cloud, number):
    plan = cloud.plan()
    call = plan.changes[number].call
    cloud.aws().read(call.service, call.operation, **{**call.parameters, "Tags": []})
    with pytest.raises(ClientError, match="EntityAlreadyExists"):
        cloud.apply_plan(plan)
