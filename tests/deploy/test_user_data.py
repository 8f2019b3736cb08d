"""The user data: what it installs, when it signals, and what it writes.

The script runs in a folder of its own, with a release that records its installation. Programs of
Amazon Linux 2023 are replaced by ones that record how they are called.
"""

import hashlib
import http.server
import io
import json
import os
import re
import stat
import subprocess
import tarfile
from contextlib import contextmanager

import pytest

from tests.deploy.test_installing import executable
from tests.engines import ROOT
from tests.loopback import loopback

SCRIPT = ROOT / "deploy/dynamodb_items_deploy/fleet/user-data.sh"
SIGNAL = "cfn-signal --exit-code {} --stack shop --resource Instances --region us-east-2"
RECORDED = ("dnf", "systemctl", "sleep")
FLEET = {"STACK": "shop", "RESOURCE": "Instances", "LOG_GROUP": "/dynamodb-items/shop"}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def archived(source, name: str) -> bytes:
    """Return an archive of a file or folder, which has this name in it."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        archive.add(source, name)
    return content.getvalue()


@contextmanager
def instance(archives: dict[str, bytes], ready_after: int):
    """Serve the archives, and /ready as the service does: 503 so often, then 200."""
    checks = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/ready":
                checks.append(200 if len(checks) >= ready_after else 503)
                self.send_response(checks[-1])
                self.end_headers()
                return
            archive = archives.get(self.path, b"")
            self.send_response(200 if archive else 404)
            self.send_header("Content-Length", str(len(archive)))
            self.end_headers()
            self.wfile.write(archive)

    with loopback(Handler) as url:
        yield url.removeprefix("http://"), checks


class Machine:
    """A folder in place of an instance's file system, and the calls that were recorded there."""

    def __init__(self, folder) -> None:
        self.folder = folder
        for name in ("etc/logrotate.d", "log", "bin", "opt/aws/bin"):
            (folder / name).mkdir(parents=True)
        agent = folder / "opt/aws/amazon-cloudwatch-agent/bin"
        agent.mkdir(parents=True)
        for name in RECORDED:
            self._record(folder / "bin" / name, name)
        self._record(folder / "opt/aws/bin/cfn-signal", "cfn-signal")
        self._record(agent / "amazon-cloudwatch-agent-ctl", "agent")
        self.aws("printf 'ITEMS_LOG_LEVEL=debug\\n'")

    def _record(self, path, name, script="") -> None:
        executable(path, f'echo "{name} $@" >> {self.folder}/calls\n{script}')

    def aws(self, script: str) -> None:
        """Replace the AWS command line."""
        self._record(self.folder / "bin/aws", "aws", script)

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()

    def text(self, path: str) -> str:
        return (self.folder / path).read_text()

    def mode(self, path: str) -> int:
        return stat.S_IMODE((self.folder / path).stat().st_mode)

    def release(self) -> bytes:
        """Return a release archive whose install.sh records that it runs."""
        source = self.folder / "dynamodb-items-deploy-1.0"
        (source / "deploy").mkdir(parents=True)
        executable(source / "deploy/install.sh", f'echo "install.sh" >> {self.folder}/calls')
        content = archived(source, source.name)
        (self.folder / "release.tar.gz").write_bytes(content)
        return content

    def run(
        self, *, ready_after=0, files=b"", release=b"", variables=None, **values
    ) -> subprocess.CompletedProcess:
        archives = {"/release.tar.gz": release or self.release(), "/files.tar.gz": files}
        with instance(archives, ready_after) as (address, checks):
            if files:
                values = {"FILES_URL": f"http://{address}/files.tar.gz"} | values
            values = {
                "RELEASE_URL": f"http://{address}/release.tar.gz",
                "RELEASE_SHA256": sha256(archives["/release.tar.gz"]),
                "FILES_SHA256": sha256(files),
                "SETTINGS": "ITEMS_AUTH=jwt\nITEMS_TABLE=orders",
                **values,
            }
            script = SCRIPT.read_text()
            for name, value in values.items():
                script, count = re.subn(rf"(?ms)^{name}='.*?'", f"{name}='{value}'", script)
                assert count == 1, name
            for prefix in ("/etc/", "/opt/aws/"):
                script = script.replace(prefix, f"{self.folder}{prefix}")
            script = script.replace("/var/log/", f"{self.folder}/log/")
            script = script.replace("127.0.0.1:8000", address)
            ran = subprocess.run(
                ["sh", "-c", script],
                env={"PATH": f"{self.folder}/bin:{os.environ['PATH']}"} | (variables or {}),
                capture_output=True,
                text=True,
                check=False,
                timeout=500,
                umask=0o022,
            )
            self.checks = checks
            return ran


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_one_instance_installs_and_signals_nothing(machine):
    ran = machine.run()
    assert (ran.returncode, ran.stderr) == (0, "")
    assert machine.calls == ["dnf install --assumeyes --quiet tar gzip", "install.sh"]
    assert machine.text("etc/dynamodb-items.env") == "ITEMS_AUTH=jwt\nITEMS_TABLE=orders\n"
    assert machine.mode("etc/dynamodb-items.env") == 0o600


