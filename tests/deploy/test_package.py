"""The wheel: its import names, files and commands."""

import configparser
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile

import pytest

from tests.engines import ROOT

IMPORT_NAMES = {"dynamodb_items": "service", "dynamodb_items_deploy": "deploy"}
SOURCES = ("service", "deploy", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")


def run(*command, **options):
    ran = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of a copy of the sources, since building leaves files next to them."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(
                source, folder / "source" / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(source, folder / "source" / name)
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index")
    run(sys.executable, "-m", "pip", "wheel", *options, "-w", folder, folder / "source")
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """An environment with the wheel; its dependencies are those of the tests."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    run(
        *(sys.executable, "-m", "pip", "--python", folder / "bin/python", "install", "--quiet"),
        *("--no-deps", "--no-index", "--disable-pip-version-check", wheel),
    )
    # A path in a .pth file adds no .pth file of its own, so the checkout is not importable.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


@pytest.fixture
def hostile_folder(tmp_path):
    """A working directory whose packages have the names of the checkout's folders."""
    for name in ("service", "deploy", "openapi"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('wrong package')\n")
    return tmp_path


def environment(**variables):
    return {"PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true", **variables}


def test_every_package_is_listed():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    listed = setup["options"]["packages"].split()
    found = {
        ".".join(path.parent.relative_to(ROOT / folder).parts)
        for name, folder in IMPORT_NAMES.items()
        for path in (ROOT / folder / name).rglob("*.py")
    }
    assert sorted(found) == listed


def test_the_wheel_has_every_file_and_no_other(wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = {
        str(path.relative_to(ROOT / folder))
        for name, folder in IMPORT_NAMES.items()
        for path in (ROOT / folder / name).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert names == expected
    assert {name.partition("/")[0] for name in names} == set(IMPORT_NAMES)


@pytest.mark.parametrize("name", IMPORT_NAMES)
def test_packages_are_imported_from_the_environment(installed, hostile_folder, name):
    code = f"import {name}; print({name}.__file__)"
    imported = run(installed / "bin/python", "-c", code, cwd=hostile_folder, env=environment())
    assert imported.startswith(str(installed))


@pytest.mark.parametrize("command", ["dynamodb-items --version", "items-deploy --help"])
def test_the_commands_run_in_any_folder(installed, hostile_folder, command):
    program, option = command.split()
    assert run(installed / "bin" / program, option, cwd=hostile_folder, env=environment())


def test_the_service_loads_in_any_folder(installed, hostile_folder):
    """gunicorn puts the working directory first on the import path."""
    run(
        *(installed / "bin/dynamodb-items", "serve", "--check-config"),
        cwd=hostile_folder,
        env=environment(ITEMS_AUTH="none"),
    )
