"""API keys, created by the command and checked by a running service."""

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


def test_a_running_service_accepts_a_new_key_and_rejects_a_deleted_one(service, path):
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
    eventually(lambda: get(service, key) == 200 and is_logged(service, "file reload failed"))
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
    "invalid", ["", "x", "items_first_", "items_first", "items__x", "é", "a\tb"]
)
def test_an_invalid_key_gets_401_with_a_challenge(service, invalid):
    response = service.request("GET", "/items/104/Andrew", X_API_Key=invalid.encode())
    assert response.status == 401
    assert response.headers["WWW-Authenticate"].startswith(
        'ApiKey realm="items", header="X-API-Key"'
    )


def test_without_a_key_or_with_a_key_elsewhere_it_is_401(service, path):
    key = new_key(path, "elsewhere")["X-API-Key"]
    assert service.request("GET", "/items/104/Andrew").status == 401
    assert service.request("GET", "/items/104/Andrew", Authorization=f"Bearer {key}").status == 401
    assert service.request("GET", f"/items/104/Andrew?api_key={key}").status == 401


def test_a_key_without_a_required_tenant_reaches_nothing(endpoint, tmp_path):
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
    printed = json.loads(made.stdout)
    assert printed["tenant"] == 'Ü"\n1'
    assert printed["scopes"] == ["items:read"]
    assert not made.stderr


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("new", "[half", "is not a valid file of API keys"),
        ("new", "x = 1", "must be a table"),
        ("new", '[x]\nsha256="abc"\nscopes=["items:read"]', "64 lower-case hexadecimal digits"),
        ("new", '[x]\nsha256="' + "0" * 64 + '"\nscopes=["items:all"]', "must be a list of"),
        ("new", '[x]\nsha256="' + "0" * 64 + '"\nscopes=[]', "must be a list of"),
        ("new", '[x]\nsha256="' + "0" * 64 + '"\nscopes=["items:read"]\ntennant=1', "tennant"),
    ],
)
def test_an_invalid_file_is_reported_in_one_line_and_stays(tmp_path, name, content, words):
    check_rejected(tmp_path / "keys.toml", name, content, words, status=1)


@pytest.mark.parametrize("name", ["a b", "a_b"])
def test_an_invalid_name_is_reported_in_one_line(tmp_path, name):
    check_rejected(tmp_path / "keys.toml", name, "", "is not a valid name", status=2)


def test_a_name_that_is_taken_has_an_exit_status_of_its_own(tmp_path):
    content = '[known]\nsha256="' + "0" * 64 + '"\nscopes=["items:read"]'
    check_rejected(tmp_path / "keys.toml", "known", content, "already has a key", status=3)


def check_rejected(path, name, content, words, *, status):
    path.write_text(content)
    made = keys_new(name, "--file", path)
    assert made.returncode == status
    assert words in made.stderr
    assert made.stderr.count("\n") == 1
    assert not made.stdout
    assert path.read_text() == content
