"""The client code of docs/clients.md runs as pasted."""

import os
import re
import subprocess
import sys

from tests.docs.test_readme import LOCAL, ROOT

PAGE = (ROOT / "docs/clients.md").read_text()
TYPESCRIPT = ROOT / "tests/sdk/node_modules/typescript"
TRANSPILE = f"""
const typescript = require({str(TYPESCRIPT)!r});
const code = require("fs").readFileSync(0, "utf8");
const options = {{ compilerOptions: {{ target: "es2022", module: "esnext" }} }};
process.stdout.write(typescript.transpileModule(code, options).outputText);
"""


def block(language: str, url: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return found[1].replace(LOCAL, url)


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


def test_the_python_code_runs_as_pasted(server):
    printed = output([sys.executable, "-"], block("python", server.url))
    assert printed == "{'Id': 105, 'Name': 'Joseph', 'Age': 42}\n"


def test_the_typescript_code_runs_as_pasted(server):
    script = output(["node", "-e", TRANSPILE], block("ts", server.url))
    printed = output(["node", "--input-type=module", "-"], script)
    assert " ".join(printed.split()) == "{ Id: 105, Name: 'Joseph', Age: 42 }"
