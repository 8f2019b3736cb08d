"""Items under a schema: no form of write stores an item that breaks it, on every engine."""

import pytest
from dynamodb_items.item_schema.reading import item_schema

from tests.contract.conftest import (
    ACCEPT_TYPED,
    JSON,
    JSON_PATCH,
    MERGE,
    NATIVE,
    TYPED,
    exact,
    service_with,
)

CUSTOMER = {
    "type": "object",
    "required": ["email"],
    "properties": {
        "email": {"type": "string", "format": "email"},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "balance": {"multipleOf": 0.01},
        "tags": {"type": "array", "items": {"maxLength": 5}, "x-dynamodb-type": "SS"},
        "avatar": {"type": "string", "x-dynamodb-type": "B"},
        "address": {"required": ["city"], "properties": {"city": {"type": "string"}}},
    },
    "if": {"properties": {"age": {"type": "integer", "maximum": 17}}, "required": ["age"]},
    "then": {"required": ["guardian"]},
}
ADULT = {"email": "a@b.de", "age": 41}
TYPED_ADULT = {"email": {"S": "a@b.de"}, "age": {"N": "41"}}


@pytest.fixture(scope="module")
def customers(engine):
    return service_with(engine, item_schema=item_schema(CUSTOMER))


@pytest.fixture(scope="module")
def counters(engine):
    """A schema that judges each attribute by itself."""
    schema = item_schema({"properties": {"age": {"type": "integer"}}})
    return service_with(engine, item_schema=schema)


@pytest.fixture
def stored(customers, path):
    """Return the path of an adult; afterwards it still is one."""
    assert customers.put(path, json=ADULT).status_code == 201
    return path


def errors(response) -> dict[str, str]:
    assert response.status_code == 422, response.text
    assert response.json["type"].endswith("#unacceptable-item")
    return {error["pointer"]: error["detail"] for error in response.json["errors"]}


def test_a_put_is_judged_before_dynamodb_is_called(customers, path):
    responses = []
    calls = customers.calls_during(
        lambda: responses.append(customers.put(path, json={"age": -1, "balance": 0.001}))
    )
    assert calls == []
    assert errors(responses[0]) == {
        "/email": "Is required.",
        "/age": "Must be at least 0.",
        "/balance": "Must be a multiple of 0.01.",
        "/guardian": "Is required.",
    }


def test_every_form_of_a_put_is_judged(customers, path, name):
    typed = {"email": {"S": "a@b.de"}, "age": {"S": "41"}}
    wrong = {"/age": "Must be a whole number."}
    assert errors(customers.put(path, json=typed, headers=TYPED)) == wrong
    key = {"id": "7", "name": name}
    body = {**key, "item": {**ADULT, "age": "41"}}
    assert errors(customers.post("/items:put", json=body)) == {"/item/age": wrong["/age"]}
    once = {"Idempotency-Key": name}
    assert errors(customers.put(path, json={**ADULT, "age": "41"}, headers=once)) == wrong
    batch = {"operations": [{"method": "PUT", **body}]}
    assert errors(customers.post("/items:batch", json=batch)) == {
        "/operations/0/item/age": wrong["/age"]
    }
    assert customers.get(path).status_code == 404


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        (MERGE, {"age": 151}, {"/age": "Must be at most 150."}),
        (MERGE, {"age": 17}, {"/guardian": "Is required."}),
        (MERGE, {"email": None}, {"/email": "Is required."}),
        (MERGE, {"address": {"street": "x"}}, {"/address/city": "Is required."}),
        (JSON, {"age": 17}, {"/guardian": "Is required."}),
        (
            JSON_PATCH,
            [{"op": "replace", "path": "/age", "value": 17}],
            {"": "The result at /guardian is required."},
        ),
        (
            NATIVE,
            {
                "UpdateExpression": "SET age = age - :n",
                "ExpressionAttributeValues": {":n": {"N": "24"}},
            },
            {"": "The result at /guardian is required."},
        ),
        (
            NATIVE,
            {"UpdateExpression": "REMOVE email"},
            {"": "The result at /email is required."},
        ),
        (
            NATIVE,
            {
                "UpdateExpression": "SET tags = :l",
                "ExpressionAttributeValues": {":l": {"L": [{"S": "a"}]}},
            },
            {"": "The result at /tags must have DynamoDB's type SS, not L."},
        ),
    ],
)
def test_every_form_of_a_patch_is_judged_by_its_result(customers, stored, headers, body, expected):
    name = stored.rpartition("/")[2]
    assert errors(customers.patch(stored, json=body, headers=headers)) == expected
    once = {**headers, "Idempotency-Key": name}
    assert errors(customers.patch(stored, json=body, headers=once)) == expected
    key = {"id": "7", "name": name}
    if headers is NATIVE:
        assert errors(customers.post("/items:update", json={**key, **body})) == expected
    member = {"application/json-patch+json": "jsonPatch", NATIVE["Content-Type"]: "update"}.get(
        headers["Content-Type"], "patch"
    )
    batch = {"operations": [{"method": "PATCH", **key, member: body}]}
    assert errors(customers.post("/items:batch", json=batch)) == {
        f"/operations/0/{member}{pointer}": detail for pointer, detail in expected.items()
    }
    assert customers.get(stored).json == {"Id": 7, "Name": name, **ADULT}


