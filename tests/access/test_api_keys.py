"""API keys, made by the command and checked by a running service."""

import json
import subprocess
import sys

import pytest

from tests.engines import ROOT
from tests.faults.conftest import eventually
from tests.serving import gunicorn

JSON = {"Content-Type": "application/json"}


def keys_new(*arguments) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dynamodb_items", "keys", "new", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def new_key(path, name, *arguments) -> dict[str, str]:
    """The header with a new key."""
    made = keys_new(name, "--file", path, *arguments)
    assert made.returncode == 0, made.stderr
    return {"X-API-Key": made.stdout.strip()}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / "api-keys.toml"
    new_key(path, "first")
    return path


@pytest.fixture(scope="module")
def service(endpoint, path):
    variables = {"ITEMS_AUTH": "api-key", "ITEMS_API_KEYS_FILE": str(path)}
    with gunicorn(endpoint, "-w", "1", **variables) as server:
        yield server


def get(service, headers, target="/items/104/Andrew") -> int:
    return service.request("GET", target, **headers).status


def put(service, headers, target="/items/104/api-keys") -> int:
    return service.request("PUT", target, "{}", **JSON, **headers).status


def is_logged(service, event) -> bool:
    return any(line["event"] == event for line in service.log)


def test_a_new_key_is_taken_while_serving_and_a_deleted_one_is_not(service, path):
    before = path.read_text()
    key = new_key(path, "short-lived")
    eventually(lambda: get(service, key) == 200)
    path.write_text(before)
    eventually(lambda: get(service, key) == 401)


def test_a_file_that_cannot_be_read_changes_nothing(service, path):
    key = new_key(path, "lasting")
    eventually(lambda: get(service, key) == 200)
    whole = path.read_text()
    path.write_text(whole + "[half")
    eventually(lambda: get(service, key) == 200 and is_logged(service, "file unreadable"))
    assert get(service, key) == 200
    path.write_text(whole)


def test_scopes_are_kept_to(service, path):
    reader = new_key(path, "reader", "--scope", "items:read")
    writer = new_key(path, "writer", "--scope", "items:write")
    both = new_key(path, "both", "--scope", "items:read", "--scope", "items:write")
    eventually(lambda: get(service, both) == 200)
    assert (get(service, reader), put(service, reader)) == (200, 403)
    assert (get(service, writer), put(service, writer)) == (403, 201)
    assert (get(service, both), put(service, both)) == (200, 200)


def test_a_key_with_a_tenant_reaches_that_partition_alone(service, path):
    key = new_key(path, "tenant", "--tenant", "0104", "--scope", "items:read")
    eventually(lambda: get(service, key) == 200)
    assert get(service, key, "/items/1.04e2/Andrew") == 200
    assert get(service, key, "/items/101/Raj") == 403


@pytest.mark.parametrize(
    "spoilt", ["", "x", "items_first_", "items_first", "items__x", "é", "a\tb"]
)
def test_what_is_no_key_gets_401_with_a_challenge(service, spoilt):
    answer = service.request("GET", "/items/104/Andrew", X_API_Key=spoilt.encode())
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith('ApiKey realm="items", header="X-API-Key"')


def test_without_a_key_or_with_a_key_elsewhere_it_is_401(service, path):
    key = new_key(path, "elsewhere")["X-API-Key"]
    assert service.request("GET", "/items/104/Andrew").status == 401
    assert service.request("GET", "/items/104/Andrew", Authorization=f"Bearer {key}").status == 401
    assert service.request("GET", f"/items/104/Andrew?api_key={key}").status == 401


def test_where_tenants_are_asked_for_a_key_without_one_reaches_nothing(endpoint, tmp_path):
    path = tmp_path / "keys.toml"
    without = new_key(path, "without")
    key = new_key(path, "with", "--tenant", "104")
    variables = {"ITEMS_AUTH": "api-key", "ITEMS_API_KEYS_FILE": str(path)}
    with gunicorn(endpoint, "-w", "1", **variables, ITEMS_TENANT_CLAIM="tenant") as server:
        assert get(server, without) == 403
        assert get(server, key) == 200


def test_the_file_holds_no_key_and_is_its_owners_alone(tmp_path):
    path = tmp_path / "keys.toml"
    key = new_key(path, "one")["X-API-Key"]
    assert key.startswith("items_one_")
    assert key not in path.read_text()
    assert key.removeprefix("items_one_") not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_machines_get_one_json_object(tmp_path):
    made = keys_new("one", "--tenant", 'Ü"\n1', "--json", "--file", tmp_path / "keys.toml")
    answer = json.loads(made.stdout)
    assert answer["tenant"] == 'Ü"\n1'
    assert answer["scopes"] == ["items:read"]
    assert not made.stderr


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a b", "", "is no key's name"),
        ("a_b", "", "is no key's name"),
        ("known", '[known]\nsha256="' + "0" * 64 + '"\nscopes=["items:read"]', "already"),
        ("new", "[half", "is no file of API keys"),
        ("new", "x = 1", "must be a table"),
        ("new", '[x]\nsha256="abc"\nscopes=["items:read"]', "64 lower-case hexadecimal digits"),
        ("new", '[x]\nsha256="' + "0" * 64 + '"\nscopes=["items:all"]', "must be a list of"),
        ("new", '[x]\nsha256="' + "0" * 64 + '"\nscopes=[]', "must be a list of"),
        ("new", '[x]\nsha256="' + "0" * 64 + '"\nscopes=["items:read"]\ntennant=1', "tennant"),
    ],
)
def test_a_mistake_is_one_clear_line_and_changes_nothing(tmp_path, name, content, words):
    path = tmp_path / "keys.toml"
    path.write_text(content)
    made = keys_new(name, "--file", path)
    assert made.returncode == 1
    assert words in made.stderr
    assert made.stderr.count("\n") == 1
    assert not made.stdout
    assert path.read_text() == content
