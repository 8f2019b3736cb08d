"""The README and the pages of docs/, followed to the letter against a running service."""

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
LISTS = ROOT / "docs/lists.md"
PAGES = [ROOT / "README.md", *sorted(set(ROOT.glob("docs/**/*.md")) - {LISTS})]


def blocks(*pages: Path, language: str = "bash") -> list[str]:
    fenced = re.compile(rf"^```{language}\n(.*?)^```", re.MULTILINE | re.DOTALL)
    return [block for page in pages for block in fenced.findall(page.read_text())]


BLOCKS = blocks(*PAGES)
CLI_ROWS = re.findall(r"^\| `(aws dynamodb .*)` \| `(curl .*)` \|$", README, re.MULTILINE)
LOCAL = "http://127.0.0.1:8000"


def paste(script: str, server) -> str:
    """What a script prints that is pasted into bash, which ends at the first HTTP error."""
    script = script.replace("curl ", "curl --silent --show-error --fail-with-body ")
    pasted = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace(LOCAL, server.url)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert pasted.returncode == 0, pasted.stdout + pasted.stderr
    return pasted.stdout


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_a_block_works_as_pasted(server, block):
    assert LOCAL in block
    assert paste(block, server)


@pytest.mark.parametrize("block", blocks(LISTS))
def test_a_block_about_lists_works_as_pasted(server_with_lists, block):
    page = paste(block, server_with_lists)
    assert '"evaluated":' in page


def test_the_loop_over_pages_finds_every_item(server_with_lists):
    (code,) = blocks(LISTS, language="python")
    for name in ("Cem", "Dana"):
        server_with_lists.request(
            "PUT", f"/items/104/{name}", "{}", Content_Type="application/json"
        )
    found = {}
    program = code.replace(LOCAL, server_with_lists.url).replace('"limit": 100', '"limit": 1')
    exec(program, found)  # noqa: S102 - the page's own code
    assert {"Cem", "Dana"} <= {item["Name"] for item in found["items"]}


@pytest.mark.parametrize(("cli", "curl"), CLI_ROWS, ids=range(len(CLI_ROWS)))
def test_a_call_of_the_cli_and_its_curl_do_the_same(server, dynamodb, cli, curl):
    arguments = dict(re.findall(r"--(\S+) '([^']*)'", cli))
    given = json.loads(arguments.get("item") or arguments["key"])
    key = {name: given[name] for name in ("Id", "Name")}
    table = {"TableName": "my-dynamodb-table"}
    dynamodb.put_item(**table, Item={**key, "Email": {"S": "before@gmail.com"}})
    paste(curl, server)
    stored = dynamodb.get_item(**table, Key=key).get("Item", {})
    stored.pop("_version", None)
    operation = cli.split()[2]
    if operation == "get-item":
        assert stored["Email"] == {"S": "before@gmail.com"}
    elif operation == "put-item":
        assert stored == given
    elif operation == "delete-item":
        assert stored == {}
    else:
        (value,) = json.loads(arguments["expression-attribute-values"]).values()
        assert operation == "update-item"
        assert stored["Email"] == value


def test_the_table_covers_every_method():
    assert [cli.split()[2] for cli, _ in CLI_ROWS] == [
        "get-item",
        "put-item",
        "put-item",
        "delete-item",
        "update-item",
    ]


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{p.name}" for p in ROOT.glob("docs/*.md"))])
def test_every_link_inside_the_repository_leads_somewhere(page):
    path = ROOT / page
    for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", path.read_text()):
        assert (path.parent / target).exists(), target


def test_every_command_of_make_that_the_readme_names_exists():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE))
    assert {"run", "test"} <= named <= targets
