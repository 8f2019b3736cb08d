"""The Dockerfile and compose.yaml: linted, with the promised restrictions."""

import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_hadolint_finds_nothing():
    hadolint = Path(sys.executable).with_name("hadolint")
    linted = subprocess.run(
        [hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_the_image_runs_as_an_ordinary_user_and_ships_no_installer():
    final = DOCKERFILE.rpartition("FROM ")[2]
    assert "USER 10001:10001" in final
    assert "pip uninstall" in final
    assert "HEALTHCHECK" in final


def test_only_what_the_image_is_made_of_is_sent_to_the_builder():
    wanted = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    copied = {
        line.split()[1].rstrip("/")
        for line in DOCKERFILE.splitlines()
        if line.startswith("COPY ") and "--from" not in line
    }
    assert copied == wanted
    assert all((ROOT / path).exists() for path in wanted)


def test_compose_runs_the_service_as_locked_down_as_it_can_be():
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["items"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["ports"] == ["127.0.0.1:8000:8000"], "open to this machine alone"
