"""The commands: their output as text and as JSON, and their exit statuses."""

import io
import os
import subprocess
import sys

import pytest

from tests.engines import ROOT

ROLE = "EC2RoleToAccessDynamoDBTable"


@pytest.fixture
def on_it(cloud):
    return ("--instance-id", cloud.instance_id)


def test_plan_shows_each_change_and_writes_nothing(cloud, run, on_it):
    before = cloud.state()
    ran = run("plan", *on_it)
    assert ran.status == 2
    signs = [line[0] for line in ran.out.splitlines()]
    assert signs == ["+", "+", "+", "+", "+", "~", "+"]
    assert "dynamodb:GetItem" in ran.out
    assert cloud.state() == before


def test_plan_with_nothing_to_do_is_status_0(cloud, run, on_it):
    cloud.apply()
    ran = run("plan", *on_it)
    assert (ran.status, ran.out) == (0, "Nothing to do.\n")


def test_plan_in_json_holds_the_calls_to_come(run, on_it):
    ran = run("plan", "--json", *on_it)
    assert ran.status == 2
    operations = [change["operation"] for change in ran.json["changes"]]
    assert operations == [
        "create_policy",
        "create_role",
        "attach_role_policy",
        "create_instance_profile",
        "add_role_to_instance_profile",
        "modify_instance_metadata_options",
        "associate_iam_instance_profile",
    ]


def test_apply_requires_confirmation(cloud, run, on_it, monkeypatch):
    before = cloud.state()
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    ran = run("apply", *on_it)
    assert "Make these 7 changes?" in ran.out
    assert ran.status == 130
    assert cloud.state() == before


def test_apply_prints_each_change_and_the_end_state(run, on_it):
    ran = run("apply", "--yes", *on_it)
    assert ran.status == 0
    assert f"[3/7] + role {ROLE}: attached arn:" in ran.out
    assert ran.out.splitlines()[-1].startswith("in place  association of i-")
    again = run("apply", "--yes", *on_it)
    assert again.status == 0
    assert again.out.startswith("Nothing to do.\n")


def test_apply_in_json_keeps_progress_apart(run, on_it):
    ran = run("apply", "--yes", "--json", *on_it)
    assert ran.status == 0
    assert {resource["state"] for resource in ran.json["resources"]} == {"in place"}
    assert f"+ role {ROLE}" in ran.err


def test_json_does_not_prompt_so_it_requires_yes(run, on_it):
    assert run("apply", "--json", *on_it).status == 64


def test_status_distinguishes_absent_from_in_place(cloud, run, on_it):
    ran = run("status", *on_it)
    assert ran.status == 2
    assert f"absent    role {ROLE}" in ran.out
    assert "in place  table my-dynamodb-table" in ran.out
    cloud.apply()
    ran = run("status", "--json", *on_it)
    assert ran.status == 0
    assert {resource["state"] for resource in ran.json["resources"]} == {"in place"}


def test_destroy_prints_what_it_removes_and_can_be_repeated(cloud, run, on_it):
    cloud.apply()
    ran = run("destroy", "--yes", *on_it)
    assert ran.status == 0
    assert f"- role {ROLE}\n" in ran.out
    assert "absent    association of i-" in ran.out
    ran = run("destroy", "--yes", *on_it)
    assert ran.status == 0
    assert ran.out.startswith("Nothing to do.\n")


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["plan"],
        ["apply"],
        ["status"],
        ["destroy"],
        ["doctor"],
        ["render", "cloudformation"],
    ],
)
def test_help_has_an_example(run, command):
    ran = run(*command, "--help")
    assert ran.status == 0
    assert "Example" in ran.out
    assert "items-deploy" in ran.out


def test_it_runs_as_a_module():
    ended = subprocess.run(
        [sys.executable, "-m", "dynamodb_items_deploy", "--help"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0
    assert b"doctor" in ended.stdout


COMMAND = [sys.executable, "-m", "dynamodb_items_deploy", "render", "cloudformation"]


def test_an_output_whose_reader_is_gone_ends_the_command_quietly():
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run(COMMAND, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, check=False)
    assert (ran.returncode, ran.stderr) == (1, b"")
    wrong = subprocess.run([*COMMAND, "--no-such"], cwd=ROOT, stderr=writing, check=False)
    os.close(writing)
    assert wrong.returncode == 1


def test_an_output_that_cannot_be_written_is_one_line():
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        ran = subprocess.run(COMMAND, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, check=False)
    assert ran.returncode == 1
    assert ran.stderr == b"Cannot write the output: No space left on device.\n"
