"""The commands of the page on fleets, pasted into one shell in their order, on both engines.

What is not run as written: `make release` is replaced by a small archive, and the parameter ImageId
is given, since no engine has AWS's own. ministack starts no instances. moto returns no outputs of a
stack that a change set made, and fails to update it. The cluster of kubectl runs no pods.
"""

import base64
import json
import os
import re
import shutil
import subprocess

import pytest

from tests.deploy.conftest import AMI
from tests.deploy.kubernetes_api import kubernetes
from tests.deploy.test_adopt import DOCUMENTS, ROLE, STEPS
from tests.deploy.test_fleet_stack import IMAGE, Made
from tests.engines import REGION, ROOT, ministack, moto

PAGE = (ROOT / "docs/fleet.md").read_text()
AWS = ROOT / ".venv-awscli/bin"
COMMANDS = [
    command.replace("\\\n", " ").removeprefix("$ ")
    for block in re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for command in re.split(r"\n(?=\$ )", block.strip())
]
PROGRAMS = {
    # tests/deploy/test_release.py builds real ones.
    "make": """
[ "$*" = release ]
mkdir -p build/release
date +%s%N >"build/release/dynamodb-items-deploy-1.0.tar.gz"
""",
    "items-deploy": 'exec "$PYTHON" -m dynamodb_items_deploy "$@"',
    # The real one, for the test's server.
    "kubectl": f'exec "{shutil.which("kubectl")}" --server="$KUBERNETES" "$@"',
    "dynamodb-items": 'exec "$PYTHON" -m dynamodb_items "$@"',
}


TEXTS = {".py", ".sh"}


