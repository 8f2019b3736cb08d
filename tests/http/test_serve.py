"""``dynamodb-items serve`` starts gunicorn with our configuration, in any working directory."""

import os
import signal
import sys

import pytest
from dynamodb_items.local.processes import running

from tests.engines import wait_for
from tests.serving import Server, prepared


@pytest.fixture
def folder(tmp_path):
    """A working directory with packages named like folders of this project."""
    for name in ("service", "deploy", "openapi"):
        package = tmp_path / name
        package.mkdir()
        (package / "__init__.py").write_text("raise RuntimeError('the wrong package')")
    return tmp_path


def serve(*options):
    return [sys.executable, "-m", "dynamodb_items", "serve", *options]


def test_it_serves_in_a_folder_that_has_packages_of_the_same_names(engine, folder):
    command, environment, url = prepared(engine.endpoint)
    address = command[command.index("-b") + 1]
    options = ("--workers", "2", "--bind", address, "-t40", "--worker-connections=50")
    with (
        (folder / "log").open("w+b") as log,
        running(serve(*options), env=environment, cwd=folder, stdout=log, stderr=log) as child,
    ):
        wait_for(f"{url}/ready", child)
        server = Server(url, child.pid, log)
        assert len(server.workers) == 2
        assert server.request("GET", "/items/104/Andrew").status == 200
        os.kill(child.pid, signal.SIGTERM)
        assert child.wait(30) == 0


@pytest.mark.parametrize(
    ("options", "variables", "status", "words"),
    [
        (("--workers", "many"), {}, 2, "--workers"),
        ((), {"ITEMS_TABLE": "", "ITEMS_MAX_ATTEMPTS": "0"}, 4, "ITEMS_MAX_ATTEMPTS"),
        (("--bind", "0.0.0.0:0"), {}, 4, "ITEMS_AUTH is not set"),
        (("--help",), {}, 0, "GUNICORN_OPTIONS"),
        (("-h",), {}, 0, "--worker-class"),
        (("--check-config",), {"ITEMS_TABLE": "a b"}, 4, "ITEMS_TABLE"),
    ],
)
def test_its_exit_status_is_gunicorns(folder, options, variables, status, words):
    _, environment, _ = prepared("http://127.0.0.1:9", **variables)
    with (folder / "log").open("w+b") as log:
        with running(serve(*options), env=environment, cwd=folder, stdout=log, stderr=log) as child:
            assert child.wait(60) == status
        log.seek(0)
        assert words in log.read().decode()
