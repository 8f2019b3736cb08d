"""``make run``: what a new user sees, and that no process is left running."""

import itertools
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

import boto3.session
import pytest
from dynamodb_items.local import launcher
from dynamodb_items.local.processes import free_port

from tests.conftest import environment
from tests.engines import ROOT, moto

PATIENCE_SECONDS = 60
NOWHERE = "http://127.0.0.1:1"


def launch(*arguments, **variables):
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ITEMS_"))
    }
    return subprocess.Popen(
        [sys.executable, "-m", "dynamodb_items.local", *arguments],
        cwd=ROOT,
        env={**environment, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def rejection_of(*arguments, **variables) -> str:
    """Return the single line with which the launcher fails."""
    launcher = launch(*arguments, **variables)
    output, _ = launcher.communicate(timeout=PATIENCE_SECONDS)
    assert launcher.returncode not in (0, None)
    assert "Traceback" not in output
    return output


@contextmanager
def launched(*arguments, **variables):
    """A running launcher, and its output up to the examples of the welcome text."""
    launcher = launch(*arguments, **variables)
    try:
        printed = []
        for line in launcher.stdout:
            printed.append(line)
            if line.startswith("Try these"):
                printed += itertools.takewhile(
                    str.strip, itertools.islice(launcher.stdout, 1, None)
                )
                break
        yield launcher, "".join(printed)
    finally:
        if launcher.poll() is None:
            launcher.send_signal(signal.SIGTERM)
        launcher.communicate(timeout=PATIENCE_SECONDS)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def pasted(printed: str) -> list[str]:
    """Return the statuses of the curl commands in the welcome text."""
    statuses = []
    for line in re.findall(r"^  (curl .*)$", printed, re.MULTILINE):
        result = subprocess.run(shlex.split(line), capture_output=True, text=True, check=True)
        statuses.append(result.stdout.split()[1])
    return statuses


def test_the_three_curl_lines_work_as_pasted():
    port = free_port()
    with launched("--port", str(port)) as (_, printed):
        assert pasted(printed) == ["200", "201", "200"]
    assert "Starting the embedded engine" in printed
    assert f"http://127.0.0.1:{port}/openapi.json" in printed


@pytest.mark.parametrize(
    ("variables", "statuses"),
    [
        ({"ITEMS_PARTITION_KEY": "Owner:S", "ITEMS_SORT_KEY": "Position:N"}, ["200", "201", "200"]),
        ({"ITEMS_PARTITION_KEY": "Email:S", "ITEMS_SORT_KEY": ""}, ["200", "201", "200"]),
        ({"ITEMS_PARTITION_KEY": "Digest:B", "ITEMS_SORT_KEY": "Part:B"}, ["200", "201", "200"]),
        ({"ITEMS_OPERATIONS": "GetItem"}, ["200"]),
    ],
    ids=["other keys", "one key", "binary keys", "read-only"],
)
def test_the_curl_lines_suit_the_settings(engine, variables, statuses):
    table = f"launcher-{time.monotonic_ns()}"
    arguments = ("--port", str(free_port()), "--endpoint", engine.endpoint)
    with launched(*arguments, ITEMS_TABLE=table, **variables) as (_, printed):
        assert pasted(printed) == statuses


def test_the_table_has_the_indexes_of_the_settings(engine):
    port = free_port()
    variables = {
        "ITEMS_TABLE": f"launcher-{time.monotonic_ns()}",
        "ITEMS_OPERATIONS": "GetItem,Query",
        "ITEMS_INDEXES": "by-email=Email:S,by-status=Status:S+At:N/partial,by-digest=Digest:B",
    }
    listed = {
        "by-email/andrew@gmail.com": [("Andrew", True)],
        "by-status/104": [("Andrew", False)],
        "by-digest/MTA0": [("Andrew", True)],
    }
    with launched("--port", str(port), "--endpoint", engine.endpoint, **variables):
        for path, expected in listed.items():
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/indexes/{path}") as response:
                items = json.load(response)["items"]
            assert [(each["name"], "Email" in each["item"]) for each in items] == expected


def test_a_table_s_arn_gives_the_engine_its_account_and_region():
    arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/people"
    with launched("--port", str(free_port()), ITEMS_TABLE=arn) as (_, said):
        assert pasted(said) == ["200", "201", "200"]


def test_neither_a_proxy_nor_a_profile_of_the_users_is_in_the_way():
    variables = {"HTTP_PROXY": NOWHERE, "http_proxy": NOWHERE, "AWS_PROFILE": "none-such"}
    port = free_port()
    with launched("--port", str(port), **variables) as (_, printed):
        assert "The service is ready" in printed
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/items/104/Andrew") as response:
            assert response.status == 200


def test_a_proxy_is_not_in_the_way_of_localhost(endpoint):
    there = ("--endpoint", endpoint.replace("127.0.0.1", "localhost"))
    here = ("--host", "localhost", "--port", str(free_port()))
    with launched(*here, *there, http_proxy=NOWHERE) as (_, printed):
        assert pasted(printed)[0] == "200"


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


on_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


@on_ipv6
@pytest.mark.parametrize("host", ["::1", "::"])
def test_an_ipv6_address_is_listened_on_and_called_past_a_proxy(host):
    port = str(free_port())
    variables = {"ITEMS_AUTH": "none", "http_proxy": NOWHERE}
    with (
        moto(host="::1") as endpoint,
        launched("--host", host, "--port", port, "--endpoint", endpoint, **variables) as (
            _,
            printed,
        ),
    ):
        assert f"curl -i 'http://[::1]:{port}/items/104/Andrew'" in printed
        assert pasted(printed) == ["200", "201", "200"]


@on_ipv6
def test_a_taken_port_of_an_ipv6_address_is_one_clear_line():
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
        port = taken.getsockname()[1]
        line = rejection_of("--host", "::1", "--port", str(port))
    assert line.count("\n") == 1
    assert f"[::1]:{port} cannot be used: Address already in use" in line


@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize("named", ["", "corp.example", "*"])
def test_hosts_that_the_user_reaches_directly_are_reached_so_still(variable, named):
    variables = {"http_proxy": NOWHERE, "NO_PROXY": "", "no_proxy": "", variable: named}
    with environment(**variables):
        launcher.reach_loopback_directly()
        for host in ("localhost", "127.0.0.1", "[::1]"):
            assert urllib.request.proxy_bypass(f"{host}:8001")
        assert urllib.request.proxy_bypass("db.corp.example:8001") == bool(named)


def test_a_table_with_other_keys_is_one_clear_line_in_seconds(engine):
    table = f"other-keys-{engine.name}"
    one_key = {"ITEMS_TABLE": table, "ITEMS_PARTITION_KEY": "Email:S", "ITEMS_SORT_KEY": ""}
    arguments = ("--port", str(free_port()), "--endpoint", engine.endpoint)
    with launched(*arguments, **one_key):
        pass
    began = time.monotonic()
    line = rejection_of(*arguments, **{**one_key, "ITEMS_SORT_KEY": "Name:S"})
    assert time.monotonic() - began < 20
    assert (
        f"The table {table} has other key attributes than the settings. "
        "Set ITEMS_SORT_KEY to an empty text." in line
    )


@pytest.mark.parametrize("interruption", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interruption_ends_all_of_it(interruption):
    port = free_port()
    with launched("--port", str(port)) as (launcher, printed):
        engine_port = int(re.search(r"Table .* on http://127.0.0.1:(\d+)", printed)[1])
        assert listens(port)
        assert listens(engine_port)
        launcher.send_signal(interruption)
        output, _ = launcher.communicate(timeout=PATIENCE_SECONDS)
    assert launcher.returncode == 0
    assert "Stopped." in output
    assert not listens(port)
    assert not listens(engine_port)


def test_a_service_that_ends_by_itself_ends_the_launcher():
    port = free_port()
    with launched("--port", str(port)) as (launcher, _):
        children = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(launcher.pid)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        service = next(line for line in children.splitlines() if "gunicorn" in line)
        os.kill(int(service.split()[0]), signal.SIGTERM)
        output, _ = launcher.communicate(timeout=PATIENCE_SECONDS)
    assert launcher.returncode == 1
    assert "The service ended with status" in output


def test_a_taken_port_is_one_clear_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = rejection_of("--port", str(port))
    assert line.count("\n") == 1
    assert f"127.0.0.1:{port} cannot be used" in line
    assert f"make run PORT={port + 1}" in line


def test_invalid_settings_are_one_clear_line():
    line = rejection_of(ITEMS_DEADLINE_SECONDS="soon", ITEMS_SORT_KEY="Name")
    assert line.count("\n") == 1
    assert "ITEMS_DEADLINE_SECONDS" in line
    assert "ITEMS_SORT_KEY" in line


@pytest.mark.parametrize("endpoint", ["dynamodb", "ftp://127.0.0.1", "http://", "http://[::1"])
def test_an_invalid_endpoint_is_one_clear_line(endpoint):
    line = rejection_of("--port", str(free_port()), "--endpoint", endpoint)
    assert line.count("\n") == 1
    assert "is not a valid endpoint" in line


def test_an_endpoint_of_ones_own_gets_the_table_once_and_keeps_its_items(engine):
    table = f"launcher-{time.monotonic_ns()}"
    port = free_port()
    arguments = ("--port", str(port), "--endpoint", engine.endpoint)
    with launched(*arguments, ITEMS_TABLE=table) as (_, printed):
        assert f"Creating the table {table}" in printed
    # The launcher's own credentials: some engines keep separate data for each.
    dynamodb = boto3.session.Session("local", "local").client(
        "dynamodb", region_name="us-east-2", endpoint_url=engine.endpoint
    )
    key = {"Id": {"N": "104"}, "Name": {"S": "Andrew"}}
    assert "Email" in dynamodb.get_item(TableName=table, Key=key)["Item"]
    dynamodb.delete_item(TableName=table, Key=key)
    with launched(*arguments, ITEMS_TABLE=table) as (_, printed):
        assert "already exists" in printed
    assert "Item" not in dynamodb.get_item(TableName=table, Key=key)
