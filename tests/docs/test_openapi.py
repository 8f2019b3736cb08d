"""The OpenAPI document: valid, linted, fresh, and the one that is served."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from dynamodb_items.app import create_app, create_repository, openapi_document
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.keys import KeyAttribute
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation
from dynamodb_items.item_schema.reading import item_schema
from dynamodb_items.web.openapi.document import documented_operations
from openapi_spec_validator import OpenAPIV30SpecValidator

from openapi.__main__ import generated_files
from tests.customer_schema import CUSTOMER

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "openapi/openapi.json"
LINTERS = Path(__file__).parent / "openapi_lint"
LISTS = {
    "ITEMS_OPERATIONS": ",".join(DEFAULT_OPERATIONS | {Operation.QUERY, Operation.SCAN}),
    "ITEMS_INDEXES": "by-city=City:S,by-status=Status:S+At:N/partial",
}
OTHER_DEPLOYMENTS = {
    "lists": LISTS,
    "lists of one key": {**LISTS, "ITEMS_PARTITION_KEY": "Email:S", "ITEMS_SORT_KEY": ""},
}


def document_of(variables):
    """Return the document of a deployment, as it is served."""
    settings = Settings.from_environment(variables)
    document = openapi_document(create_app(settings, create_repository(settings)))
    return json.loads(json.dumps(document))


@pytest.fixture(scope="module")
def document():
    return json.loads(DOCUMENT.read_text())


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    """Return the files with the documents of other deployments, by their names."""
    folder = tmp_path_factory.mktemp("documents")
    files = {name: folder / f"{name}.json" for name in OTHER_DEPLOYMENTS}
    for name, file in files.items():
        file.write_text(json.dumps(document_of(OTHER_DEPLOYMENTS[name])))
    return files


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
def test_a_linter_finds_no_error(linter, documents):
    program = LINTERS / "node_modules/.bin" / linter[0]
    assert program.exists(), "the linters come from npm: install Node.js, then make test"
    linted = subprocess.run(
        [program, *linter[1:], DOCUMENT, *documents.values()],
        cwd=LINTERS,
        capture_output=True,
        text=True,
        check=False,
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


@pytest.mark.parametrize("deployment", OTHER_DEPLOYMENTS)
def test_a_page_links_to_the_next_page_and_to_an_item(documents, deployment):
    document = json.loads(documents[deployment].read_text())
    operations = {
        operation["operationId"]: (path, operation)
        for _, path, operation in documented_operations(document)
    }
    lists = {name for name in operations if name.startswith("list")}
    assert {"listIndex", "listItems"} <= lists
    for name in (*lists, "queryItems"):
        path, operation = operations[name]
        links = operation["responses"]["200"]["links"]
        item = {
            "path.id": "$response.body#/items/0/id",
            "path.name": "$response.body#/items/0/name",
        }
        if deployment == "lists of one key":
            del item["path.name"]
        assert links["readItem"]["operationId"] == "getItem"
        assert links["readItem"]["parameters"] == item
        if name == "queryItems":  # OpenAPI cannot express a body with one other member
            continue
        assert links["next"]["operationId"] == name
        given = {each.rpartition(".")[2] for each in links["next"]["parameters"]}
        known = {each["name"] for each in operation["parameters"] if "name" in each}
        known |= {each["name"] for each in document["paths"][path].get("parameters", [])}
        # `fields` may change from page to page; a read may be consistent or not.
        assert given == known - {"fields", "consistent_read"}
        assert links["next"]["parameters"]["query.cursor"] == "$response.body#/next"
    for name in operations:
        if name.startswith("head"):
            assert "links" not in operations[name][1]["responses"]["200"], "it has no body"


def test_a_deployment_links_only_to_operations_that_it_has():
    settings = Settings(operations=frozenset({Operation.GET_ITEM, Operation.PUT_ITEM}))
    document = openapi_document(create_app(settings, create_repository(settings)))
    put = document["paths"]["/items/{id}/{name}"]["put"]
    assert set(put["responses"]["201"]["links"]) == {"read"}


@pytest.mark.parametrize(
    "variables",
    [
        {"ITEMS_OPERATIONS": "GetItem"},
        {"ITEMS_OPERATIONS": "GetItem,DeleteItem"},
        {"ITEMS_OPERATIONS": ",".join(Operation)},
        *OTHER_DEPLOYMENTS.values(),
    ],
    ids=["GetItem", "GetItem and DeleteItem", "all", *OTHER_DEPLOYMENTS],
)
def test_the_document_of_another_deployment_is_valid_too(variables):
    assert list(OpenAPIV30SpecValidator(document_of(variables)).iter_errors()) == []


@pytest.mark.parametrize(
    "changes", [{}, {"sort_key": None}, {"partition_key": KeyAttribute("Digest", "B", 2048)}]
)
def test_the_document_with_an_item_schema_is_valid(changes):
    settings = Settings(item_schema=item_schema(CUSTOMER), **changes)
    document = openapi_document(create_app(settings, create_repository(settings)))
    assert list(OpenAPIV30SpecValidator(document).iter_errors()) == []
    json.dumps(document)


def test_every_header_that_is_promised_is_described(document):
    for name, header in document["components"]["headers"].items():
        assert header["description"], name
        assert "example" in header, name


def test_an_item_is_an_object_of_any_attributes(document):
    assert document["components"]["schemas"]["Item"]["additionalProperties"] is True
