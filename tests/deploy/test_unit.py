"""The systemd unit: it serves under its restrictions and contains no keys."""

import configparser
import json
import os
import re
import shutil
import signal
import subprocess
import sys

import pytest
import requests
from dynamodb_items.config.settings import Settings
from dynamodb_items.local import launcher
from dynamodb_items.local.processes import free_port

from tests.conftest import aws_variables
from tests.engines import ROOT, client_for, moto, process, wait_for

DEPLOY = ROOT / "deploy"


@pytest.fixture
def unit():
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read(DEPLOY / "items.service")
    return parser


def test_the_unit_s_command_serves(unit, tmp_path):
    """The command is run as systemd runs it, on another port."""
    command = unit["Service"]["ExecStart"].split()
    assert command[0] == "/opt/dynamodb-items/current/venv/bin/python"
    assert unit["Service"]["WorkingDirectory"] == "/opt/dynamodb-items/current"
    port = free_port()
    address = command.index("0.0.0.0:8000")
    command[0], command[address] = str(ROOT / ".venv/bin/python"), f"127.0.0.1:{port}"
    with moto() as endpoint:
        environment = {**aws_variables(endpoint), "PATH": os.environ["PATH"]}
        with (tmp_path / "log").open("wb") as log, process(command, environment, log) as child:
            wait_for(f"http://127.0.0.1:{port}/live", child)


NEEDS_SYSTEMD = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed"
)


# Exposures that the service needs. Each release of systemd checks more directives.
NEEDED = {
    "RestrictAddressFamilies=~AF_(INET|INET6)",
    "RestrictAddressFamilies=~AF_UNIX",  # systemd's notification socket
}
RESTRICTED = {
    *("AmbientCapabilities", "CapabilityBoundingSet", "Delegate", "KeyringMode"),
    *("LockPersonality", "MemoryDenyWriteExecute", "NoNewPrivileges", "NotifyAccess"),
    *("PrivateDevices", "PrivateMounts", "PrivateTmp", "PrivateUsers", "ProtectClock"),
    *("ProtectControlGroups", "ProtectHome", "ProtectHostname", "ProtectKernelLogs"),
    *("ProtectKernelModules", "ProtectKernelTunables", "ProtectProc", "ProtectSystem"),
    *("RemoveIPC", "RestrictAddressFamilies", "RestrictNamespaces", "RestrictRealtime"),
    *("RestrictSUIDSGID", "SupplementaryGroups", "SystemCallArchitectures", "SystemCallFilter"),
    *("UMask", "User"),
}
# In tenths of systemd's exposure level, which is from 0 (safe) to 10; the unit has 1.1.
MAX_EXPOSURE = 15


def systemd_security(*options):
    """Check the unit file; systemd need not run."""
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", *options]
    return subprocess.run(
        [*command, DEPLOY / "items.service"], capture_output=True, text=True, check=False
    )


@NEEDS_SYSTEMD
def test_systemd_finds_little_exposure():
    checked = systemd_security(f"--threshold={MAX_EXPOSURE}")
    assert checked.returncode == 0, checked.stdout[-200:]


@NEEDS_SYSTEMD
def test_systemd_finds_each_restriction():
    checks = json.loads(systemd_security("--json=short").stdout)
    directives = {check["name"].partition("=")[0] for check in checks}
    assert directives >= RESTRICTED
    exposed = {check["name"] for check in checks if check["set"] is False}
    assert {name for name in exposed if name.partition("=")[0] in RESTRICTED} <= NEEDED


def confinement(unit) -> list[str]:
    """Return the command line that applies the unit's system call filter to a command."""
    filters = re.findall(
        r"^SystemCallFilter=(.*)$", (DEPLOY / "items.service").read_text(), re.MULTILINE
    )
    options = [f"--filter={text}" for text in filters]
    if unit["Service"]["MemoryDenyWriteExecute"] == "yes":
        options.append("--deny-write-execute")
    return [sys.executable, str(ROOT / "tests/deploy/confined.py"), *options, "--"]


@NEEDS_SYSTEMD
def test_the_unit_s_command_serves_under_its_system_call_filter(unit, tmp_path):
    command = unit["Service"]["ExecStart"].split()
    port = free_port()
    command[0], command[command.index("0.0.0.0:8000")] = sys.executable, f"127.0.0.1:{port}"
    with moto() as endpoint:
        launcher.create_table(client_for(endpoint), Settings())
        environment = {
            **aws_variables(endpoint),
            "PATH": os.environ["PATH"],
            "ITEMS_AUTH": "none",
            "WEB_CONCURRENCY": "2",
        }
        confined = [*confinement(unit), *command]
        with (tmp_path / "log").open("wb") as log, process(confined, environment, log) as child:
            wait_for(f"http://127.0.0.1:{port}/live", child)
            address = f"http://127.0.0.1:{port}/items/104/Andrew"
            assert requests.get(address, timeout=30).status_code == 200
            put = requests.put(address, json={"Email": "a@example.com"}, timeout=30)
            assert put.status_code == 200
            child.send_signal(signal.SIGHUP)
            assert requests.get(address, timeout=30).status_code == 200


@NEEDS_SYSTEMD
@pytest.mark.parametrize(
    "forbidden",
    [
        "import os; os.setpriority(0, 0, 5)",
        "import os; os.chown('/dev/null', 0, 0)",
        "import mmap; mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)",
    ],
    ids=["priority", "owner", "executable memory"],
)
def test_the_filter_does_reject(unit, forbidden):
    ran = subprocess.run(
        [*confinement(unit), sys.executable, "-c", forbidden],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert "PermissionError: [Errno 1]" in ran.stderr


def test_the_unit_does_not_start_again_on_wrong_settings(unit):
    assert unit["Service"]["RestartPreventExitStatus"] == "4"
    ended = subprocess.run(
        [
            ROOT / ".venv/bin/python",
            *unit["Service"]["ExecStart"].split()[1:],
        ],
        env={"ITEMS_DEADLINE_SECONDS": "soon"},
        cwd=ROOT,
        check=False,
        timeout=60,
        capture_output=True,
    )
    assert ended.returncode == 4


def test_the_unit_may_open_more_files_than_the_usual_1024(unit):
    assert unit["Service"]["LimitNOFILE"] == "65536"


def test_the_unit_holds_no_keys(unit):
    assert "AWS_" not in (DEPLOY / "items.service").read_text()
    assert unit["Service"]["EnvironmentFile"] == "-/etc/dynamodb-items.env"


def test_the_access_page_s_drop_in_hands_the_keys_over(unit):
    page = (ROOT / "docs/access.md").read_text()
    drop_in = configparser.RawConfigParser()
    drop_in.optionxform = str
    drop_in.read_string(re.search(r"```\n(\[Service\]\n.*?)```", page, re.DOTALL)[1])
    name, _, file = drop_in["Service"]["LoadCredential"].partition(":")
    assert f"keys new shop --file {file}\n" in page
    assert drop_in["Service"]["Environment"] == f"ITEMS_API_KEYS_FILE=%d/{name}"
    # systemd adds a drop-in's variables to the unit's.
    assert "ITEMS_API_KEYS_FILE" not in unit["Service"]["Environment"]
