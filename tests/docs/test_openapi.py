"""The OpenAPI document: valid, linted, fresh, and the one that is served."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from dynamodb_items.app import create_app, create_repository, openapi_document
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.operations import Operation
from dynamodb_items.web.openapi.document import documented_operations
from openapi_spec_validator import OpenAPIV30SpecValidator

from openapi.__main__ import generated_files

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "openapi/openapi.json"
LINTERS = Path(__file__).parent / "openapi_lint"


@pytest.fixture(scope="module")
def document():
    return json.loads(DOCUMENT.read_text())


@pytest.fixture(scope="module")
def operations(document):
    return list(documented_operations(document))


def test_it_is_valid_openapi(document):
    assert list(OpenAPIV30SpecValidator(document).iter_errors()) == []


@pytest.mark.parametrize(
    "linter",
    [
        ["spectral", "lint", "--ruleset", ".spectral.yaml", "--fail-severity", "error"],
        ["redocly", "lint", "--config", "redocly.yaml"],
    ],
    ids=lambda command: command[0],
)
def test_a_linter_finds_no_error(linter):
    program = LINTERS / "node_modules/.bin" / linter[0]
    assert program.exists(), "the linters come from npm: install Node.js, then make test"
    linted = subprocess.run(
        [program, *linter[1:], DOCUMENT], cwd=LINTERS, capture_output=True, text=True, check=False
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_the_committed_files_are_what_the_code_writes():
    stale = [path for path, text in generated_files().items() if path.read_text() != text]
    assert stale == []


def test_a_stale_file_is_found(tmp_path):
    """The check can fail: a copy of the repository with one word changed does not pass."""
    for name in ("service", "openapi", "docs", "setup.cfg"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "openapi").unlink()
    (tmp_path / "openapi").mkdir()
    for source in (ROOT / "openapi").glob("*.*"):
        text = source.read_text()
        if source.name == "openapi.json":
            text = text.replace("getItem", "fetchItem")
        (tmp_path / "openapi" / source.name).write_text(text)
    checked = subprocess.run(
        [sys.executable, "-m", "openapi", "check"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 1
    assert "openapi.json is out of date" in checked.stderr


def test_both_files_hold_the_same_document(document):
    assert yaml.safe_load((ROOT / "openapi/openapi.yaml").read_text()) == document


def test_the_document_is_served(document):
    settings = Settings()
    client = create_app(settings, create_repository(settings)).test_client()
    response = client.get("/openapi.json")
    assert response.content_type == "application/json"
    assert response.json == document


def test_each_route_is_an_operation_with_an_id_of_its_own(operations):
    assert sorted(operation["operationId"] for *_, operation in operations) == [
        "deleteItem",
        "deleteItemConditionally",
        "getItem",
        "getLiveness",
        "getReadiness",
        "headItem",
        "patchItem",
        "putItem",
        "putItemConditionally",
        "readItems",
        "updateItem",
        "writeItems",
    ]


def test_a_summary_is_a_phrase_without_a_period(operations):
    for *_, operation in operations:
        assert operation["summary"][-1].isalpha(), operation["operationId"]
        assert operation["description"].endswith("."), operation["operationId"]


def test_the_description_of_a_response_is_one_sentence(document, operations):
    responses = [
        response
        for *_, operation in operations
        for response in operation["responses"].values()
        if "$ref" not in response
    ]
    for response in (*responses, *document["components"]["responses"].values()):
        description = response["description"]
        assert description.endswith("."), description
        assert ". " not in description


def test_every_error_is_a_typed_problem(document, operations):
    for method, path, operation in operations:
        for status, response in operation["responses"].items():
            if status >= "400":
                name = response["$ref"].rpartition("/")[2]
                content = document["components"]["responses"][name]["content"]
                assert list(content) == ["application/problem+json"], (method, path, status)


def test_every_link_gives_an_operation_parameters_that_it_has(document, operations):
    by_id = {operation["operationId"]: operation for *_, operation in operations}
    linked = [
        link
        for operation in by_id.values()
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    ]
    assert {link["operationId"] for link in linked} == {"getItem", "patchItem", "deleteItem"}
    (path,) = (path for path in document["paths"] if path.startswith("/items/{id}/"))
    for link in linked:
        parameters = [
            *document["paths"][path].get("parameters", []),
            *by_id[link["operationId"]]["parameters"],
        ]
        known = {
            f"{parameter['in']}.{parameter['name']}"
            for parameter in (
                document["components"]["parameters"][one["$ref"].rpartition("/")[2]]
                if "$ref" in one
                else one
                for one in parameters
            )
        }
        assert set(link["parameters"]) <= known


def test_a_deployment_links_only_to_operations_that_it_has():
    settings = Settings(operations=frozenset({Operation.GET_ITEM, Operation.PUT_ITEM}))
    document = openapi_document(create_app(settings, create_repository(settings)))
    put = document["paths"]["/items/{id}/{name}"]["put"]
    assert set(put["responses"]["201"]["links"]) == {"read"}


@pytest.mark.parametrize(
    "operations",
    [{Operation.GET_ITEM}, {Operation.GET_ITEM, Operation.DELETE_ITEM}, set(Operation)],
    ids=len,
)
def test_the_document_of_other_operations_is_valid_too(operations):
    settings = Settings(operations=frozenset(operations))
    document = openapi_document(create_app(settings, create_repository(settings)))
    # What a JSON round trip makes of it is what is served.
    assert list(OpenAPIV30SpecValidator(json.loads(json.dumps(document))).iter_errors()) == []


def test_every_header_that_is_promised_is_described(document):
    for name, header in document["components"]["headers"].items():
        assert header["description"], name
        assert "example" in header, name


def test_an_item_is_an_object_of_any_attributes(document):
    assert document["components"]["schemas"]["Item"]["additionalProperties"] is True