def test_the_signal_follows_the_first_200_and_two_health_checks(machine):
    assert machine.run(ready_after=3, **FLEET).returncode == 0
    assert machine.checks == [503, 503, 503, 200]
    after = machine.calls[machine.calls.index("install.sh") + 1 :]
    assert after == ["sleep 1"] * 3 + ["sleep 15", SIGNAL.format(0)]


def test_a_service_that_is_never_ready_signals_a_failure(machine):
    ran = machine.run(ready_after=10**6, **FLEET)
    assert ran.returncode == 1
    last = ran.stderr.splitlines()[-1]
    assert last == "The service is not ready after 120 checks. Its log has the reason."
    assert machine.calls[-2:] == ["sleep 15", SIGNAL.format(1)]


def check_rejected(machine, ran, message):
    assert ran.returncode == 1
    assert re.fullmatch(message, ran.stderr.splitlines()[-1]), ran.stderr
    assert "install.sh" not in machine.calls
    assert machine.calls[-1] == SIGNAL.format(1)


def test_a_release_with_another_checksum_is_not_installed(machine):
    ran = machine.run(RELEASE_SHA256="a" * 64, **FLEET)
    message = r"The SHA-256 checksum of http://.*/release.tar.gz is [0-9a-f]{64}, not a{64}\."
    check_rejected(machine, ran, message)


def test_a_release_that_cannot_be_fetched_is_named(machine):
    ran = machine.run(RELEASE_URL="http://127.0.0.1:1/release.tar.gz", **FLEET)
    check_rejected(machine, ran, r"Cannot fetch http://127\.0\.0\.1:1/release\.tar\.gz\.")
    assert "curl: (7)" in ran.stderr


def test_a_release_that_s3_denies_is_named(machine):
    machine.aws("echo 'fatal error: An error occurred (403)' >&2; exit 1")
    ran = machine.run(RELEASE_URL="s3://artefacts/release.tar.gz", **FLEET)
    check_rejected(machine, ran, r"Cannot fetch s3://artefacts/release\.tar\.gz\.")
    assert "An error occurred (403)" in ran.stderr
    assert len([call for call in machine.calls if call.startswith("aws s3 cp")]) == 12


def test_a_secret_that_cannot_be_read_is_named(machine):
    machine.aws("echo 'An error occurred (AccessDeniedException)' >&2; exit 1")
    secret = "arn:aws:secretsmanager:us-east-2:123456789012:secret:settings-Ab12Cd"
    ran = machine.run(SETTINGS_SECRET=secret, **FLEET)
    check_rejected(machine, ran, rf"Cannot read the secret {secret}\.")


@pytest.fixture
def schema(tmp_path):
    """Return an archive with a schema that only its owner may read."""
    file = tmp_path / "customer.json"
    file.write_text('{"type": "object"}')
    file.chmod(0o600)
    return archived(file, "./schemas/customer.json")


