"""The ECS and Kubernetes files: valid by published schemas, accepted by engines, timed rightly."""

import copy
import json
import os
import re
import signal
import stat
import sys

import kubernetes_validate
import pytest
import requests
import yaml
from botocore.exceptions import ParamValidationError
from cfnlint.api import ManualArgs, lint
from dynamodb_items.access.api_keys import new_api_key
from dynamodb_items.config.settings import Settings
from dynamodb_items.local.processes import free_port
from dynamodb_items_deploy.fleet.options import FILES_FOLDER

from tests.deploy.test_installing import executable
from tests.engines import ROOT, client_for, ministack, process, wait_for

DEPLOY = ROOT / "deploy"
PAGE = ROOT / "docs/fleet.md"
# gunicorn's graceful_timeout is the drain, the deadline and these.
CLOSING_SECONDS = 10
OLDEST, NEWEST = "1.29", "1.37"


@pytest.fixture
def task():
    return json.loads((DEPLOY / "ecs/task-definition.json").read_text())


@pytest.fixture
def service():
    return json.loads((DEPLOY / "ecs/service.json").read_text())


@pytest.fixture
def manifests():
    documents = list(yaml.safe_load_all((DEPLOY / "kubernetes/items.yaml").read_text()))
    return {document["kind"]: document for document in documents}


def in_cloudformation(part):
    """Return a part with its names as CloudFormation's schema has them."""
    if isinstance(part, dict):
        return {
            name if "-" in name else name[0].upper() + name[1:]: in_cloudformation(value)
            for name, value in part.items()
        }
    return [in_cloudformation(one) for one in part] if isinstance(part, list) else part


def linted(task):
    properties = in_cloudformation(task)
    for container in properties["ContainerDefinitions"]:
        options = task["containerDefinitions"][0]["logConfiguration"]["options"]
        container["LogConfiguration"]["Options"] = options
    template = {
        "Resources": {"Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": properties}}
    }
    return lint(json.dumps(template), config=ManualArgs(regions=["us-east-2"]))


def test_the_task_definition_fits_cloudformation_s_schema(task):
    assert linted(task) == []


@pytest.mark.parametrize(
    ("name", "value"), [("cpu", "1000"), ("networkMode", "vpc"), ("noSuchName", "1")]
)
def test_that_schema_rejects_a_wrong_task_definition(task, name, value):
    assert linted({**task, name: value})


