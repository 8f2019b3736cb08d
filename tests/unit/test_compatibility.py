"""Each change of the OpenAPI document that breaks a client is found, and no other is."""

import json

import pytest

from openapi.__main__ import DOCUMENT
from openapi.compatibility import allows_breaking_changes, breaking_changes, unannounced_breaks

ITEM = "/items/{id}/{name}"


@pytest.fixture(scope="module")
def text():
    return DOCUMENT.read_text()


@pytest.fixture
def old(text):
    return json.loads(text)


@pytest.fixture
def new(text):
    return json.loads(text)


def parameters(document, method="get"):
    return document["paths"][ITEM][method]["parameters"]


def problem(document):
    return document["components"]["schemas"]["Problem"]


def drop_path(new):
    del new["paths"]["/live"]


def drop_method(new):
    del new["paths"][ITEM]["delete"]


def rename_operation(new):
    new["paths"][ITEM]["get"]["operationId"] = "fetchItem"


def drop_parameter(new):
    parameters(new)[:] = [one for one in parameters(new) if one.get("name") != "consistent_read"]


def require_parameter(new):
    next(one for one in parameters(new) if one.get("name") == "fields")["required"] = True


def add_required_parameter(new):
    schema = {"type": "string"}
    parameters(new).append({"in": "query", "name": "tenant", "required": True, "schema": schema})


def narrow_parameter(new):
    new["components"]["parameters"]["X-Request-Id"]["schema"]["maxLength"] = 8


def change_parameter_type(new):
    new["components"]["parameters"]["Prefer"]["schema"]["type"] = "integer"


def write_a_list_otherwise(new):
    next(one for one in parameters(new) if one.get("name") == "fields")["explode"] = True


def drop_media_type(new):
    del new["paths"][ITEM]["put"]["requestBody"]["content"]["application/vnd.dynamodb+json"]


def require_a_member_of_the_body(new):
    new["components"]["schemas"]["ItemPatch"]["required"] = ["Email"]


def close_the_body(new):
    new["components"]["schemas"]["ItemPatch"]["additionalProperties"] = False


def drop_success(new):
    del new["paths"][ITEM]["put"]["responses"]["201"]


def drop_header(new):
    del new["paths"][ITEM]["get"]["responses"]["200"]["headers"]["ETag"]


def drop_property(new):
    del problem(new)["properties"]["detail"]


def make_property_optional(new):
    problem(new)["required"].remove("title")


def make_property_nullable(new):
    problem(new)["properties"]["title"]["nullable"] = True


def change_property_type(new):
    problem(new)["properties"]["status"]["type"] = "string"


def return_another_value(new):
    new["components"]["schemas"]["Liveness"]["properties"]["status"]["enum"].append("dying")


def compose_otherwise(new):
    problem(new)["oneOf"] = [{"type": "object"}]


def rename_schema(new):
    schemas = new["components"]["schemas"]
    schemas["Fault"] = schemas.pop("Problem")
    text = json.dumps(new).replace("#/components/schemas/Problem", "#/components/schemas/Fault")
    new.update(json.loads(text))


def require_authentication(new):
    new["security"] = [{"token": []}]


BREAKS = {
    drop_path: "GET /live was removed",
    drop_method: "DELETE /items/{id}/{name} was removed",
    rename_operation: "is now fetchItem",
    drop_parameter: "the query parameter consistent_read was removed",
    require_parameter: "the query parameter fields is required",
    add_required_parameter: "the new query parameter tenant is required",
    narrow_parameter: "X-Request-Id may no longer be beyond maxLength 8",
    change_parameter_type: "Prefer has a different type",
    write_a_list_otherwise: "fields has a different explode",
    drop_media_type: "the body is no longer application/vnd.dynamodb+json",
    require_a_member_of_the_body: "/Email is newly required",
    close_the_body: "accepts other members",
    drop_success: "the response 201 was removed",
    drop_header: "the response 200 no longer has the header ETag",
    drop_property: "/detail was removed",
    make_property_optional: "/title is no longer required",
    make_property_nullable: "/title may now be null",
    change_property_type: "/status has a different type",
    return_another_value: "/status may now be dying",
    compose_otherwise: "has a different composition of schemas",
    rename_schema: "The schema Problem was removed",
    require_authentication: "now requires authentication",
}


@pytest.mark.parametrize(
    ("change", "sentence"),
    BREAKS.items(),
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_break_is_found_and_named(old, new, change, sentence):
    change(new)
    found = breaking_changes(old, new)
    assert any(sentence in one for one in found), found


def add_path(new):
    new["paths"]["/more"] = new["paths"]["/live"]


def add_optional_parameter(new):
    parameters(new).append({"in": "query", "name": "more", "schema": {"type": "string"}})


def add_media_type(new):
    content = new["paths"][ITEM]["patch"]["requestBody"]["content"]
    content["application/more+json"] = content["application/json"]


def add_property(new):
    problem(new)["properties"]["more"] = {"type": "string"}


def add_error(new):
    responses = new["paths"][ITEM]["get"]["responses"]
    responses["429"] = responses["400"]


def take_more(new):
    del new["components"]["parameters"]["If-Match"]["schema"]["pattern"]


def promise_more(new):
    problem(new)["required"].append("outcome")
    problem(new)["properties"]["title"]["minLength"] = 1


def return_less(new):
    problem(new)["properties"]["status"]["enum"] = [400, 404]


def describe_better(new):
    new["info"]["description"] = "More words."


@pytest.mark.parametrize(
    "change",
    [
        add_path,
        add_optional_parameter,
        add_media_type,
        add_property,
        add_error,
        take_more,
        promise_more,
        return_less,
        describe_better,
    ],
    ids=lambda change: change.__name__,
)
def test_a_change_that_breaks_nothing_is_let_through(old, new, change):
    change(new)
    assert breaking_changes(old, new) == []


@pytest.mark.parametrize(
    ("old_version", "new_version", "allowed"),
    [
        ("0.1.0", "0.1.1", False),
        ("0.1.0", "0.2.0", True),
        ("0.9.0", "0.10.0", True),
        ("0.2.0", "1.0.0", True),
        ("1.2.0", "1.3.0", False),
        ("1.2.0", "2.0.0", True),
    ],
)
def test_a_break_needs_a_greater_version(old_version, new_version, allowed):
    assert allows_breaking_changes(old_version, new_version) is allowed


def test_a_break_is_rejected_until_the_version_announces_it(old, new):
    drop_method(new)
    assert unannounced_breaks(old, new) == ["DELETE /items/{id}/{name} was removed"]
    new["info"]["version"] = "99.0.0"
    assert unannounced_breaks(old, new) == []
