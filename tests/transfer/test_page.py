"""The commands of docs/import-export.md, pasted one after the other."""

import gzip
import json
import os
import re
import subprocess
import sys

import pytest

from tests.engines import ROOT, client_for
from tests.serving import gunicorn

PAGE = (ROOT / "docs/import-export.md").read_text()
LOCAL = "http://127.0.0.1:8000"
BLOCKS = [
    block
    for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    if LOCAL in block
]


@pytest.fixture
def paste(endpoint, tmp_path):
    """Paste a block into a shell whose `dynamodb-items` is that of the checkout."""
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "dynamodb-items"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dynamodb_items "$@"\n')
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    with gunicorn(
        endpoint,
        *("-w", "1"),
        ITEMS_OPERATIONS="GetItem,PutItem,UpdateItem,DeleteItem,Query,Scan",
        ITEMS_READ_TIMEOUT_SECONDS="10",
        ITEMS_DEADLINE_SECONDS="30",
    ) as server:

        def paste(block):
            pasted = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", block.replace(LOCAL, server.url)],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert pasted.returncode == 0, pasted.stderr
            return pasted

        yield paste


def test_the_page_works_as_pasted(paste, endpoint, tmp_path):
    first, again, export, backup = BLOCKS
    assert "2 imported, 0 rejected" in paste(first).stderr
    assert "1 imported, 0 rejected" in paste(again).stderr
    (mia,) = paste(export).stdout.splitlines()
    assert json.loads(mia)["Email"] == "mia@gmail.com"
    items = gzip.decompress((tmp_path / "items.jsonl.gz").read_bytes()).splitlines()
    assert sum(b'"Noah"' in item for item in items) == 1
    restored = paste(backup)
    assert f"0 imported, {len(items)} existed, 0 rejected" in restored.stderr
    key = {"Id": {"N": "203"}, "Name": {"S": "Noah"}}
    stored = client_for(endpoint).get_item(TableName="my-dynamodb-table", Key=key)
    assert stored["Item"]["Id"] == {"N": "203"}


def test_the_page_names_every_exit_status_and_variable():
    for status in ("0", "1", "2", "3", "4", "5", "130, 143"):
        assert f"| {status} | " in PAGE
    for variable in ("TOKEN", "API_KEY", "URL"):
        assert f"`DYNAMODB_ITEMS_{variable}`" in PAGE
