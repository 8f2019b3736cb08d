"""The start of the service: it exposes no table to other machines by oversight."""

import os
import signal
import subprocess
import sys

import pytest
from dynamodb_items.local.processes import free_port

from tests.access.issuer import jwt_variables
from tests.engines import ROOT
from tests.serving import gunicorn

PATIENCE_SECONDS = 60
EVERYWHERE = "0.0.0.0"  # noqa: S104
# The system selects the port.
ANYWHERE = f"{EVERYWHERE}:0"


def environment(**variables):
    kept = {
        name: each for name, each in os.environ.items() if not name.startswith(("ITEMS_", "AWS_"))
    }
    return {**kept, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", **variables}


def start_error(*options, **variables) -> str:
    """Return the error of a gunicorn that does not start."""
    command = [sys.executable, "-m", "gunicorn", *options, "dynamodb_items.wsgi:app"]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert ended.returncode == 4, ended.stderr
    assert "Traceback" not in ended.stderr
    (line,) = [
        line for line in ended.stderr.splitlines() if "ITEMS_" in line and "INFO" not in line
    ]
    return line


CONFIGURED = ("-c", "python:dynamodb_items.gunicorn_conf")


@pytest.mark.parametrize(
    ("options", "variables"),
    [
        (("-b", ANYWHERE), {}),
        (("-b", "[::]:0"), {}),
        (("-b", "127.0.0.1:0", "-b", ANYWHERE), {}),
        ((), {"GUNICORN_CMD_ARGS": f"-b {ANYWHERE}"}),
        ((), {"PORT": "0"}),
        (("-b", ":0", "--preload"), {}),
        (("-b", ANYWHERE, "--reuse-port"), {}),
        (("-b", ANYWHERE), {"ITEMS_AUTH": ""}),
    ],
    ids=["ipv4", "ipv6", "one of two", "CMD_ARGS", "PORT", "preload", "reuse-port", "empty"],
)
def test_without_items_auth_only_this_machine_is_served(options, variables):
    line = start_error(*CONFIGURED, *options, **variables)
    assert "ITEMS_AUTH is not set" in line
    assert "Set it to jwt or api-key" in line


@pytest.mark.parametrize("host", ["127.0.0.1", EVERYWHERE])
def test_without_the_configuration_that_checks_the_address_it_has_to_be_explicit(host):
    assert "ITEMS_AUTH must be set" in start_error("-b", f"{host}:0")


def test_under_another_server_it_has_to_be_explicit():
    loaded = subprocess.run(
        [sys.executable, "-c", "import dynamodb_items.wsgi"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert loaded.returncode == 4
    assert "ITEMS_AUTH must be set" in loaded.stderr


def test_a_service_that_is_open_on_purpose_starts(endpoint):
    port = free_port()
    options = ("-w", "1", "-b", f"{EVERYWHERE}:{port}")
    with gunicorn(endpoint, *options, ITEMS_AUTH="none") as server:
        assert server.request("GET", "/items/104/Andrew").status == 200


def test_a_service_that_knows_its_callers_starts_anywhere(endpoint, authority):
    options = ("-w", "1", "-b", f"{EVERYWHERE}:{free_port()}")
    with gunicorn(endpoint, *options, **jwt_variables(authority)) as server:
        assert server.request("GET", "/items/104/Andrew").status == 401


def test_a_reload_cannot_open_it(endpoint, tmp_path):
    """The address is checked before each worker starts, so also after SIGHUP."""
    configuration = tmp_path / "gunicorn.conf.py"
    port = free_port()
    text = "from dynamodb_items.gunicorn_conf import *\nbind = '{}:{}'\n"
    configuration.write_text(text.format("127.0.0.1", port))
    command = [
        *(sys.executable, "-m", "gunicorn", "-c", str(configuration), "-w", "1"),
        *("--graceful-timeout", "1"),
        "dynamodb_items.wsgi:app",
    ]
    running = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(AWS_ENDPOINT_URL_DYNAMODB=endpoint, PYTHONPATH=str(ROOT)),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        for line in running.stderr:
            if "Booting worker" in line:
                break
        configuration.write_text(text.format(EVERYWHERE, free_port()))
        running.send_signal(signal.SIGHUP)
        _, printed = running.communicate(timeout=PATIENCE_SECONDS)
        assert running.returncode == 4
        assert "ITEMS_AUTH is not set" in printed
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.communicate(timeout=PATIENCE_SECONDS)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ITEMS_AUTH": "api-key", "ITEMS_API_KEYS_FILE": "/nowhere/keys"}, "/nowhere/keys"),
        (
            {
                "ITEMS_AUTH": "jwt",
                "ITEMS_JWT_ISSUER": "https://issuer.example",
                "ITEMS_JWT_AUDIENCE": "items",
                "ITEMS_JWT_KEY_SET": "/nowhere/keys",
            },
            "/nowhere/keys",
        ),
        ({"ITEMS_AUTH": "jwt", "ITEMS_JWT_ISSUER": "https://issuer.example"}, "ITEMS_JWT_AUDIENCE"),
        ({"ITEMS_JWT_ISSUER": "https://issuer.example"}, "has no effect without ITEMS_AUTH=jwt"),
        ({"ITEMS_TENANT_CLAIM": "sub"}, "ITEMS_TENANT_CLAIM requires"),
        ({"ITEMS_JWT_ISSUER": "http://issuer.example"}, "must be an https URL"),
        ({"ITEMS_JWT_ALGORITHMS": "RS256,HS256"}, "verify with a public key"),
        ({"ITEMS_JWT_ALGORITHMS": "none"}, "verify with a public key"),
    ],
)
def test_an_invalid_setting_of_authentication_stops_the_start(variables, words):
    assert words in start_error(*CONFIGURED, "-b", "127.0.0.1:0", **variables)
