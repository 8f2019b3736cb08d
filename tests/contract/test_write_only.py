"""A write-only attribute: clients set it, and no response shows it or depends on its value."""

import json
import uuid

import pytest
from dynamodb_items.item_schema.reading import item_schema

from tests.contract.conftest import ACCEPT_TYPED, JSON_PATCH, MERGE, NATIVE, TYPED, service_with
from tests.contract.test_item_schema import errors

SECRET = "correct horse battery staple"
SCHEMA = {
    "required": ["pin"],
    "properties": {
        "pin": {"type": "string", "minLength": 4, "writeOnly": True},
        "age": {"type": "integer", "minimum": 0},
    },
}
REPRESENTATION = {"Prefer": "return=representation"}


@pytest.fixture(scope="module")
def accounts(engine):
    return service_with(engine, item_schema=item_schema(SCHEMA))


@pytest.fixture
def account(accounts, path):
    """Return the path of an item with a secret."""
    assert accounts.put(path, json={"pin": SECRET, "age": 1}).status_code == 201
    return path


def pin(service, path):
    """Return the stored secret, read by a service without the schema."""
    return service.get(path).json.get("pin")


def test_no_response_contains_it(accounts, account, name, service):
    key = {"id": "7", "name": name}
    once = {"Idempotency-Key": name}
    put = {"method": "PUT", **key, "item": {"pin": SECRET, "age": 3}}
    responses = [
        accounts.get(account),
        accounts.get(account, headers=ACCEPT_TYPED),
        accounts.get(account, query_string={"fields": "pin,age"}),
        accounts.put(account, json={"pin": SECRET, "age": 2}),
        accounts.put(account, json={"pin": {"S": SECRET}}, headers={**TYPED, **ACCEPT_TYPED}),
        accounts.patch(account, json={"pin": SECRET}, headers={**MERGE, **ACCEPT_TYPED}),
        accounts.put(account, json={"pin": SECRET}, headers=once),
        accounts.put(account, json={"pin": SECRET}, headers=once),
        accounts.post("/items:put", json={**key, "item": {"pin": SECRET}}),
        accounts.post("/items:batch", json={"operations": [put]}, headers=REPRESENTATION),
        accounts.post("/items:batchGet", json={"keys": [key]}),
        accounts.post("/items:batchGet", json={"keys": [key]}, headers=ACCEPT_TYPED),
        accounts.post(
            "/items:update",
            json={
                **key,
                "UpdateExpression": "SET age = age + :one",
                "ExpressionAttributeValues": {":one": {"N": "1"}},
            },
        ),
    ]
    assert {response.status_code for response in responses} == {200}
    wrong = {"If-Match": '"0"', **REPRESENTATION}
    responses += [
        accounts.put(account, json={"pin": SECRET}, headers=wrong),
        accounts.get(account, headers={"If-Match": '"0"', **ACCEPT_TYPED}),
    ]
    assert [response.status_code for response in responses[-2:]] == [412, 412]
    assert pin(service, account) == SECRET
    responses.append(accounts.delete(account, headers=REPRESENTATION))
    assert responses[-1].status_code == 200
    for response in responses:
        assert "pin" not in response.text
        assert SECRET not in response.text
        # The token of a request with an Idempotency-Key is a hash of its content.
        assert "_version" not in response.text


def test_a_put_without_it_keeps_it(accounts, account, service, name):
    read = accounts.get(account)
    saved = accounts.put(account, json=read.json, headers={"If-Match": read.headers["ETag"]})
    assert (saved.status_code, pin(service, account)) == (200, SECRET)
    assert accounts.put(account, json={"age": 5}).json == {"Id": 7, "Name": name, "age": 5}
    typed = accounts.put(account, json={"age": {"N": "6"}}, headers=TYPED)
    assert (typed.status_code, pin(service, account)) == (200, SECRET)
    once = {"Idempotency-Key": name}
    assert accounts.put(account, json={"age": 7}, headers=once).json["age"] == 7
    operation = {"method": "PUT", "id": "7", "name": name, "item": {"age": 8}}
    assert accounts.post("/items:batch", json={"operations": [operation]}).status_code == 200
    assert service.get(account).json == {"Id": 7, "Name": name, "age": 8, "pin": SECRET}


def test_it_is_judged_and_can_be_required(accounts, path):
    assert errors(accounts.put(path, json={"age": 1})) == {"/pin": "Is required."}
    assert errors(accounts.put(path, json={"pin": "123"})) == {
        "/pin": "Must have at least 4 characters."
    }


def test_put_and_merge_patch_set_it_and_null_removes_it(accounts, account, service, engine):
    assert accounts.put(account, json={"pin": "1234"}).status_code == 200
    assert pin(service, account) == "1234"
    assert accounts.patch(account, json={"pin": "5678"}, headers=MERGE).status_code == 200
    assert pin(service, account) == "5678"
    assert errors(accounts.patch(account, json={"pin": None}, headers=MERGE)) == {
        "/pin": "Is required."
    }
    schema = {"properties": {"pin": {"writeOnly": True}}}
    optional = service_with(engine, item_schema=item_schema(schema))
    assert optional.patch(account, json={"pin": None}, headers=MERGE).status_code == 200
    assert pin(service, account) is None