def test_ecs_passes_api_keys_as_a_file_in_memory(task, cloud, tmp_path):
    """The page's members of the container: valid, and its command run with a secret's text."""
    (block,) = re.findall(r"^```json\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (container,) = task["containerDefinitions"]
    container |= json.loads(block)
    assert linted(task) == []
    client_for(cloud.endpoint, "ecs").register_task_definition(**task)
    key, sha256 = new_api_key("shop")
    (secret,) = container["secrets"]
    port, file = free_port(), tmp_path / "api-keys.toml"
    executable(tmp_path / "dynamodb-items", f'exec {sys.executable} -m dynamodb_items "$@"')
    *shell, script = container["command"]
    script, folders = re.subn("(?<=[>=])/dev/shm(?=/)", str(tmp_path), script)
    script, addresses = re.subn("0.0.0.0:8000", f"127.0.0.1:{port}", script)
    assert (folders, addresses) == (2, 1)
    variables = {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "ITEMS_AUTH": "api-key",
        secret["name"]: f'[shop]\nsha256 = "{sha256}"\nscopes = ["items:read"]\n',
    }
    url = f"http://127.0.0.1:{port}"
    with process([*shell, script], variables) as child:
        wait_for(f"{url}/live", child)
        statuses = [
            requests.get(f"{url}/items/101/Raj", headers=headers, timeout=10).status_code
            for headers in ({}, {"X-API-Key": key})
        ]
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        child.send_signal(signal.SIGTERM)
        assert child.wait(30) == 0, "the signal reaches the service"
    assert statuses == [401, 200]


@pytest.mark.parametrize("engine", ["moto", "ministack"])
def test_ecs_accepts_task_definition_and_service(request, task, service, engine):
    """boto3 rejects unknown names and wrong types before the call."""
    if engine == "moto":
        check_ecs(request.getfixturevalue("cloud").endpoint, task, service)
    else:
        with ministack() as endpoint:
            check_ecs(endpoint, task, service)


def check_ecs(endpoint, task, service):
    ecs = client_for(endpoint, "ecs")
    ecs.create_cluster(clusterName="default")
    registered = ecs.register_task_definition(**task)["taskDefinition"]
    assert registered["containerDefinitions"][0]["stopTimeout"] == 60
    ec2 = client_for(endpoint, "ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    network = service["networkConfiguration"]["awsvpcConfiguration"]
    network["subnets"] = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{number}.0/24")["Subnet"]["SubnetId"]
        for number, _ in enumerate(network["subnets"])
    ]
    group = ec2.create_security_group(GroupName="items", Description="items", VpcId=vpc)
    network["securityGroups"] = [group["GroupId"]]
    created = ecs.create_service(**service)["service"]
    assert created["desiredCount"] == 2
    with pytest.raises(ParamValidationError):
        ecs.register_task_definition(**task, noSuchName=1)


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_the_manifests_fit_kubernetes_schemas(manifests, version):
    assert manifests.keys() == {
        *("ServiceAccount", "ConfigMap", "Deployment", "Service"),
        *("PodDisruptionBudget", "HorizontalPodAutoscaler"),
    }
    for document in manifests.values():
        kubernetes_validate.validate(document, version, strict=True)


def test_that_schema_rejects_a_wrong_manifest(manifests):
    wrong = copy.deepcopy(manifests["Deployment"])
    wrong["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, NEWEST, strict=True)


def test_every_selector_selects_the_pods(manifests):
    template = manifests["Deployment"]["spec"]["template"]
    labels = template["metadata"]["labels"]
    spec = manifests["Deployment"]["spec"]
    assert spec["selector"]["matchLabels"] == labels
    assert manifests["Service"]["spec"]["selector"] == labels
    assert manifests["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    (spread,) = template["spec"]["topologySpreadConstraints"]
    assert spread["labelSelector"]["matchLabels"] == labels
    account = manifests["ServiceAccount"]["metadata"]["name"]
    assert template["spec"]["serviceAccountName"] == account
    target = manifests["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["name"]
    assert target == manifests["Deployment"]["metadata"]["name"]
    (container,) = template["spec"]["containers"]
    (source,) = container["envFrom"]
    assert source["configMapRef"]["name"] == manifests["ConfigMap"]["metadata"]["name"]
    (mount,) = container["volumeMounts"]
    assert mount["name"] == template["spec"]["volumes"][0]["name"]
    assert mount["mountPath"] == FILES_FOLDER


def settings_of(variables) -> Settings:
    return Settings.from_environment(dict(variables))


def test_the_settings_are_valid_and_the_times_agree(task, manifests):
    (container,) = task["containerDefinitions"]
    ecs = settings_of((one["name"], one["value"]) for one in container["environment"])
    kubernetes = settings_of(manifests["ConfigMap"]["data"].items())
    pod = manifests["Deployment"]["spec"]["template"]["spec"]
    for settings, stop in (
        (ecs, container["stopTimeout"]),
        (kubernetes, pod["terminationGracePeriodSeconds"]),
    ):
        assert settings.drain_seconds + settings.deadline_seconds + CLOSING_SECONDS < stop
        assert stop <= 120, "the most that Fargate allows"
    probe = pod["containers"][0]["readinessProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] < kubernetes.drain_seconds


def test_probes_read_live_to_restart_and_ready_to_route(task, manifests):
    """A restart during an outage of the table helps nobody."""
    (container,) = manifests["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert container["livenessProbe"]["httpGet"]["path"] == "/live"
    assert container["readinessProbe"]["httpGet"]["path"] == "/ready"
    assert "/live" in task["containerDefinitions"][0]["healthCheck"]["command"][-1]


def test_the_containers_run_as_the_image_s_user(task, manifests):
    assert "USER 10001:10001" in (ROOT / "Dockerfile").read_text()
    assert task["containerDefinitions"][0]["user"] == "10001:10001"
    context = manifests["Deployment"]["spec"]["template"]["spec"]["securityContext"]
    assert (context["runAsUser"], context["runAsGroup"]) == (10001, 10001)