def test_a_native_update_of_a_valid_result_is_applied(customers, stored):
    update = {
        "UpdateExpression": "SET age = age + :n ADD tags :t",
        "ConditionExpression": "age < :max",
        "ExpressionAttributeValues": {
            ":n": {"N": "1"},
            ":t": {"SS": ["a"]},
            ":max": {"N": "100"},
        },
    }
    changed = customers.patch(stored, json=update, headers=NATIVE)
    assert (changed.status_code, changed.json["age"]) == (200, 42)
    typed = customers.get(stored, headers=ACCEPT_TYPED).json
    assert typed["tags"] == {"SS": ["a"]}
    update["ExpressionAttributeValues"][":max"] = {"N": "42"}
    assert customers.patch(stored, json=update, headers=NATIVE).status_code == 412
    once = {**NATIVE, "Idempotency-Key": stored}
    assert customers.patch(stored, json=update, headers=once).status_code == 412
    assert customers.get(stored).json["age"] == 42


def test_a_native_update_creates_only_a_valid_item(customers, path):
    age = {"UpdateExpression": "SET age = :a", "ExpressionAttributeValues": {":a": {"N": "41"}}}
    assert errors(customers.patch(path, json=age, headers=NATIVE)) == {
        "": "The result at /email is required."
    }
    assert errors(customers.patch(path, json={}, headers=NATIVE)) == {
        "": "The result at /email is required."
    }
    assert customers.get(path).status_code == 404
    remove = {"UpdateExpression": "REMOVE age"}
    assert customers.patch(path, json=remove, headers=NATIVE).status_code == 404
    age["UpdateExpression"] += ", email = :e"
    age["ExpressionAttributeValues"][":e"] = {"S": "a@b.de"}
    absent = {**age, "ConditionExpression": "attribute_exists(email)"}
    assert customers.patch(path, json=absent, headers=NATIVE).status_code == 412
    assert customers.patch(path, json=age, headers=NATIVE).status_code == 200
    assert customers.get(path).json["email"] == "a@b.de"


def test_a_batch_of_every_method_is_applied_if_all_results_are_valid(customers, name):
    others = [f"{name}-{number}" for number in range(3)]
    for other in others:
        assert customers.put(f"/items/7/{other}", json=ADULT).status_code == 201
    first, second, third = ({"id": "7", "name": other} for other in others)
    add = {"UpdateExpression": "ADD age :n", "ExpressionAttributeValues": {":n": {"N": "1"}}}
    replace = [{"op": "replace", "path": "/age", "value": 50}]
    operations = [
        {"method": "PATCH", **first, "update": add},
        {"method": "PATCH", **second, "jsonPatch": replace},
        {"method": "PATCH", **third, "patch": {"age": 17, "guardian": "x"}},
    ]
    for headers in ({}, {"Idempotency-Key": name}):
        done = customers.post("/items:batch", json={"operations": operations}, headers=headers)
        assert done.status_code == 200, done.text
    ages = [customers.get(f"/items/7/{other}").json["age"] for other in others]
    assert ages == [43, 50, 17]


def test_what_was_read_can_be_written_back(customers, path):
    item = {**ADULT, "tags": ["a", "b"], "avatar": "AP8="}
    assert customers.put(path, json=item).status_code == 201
    read = customers.get(path)
    assert customers.put(path, json=exact(read) | {"Id": 7, "age": 42, "balance": 1}).status_code
    assert customers.put(path, data=read.data, headers=JSON).status_code == 200
    assert customers.patch(path, json={"tags": ["b", "c"]}, headers=MERGE).status_code == 200
    typed = customers.get(path, headers=ACCEPT_TYPED).json
    assert typed["avatar"] == {"B": "AP8="}
    assert sorted(typed["tags"]["SS"]) == ["b", "c"]
    etag = customers.get(path).headers["ETag"]
    edited = {**read.json, "age": 50}
    assert customers.put(path, json=edited, headers={"If-Match": etag}).status_code == 200
    assert customers.get(path, headers=ACCEPT_TYPED).json["avatar"] == {"B": "AP8="}


