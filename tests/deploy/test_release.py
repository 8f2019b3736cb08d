"""The release archive: it installs on a machine without a package index, and the service starts."""

import hashlib
import os
import platform
import subprocess
import sys
import tarfile

import pytest
from dynamodb_items import __version__

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
def test_it_installs_without_a_package_index(unpacked, tmp_path):
    (tmp_path / "units").mkdir()
    ran = subprocess.run(
        [unpacked / "deploy/install.sh", unpacked, "one"],
        env={
            "PATH": os.environ["PATH"],
            "PYTHON": sys.executable,
            "PREFIX": str(tmp_path / "opt"),
            "UNITS": str(tmp_path / "units"),
            "SETTINGS": str(tmp_path / "settings"),
            "SYSTEMCTL": "true",
            "PIP_INDEX_URL": UNREACHABLE,
            "PIP_CONFIG_FILE": os.devnull,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    current = tmp_path / "opt/current"
    checked = subprocess.run(
        [current / "venv/bin/python", "-m", "dynamodb_items", "serve", "--check-config"],
        env={"ITEMS_AUTH": "none", "PATH": os.environ["PATH"]},
        cwd=current,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