EXPRESSIONS = {
    "a target": {
        "UpdateExpression": "SET pin = :v",
        "ExpressionAttributeValues": {":v": {"S": "x"}},
    },
    "a removal": {"UpdateExpression": "REMOVE pin"},
    "an operand": {"UpdateExpression": "SET shown = pin"},
    "a placeholder": {
        "UpdateExpression": "SET shown = #p",
        "ExpressionAttributeNames": {"#p": "pin"},
    },
    "a condition": {
        "UpdateExpression": "REMOVE shown",
        "ConditionExpression": "begins_with(pin, :v)",
        "ExpressionAttributeValues": {":v": {"S": "c"}},
    },
    "its size": {
        "UpdateExpression": "REMOVE shown",
        "ConditionExpression": "size(pin) > :v",
        "ExpressionAttributeValues": {":v": {"N": "3"}},
    },
    "the version": {
        "UpdateExpression": "REMOVE shown",
        "ConditionExpression": "attribute_exists(#v)",
        "ExpressionAttributeNames": {"#v": "_version"},
    },
}


@pytest.mark.parametrize("case", EXPRESSIONS)
def test_no_update_expression_contains_it(accounts, account, service, name, case):
    update = EXPRESSIONS[case]
    name_ = "_version" if case == "the version" else "pin"
    detail = f"the attribute {name_} is never returned, nor can an expression use it"
    key = {"id": "7", "name": name}
    operation = {"method": "PATCH", **key, "update": update}
    assert errors(accounts.patch(account, json=update, headers=NATIVE)) == {"": detail}
    assert errors(accounts.post("/items:update", json={**key, **update})) == {"": detail}
    assert errors(accounts.post("/items:batch", json={"operations": [operation]})) == {
        "/operations/0/update": detail
    }
    assert service.get(account).json.keys() == {"Id", "Name", "pin", "age"}


def test_no_condition_contains_it(accounts, name):
    key = {"id": "7", "name": name}
    condition = {
        "ConditionExpression": "pin > :v",
        "ExpressionAttributeValues": {":v": {"S": "c"}},
    }
    detail = "the attribute pin is never returned, nor can an expression use it"
    item = {"item": {"age": 1}}
    assert errors(accounts.post("/items:put", json={**key, **item, **condition})) == {"": detail}
    assert errors(accounts.post("/items:delete", json={**key, **condition})) == {"": detail}
    for operation in ({"method": "PUT", **item}, {"method": "DELETE"}, {"method": "CHECK"}):
        operations = [{**operation, **key, "condition": condition}]
        assert errors(accounts.post("/items:batch", json={"operations": operations})) == {
            "/operations/0/condition": detail
        }


@pytest.mark.parametrize(
    ("operation", "pointer"),
    [
        ({"op": "test", "path": "/pin", "value": SECRET}, "/0/path"),
        ({"op": "copy", "from": "/pin", "path": "/shown"}, "/0/from"),
        ({"op": "move", "from": "/pin", "path": "/shown"}, "/0/from"),
        ({"op": "replace", "path": "/pin", "value": "1234"}, "/0/path"),
        ({"op": "remove", "path": "/pin"}, "/0/path"),
        ({"op": "replace", "path": "", "value": {"pin": "1234"}}, ""),
    ],
)
def test_no_json_patch_contains_it(accounts, account, service, operation, pointer):
    response = accounts.patch(account, json=[operation], headers=JSON_PATCH)
    assert errors(response) == {pointer: "the attribute pin cannot be in a JSON Patch"}
    assert pin(service, account) == SECRET


def test_a_json_patch_of_the_whole_item_does_not_see_it(accounts, account, service, name):
    visible = {"Id": 7, "Name": name, "age": 1}
    patch = [
        {"op": "test", "path": "", "value": visible},
        {"op": "replace", "path": "", "value": {**visible, "age": 2}},
    ]
    response = accounts.patch(account, data=json.dumps(patch), headers=JSON_PATCH)
    assert (response.status_code, pin(service, account)) == (200, SECRET)


@pytest.mark.parametrize("guess", [SECRET, "wrong", None])
def test_neither_an_etag_nor_an_unchanged_version_confirms_a_guess(engine, path, guess):
    schema = {"properties": {"pin": {"writeOnly": True}, "age": {}}, "minProperties": 1}
    accounts = service_with(engine, item_schema=item_schema(schema))
    accounts.put(path, json={"pin": SECRET, "age": 1})
    before = accounts.get(path).headers["ETag"]
    patched = accounts.patch(path, json={"pin": guess}, headers=MERGE)
    assert (patched.status_code, patched.headers["ETag"] == before) == (200, False)


def test_the_etag_does_not_depend_on_its_value(engine, accounts, path):
    pin = uuid.uuid4().hex
    accounts.put(path, json={"pin": pin})
    before = accounts.get(path).headers["ETag"]
    # Another program changes it, and not the version.
    pages = engine.dynamodb.get_paginator("scan").paginate(
        TableName=accounts.settings.table,
        FilterExpression="pin = :pin",
        ExpressionAttributeValues={":pin": {"S": pin}},
    )
    (item,) = (item for page in pages for item in page["Items"])
    item["pin"] = {"S": "other"}
    engine.dynamodb.put_item(TableName=accounts.settings.table, Item=item)
    assert accounts.get(path).headers["ETag"] == before
