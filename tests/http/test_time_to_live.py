"""Items with a time to live, served by gunicorn with the clock of this machine."""

import json
import re
import time

import pytest

from tests.docs.test_readme import ROOT, paste
from tests.serving import gunicorn

RECIPES = (ROOT / "docs/recipes.md").read_text()
SECTION = RECIPES.partition("## Items that expire (TTL)")[2].partition("\n## ")[0]
BLOCKS = re.findall(r"^```bash\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL)
JSON = {"Content_Type": "application/json"}


@pytest.fixture(scope="module")
def server(endpoint):
    with gunicorn(endpoint, "-w", "2", ITEMS_TTL_ATTRIBUTE="expires") as server:
        yield server


def test_an_item_exists_until_its_second(server, name):
    expires = int(time.time()) + 3
    path = f"/items/7/{name}"
    body = json.dumps({"expires": expires})
    assert server.request("PUT", path, body, **JSON).status == 201
    statuses = []
    while 404 not in statuses:
        before = time.time()
        status = server.request("GET", path).status
        after = time.time()
        statuses.append(status)
        assert before < expires if status == 200 else after >= expires
    assert set(statuses) == {200, 404}
    assert server.request("PUT", path, "{}", If_None_Match="*", **JSON).status == 201


def test_the_recipes_work_as_pasted(server):
    assert len(BLOCKS) == 2
    for block in BLOCKS:
        assert paste(block, server)
    assert server.request("GET", "/items/104/session-7f3a").json["cart"] == ["book"]
    assert server.request("GET", "/items/104/requests").json["hits"] >= 1
