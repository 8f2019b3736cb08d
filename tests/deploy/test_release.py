"""The release archive: it installs on a machine without a package index, and the service starts."""

import hashlib
import os
import platform
import subprocess
import sys
import tarfile

import pytest
from dynamodb_items import __version__

from tests.deploy.test_user_data import Machine, archived
from tests.engines import ROOT

NAME = f"dynamodb-items-deploy-{__version__}"
# This Python, and another one whose packages have to be found as well.
THIS_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
PYTHONS = (THIS_PYTHON, "3.14" if THIS_PYTHON != "3.14" else "3.13")
MACHINE = platform.machine()
UNREACHABLE = "http://127.0.0.1:9/"


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """The release of the last commit, as `make release` builds it, for two Pythons."""
    folder = tmp_path_factory.mktemp("release")
    ran = subprocess.run(
        [ROOT / "deploy/release.sh", folder / "built"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONS": " ".join(PYTHONS), "MACHINES": MACHINE},
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return folder / "built"


@pytest.fixture(scope="module")
def unpacked(release, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(release / f"{NAME}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder / NAME


@pytest.mark.timeout(600)
def test_the_checksums_are_those_of_the_files(release):
    lines = (release / "SHA256SUMS").read_text().splitlines()
    listed = {line.split()[1]: line.split()[0] for line in lines}
    assert listed.keys() == {path.name for path in release.iterdir()} - {"SHA256SUMS"}
    for name, checksum in listed.items():
        assert hashlib.sha256((release / name).read_bytes()).hexdigest() == checksum


@pytest.mark.timeout(600)
def test_the_archive_has_the_scripts_and_a_wheel_of_every_package(unpacked):
    for name in ("install.sh", "items.service", "user-data.sh"):
        assert (unpacked / "deploy" / name).exists()
    targets = (unpacked / "wheels/TARGETS").read_text().splitlines()
    assert targets == [f"{python} {MACHINE}" for python in PYTHONS]
    assert all(path.suffix == ".whl" for path in unpacked.glob("wheels/*-*"))


@pytest.mark.timeout(600)
def test_the_user_data_installs_it_with_files_and_without_a_package_index(release, tmp_path):
    """The service then reads the schema that its settings name."""
    machine = Machine(tmp_path)
    (tmp_path / "units").mkdir()
    schema = tmp_path / "customer.json"
    schema.write_text('{"required": ["email"], "properties": {"email": {"type": "string"}}}')
    ran = machine.run(
        release=(release / f"{NAME}.tar.gz").read_bytes(),
        files=archived(schema, schema.name),
        SETTINGS="ITEMS_AUTH=none\nITEMS_SCHEMA=/etc/dynamodb-items/customer.json",
        variables={
            "PYTHON": sys.executable,
            "PREFIX": str(tmp_path / "opt"),
            "UNITS": str(tmp_path / "units"),
            "SETTINGS": str(tmp_path / "etc/dynamodb-items.env"),
            "SYSTEMCTL": "true",
            "PIP_INDEX_URL": UNREACHABLE,
            "PIP_CONFIG_FILE": os.devnull,
        },
    )
    assert ran.returncode == 0, ran.stderr
    lines = machine.text("etc/dynamodb-items.env").splitlines()
    settings = dict(line.split("=", 1) for line in lines)
    assert checked(tmp_path / "opt/current", settings) == (0, "")
    (tmp_path / "etc/dynamodb-items/customer.json").write_text('{"required": "email"}')
    status, message = checked(tmp_path / "opt/current", settings)
    assert status == 4
    assert "ITEMS_SCHEMA" in message


def checked(current, settings) -> tuple[int, str]:
    """Return the status and errors of the installed service's check of its settings."""
    ran = subprocess.run(
        [current / "venv/bin/python", "-m", "dynamodb_items", "serve", "--check-config"],
        env={**settings, "PATH": os.environ["PATH"]},
        cwd=current,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stderr