def test_files_that_settings_name_are_unpacked_for_the_service(machine, schema):
    ran = machine.run(files=schema)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert machine.text("etc/dynamodb-items/schemas/customer.json") == '{"type": "object"}'
    assert machine.mode("etc/dynamodb-items/schemas/customer.json") == 0o644
    assert machine.mode("etc/dynamodb-items/schemas") & 0o555 == 0o555


def test_files_with_another_checksum_are_not_unpacked(machine, schema):
    ran = machine.run(files=schema, FILES_SHA256="a" * 64, **FLEET)
    message = r"The SHA-256 checksum of http://.*/files.tar.gz is [0-9a-f]{64}, not a{64}\."
    check_rejected(machine, ran, message)
    assert not (machine.folder / "etc/dynamodb-items").exists()


def test_files_that_are_not_an_archive_are_named(machine):
    ran = machine.run(files=b'{"type": "object"}', **FLEET)
    check_rejected(
        machine, ran, r"http://.*/files\.tar\.gz is not an archive that tar can unpack\."
    )


def test_without_a_choice_of_callers_nothing_is_installed(machine):
    ran = machine.run(SETTINGS="ITEMS_AUTH=\nITEMS_TABLE=orders")
    assert ran.returncode == 1
    assert ran.stderr == "Set ITEMS_AUTH in SETTINGS: docs/access.md.\n"
    assert not (machine.folder / "calls").exists()


def test_the_log_goes_to_the_log_group(machine):
    machine.run(**FLEET)
    assert (
        "dnf install --assumeyes --quiet tar gzip aws-cfn-bootstrap amazon-cloudwatch-agent "
        "logrotate" in machine.calls
    )
    configuration = machine.text("etc/amazon-cloudwatch-agent.json")
    collected = json.loads(configuration)["logs"]["logs_collected"]["files"]["collect_list"]
    log = f"{machine.folder}/log/dynamodb-items.log"
    assert {one["log_group_name"] for one in collected} == {FLEET["LOG_GROUP"]}
    assert [one["file_path"] for one in collected] == [
        log,
        f"{machine.folder}/log/cloud-init-output.log",
    ]
    drop_in = machine.text("etc/systemd/system/items.service.d/log.conf")
    assert drop_in.splitlines() == [
        "[Service]",
        f"StandardOutput=append:{log}",
        f"StandardError=append:{log}",
    ]
    agent = [call for call in machine.calls if call.startswith("agent ")]
    assert agent == [
        f"agent -a fetch-config -m ec2 -s -c file:{machine.folder}/etc/amazon-cloudwatch-agent.json"
    ]
    assert machine.text("etc/logrotate.d/dynamodb-items").startswith(f"{log} {{\n size 100M\n")


def test_secrets_are_read_by_root_alone(machine):
    secret = "arn:aws:secretsmanager:us-east-2:123456789012:secret:"
    machine.run(SETTINGS_SECRET=f"{secret}settings", API_KEYS_SECRET=f"{secret}keys")
    assert machine.text("etc/dynamodb-items.env").endswith("\nITEMS_LOG_LEVEL=debug\n")
    for name in ("etc/dynamodb-items.env", "etc/dynamodb-items.keys.toml"):
        assert machine.mode(name) == 0o600
    drop_in = machine.text("etc/systemd/system/items.service.d/api-keys.conf")
    page = (ROOT / "docs/access.md").read_text()
    assert drop_in.replace(str(machine.folder), "") in page


def test_a_release_in_s3_is_fetched_again_until_the_policy_applies(machine):
    machine.aws(
        f"[ $(grep -c '^aws' {machine.folder}/calls) -ge 3 ] || {{ echo denied >&2; exit 1; }}\n"
        f'eval "cp {machine.folder}/release.tar.gz \\${{$#}}"'
    )
    assert machine.run(RELEASE_URL="s3://artefacts/items/release.tar.gz").returncode == 0
    calls = [call for call in machine.calls if call.startswith("aws")]
    assert len(calls) == 3
    assert calls[0].startswith("aws s3 cp ")
    assert "--only-show-errors s3://artefacts/items/release.tar.gz " in calls[0]
    assert machine.calls[-1] == "install.sh"