class Shell:
    """A shell in a folder that is like a checkout."""

    def __init__(self, endpoint: str, folder) -> None:
        assert (AWS / "aws").exists(), "make .venv-awscli/.installed"
        assert shutil.which("kubectl"), (
            "kubectl is not installed: on Debian, apt-get install kubernetes-client"
        )
        self.folder = folder
        self.ran: set[int] = set()
        self.made = Made(endpoint)
        for name in ("deploy", "docs"):
            (folder / name).symlink_to(ROOT / name)
        (folder / "customer.json").write_text('{"type": "object"}')
        for name, script in PROGRAMS.items():
            program = folder / "bin" / name
            program.parent.mkdir(exist_ok=True)
            program.write_text(f"#!/bin/sh -e\n{script}\n")
            program.chmod(0o755)
        self.variables = {
            "PATH": f"{AWS}:{folder / 'bin'}:{os.environ['PATH']}",
            "PYTHON": str(ROOT / ".venv/bin/python"),
            "PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in ("service", "deploy")),
            "HOME": str(folder),
            "AWS_ENDPOINT_URL": endpoint,
            "KUBECONFIG": "/dev/null",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
        }

    @property
    def account(self) -> str:
        return self.made.client("sts").get_caller_identity()["Account"]

    def __call__(self, command: str) -> str:
        """Run a command with the variables that earlier ones have set; return its output."""
        ran = subprocess.run(
            ["bash", "-euc", f"touch .set; . ./.set; set -a\n{command}\nset +a; export -p >.set"],
            cwd=self.folder,
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
        return ran.stdout

    def paste(self, first: str, last: str | None = None) -> list[str]:
        """Run one of the page's commands, or those up to another; return their outputs."""
        numbers = range(number_of(first), number_of(last or first) + 1)
        return [self.run(number) for number in numbers]

    def run(self, number: int, more: str = "") -> str:
        """Run one of the page's commands, with more arguments."""
        self.ran.add(number)
        return self(COMMANDS[number] + more)


def number_of(text: str) -> int:
    (number,) = [number for number, command in enumerate(COMMANDS) if text in command]
    return number


ON_KUBERNETES = {*range(number_of("CLUSTER=items"), number_of("kubectl rollout restart") + 1)}


def creating(shell: Shell) -> str:
    """Create the stack; return the output of the command."""
    return shell.run(number_of("VpcId=$VPC"), f" ImageId={IMAGE}")


def test_on_kubernetes(tmp_path):
    """kubectl is real, and so are the schemas by which the server checks what it sends."""
    with ministack() as endpoint, kubernetes() as (url, objects):
        shell = Shell(endpoint, tmp_path)
        shell.variables["KUBERNETES"] = url
        shell.paste("dynamodb create-table")
        shell.paste("dynamodb-items keys new")
        eks = shell.made.client("eks")
        network = {"subnetIds": ["subnet-0123456789abcdef0"]}
        eks.create_cluster(name="items", roleArn="arn", resourcesVpcConfig=network)
        for number in sorted(ON_KUBERNETES):
            shell.run(number)
        (association,) = eks.list_pod_identity_associations(clusterName="items")["associations"]
        account = association["namespace"], association["serviceAccount"]
        assert account == ("items", "dynamodb-items")
        (found,) = objects.of_kind("ServiceAccount")
        assert (found["metadata"]["namespace"], found["metadata"]["name"]) == account
        sources = mounted(objects)
        (secret,) = objects.of_kind("Secret")
        assert secret["metadata"]["name"] == sources["secret"]
        assert b"sha256" in base64.b64decode(secret["data"]["api-keys.toml"])
        files = {one["metadata"]["name"]: one["data"] for one in objects.of_kind("ConfigMap")}
        assert files[sources["configMap"]] == {"customer.json": '{"type": "object"}'}


def mounted(objects) -> dict[str, str]:
    """Return the names of what the pods mount, and check that they were restarted."""
    (deployment,) = objects.of_kind("Deployment")
    template = deployment["spec"]["template"]
    assert "kubectl.kubernetes.io/restartedAt" in template["metadata"]["annotations"]
    (volume,) = template["spec"]["volumes"]
    return {
        kind: named["name"]
        for source in volume["projected"]["sources"]
        for kind, named in source.items()
    }


def test_kubectl_reports_a_member_that_does_not_exist(tmp_path):
    wrong = (ROOT / "deploy/kubernetes/items.yaml").read_text().replace("readinessProbe", "ready")
    with kubernetes() as (url, objects):
        objects.create(
            "/api/v1/namespaces",
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "items"}},
        )
        (tmp_path / "wrong.yaml").write_text(wrong)
        ran = subprocess.run(
            ["kubectl", f"--server={url}", "apply", "--namespace=items", "-f", "wrong.yaml"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "KUBECONFIG": "/dev/null"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert ran.returncode == 1
    assert "'ready' was unexpected" in ran.stderr


def test_the_messages_in_the_table_of_failures_are_those_of_the_programs():
    """But for CloudFormation's events, and DynamoDB's own errors."""
    folders = (ROOT / "service/dynamodb_items", ROOT / "deploy/dynamodb_items_deploy/fleet")
    sources = "".join(
        path.read_text() for folder in folders for path in folder.rglob("*") if path.suffix in TEXTS
    )
    rows = re.findall(r"^\| (`INSTANCE/\w+`|output of `deploy`) \| (.*?) \|", PAGE, re.MULTILINE)
    messages = [message for _, says in rows for message in re.findall("`([^`]+)`", says)]
    assert len(messages) == 15
    for message in messages:
        if message.endswith("Exception"):
            continue
        for fragment in filter(None, map(str.strip, message.split("…"))):
            assert fragment in sources, message


FAILS_TO_CREATE = {moto: "EntityAlreadyExists", ministack: "Failed to create/update the stack"}
OUTPUTS = number_of("Outputs[].[")


@pytest.mark.timeout(300)
def test_from_nothing_to_a_fleet_and_back(tmp_path):
    with ministack() as endpoint:
        shell = Shell(endpoint, tmp_path)
        made = shell.made
        shell.paste("dynamodb create-table", "--setting ITEMS_AUTH=none > fleet.yaml")
        creating(shell)
        assert "Url\thttp://" in shell.run(OUTPUTS)
        assert shell.paste("describe-auto-scaling-groups", "describe-log-streams")[0] == "2\t6\t2\n"
        shell.paste("dynamodb-items keys new", "start-instance-refresh")
        assert made.group()["LaunchTemplate"]["Version"] == "2", "files are another checksum"
        assert made.allowed().keys() == {
            *("logs:CreateLogStream", "logs:PutLogEvents"),
            *("s3:GetObject", "secretsmanager:GetSecretValue"),
        }
        shell.paste("make release", "s3 cp $ARCHIVE")
        shell.paste("--parameter-overrides Release=$RELEASE")
        assert made.group()["LaunchTemplate"]["Version"] == "3", "the upgrade is another release"
        shell.paste("describe-stack-events", "ecs create-service")
        shell.paste("update-continuous-backups", "TableName=my-restored-table")
        assert made.group()["LaunchTemplate"]["Version"] == "4", "the restore is another table"
        shell.paste("delete-stack", "stack-delete-complete")
        assert made.left() == []
    assert shell.ran == {*range(len(COMMANDS))} - ON_KUBERNETES, "every command of the page"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("engine", [moto, ministack])
def test_from_the_tutorial_s_six_steps_to_a_fleet(tmp_path, engine):
    """Role, policy and profile exist already, so the fleet's have a prefix, as the page says."""
    with engine() as endpoint:
        shell = Shell(endpoint, tmp_path)
        follow_the_tutorial(shell)
        shell.paste("BUCKET=", "--setting ITEMS_AUTH=none > fleet.yaml")
        with pytest.raises(AssertionError, match=FAILS_TO_CREATE[engine]):
            creating(shell)
        shell("aws cloudformation delete-stack --stack-name items")
        assert "--name-prefix fleet-" in PAGE
        rendering = COMMANDS[number_of("--setting ITEMS_AUTH=none > fleet.yaml")]
        shell(rendering.replace("--fleet", "--fleet --name-prefix fleet-"))
        creating(shell)
        assert f"/fleet-{ROLE}" in shell.made.launched()["IamInstanceProfile"]["Arn"]
        arn = shell.made.target_group()["TargetGroupArn"]
        states = shell(f"TARGET_GROUP={arn}; {COMMANDS[number_of('describe-target-health')]}")
        assert states.split() == ([] if engine is ministack else ["healthy", "healthy"])
        shell.paste("ecs create-cluster", "ecs register-task-definition")
        shell.paste("update-continuous-backups", "restore-table-to-point-in-time")


def follow_the_tutorial(shell: Shell) -> None:
    shell.paste("dynamodb create-table")
    for name, content in DOCUMENTS.items():
        (shell.folder / name).write_text(json.dumps(content).replace("123456789012", shell.account))
    instance = shell.made.client("ec2").run_instances(ImageId=AMI, MinCount=1, MaxCount=1)
    steps = STEPS.replace("INSTANCE", instance["Instances"][0]["InstanceId"])
    shell(steps.replace("123456789012", shell.account))
