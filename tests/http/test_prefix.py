"""Below a path prefix, all URLs in responses begin with that prefix."""

import pytest

from tests.serving import gunicorn

PREFIX = "/api/v1"


@pytest.fixture(scope="module")
def server(endpoint):
    with gunicorn(endpoint, "-w", "1", SCRIPT_NAME=PREFIX) as server:
        yield server


def test_a_problem_is_documented_below_the_prefix(server):
    response = server.request("GET", f"{PREFIX}/items/104/nobody")
    assert response.status == 404
    assert response.json["instance"] == f"{PREFIX}/items/104/nobody"
    documentation, _, section = response.json["type"].partition("#")
    assert documentation == f"{PREFIX}/docs/errors"
    assert section in server.request("GET", documentation).body.decode()


def test_the_document_contains_the_url_of_the_service(server):
    document = server.request("GET", f"{PREFIX}/openapi.json").json
    assert [each["url"] for each in document["servers"]] == [PREFIX]


def test_a_new_item_is_located_below_the_prefix(server):
    response = server.request(
        "PUT", f"{PREFIX}/items/104/new", "{}", Content_Type="application/json"
    )
    assert response.status == 201
    assert response.headers["Location"] == f"{PREFIX}/items/104/new"
