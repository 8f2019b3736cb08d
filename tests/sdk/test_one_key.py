"""Every generated client works with a table without a sort key: its calls take one key."""

import uuid

import pytest
from dynamodb_items.config.settings import Settings
from dynamodb_items.local.sample_table import create_empty_table

from tests.engines import client_for, moto
from tests.sdk.conftest import running_client
from tests.sdk.generators import (
    ONE_KEY,
    ONE_KEY_BUILD,
    ONE_KEY_GENERATORS,
    generate_stale,
    write_document,
)
from tests.sdk.test_story import STALE
from tests.serving import gunicorn


@pytest.fixture(scope="module")
def url():
    with moto() as endpoint:
        create_empty_table(client_for(endpoint), Settings.from_environment(ONE_KEY))
        with gunicorn(endpoint, "-w", "1", **ONE_KEY) as server:
            yield server.url


@pytest.fixture(scope="module")
def failures():
    write_document(ONE_KEY_BUILD, ONE_KEY)
    return generate_stale(ONE_KEY_GENERATORS)


@pytest.fixture(scope="module", params=ONE_KEY_GENERATORS, ids=lambda generator: generator.name)
def client(request, failures, url):
    generator = request.param
    if generator.name in failures:
        raise failures[generator.name]
    generator.install_adapter()
    generator.check()
    with running_client(generator, url) as client:
        yield client


def test_it_goes_through_the_story_with_one_key(client):
    city = uuid.uuid4().hex
    email = f"a/b ü 100% {uuid.uuid4().hex}@example.com"

    def call(operation, item=None, **more):
        return client(operation, "", item, id=email, **more)

    created = call("put", {"Age": 41}, if_none_match="*")
    assert (created["status"], created["item"]) == (201, {"Email": email, "Age": 41})
    read = call("get")
    assert (read["status"], read["item"]) == (200, created["item"])
    assert call("put", {"Age": 42}, if_match=STALE)["status"] == 412
    patched = call("patch", {"City": city}, if_match=read["etag"])
    assert patched["item"] == {"Email": email, "Age": 41, "City": city}
    count = {
        "UpdateExpression": "ADD Age :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    assert call("update", count)["item"] == {"Email": email, "Age": 42, "City": city}
    query = {"index": "by-city", "value": city, "limit": 1}
    page = call("query", query)["page"]
    assert [listed["item"] for listed in page["items"]] == [
        {"Email": email, "Age": 42, "City": city}
    ]
    assert page["items"][0]["etag"] == call("get")["etag"]
    assert page["next"] is None
    assert call("delete")["status"] == 204
    missing = call("get")
    assert missing["problem"]["type"] == "/docs/errors#item-not-found"
