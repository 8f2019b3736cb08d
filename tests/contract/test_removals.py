"""A native update that only removes creates no item, as on DynamoDB."""

import json
import uuid

import pytest

from tests.contract.conftest import JSON, NATIVE, exact, service_with
from tests.wire import lose_response

TAGS = {":t": {"SS": ["a"]}}
REMOVALS = {
    "REMOVE": {"UpdateExpression": "REMOVE a"},
    "REMOVE twice": {"UpdateExpression": "REMOVE a, b"},
    "REMOVE inside": {"UpdateExpression": "REMOVE a.b, c[0]"},
    "DELETE": {"UpdateExpression": "DELETE a :t", "ExpressionAttributeValues": TAGS},
    "both": {"UpdateExpression": "REMOVE b DELETE a :t", "ExpressionAttributeValues": TAGS},
}


@pytest.fixture(scope="module")
def bare(engine):
    """The service without a version attribute."""
    return service_with(engine, version_attribute="")


@pytest.fixture(params=["stamped", "bare"])
def either(request, service, bare):
    """The service with a version attribute, and without."""
    return service if request.param == "stamped" else bare


@pytest.fixture
def takes_nothing(either):
    """The same, on engines that accept an UpdateItem without an UpdateExpression."""
    if either.engine.name == "moto" and not either.settings.version_attribute:
        pytest.skip("moto fails without an UpdateExpression, which is legal")
    return either


@pytest.fixture(params=REMOVALS)
def removal(request):
    return REMOVALS[request.param]


def patched(service, path, body, **headers):
    return service.patch(path, headers={**NATIVE, **headers}, data=json.dumps(body))


def is_absent(service, name):
    key = {"Id": {"N": "7"}, "Name": {"S": name}}
    table = service.settings.table
    found = service.engine.dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)
    return "Item" not in found


def test_an_absent_item_is_404_and_stays_absent(either, path, name, removal):
    response = patched(either, path, removal)
    assert response.status_code == 404
    assert response.json["type"].endswith("#item-not-found")
    assert is_absent(either, name)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-None-Match": "*"}, 404),
        ({"If-None-Match": '"other"'}, 404),
        ({"If-Match": "*"}, 412),
        ({"If-Match": '"other"'}, 412),
    ],
)
def test_a_precondition_does_not_create_it_either(either, path, name, headers, status):
    assert patched(either, path, REMOVALS["REMOVE"], **headers).status_code == status
    assert is_absent(either, name)


@pytest.mark.parametrize("condition", ["attribute_exists(a)", "attribute_not_exists(a)"])
def test_with_a_condition_an_absent_item_is_412(either, path, name, condition):
    body = {**REMOVALS["REMOVE"], "ConditionExpression": condition}
    assert patched(either, path, body).status_code == 412
    assert is_absent(either, name)


@pytest.mark.parametrize("headers", [{}, {"If-Match": "*"}, {"If-None-Match": '"other"'}])
def test_a_stored_item_loses_the_attribute(either, path, headers):
    either.put(path, headers=JSON, data='{"a": 1, "b": 2}')
    response = patched(either, path, REMOVALS["REMOVE"], **headers)
    assert response.status_code == 200
    stored = exact(either.get(path))
    assert "a" not in stored
    assert stored["b"] == 2


def test_with_an_idempotency_key_it_is_404_each_time(service, path, name):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    for _ in range(2):
        assert patched(service, path, REMOVALS["REMOVE"], **key).status_code == 404
    assert is_absent(service, name)


def test_with_an_idempotency_key_it_is_applied_once(service, path):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    service.put(path, headers=JSON, data='{"a": 1}')
    for _ in range(2):
        response = patched(service, path, REMOVALS["REMOVE"], **key)
        assert response.status_code == 200
        assert "a" not in exact(response)


def test_in_a_batch_nothing_is_written(either, name, removal):
    operations = [
        {"method": "PUT", "id": "7", "name": f"{name}-put", "item": {}},
        {"method": "PATCH", "id": "7", "name": name, "update": removal},
    ]
    body = json.dumps({"operations": operations})
    response = either.post("/items:batch", headers=JSON, data=body)
    assert response.status_code == 404
    assert response.json["errors"][0]["pointer"] == "/operations/1"
    assert is_absent(either, name)
    assert is_absent(either, f"{name}-put")


def test_a_lost_response_of_one_that_was_applied_is_200(service, wire, path):
    service.put(path, headers=JSON, data='{"a": 1}')
    with wire.fault(lose_response, operation="UpdateItem", calls=1) as script:
        response = patched(service, path, REMOVALS["REMOVE"])
    assert script.struck == 1
    assert response.status_code == 200
    assert "a" not in exact(response)


def test_a_lost_response_creates_nothing(service, wire, path, name):
    with wire.fault(lose_response, operation="UpdateItem", calls=1):
        response = patched(service, path, REMOVALS["REMOVE"])
    assert response.status_code == 504
    assert response.json["outcome"] == "unknown"
    assert is_absent(service, name)


@pytest.mark.parametrize(
    "update",
    [
        {},
        {"ConditionExpression": "attribute_not_exists(Id)"},
        {"ConditionExpression": "Id <> :v", "ExpressionAttributeValues": {":v": {"N": "7"}}},
    ],
)
def test_without_an_update_expression_the_key_is_created(takes_nothing, path, name, update):
    response = patched(takes_nothing, path, update)
    assert response.status_code == 200
    assert exact(response) == exact(takes_nothing.get(path)) == {"Id": 7, "Name": name}


def test_without_an_update_expression_a_stored_item_stays(takes_nothing, path):
    before = exact(takes_nothing.put(path, headers=JSON, data='{"a": 1}'))
    assert exact(patched(takes_nothing, path, {})) == before
    conditional = {"ConditionExpression": "attribute_not_exists(Id)"}
    assert patched(takes_nothing, path, conditional).status_code == 412
    assert exact(takes_nothing.get(path)) == before


def test_without_an_update_expression_in_a_batch(service, path, name):
    operation = {"method": "PATCH", "id": "7", "name": name, "update": {}}
    body = json.dumps({"operations": [operation]})
    assert service.post("/items:batch", headers=JSON, data=body).status_code == 200
    assert exact(service.get(path)) == {"Id": 7, "Name": name}


def test_a_batch_without_version_needs_an_update_expression(bare, name):
    operation = {"method": "PATCH", "id": "7", "name": name, "update": {}}
    body = json.dumps({"operations": [operation]})
    response = bare.post("/items:batch", headers=JSON, data=body)
    assert response.status_code == 422
    assert "UpdateExpression" in response.json["errors"][0]["detail"]


@pytest.mark.parametrize("update", ["SET a = :v", "ADD a :v", "REMOVE b SET a = :v"])
def test_an_update_that_sets_creates(either, path, name, update):
    body = {"UpdateExpression": update, "ExpressionAttributeValues": {":v": {"N": "1"}}}
    assert patched(either, path, body).status_code == 200
    assert exact(either.get(path)) == {"Id": 7, "Name": name, "a": 1}
