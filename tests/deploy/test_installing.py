"""The install script and the user data, as the operations page describes them.

The interpreter of these tests makes empty environments, which is quick.
"""

import os
import re
import shutil
import stat
import subprocess

import pytest

from tests.engines import ROOT

DEPLOY = ROOT / "deploy"


@pytest.fixture
def install(tmp_path):
    (tmp_path / "units").mkdir()
    systemctl = executable(tmp_path / "systemctl", f'echo "$@" >> {tmp_path}/systemctl.log')
    python = fake_python(tmp_path / "python")

    def install(*arguments, python=python, umask=0o022, **variables) -> subprocess.CompletedProcess:
        return subprocess.run(
            [DEPLOY / "install.sh", *arguments],
            env={
                "PATH": os.environ["PATH"],
                "PREFIX": str(tmp_path / "opt"),
                "UNITS": str(tmp_path / "units"),
                "SYSTEMCTL": str(systemctl),
                "SETTINGS": str(tmp_path / "settings"),
                **({"PYTHON": str(python)} if python else {}),
                **variables,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            umask=umask,
        )

    return install


def fake_python(path, version="3.11"):
    """Make an interpreter of this version whose environments have a pip that records its calls."""
    minor = version.partition(".")[2]
    return executable(
        path,
        f"""
        log={path}.log
        [ "$1" = -c ] && {{
            case $2 in *version_info*11*) [ {minor} -ge 11 ] || exit 1 ;; *) echo {version} ;; esac
            exit 0
        }}
        [ "$1 $2" = "-m venv" ] || exit 9
        mkdir -p "$3/bin"
        printf '#!/bin/sh\necho "$@" >> %s\n' "$log" > "$3/bin/python"
        chmod +x "$3/bin/python"
        """,
    )


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


def test_an_old_python_is_one_sentence(install, tmp_path):
    old = fake_python(tmp_path / "old", "3.9")
    ran = install(ROOT, "one", python=old)
    assert ran.returncode == 1
    assert ran.stderr == (
        f"Python 3.11 or newer is required, and {old} is 3.9. Install it, or set PYTHON to its "
        "path.\n"
    )
    assert not (tmp_path / "opt").exists()


def without_new_python(tmp_path):
    """Return a search path on which python3 is too old, as on Amazon Linux 2023."""
    folder = tmp_path / "path"
    folder.mkdir()
    fake_python(folder / "python3", "3.9")
    for name in ("sh", "grep", "mkdir", "mktemp", "cp", "find", "chmod", "mv", "ln", "rm", "uname"):
        (folder / name).symlink_to(shutil.which(name))
    for name in ("readlink", "sed", "date", "tail", "cat"):
        (folder / name).symlink_to(shutil.which(name))
    return folder


def os_release(tmp_path, text):
    path = tmp_path / "os-release"
    path.write_text(text)
    return str(path)


# The file of Amazon Linux 2023, in part.
AL2023 = 'NAME="Amazon Linux"\nVERSION="2023"\nID="amzn"\nPLATFORM_ID="platform:al2023"\n'


def test_on_amazon_linux_2023_python_is_installed(install, tmp_path):
    folder = without_new_python(tmp_path)
    new = fake_python(tmp_path / "new", "3.11")
    executable(folder / "dnf", f'echo "$@" > {tmp_path}/dnf.log; ln -s {new} {folder}/python3.11')
    variables = {"PATH": str(folder), "OS_RELEASE": os_release(tmp_path, AL2023)}
    ran = install(ROOT, "one", python=None, **variables)
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "dnf.log").read_text() == "install --assumeyes --quiet python3.11\n"
    assert (tmp_path / "opt/current/venv/bin/python").exists()


def test_on_another_system_an_old_python_is_one_sentence(install, tmp_path):
    folder = without_new_python(tmp_path)
    variables = {"PATH": str(folder), "OS_RELEASE": os_release(tmp_path, "ID=debian\n")}
    ran = install(ROOT, "one", python=None, **variables)
    assert ran.returncode == 1
    assert ran.stderr.startswith("Python 3.11 or newer is required, and python3 is 3.9.")
    assert len(ran.stderr.splitlines()) == 1


def archive_folder(tmp_path, *targets):
    """Make an unpacked release archive with wheels for these targets."""
    source = tmp_path / "release"
    shutil.copytree(ROOT / "requirements", source / "requirements")
    (source / "deploy").mkdir()
    for name in ("install.sh", "items.service"):
        shutil.copy(DEPLOY / name, source / "deploy")
    (source / "dynamodb_items-1.0-py3-none-any.whl").write_bytes(b"")
    (source / "wheels").mkdir()
    (source / "wheels/TARGETS").write_text("".join(f"{target}\n" for target in targets))
    return source


def test_a_release_needs_no_package_index(install, tmp_path):
    source = archive_folder(tmp_path, f"3.11 {os.uname().machine}")
    assert install(source, "one").returncode == 0
    calls = (tmp_path / "python.log").read_text().splitlines()
    assert len(calls) == 2
    assert all(f"--no-index --find-links {source}/wheels" in call for call in calls)


def test_without_wheels_for_this_python_the_index_is_used(install, tmp_path):
    ran = install(archive_folder(tmp_path, "3.11 s390x"), "one")
    assert ran.returncode == 0
    assert "no packages for Python 3.11" in ran.stdout
    assert "--no-index" not in (tmp_path / "python.log").read_text()


def test_packages_that_cannot_be_installed_are_two_lines(install, tmp_path):
    """Of all that pip writes, one line is shown."""
    pip = "for n in 1 2 3; do echo looking; done; echo ERROR: No matching distribution >&2; exit 1"
    python = executable(
        tmp_path / "broken",
        f"""
        [ "$1" = -c ] && {{ echo 3.11; exit 0; }}
        mkdir -p "$3/bin"
        printf '#!/bin/sh\n%s\n' '{pip}' > "$3/bin/python"; chmod +x "$3/bin/python"
        """,
    )
    ran = install(ROOT, "one", python=python)
    assert ran.returncode == 1
    assert ran.stderr.startswith("ERROR: No matching distribution\nCannot install the packages.")
    assert len(ran.stderr.splitlines()) == 2
    assert list((tmp_path / "opt/releases").iterdir()) == []


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


@pytest.mark.parametrize(
    "script", ["install.sh", "release.sh", "dynamodb_items_deploy/fleet/user-data.sh"]
)
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
