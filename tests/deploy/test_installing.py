"""The install script and the user data, as the operations page describes them.

The interpreter of these tests makes empty environments, which is quick.
"""

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation

from tests.engines import ROOT

DEPLOY = ROOT / "deploy"


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
    assert (tmp_path / "opt/current/deploy/items.service").exists()
    assert (tmp_path / "opt/current/venv/bin/python").exists()
    assert (tmp_path / "units/items.service").exists()
    assert (tmp_path / "systemctl.log").read_text().splitlines() == [
        "daemon-reload",
        "enable --quiet items",
        "restart items",
    ]


def test_the_user_of_the_unit_can_read_the_release(install, tmp_path):
    """The release is unpacked and installed with a private umask."""
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
        (["/nowhere"], "/nowhere is not a release."),
        (["--switch", "nine"], "Release nine is not installed."),
        ([ROOT, "one"], "Release one is already installed."),
    ],
)
def test_an_error_is_one_line(install, arguments, message):
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


WRITES = r"(>|\btee\b.*|\binstall -.*|\bcp\b.*) ?/etc/dynamodb-items\.env"


def settings_scripts() -> list[str]:
    """Return the commands on the settings file of each block of the docs that writes it."""
    pages = [ROOT / "README.md", *ROOT.glob("docs/*.md")]
    blocks = [
        block
        for page in pages
        for block in re.findall(r"^```\w*\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
        if re.search(WRITES, block)
    ]
    return [
        "\n".join(line.removeprefix("$ ") for line in block.splitlines() if "items.env" in line)
        for block in blocks
    ]


def test_the_documentation_writes_the_settings():
    assert len(settings_scripts()) >= 1


@pytest.mark.parametrize("script", settings_scripts())
def test_the_settings_that_the_documentation_writes_are_private(tmp_path, script):
    sudo = executable(tmp_path / "sudo", 'exec "$@"')
    settings = tmp_path / "dynamodb-items.env"
    for _ in range(2):
        subprocess.run(
            ["sh", "-ec", script.replace("/etc/dynamodb-items.env", str(settings))],
            env={"PATH": f"{sudo.parent}:{os.environ['PATH']}"},
            check=True,
            umask=0o022,
        )
    assert mode(settings) == 0o600
    assert settings.read_text() == 2 * "ITEMS_AUTH=none\n"


def settings_of_user_data(tmp_path, changes) -> Path:
    """Run the script with ITEMS_AUTH set, and without its downloads; return what it wrote."""
    settings = tmp_path / "dynamodb-items.env"
    script = (DEPLOY / "user-data.sh").read_text()
    for old, new in {'ITEMS_AUTH=""': 'ITEMS_AUTH="jwt"', **changes}.items():
        assert old in script
        script = script.replace(old, new)
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
    return settings


def test_the_settings_that_the_user_data_writes_are_private(tmp_path):
    settings = settings_of_user_data(tmp_path, {})
    assert mode(settings) == 0o600
    assert settings.read_text().startswith("ITEMS_AUTH=jwt\nITEMS_TABLE=")


@pytest.mark.parametrize(
    ("changes", "operations", "indexes"),
    [
        ({}, DEFAULT_OPERATIONS, []),
        (
            {
                ",DeleteItem ": ",DeleteItem,Query ",
                'ITEMS_INDEXES=""': 'ITEMS_INDEXES="by-email=Email:S,by-status=Status:S+At:N"',
            },
            DEFAULT_OPERATIONS | {Operation.QUERY},
            ["by-email", "by-status"],
        ),
    ],
    ids=["default", "lists"],
)
def test_the_user_data_writes_settings_that_the_service_reads(
    tmp_path, changes, operations, indexes
):
    written = settings_of_user_data(tmp_path, changes)
    variables = dict(line.split("=", 1) for line in written.read_text().splitlines())
    settings = Settings.from_environment(variables | {"ITEMS_AUTH": "none"})
    assert settings.operations == operations
    assert [index.name for index in settings.indexes] == indexes


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
