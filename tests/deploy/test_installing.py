"""The unit, the install script and the user data: they do what the operations page says.

The interpreter that the script is given here makes environments in no time, with nothing in them.
"""

import configparser
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys

import pytest
import requests

from service import local
from service.processes import free_port
from service.settings import Settings
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
    """As systemd starts it: the command and no setting but the file's, on another port."""
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


@NEEDS_SYSTEMD
def test_systemd_finds_nothing_to_harden_but_what_the_service_needs():
    """Offline: systemd judges the file, and does not need to run."""
    command = ["systemd-analyze", "security", "--offline=true", "--json=short"]
    judged = subprocess.run(
        [*command, DEPLOY / "items.service"], capture_output=True, text=True, check=True
    )
    exposed = {
        entry["name"]
        for entry in json.loads(judged.stdout)
        if entry["set"] is False and float(entry["exposure"]) > 0
    }
    assert exposed == {
        "RootDirectory=/RootImage=",
        "ProcSubset=",  # the number of processors and the memory are in /proc
        "PrivateNetwork=",
        "IPAddressDeny=",
        "RestrictAddressFamilies=~AF_(INET|INET6)",
        "RestrictAddressFamilies=~AF_UNIX",  # systemd's notification socket
        "DeviceAllow=",
    }


def confinement(unit) -> list[str]:
    """The command line that applies the unit's system call filter to another command."""
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
        local.create_table(client_for(endpoint), Settings())
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
            *unit["Service"]["ExecStart"].split()[1:-3],
            "service.wsgi:app",
        ],
        env={"ITEMS_DEADLINE_SECONDS": "soon"},
        cwd=ROOT,
        check=False,
        timeout=60,
        capture_output=True,
    )
    assert ended.returncode == 4


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


@pytest.fixture
def install(tmp_path):
    (tmp_path / "units").mkdir()
    systemctl = executable(tmp_path / "systemctl", f'echo "$@" >> {tmp_path}/systemctl.log')
    python = executable(
        tmp_path / "python",
        'mkdir -p "$3/bin" && printf "#!/bin/sh\\n" > "$3/bin/python" && chmod +x "$3/bin/python"',
    )

    def install(*arguments, python=python, umask=0o022) -> subprocess.CompletedProcess:
        return subprocess.run(
            [DEPLOY / "install.sh", *arguments],
            env={
                "PATH": os.environ["PATH"],
                "PREFIX": str(tmp_path / "opt"),
                "UNITS": str(tmp_path / "units"),
                "SYSTEMCTL": str(systemctl),
                "SETTINGS": str(tmp_path / "settings"),
                "PYTHON": str(python),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            umask=umask,
        )

    return install


def executable(path, script):
    path.write_text(f"#!/bin/sh\nset -e\n{script}\n")
    path.chmod(0o755)
    return path


def test_a_release_is_laid_and_started(install, tmp_path):
    ran = install(ROOT, "one")
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "opt/current/service/wsgi.py").exists()
    assert (tmp_path / "opt/current/venv/bin/python").exists()
    assert (tmp_path / "units/items.service").exists()
    assert (tmp_path / "systemctl.log").read_text().splitlines() == [
        "daemon-reload",
        "enable --quiet items",
        "restart items",
    ]


def test_whoever_the_unit_runs_as_can_read_the_release(install, tmp_path):
    """Unpacked and laid by somebody whose umask keeps everything to himself."""
    source = tmp_path / "source"
    for name in ("service", "deploy", "requirements"):
        shutil.copytree(ROOT / name, source / name)
    for path in source.rglob("*"):
        path.chmod(path.stat().st_mode & 0o700)
    ran = install(source, "one", umask=0o077)
    assert ran.returncode == 0, ran.stderr
    prefix = tmp_path / "opt"
    laid = [prefix, *prefix.rglob("*"), tmp_path / "units/items.service"]
    assert prefix / "releases/one/venv/bin/python" in laid
    assert [path for path in laid if not is_readable_by_all(path)] == []


def is_readable_by_all(path) -> bool:
    mode = path.stat().st_mode
    needed = 0o555 if stat.S_ISDIR(mode) or mode & stat.S_IXUSR else 0o444
    return mode & needed == needed


def test_an_earlier_release_can_be_switched_back_to(install, tmp_path):
    install(ROOT, "one")
    install(ROOT, "two")
    assert install("--list").stdout == "  one\n* two\n"
    assert install("--switch", "one").returncode == 0
    assert install("--list").stdout == "* one\n  two\n"
    assert (tmp_path / "opt/current").resolve() == (tmp_path / "opt/releases/one").resolve()


