"""The commands of the page on fleets, run one after the other on ministack.

It starts no instances and has none of AWS's public parameters; moto fails to update a stack that a
change set made.
"""

import os
import re
import subprocess

import pytest
from dynamodb_items.config.settings import Settings
from dynamodb_items.local import launcher

from tests.deploy.test_fleet_stack import FLEET, Fleet
from tests.engines import REGION, ROOT, client_for, ministack

PAGE = (ROOT / "docs/fleet.md").read_text()
AWS = ROOT / ".venv-awscli/bin"
COMMANDS = [
    command.replace("\\\n", " ").removeprefix("$ ")
    for block in re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for command in re.split(r"\n(?=\$ )", block.strip())
]


@pytest.fixture
def emulator():
    with ministack() as endpoint:
        launcher.create_table(client_for(endpoint), Settings())
        yield endpoint


@pytest.fixture
def shell(emulator, run, tmp_path):
    """Run a command in a folder that has a release and the values that the page names."""
    assert (AWS / "aws").exists(), "make .venv-awscli/.installed"
    fleet = Fleet(emulator, run(*FLEET).out)
    release = tmp_path / "build/release"
    release.mkdir(parents=True)
    for version in ("VERSION", "NEXT"):
        (release / f"dynamodb-items-deploy-{version}.tar.gz").write_bytes(version.encode())
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    deployer = tmp_path / "items-deploy"
    deployer.write_text('#!/bin/sh\nexec "$PYTHON" -m dynamodb_items_deploy "$@"\n')
    deployer.chmod(0o755)
    chosen = fleet.parameters
    variables = {
        "PATH": f"{AWS}:{tmp_path}:{os.environ['PATH']}",
        "PYTHON": str(ROOT / ".venv/bin/python"),
        "PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in ("service", "deploy")),
        "HOME": str(tmp_path),
        "AWS_ENDPOINT_URL": emulator,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "VPC": chosen["VpcId"],
        "SUBNETS": chosen["InstanceSubnets"],
        "ROUTE_TABLES": chosen["RouteTables"],
        "SHA256": "a" * 64,
        "NEXT_SHA256": "b" * 64,
    }

    def execute(command: str) -> str:
        ran = subprocess.run(
            ["sh", "-ec", command],
            cwd=tmp_path,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
        if "cloudformation deploy" in command:
            variables["TARGET_GROUP"] = fleet.target_group()["TargetGroupArn"]
        return ran.stdout

    execute.fleet = fleet
    return execute


def number_of(text: str) -> int:
    (number,) = [number for number, command in enumerate(COMMANDS) if text in command]
    return number


@pytest.mark.timeout(300)
def test_the_commands_reach_a_fleet_upgrade_it_and_back_it_up(shell):
    created, deleted = number_of("VpcId=$VPC"), number_of("delete-stack")
    for command in COMMANDS[:created]:
        shell(command)
    shell(f"{COMMANDS[created]} ImageId={shell.fleet.parameters['ImageId']}")
    outputs = shell(COMMANDS[created + 1])
    assert "Url\thttp://" in outputs
    assert shell(COMMANDS[created + 2]) == "2\t6\t2\n"
    assert shell(COMMANDS[created + 3]) == ""
    for command in COMMANDS[created + 4 : deleted]:
        shell(command)
    for command in COMMANDS[deleted + 1 : number_of("register-task-definition")]:
        shell(command)
    assert shell.fleet.group()["LaunchTemplate"]["Version"] == "2", "the upgrade is another release"
    for command in COMMANDS[number_of("update-continuous-backups") :]:
        shell(command)
    assert shell.fleet.group()["LaunchTemplate"]["Version"] == "3", "the restore is another table"
    shell(COMMANDS[deleted])
    shell("aws cloudformation wait stack-delete-complete --stack-name items")
    assert shell.fleet.left() == []
