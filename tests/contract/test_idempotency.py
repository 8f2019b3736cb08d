"""Idempotency-Key: a request that is carried out once, no matter how often it arrives."""

import json
import uuid

import pytest
from dynamodb_items.domain.operations import Transaction

from tests.contract.conftest import JSON, JSON_PATCH, NATIVE, exact
from tests.wire import lose_response

INCREMENT = json.dumps(
    {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
)


@pytest.fixture
def key():
    return {"Idempotency-Key": str(uuid.uuid4())}


def remembers_tokens(engine) -> bool:
    """moto forgets client request tokens; DynamoDB and ministack keep them."""
    return engine.name != "moto"


def test_a_put_is_carried_out_once(service, path, key):
    first = service.put(path, headers={**JSON, **key}, data='{"a": 1}')
    again = service.put(path, headers={**JSON, **key}, data='{"a": 1}')
    assert [first.status_code, again.status_code] == [201, 200]
    assert first.headers["Location"] == path
    assert again.headers["ETag"] == first.headers["ETag"] == service.get(path).headers["ETag"]
    assert exact(again) == exact(first)


def test_a_create_only_put_succeeds_when_repeated(service, path, key):
    headers = {**JSON, **key, "If-None-Match": "*"}
    service.put(path, headers=headers, data='{"a": 1}')
    response = service.put(path, headers=headers, data='{"a": 1}')
    assert response.status_code == 200
    other = {**headers, "Idempotency-Key": "another"}
    assert service.put(path, headers=other, data='{"a": 1}').status_code == 412


@pytest.mark.parametrize(
    ("headers", "patch", "expected"),
    [
        (NATIVE, INCREMENT, {"n": 2}),
        (JSON, '{"n": 5}', {"n": 5}),
        (JSON, '{"m": {"x": 1}}', {"n": 1, "m": {"x": 1}}),
        (JSON_PATCH, '[{"op": "add", "path": "/l/-", "value": 1}]', {"n": 1, "l": [1]}),
    ],
)
def test_a_patch_is_carried_out_once(service, path, key, headers, patch, expected):
    service.put(path, headers=JSON, data='{"n": 1, "l": []}')
    for _ in range(3):
        response = service.patch(path, headers={**headers, **key}, data=patch)
        assert response.status_code == 200
        stored = exact(response)
        assert {name: stored[name] for name in expected} == expected
    assert exact(service.get(path)) == stored


def test_a_write_with_if_match_is_carried_out_once(service, path, key):
    etag = service.put(path, headers=JSON, data='{"n": 1}').headers["ETag"]
    headers = {"If-Match": etag, **key}
    for _ in range(2):
        response = service.patch(path, headers={**NATIVE, **headers}, data=INCREMENT)
        assert response.status_code == 200
        assert exact(response)["n"] == 2
    fresh = {**headers, "Idempotency-Key": "another"}
    assert service.patch(path, headers={**NATIVE, **fresh}, data=INCREMENT).status_code == 412


def test_a_delete_is_204_also_when_repeated(service, path, key):
    etag = service.put(path, headers=JSON, data="{}").headers["ETag"]
    for _ in range(2):
        assert service.delete(path, headers={**key, "If-Match": etag}).status_code == 204
    assert service.get(path).status_code == 404


def test_another_request_under_the_same_key_is_422(service, path, key):
    service.put(path, headers={**JSON, **key}, data='{"a": 1}')
    for headers, body in (
        (JSON, '{"a": 2}'),
        ({**JSON, "If-Match": "*"}, '{"a": 1}'),
    ):
        response = service.put(path, headers={**headers, **key}, data=body)
        assert response.status_code == 422
        assert response.json["type"].endswith("#idempotency-key-reused")
    assert exact(service.get(path))["a"] == 1


def test_a_key_is_valid_for_one_method_and_one_path(service, path, key):
    assert service.put(path, headers={**JSON, **key}, data="{}").status_code == 201
    assert service.put(f"{path}-2", headers={**JSON, **key}, data="{}").status_code == 201
    assert service.patch(path, headers={**NATIVE, **key}, data=INCREMENT).status_code == 200
    assert service.delete(path, headers=key).status_code == 204


def test_equal_paths_are_one_path(service, name, key):
    for path in (f"/items/104/{name}", f"/items/0104/{name}", f"/items/1.04e2/%74{name[1:]}"):
        response = service.patch(path, headers={**NATIVE, **key}, data=INCREMENT)
        assert response.status_code == 200
        assert exact(response)["n"] == 1


def test_a_repeat_after_other_writes_changes_nothing(service, path, key):
    first = service.patch(path, headers={**NATIVE, **key}, data=INCREMENT)
    assert first.status_code == 200
    assert service.patch(path, headers=JSON, data='{"a": 1}').status_code == 200
    again = service.patch(path, headers={**NATIVE, **key}, data=INCREMENT)
    assert again.status_code == 200
    assert exact(again)["a"] == 1
    # Without DynamoDB's token only the item identifies the request, and here it no longer does.
    assert exact(service.get(path))["n"] == (1 if remembers_tokens(service.engine) else 2)


def test_an_edit_is_never_carried_out_twice_after_other_writes(service, path, key):
    service.put(path, headers=JSON, data='{"l": []}')
    patch = '[{"op": "add", "path": "/l/-", "value": 1}]'
    assert service.patch(path, headers={**JSON_PATCH, **key}, data=patch).status_code == 200
    assert service.patch(path, headers=JSON, data='{"a": 1}').status_code == 200
    again = service.patch(path, headers={**JSON_PATCH, **key}, data=patch)
    if not remembers_tokens(service.engine):
        assert again.status_code == 200
        return
    assert again.status_code == 422
    assert again.json["type"].endswith("#idempotency-key-reused")
    assert exact(service.get(path))["l"] == [1]


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        (NATIVE, INCREMENT, {"n": 2, "l": []}),
        (JSON_PATCH, '[{"op": "add", "path": "/l/-", "value": 1}]', {"n": 1, "l": [1]}),
    ],
)
def test_a_lost_response_changes_nothing(service, path, key, headers, body, expected):
    service.put(path, headers=JSON, data='{"n": 1, "l": []}')
    wire = service.engine.wire
    with wire.fault(lose_response, operation=str(Transaction.WRITE_ITEMS), calls=1) as script:
        response = service.patch(path, headers={**headers, **key}, data=body)
    assert script.struck == 1
    assert response.status_code == 200
    stored = exact(response)
    assert {name: stored[name] for name in expected} == expected


