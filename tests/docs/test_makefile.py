"""The Makefile: `make test` installs only what the chosen tests need."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ".venv/.tests"
ENGINE = ".venv-ministack/.installed"
PROGRAMS = "build/.programs"
PROMETHEUS = "build/prometheus/.unpacked"
BUILD = ".venv-build/.installed"
LINTERS = "tests/docs/openapi_lint/node_modules/.installed"
SDK = (".venv-sdk/.installed", "tests/sdk/node_modules/.installed")
AWS_CLI = ".venv-awscli/.installed"
EVERYTHING = {PYTHON, ENGINE, PROGRAMS, PROMETHEUS, LINTERS, AWS_CLI, BUILD, *SDK}


@pytest.mark.parametrize(
    ("arguments", "tools"),
    [
        ("", EVERYTHING),
        ("tests", EVERYTHING),
        ("-x --ignore=tests/unit", EVERYTHING),
        ("tests/unit", {PYTHON}),
        ("-n 2 tests/unit/test_numbers.py", {PYTHON}),
        ("tests/docs", {PYTHON, PROGRAMS, LINTERS, SDK[1]}),
        ("tests/contract -k moto", {PYTHON, ENGINE}),
        ("tests/deploy", {PYTHON, ENGINE, PROGRAMS, AWS_CLI, BUILD}),
        ("tests/observability", {PYTHON, ENGINE, PROMETHEUS}),
        ("tests/browser", {PYTHON, ENGINE, PROGRAMS}),
        ("tests/fleet", {PYTHON, ENGINE, PROGRAMS}),
        ("tests/unit tests/sdk", {PYTHON, ENGINE, PROGRAMS, *SDK}),
    ],
)
def test_only_what_the_chosen_tests_need_is_installed(arguments, tools):
    printed = subprocess.run(
        ["make", "--dry-run", "--print-data-base", "test", f"PYTEST_ARGS={arguments}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    assert set(re.search(r"^test: (.*)$", printed, re.MULTILINE)[1].split()) == tools
