"""The client code of docs/clients.md runs as pasted."""

import os
import re
import subprocess
import sys

import pytest

from tests.docs.test_readme import LOCAL, ROOT

PAGE = (ROOT / "docs/clients.md").read_text()
TYPESCRIPT = ROOT / "tests/sdk/node_modules/typescript"
TRANSPILE = f"""
const typescript = require({str(TYPESCRIPT)!r});
const code = require("fs").readFileSync(0, "utf8");
const options = {{ compilerOptions: {{ target: "es2022", module: "esnext" }} }};
process.stdout.write(typescript.transpileModule(code, options).outputText);
"""


def blocks(language: str, url: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return [block.replace(LOCAL, url) for block in found]


def output(command: list[str], given: str) -> str:
    ended = subprocess.run(
        command,
        input=given,
        env={**os.environ, "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def python_output(block: str) -> str:
    return output([sys.executable, "-"], block)


def typescript_output(block: str) -> str:
    return output(["node", "--input-type=module", "-"], output(["node", "-e", TRANSPILE], block))


@pytest.fixture
def names(server_with_lists) -> list[str]:
    """Return the names in the partition of the examples."""
    for name in ("Cem", "Dana"):
        server_with_lists.request(
            "PUT", f"/items/104/{name}", "{}", Content_Type="application/json"
        )
    page = server_with_lists.request("GET", "/items/104").json
    assert page["next"] is None
    names = [listed["name"] for listed in page["items"]]
    assert {"Cem", "Dana"} <= set(names)
    return names


def in_small_pages(block: str) -> str:
    smaller = re.sub(r"limit(=|: \")100", r"limit\g<1>1", block)
    assert smaller != block
    return smaller


def test_the_python_code_runs_as_pasted(server):
    printed = python_output(blocks("python", server.url)[0])
    assert printed == "{'Id': 105, 'Name': 'Joseph', 'Age': 42}\n"


def test_the_typescript_code_runs_as_pasted(server):
    printed = typescript_output(blocks("ts", server.url)[0])
    assert " ".join(printed.split()) == "{ Id: 105, Name: 'Joseph', Age: 42 }"


def test_the_python_loop_over_pages_prints_every_item(server_with_lists, names):
    code = in_small_pages(blocks("python", server_with_lists.url)[1])
    printed = python_output(code).splitlines()
    assert [line.split(" {")[0] for line in printed] == names


def test_the_typescript_loop_over_pages_prints_every_item(server_with_lists, names):
    code = in_small_pages(blocks("ts", server_with_lists.url)[1])
    printed = typescript_output(code)
    assert re.findall(r"^(\S+) \{", printed, re.MULTILINE) == names