def test_the_errors_of_a_write_are_those_it_has_without_a_key(service, path, key):
    assert service.patch(path, headers={**JSON, **key}, data='{"a": 1}').status_code == 404
    etag = service.put(path, headers=JSON, data="{}").headers["ETag"]
    service.put(path, headers=JSON, data='{"a": 2}')
    headers = {**JSON, **key, "If-Match": etag}
    assert service.put(path, headers=headers, data='{"a": 3}').status_code == 412
    false = '[{"op": "test", "path": "/a", "value": 9}]'
    headers = {**JSON_PATCH, "Idempotency-Key": "x"}
    assert service.patch(path, headers=headers, data=false).status_code == 409
    unfit = '{"UpdateExpression": "SET a = absent"}'
    headers = {**NATIVE, "Idempotency-Key": "x"}
    assert service.patch(path, headers=headers, data=unfit).status_code == 422
    assert exact(service.get(path))["a"] == 2


@pytest.mark.parametrize("value", ["", " ", "x" * 256, "caf\xe9", '"'])
def test_a_malformed_key_is_400(service, path, value):
    response = service.put(path, headers={**JSON, "Idempotency-Key": value}, data="{}")
    assert response.status_code == 400
    assert service.get(path).status_code == 404


def test_a_quoted_key_is_the_same_as_the_bare_one(service, path):
    key = str(uuid.uuid4())
    for value in (key, f'"{key}"'):
        headers = {**NATIVE, "Idempotency-Key": value}
        assert exact(service.patch(path, headers=headers, data=INCREMENT))["n"] == 1


def test_a_repeated_write_goes_through_one_transaction(service, path, key):
    calls = service.calls_during(
        lambda: service.put(path, headers={**JSON, **key}, data='{"a": 1}')
    )
    assert calls == ["TransactGetItems", "TransactWriteItems", "TransactGetItems"]


def test_a_repeated_put_returns_the_item_as_it_is_now(service, path, key):
    def put(content, headers):
        return service.put(path, headers={**JSON, **headers}, data=content)

    remembered = remembers_tokens(service.engine)
    assert put('{"v": "mine"}', key).status_code == 201
    put('{"v": "theirs"}', {})
    again = put('{"v": "mine"}', key)
    assert (again.status_code, exact(again)["v"]) == (200, "theirs" if remembered else "mine")
    now = service.get(path, query_string={"consistent_read": "true"})
    assert (exact(again), again.headers["ETag"]) == (exact(now), now.headers["ETag"])
    service.delete(path)
    gone = put('{"v": "mine"}', key)
    assert (gone.status_code, "ETag" in gone.headers) == (
        (204, False) if remembered else (201, True)
    )


def test_a_repeated_delete_shows_nothing_that_is_still_there(service, path, key):
    service.put(path, headers=JSON, data='{"v": 1}')
    headers = {**key, "Prefer": "return=representation"}
    first = service.delete(path, headers=headers)
    assert (first.status_code, exact(first)["v"]) == (200, 1)
    service.put(path, headers=JSON, data='{"v": 2}')
    again = service.delete(path, headers=headers)
    exists = service.get(path, query_string={"consistent_read": "true"}).status_code == 200
    assert exists is remembers_tokens(service.engine)
    assert again.status_code == (204 if exists else 200)


def test_a_repeated_batch_returns_the_items_as_they_are_now(service, path, name, key):
    body = json.dumps(
        {"operations": [{"method": "PUT", "id": "7", "name": name, "item": {"v": 1}}]}
    )
    for prefer in ("return=minimal", "return=representation"):
        service.post("/items:batch", headers={**JSON, **key, "Prefer": prefer}, data=body)
        service.put(path, headers=JSON, data='{"v": 2}')
        response = service.post(
            "/items:batch", headers={**JSON, **key, "Prefer": prefer}, data=body
        )
        now = service.get(path, query_string={"consistent_read": "true"})
        (result,) = exact(response)["results"]
        assert result["etag"] == now.headers["ETag"]
        assert result.get("item", exact(now)) == exact(now)
