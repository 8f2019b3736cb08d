"""Every generated client has typed attributes where the service has an item schema."""

import json
import os
import re
import shutil
import subprocess
import uuid
from dataclasses import replace

import pytest
from dynamodb_items.app import create_app, create_repository, openapi_document
from dynamodb_items.config.settings import Settings
from dynamodb_items.item_schema.reading import read_schema
from dynamodb_items.local import launcher

from tests.engines import client_for, moto
from tests.sdk.generators import HERE, OTHER_DOCUMENTS, ROOT, SCHEMA_BUILD, generate_stale
from tests.serving import gunicorn

CUSTOMER = HERE / "customer"
SCHEMA = CUSTOMER / "customer.json"
STORY = """\
41 blue,red Oslo AP8=
42 Bergen Karl Johans gate
422 /tags A set must not contain a member twice.
"""


@pytest.fixture(scope="module")
def generators():
    """Return the generators with the document of a service that has the schema."""
    settings = Settings(item_schema=read_schema(str(SCHEMA)))
    document = openapi_document(create_app(settings, create_repository(settings)))
    SCHEMA_BUILD.mkdir(parents=True, exist_ok=True)
    (SCHEMA_BUILD / "openapi.json").write_text(json.dumps(document, indent=2))
    typed = [replace(each, has_schema=True) for each in OTHER_DOCUMENTS]
    failures = generate_stale(typed)
    return {each.name: failures.get(each.name, each) for each in typed}


@pytest.fixture(scope="module")
def service():
    with moto() as endpoint:
        launcher.create_table(client_for(endpoint), Settings())
        with gunicorn(endpoint, "-w", "1", ITEMS_SCHEMA=str(SCHEMA)) as server:
            yield server.url, client_for(endpoint)


@pytest.mark.parametrize("name", [each.name for each in OTHER_DOCUMENTS])
@pytest.mark.timeout(600)
def test_a_customer_has_typed_attributes(name, generators, service):
    generator = generators[name]
    if isinstance(generator, Exception):
        raise generator
    url, dynamodb = service
    generator.install_adapter()
    adapter = generator.language.adapter
    shutil.copy(next(CUSTOMER.glob(f"{name}.*")), generator.folder / adapter)
    generator.check()
    customer = f"ann-{uuid.uuid4().hex}"
    ran = subprocess.run(
        [*map(str, generator.language.run(generator.folder)), url, customer],
        env={**os.environ, "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.stdout, ran.returncode) == (STORY, 0), ran.stderr
    key = {"Id": {"N": "105"}, "Name": {"S": customer}}
    stored = dynamodb.get_item(TableName=Settings().table, Key=key)["Item"]
    assert sorted(stored["tags"]["SS"]) == ["blue", "red"]
    assert stored["avatar"] == {"B": b"\x00\xff"}
    assert stored["balance"] == {"N": "12.5"}


def test_the_docs_show_the_code_that_runs_here():
    page = (ROOT / "docs/clients.md").read_text()
    shown = re.findall(r"^```(?:python|ts)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    for name in ("openapi-python-client.py", "hey-api.ts"):
        assert (CUSTOMER / name).read_text() in shown, name
