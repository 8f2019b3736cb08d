"""What a command loads, in a process of its own: packages that it needs, and no others."""

import subprocess
import sys

import pytest

MISSING = """
import sys
sys.modules["{package}"] = None
from dynamodb_items.__main__ import main
main(list({arguments}), prog_name="dynamodb-items")
"""
LOADED = """
import sys
from dynamodb_items.__main__ import main
main(["keys", "--help"], standalone_mode=False)
lazy = {"httpx", "tqdm", "dynamodb_items.transfer", "dynamodb_items.schema_commands"}
print(lazy & {*sys.modules})
"""
LOADED_WITHOUT_A_SCHEMA = """
import sys
from dynamodb_items.wsgi import app
names = ("jsonschema_rs", "dynamodb_items.item_schema.")
print(*sorted(name for name in sys.modules if name.startswith(names)))
"""


def run(code, **variables):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": "", "PYTHONPATH": ":".join(sys.path), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("package", ["httpx", "tqdm"])
@pytest.mark.parametrize("command", ["import", "export"])
def test_without_the_extra(command, package):
    arguments = (command, "file", "--url", "http://127.0.0.1:8000")
    missing = run(MISSING.format(package=package, arguments=arguments))
    assert missing.returncode == 2
    assert missing.stderr == (
        f"`{command}` requires more packages: pip install 'dynamodb-items[transfer]'.\n"
    )


@pytest.mark.parametrize("package", ["httpx", "tqdm"])
def test_the_help_needs_no_extra(package):
    assert run(MISSING.format(package=package, arguments=("--help",))).returncode == 0


def test_other_commands_load_neither_the_transfer_nor_the_schema():
    loaded = run(LOADED)
    assert loaded.returncode == 0
    assert loaded.stdout.endswith("set()\n")


def test_without_a_schema_no_code_of_it_is_loaded():
    loaded = run(LOADED_WITHOUT_A_SCHEMA, ITEMS_AUTH="none", AWS_REGION="us-east-2")
    assert loaded.returncode == 0
    assert loaded.stdout.split() == [
        "dynamodb_items.item_schema.positions",
        "dynamodb_items.item_schema.violations",
    ]
