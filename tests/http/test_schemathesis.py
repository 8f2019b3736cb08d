"""schemathesis sends allowed and forbidden requests, and checks each response."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation
from dynamodb_items.local import launcher
from dynamodb_items.local.sample_table import create_empty_table
from dynamodb_items.web.openapi.document import documented_operations

from tests.engines import IS_SHORT, ROOT, client_for, ministack
from tests.serving import gunicorn

HERE = Path(__file__).parent
EXAMPLES = 8 if IS_SHORT else 20
LISTS = {
    "ITEMS_TABLE": "items-with-an-index",
    "ITEMS_OPERATIONS": ",".join(DEFAULT_OPERATIONS | {Operation.QUERY, Operation.SCAN}),
    "ITEMS_INDEXES": "by-status=Status:S+At:N",
}
LIMIT_SECONDS = 400
# One run with every phase is enough before a merge; this is left out of the others.
PHASES = () if not IS_SHORT else ("--phases", "examples,coverage,stateful")


@pytest.fixture(scope="module")
def endpoint():
    with ministack() as endpoint:
        launcher.create_table(client_for(endpoint), Settings())
        yield endpoint


@pytest.fixture
def service(endpoint):
    with gunicorn(endpoint, "-w", "2") as server:
        yield server


@pytest.fixture
def api_key(tmp_path) -> tuple[str, Path]:
    """An API key that may read and write, and the file that contains it."""
    file = tmp_path / "keys.toml"
    made = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "dynamodb_items",
                "keys",
                "new",
                "schemathesis",
                "--file",
                file,
            ),
            *("--scope", "items:read", "--scope", "items:write"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip(), file


def schemathesis(url: str, *options: str) -> str:
    """Return the output of a run with every check and phase, which must find nothing."""
    # In a separate folder: crashes kept from an earlier run would be sent again.
    with tempfile.TemporaryDirectory() as folder:
        return _run(folder, url, *options)


def _run(folder: str, url: str, *options: str) -> str:
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--no-color"),
            *("--config-file", HERE / "schemathesis.toml", "run", f"{url}/openapi.json"),
            *("--checks", "all", "--max-examples", str(EXAMPLES), "--seed", "2", *options),
        ],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.http.schemathesis_hooks",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_SECONDS,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.timeout(LIMIT_SECONDS)
def test_every_response_matches_the_document(service):
    output = schemathesis(service.url)
    assert f"Tested: {operations_of(service)}" in output
    assert int(re.search(r"API Links: +(\d+) covered", output)[1]) > 0


@pytest.fixture
def service_with_lists(endpoint):
    """Run the service with lists; the keys of the document's examples have several items."""
    create_empty_table(client_for(endpoint), Settings.from_environment(LISTS))
    with gunicorn(endpoint, "-w", "2", **LISTS) as server:
        for name in "abc":
            item = '{"Status": "104", "At": 1}'
            server.request("PUT", f"/items/104/{name}", item, Content_Type="application/json")
        yield server


@pytest.mark.timeout(LIMIT_SECONDS)
def test_lists_match_the_document_and_their_links_can_be_followed(service_with_lists):
    # The other operations are the same as without lists; a link leads to the first.
    selected = ("--include-tag", "Lists", "--include-operation-id", "getItem")
    output = schemathesis(service_with_lists.url, *selected, *PHASES)
    assert "Selected: 8/" in output
    assert int(re.search(r"API Links: +(\d+) covered", output)[1]) > 0


@pytest.mark.timeout(LIMIT_SECONDS)
def test_with_authentication_responses_match_and_require_a_key(endpoint, api_key):
    key, file = api_key
    settings = {"ITEMS_AUTH": "api-key", "ITEMS_API_KEYS_FILE": str(file)}
    with gunicorn(endpoint, "-w", "2", **settings) as guarded:
        output = schemathesis(guarded.url, "--header", f"X-API-Key: {key}", *PHASES)
        assert f"Tested: {operations_of(guarded)}" in output


def operations_of(service) -> int:
    return len(list(documented_operations(service.request("GET", "/openapi.json").json)))