def test_a_release_that_cannot_be_laid_changes_nothing(install, tmp_path):
    install(ROOT, "one")
    log = (tmp_path / "systemctl.log").read_text()
    broken = executable(tmp_path / "broken", "exit 1")
    assert install(ROOT, "two", python=broken).returncode != 0
    assert install("--list").stdout == "* one\n"
    assert not list((tmp_path / "opt/releases").glob(".new*"))
    assert (tmp_path / "systemctl.log").read_text() == log


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["/nowhere"], "/nowhere is not a release of the service."),
        (["--switch", "nine"], "There is no release nine"),
        ([ROOT, "one"], "There is a release one already"),
    ],
)
def test_a_mistake_is_one_line(install, arguments, message):
    install(ROOT, "one")
    ran = install(*arguments)
    assert ran.returncode == 1
    assert ran.stderr.startswith(message)
    assert len(ran.stderr.splitlines()) == 1


@pytest.mark.parametrize(("before", "after"), [(0o644, 0o640), (0o600, 0o600), (0o666, 0o640)])
def test_installing_takes_the_settings_from_other_users(install, tmp_path, before, after):
    settings = tmp_path / "settings"
    settings.write_text("ITEMS_RATE_LIMIT_STORAGE=redis://:secret@cache\n")
    settings.chmod(before)
    assert install(ROOT, "one").returncode == 0
    assert mode(settings) == after
    assert settings.read_text().startswith("ITEMS_RATE_LIMIT_STORAGE=")


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def settings_commands() -> list[str]:
    """Every command of the documentation that writes the settings file."""
    pages = [ROOT / "README.md", *ROOT.glob("docs/*.md")]
    lines = [line for page in pages for line in page.read_text().splitlines()]
    writes = r"(>|tee\b.*|install\b.*|cp\b.*) ?/etc/dynamodb-items\.env"
    return [line.removeprefix("$ ") for line in lines if re.search(writes, line)]


def test_the_documentation_writes_the_settings():
    assert len(settings_commands()) >= 1


@pytest.mark.parametrize("command", settings_commands())
def test_the_settings_that_the_documentation_writes_are_private(tmp_path, command):
    sudo = executable(tmp_path / "sudo", 'exec "$@"')
    settings = tmp_path / "dynamodb-items.env"
    for _ in range(2):
        subprocess.run(
            ["sh", "-c", command.replace("/etc/dynamodb-items.env", str(settings))],
            env={"PATH": f"{sudo.parent}:{os.environ['PATH']}"},
            check=True,
            umask=0o022,
        )
    assert mode(settings) == 0o600
    assert settings.read_text() == 2 * "ITEMS_AUTH=none\n"


def test_the_settings_that_the_user_data_writes_are_private(tmp_path):
    """Run as it is, with ITEMS_AUTH set; what it would download and install is left out."""
    settings = tmp_path / "dynamodb-items.env"
    script = (DEPLOY / "user-data.sh").read_text()
    script = script.replace('ITEMS_AUTH=""', 'ITEMS_AUTH="jwt"')
    script = script.replace("/etc/dynamodb-items.env", str(settings))
    for program in ("dnf", "curl", "sha256sum", "tar"):
        executable(tmp_path / program, "cat > /dev/null < /dev/null")
    script = script.replace('"$folder/deploy/install.sh"', "true")
    subprocess.run(
        ["sh", "-c", script],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        check=True,
        umask=0o022,
    )
    assert mode(settings) == 0o600
    assert settings.read_text().startswith("ITEMS_AUTH=jwt\nITEMS_TABLE=")


@pytest.mark.parametrize("script", ["install.sh", "user-data.sh"])
def test_the_scripts_are_shell(script):
    subprocess.run(["sh", "-n", DEPLOY / script], check=True)


def test_the_operations_page_shows_the_plan_as_it_is_printed(cloud, run):
    page = (ROOT / "docs/operations.md").read_text()
    shown = re.search(r"\$ items-deploy plan .*?\n(.*?)```", page, re.DOTALL)[1]
    printed = run("plan", "--instance-id", cloud.instance_id).out
    assert printed.replace(cloud.instance_id, "i-0123456789abcdef0") == shown


def test_the_operations_page_names_only_options_and_commands_that_exist(run):
    page = (ROOT / "docs/operations.md").read_text()
    commands = set(re.findall(r"items-deploy (\w+)", page))
    help_texts = {command: run(*command.split(), "--help").out for command in commands}
    for line in re.findall(r"items-deploy (\w+.*)", page):
        command = line.split()[0]
        for option in re.findall(r"--[a-z-]+", line.split("`")[0].split(">")[0]):
            assert option in help_texts[command], line