def test_an_item_that_breaks_the_schema_can_be_read_and_fixed(customers, service, path):
    broken = {"age": "old", "tags": ["a"]}
    assert service.put(path, json=broken).status_code == 201
    assert customers.get(path).json["age"] == "old"
    assert errors(customers.patch(path, json={"email": "a@b.de"}, headers=MERGE)) == {
        "/age": "Must be a whole number."
    }
    fix = {"email": "a@b.de", "age": 41}
    assert customers.patch(path, json=fix, headers=MERGE).status_code == 200
    assert customers.get(path, headers=ACCEPT_TYPED).json["tags"] == {"SS": ["a"]}
    assert service.put(path, json=broken).status_code == 200
    assert customers.put(path, json=ADULT).status_code == 200
    assert service.put(path, json=broken).status_code == 200
    assert customers.delete(path).status_code == 204


def test_a_flat_patch_reads_only_where_the_schema_needs_the_rest(customers, counters, stored):
    patch = {"json": {"age": 42}, "headers": MERGE}
    assert counters.calls_during(lambda: counters.patch(stored, **patch)) == ["UpdateItem"]
    patch["json"]["age"] = 43
    assert customers.calls_during(lambda: customers.patch(stored, **patch)) == [
        "GetItem",
        "UpdateItem",
    ]


def test_an_update_of_free_attributes_stays_dynamodbs_own(counters, path):
    visit = {
        "UpdateExpression": "ADD visits :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    for _ in range(2):
        calls = counters.calls_during(lambda: counters.patch(path, json=visit, headers=NATIVE))
        assert calls == ["UpdateItem"]
    assert counters.get(path).json["visits"] == 2
    visit["UpdateExpression"] = "ADD age :one"
    calls = counters.calls_during(lambda: counters.patch(path, json=visit, headers=NATIVE))
    assert calls == ["GetItem", "UpdateItem"]


@pytest.mark.parametrize("version", ["_version", ""])
@pytest.mark.parametrize("form", ["native", "merge", "patch"])
def test_two_writers_cannot_break_together_what_neither_breaks_alone(
    engine, path, version, form, monkeypatch
):
    schema = item_schema({"not": {"required": ["a", "b"]}})
    service = service_with(engine, item_schema=schema, version_attribute=version)
    service.put(path, json={})

    def write(attribute: str):
        native = {
            "UpdateExpression": f"SET {attribute} = :v",
            "ExpressionAttributeValues": {":v": {"N": "1"}},
        }
        body, headers = {
            "native": (native, NATIVE),
            "merge": ({attribute: 1}, MERGE),
            "patch": ([{"op": "add", "path": f"/{attribute}", "value": 1}], JSON_PATCH),
        }[form]
        return service.patch(path, json=body, headers=headers)

    repository = service.client.application.extensions["item_repository"]
    find = repository._find  # noqa: SLF001 - where another write can come in between

    def find_and_let_another_write(*arguments, **options):
        found = find(*arguments, **options)
        monkeypatch.undo()
        assert write("b").status_code == 200
        return found

    monkeypatch.setattr(repository, "_find", find_and_let_another_write)
    assert len(errors(write("a"))) == 1
    assert set(service.get(path).json) == {"Id", "Name", "b"}


def test_a_read_only_attribute_is_kept_by_every_write(engine, service, path, name):
    schema = item_schema({"properties": {"created": {"readOnly": True}, "age": {"minimum": 0}}})
    registry = service_with(engine, item_schema=schema)
    assert registry.put(path, json={"created": "now"}).status_code == 422
    assert service.put(path, json={"created": "2026", "age": 1}).status_code == 201
    read = registry.get(path)
    assert registry.put(path, data=read.data, headers=JSON).status_code == 200
    assert registry.put(path, json={"age": 2}).json["created"] == "2026"
    once = {"Idempotency-Key": name}
    for _ in range(2):
        again = registry.put(path, json={"age": 3}, headers=once)
        assert (again.status_code, again.json["created"]) == (200, "2026")
    etag = {"If-Match": again.headers["ETag"]}
    assert registry.put(path, json={"age": 4}, headers=etag).json["created"] == "2026"
    assert registry.put(path, json={"age": 5}, headers=etag).status_code == 412
    operation = {"method": "PUT", "id": "7", "name": name, "item": {"age": 6}}
    assert registry.post("/items:batch", json={"operations": [operation]}).status_code == 200
    assert registry.get(path).json == {"Id": 7, "Name": name, "age": 6, "created": "2026"}
    operation["item"]["created"] = "2027"
    assert errors(registry.post("/items:batch", json={"operations": [operation]})) == {
        "/operations/0/item/created": "Is read-only."
    }
