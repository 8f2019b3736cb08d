"""A response that is lost after the write was applied does not change the outcome."""

import json

import pytest

from tests.contract.conftest import ACCEPT_TYPED, JSON, JSON_PATCH, NATIVE, exact, service_with
from tests.wire import cut, lose_response

INCREMENT = json.dumps(
    {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
)


@pytest.mark.parametrize("fault", [lose_response, cut])
def test_a_create_only_put_is_201(service, wire, path, fault):
    with wire.fault(fault, operation="PutItem", calls=1) as script:
        response = service.put(path, headers={**JSON, "If-None-Match": "*"}, data='{"a": 1}')
    assert script.struck == 1
    assert response.status_code == 201
    assert response.headers["ETag"] == service.get(path).headers["ETag"]


@pytest.mark.parametrize("fault", [lose_response, cut])
def test_a_put_with_if_match_is_200(service, wire, path, fault):
    etag = service.put(path, headers=JSON, data='{"a": 1}').headers["ETag"]
    with wire.fault(fault, operation="PutItem", calls=1):
        response = service.put(path, headers={**JSON, "If-Match": etag}, data='{"a": 2}')
    assert response.status_code == 200
    assert exact(service.get(path))["a"] == 2


@pytest.mark.parametrize("match", [{}, {"If-Match": "*"}, {"If-Match": "the ETag"}])
@pytest.mark.parametrize("fault", [lose_response, cut])
def test_a_delete_is_204(service, wire, path, fault, match):
    etag = service.put(path, headers=JSON, data="{}").headers["ETag"]
    headers = {name: value.replace("the ETag", etag) for name, value in match.items()}
    with wire.fault(fault, operation="DeleteItem", calls=1):
        assert service.delete(path, headers=headers).status_code == 204
    assert service.get(path).status_code == 404


def test_a_delete_of_the_seen_item_still_returns_its_last_state(service, wire, path):
    etag = service.put(path, headers=JSON, data='{"a": 1}').headers["ETag"]
    headers = {"If-Match": etag, "Prefer": "return=representation"}
    with wire.fault(lose_response, operation="DeleteItem", calls=1):
        response = service.delete(path, headers=headers)
    assert response.status_code == 200
    assert exact(response)["a"] == 1


@pytest.mark.parametrize("patch", ['{"a": 2}', '{"a": 2, "m": {"x": null, "y": 1}}'])
def test_a_merge_patch_is_200(service, wire, path, patch):
    service.put(path, headers=JSON, data='{"a": 1, "m": {"x": 1}}')
    with wire.fault(lose_response, operation="UpdateItem", calls=1):
        response = service.patch(path, headers=JSON, data=patch)
    assert response.status_code == 200
    assert exact(response)["a"] == 2
    assert exact(service.get(path)) == exact(response)


def test_a_json_patch_is_applied_once(service, wire, path):
    service.put(path, headers=JSON, data='{"list": [1]}')
    patch = '[{"op": "add", "path": "/list/-", "value": 2}]'
    with wire.fault(lose_response, operation="UpdateItem", calls=1):
        response = service.patch(path, headers=JSON_PATCH, data=patch)
    assert response.status_code == 200
    assert exact(response)["list"] == [1, 2]


@pytest.mark.parametrize("fault", [lose_response, cut])
def test_a_native_update_is_counted_once(service, wire, path, fault):
    for expected in (1, 2, 3):
        with wire.fault(fault, operation="UpdateItem", calls=1):
            response = service.patch(path, headers=NATIVE, data=INCREMENT)
        assert response.status_code == 200
        assert exact(response)["n"] == expected


def test_an_attempt_that_arrives_after_its_repeat_changes_nothing(service, wire, path):
    """A call may still arrive after its connection has broken."""
    late = []

    def hold_back(exchange):
        late.append(exchange.call)
        exchange.reset()

    with wire.fault(hold_back, operation="UpdateItem", calls=1):
        response = service.patch(path, headers=NATIVE, data=INCREMENT)
    assert response.status_code == 200
    (call,) = late
    dynamodb = service.engine.dynamodb
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
        dynamodb.update_item(**call.parameters)
    assert exact(service.get(path))["n"] == 1


def test_a_native_list_append_and_its_condition_are_carried_out_once(service, wire, path):
    service.put(path, headers=JSON, data='{"list": [1], "state": "old"}')
    update = {
        "UpdateExpression": "SET list = list_append(list, :more), #s = :new",
        "ConditionExpression": "#s = :old",
        "ExpressionAttributeNames": {"#s": "state"},
        "ExpressionAttributeValues": {
            ":more": {"L": [{"N": "2"}]},
            ":new": {"S": "new"},
            ":old": {"S": "old"},
        },
    }
    with wire.fault(lose_response, operation="UpdateItem", calls=1):
        response = service.patch(path, headers=NATIVE, data=json.dumps(update))
    assert response.status_code == 200
    assert exact(response)["list"] == [1, 2]
    assert service.patch(path, headers=NATIVE, data=json.dumps(update)).status_code == 412


def test_a_native_update_finds_itself_under_others_that_came_on_top(service, wire, path):
    service.patch(path, headers=NATIVE, data=INCREMENT)

    def lose_and_let_others_in(exchange):
        exchange.forward()
        for _ in range(30):
            assert service.patch(path, headers=NATIVE, data=INCREMENT).status_code == 200
        assert service.patch(path, headers=JSON, data='{"Email": "x"}').status_code == 200
        exchange.reset()

    with wire.fault(lose_and_let_others_in, operation="UpdateItem", calls=1):
        response = service.patch(path, headers=NATIVE, data=INCREMENT)
    assert response.status_code == 200
    assert exact(service.get(path))["n"] == 32


def test_a_native_update_that_cannot_know_any_more_is_not_counted_again(
    service, wire, path, monkeypatch
):
    for module in ("dynamodb_items.domain.write_tokens", "dynamodb_items.expressions.builder"):
        monkeypatch.setattr(f"{module}.LOG_LENGTH", 2)
    monkeypatch.setattr("dynamodb_items.domain.write_tokens.LOG_SLACK", 1)

    def lose_and_let_others_in(exchange):
        exchange.forward()
        for _ in range(5):
            assert service.patch(path, headers=NATIVE, data=INCREMENT).status_code == 200
        exchange.reset()

    with wire.fault(lose_and_let_others_in, operation="UpdateItem", calls=1):
        response = service.patch(path, headers=NATIVE, data=INCREMENT)
    assert response.status_code == 504
    assert response.json["outcome"] == "unknown"
    assert exact(service.get(path))["n"] == 6


def test_a_replacement_of_the_item_as_read_keeps_what_updates_are_recognised_by(
    service, wire, path
):
    service.patch(path, headers=NATIVE, data=INCREMENT)

    def lose_and_replace(exchange):
        exchange.forward()
        read = service.get(path, query_string={"consistent_read": "true"})
        headers = {**JSON, "If-Match": read.headers["ETag"]}
        assert service.put(path, headers=headers, data=read.data).status_code == 200
        exchange.reset()

    with wire.fault(lose_and_replace, operation="UpdateItem", calls=1):
        assert service.patch(path, headers=NATIVE, data=INCREMENT).status_code == 200
    assert exact(service.get(path))["n"] == 2


def test_the_log_of_recent_updates_stays_short_and_hidden(service, path, monkeypatch):
    monkeypatch.setattr("dynamodb_items.domain.write_tokens.LOG_SECONDS", 0)
    for _ in range(40):
        response = service.patch(path, headers=NATIVE, data=INCREMENT)
    assert exact(response).keys() == {"Id", "Name", "n"}
    assert exact(response)["n"] == 40
    stored = service.get(path, headers=ACCEPT_TYPED).json
    assert len(stored["_version_log"]["L"]) < 20
    assert response.headers["ETag"] == service.get(path).headers["ETag"]


def test_where_nothing_can_recognize_an_update_its_outcome_is_reported_as_unknown(
    engine, wire, path
):
    bare = service_with(engine, version_attribute="")
    with wire.fault(lose_response, operation="UpdateItem", calls=1) as script:
        response = bare.patch(path, headers=NATIVE, data=INCREMENT)
    assert script.struck == 1
    assert response.status_code == 504
    assert response.json["outcome"] == "unknown"
    assert exact(bare.get(path))["n"] == 1


def test_a_write_that_another_one_hid_is_not_claimed(service, wire, path):
    etag = service.put(path, headers=JSON, data='{"a": 1}').headers["ETag"]

    def lose_and_overwrite(exchange):
        exchange.forward()
        assert service.put(path, headers=JSON, data='{"a": 3}').status_code == 200
        exchange.reset()

    with wire.fault(lose_and_overwrite, operation="PutItem", calls=1):
        response = service.put(path, headers={**JSON, "If-Match": etag}, data='{"a": 2}')
    assert response.status_code == 504
    assert response.json["outcome"] == "unknown"
    assert exact(service.get(path))["a"] == 3
