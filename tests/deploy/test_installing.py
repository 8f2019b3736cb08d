"""The unit, the install script and the user data: they do what the operations page says.

The interpreter that the script is given here makes environments in no time, with nothing in them.
"""

import configparser
import os
import re
import shutil
import stat
import subprocess

import pytest

from service.processes import free_port
from tests.conftest import aws_variables
from tests.engines import ROOT, moto, process, wait_for

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
