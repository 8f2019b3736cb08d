"""POST /items:update, /items:put and /items:delete: DynamoDB's expressions in a JSON body."""

import json
import re
import uuid

import pytest
from dynamodb_items.domain.operations import Operation

from tests.contract.conftest import ACCEPT_TYPED, JSON, TYPED, exact, service_with
from tests.wire import lose_response

PATHS = ("/items:update", "/items:put", "/items:delete")
ADD_ONE = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
N_IS = {"ConditionExpression": "n = :n"}
CONTENT = {"/items:update": ADD_ONE, "/items:put": {"item": {"n": 2}}, "/items:delete": {}}
REPLACED = {"/items:update": 200, "/items:put": 200, "/items:delete": 204}
CREATED = {"/items:update": 200, "/items:put": 201, "/items:delete": 204}


def n_is(number: int) -> dict:
    return {**N_IS, "ExpressionAttributeValues": {":n": {"N": str(number)}}}


@pytest.fixture
def post(service, name):
    """A native write of the test's item."""

    def post(path, headers=(), **members):
        body = {"id": "7", "name": name, **members}
        return service.post(path, headers={**JSON, **dict(headers)}, data=json.dumps(body))

    return post


@pytest.fixture
def stored(service, path):
    """The item as it is stored now; None if it is absent."""

    def stored():
        response = service.get(path, query_string={"consistent_read": "true"})
        return exact(response) if response.status_code == 200 else None

    return stored


def test_an_update_creates_and_counts_in_one_call(service, post, name, stored):
    calls = service.calls_during(lambda: post("/items:update", **ADD_ONE))
    assert calls == ["UpdateItem"]
    response = post("/items:update", **ADD_ONE)
    assert response.status_code == 200
    assert exact(response) == {"Id": 7, "Name": name, "n": 2} == stored()
    assert response.headers["ETag"] == service.get(f"/items/7/{name}").headers["ETag"]


def test_an_update_returns_what_a_patch_returns(service, post, path):
    service.put(path, headers=JSON, data='{"n": 1, "a": 2}')
    typed = post("/items:update?fields=n", ACCEPT_TYPED, **ADD_ONE)
    assert (typed.status_code, typed.json["n"], "a" in typed.json) == (200, {"N": "2"}, False)
    minimal = post("/items:update", {"Prefer": "return=minimal"}, **ADD_ONE)
    assert (minimal.status_code, minimal.data) == (204, b"")
    assert minimal.headers["Preference-Applied"] == "return=minimal"


@pytest.mark.parametrize("path_of_call", PATHS)
def test_a_false_condition_is_412_and_changes_nothing(service, post, path, stored, path_of_call):
    service.put(path, headers=JSON, data='{"n": 1}')
    before = stored()
    false = {"ConditionExpression": "attribute_not_exists(Id)"}
    response = post(path_of_call, **CONTENT[path_of_call], **false)
    assert response.status_code == 412
    assert response.json["type"] == "/docs/errors#precondition-failed"
    assert "ConditionExpression" in response.json["detail"]
    assert stored() == before


def test_a_put_replaces_on_a_true_condition(service, post, path, stored, name):
    service.put(path, headers=JSON, data='{"n": 1, "a": 1}')
    calls = service.calls_during(lambda: post("/items:put", item={"n": 2}, **n_is(1)))
    assert calls == ["PutItem"]
    assert stored() == {"Id": 7, "Name": name, "n": 2}
    assert post("/items:put", item={"n": 3}, **n_is(1)).status_code == 412
    assert post("/items:put", item={"n": 3}, **n_is(2)).status_code == 200


def test_a_put_creates_where_its_condition_allows(post, path, name):
    absent = {"ConditionExpression": "attribute_not_exists(Id)"}
    created = post("/items:put", item={"n": 1}, **absent)
    assert created.status_code == 201
    assert created.headers["Location"] == path
    assert exact(created) == {"Id": 7, "Name": name, "n": 1}
    assert post("/items:put", item={"n": 1}, **absent).status_code == 412


def test_a_put_takes_the_typed_form_and_returns_either(post, stored, name):
    item = {"Tags": {"SS": ["a"]}}
    created = post("/items:put", {**TYPED, **ACCEPT_TYPED}, item=item)
    assert created.status_code == 201
    assert created.json["Tags"] == {"SS": ["a"]}
    assert created.content_type == "application/vnd.dynamodb+json"
    assert stored() == {"Id": 7, "Name": name, "Tags": ["a"]}


def test_a_delete_deletes_on_a_true_condition(service, post, path, stored):
    service.put(path, headers=JSON, data='{"n": 1}')
    assert post("/items:delete", **n_is(2)).status_code == 412
    calls = service.calls_during(lambda: post("/items:delete", **n_is(1)))
    assert calls == ["DeleteItem"]
    assert stored() is None
    assert post("/items:delete", **n_is(1)).status_code == 412
    assert post("/items:delete").status_code == 204


def test_a_delete_returns_the_last_state_on_request(service, post, path, name):
    service.put(path, headers=JSON, data='{"n": 1}')
    response = post("/items:delete", {"Prefer": "return=representation"}, **n_is(1))
    assert (response.status_code, exact(response)) == (200, {"Id": 7, "Name": name, "n": 1})


@pytest.mark.parametrize("path_of_call", PATHS)
def test_a_condition_and_if_match_must_both_hold(service, post, path, stored, path_of_call):
    etag = service.put(path, headers=JSON, data='{"n": 1}').headers["ETag"]
    content = CONTENT[path_of_call]
    values = {**content.get("ExpressionAttributeValues", {}), ":n": {"N": "1"}}
    true = {**content, **N_IS, "ExpressionAttributeValues": values}
    false = {**true, "ConditionExpression": "n <> :n"}
    before = stored()
    stale = '"00000000000000000000000000000000-json"'
    assert post(path_of_call, {"If-Match": stale}, **true).status_code == 412
    assert post(path_of_call, {"If-Match": etag}, **false).status_code == 412
    assert stored() == before
    assert post(path_of_call, {"If-Match": etag}, **true).status_code == REPLACED[path_of_call]
    assert stored() != before


@pytest.mark.parametrize("path_of_call", PATHS)
def test_a_deployment_that_requires_preconditions_requires_them_here(engine, name, path_of_call):
    service = service_with(engine, require_if_match=True)
    body = json.dumps({"id": "7", "name": name, **CONTENT[path_of_call]})
    assert service.post(path_of_call, headers=JSON, data=body).status_code == 428
    allowed = service.post(path_of_call, headers={**JSON, "If-None-Match": "*"}, data=body)
    assert allowed.status_code == CREATED[path_of_call]


@pytest.mark.parametrize(
    ("path_of_call", "members", "pointer"),
    [
        ("/items:update", {"UpdateExpression": 1}, "/UpdateExpression"),
        ("/items:update", {**ADD_ONE, "Update": 1}, "/Update"),
        ("/items:update", {**ADD_ONE, "item": {}}, "/item"),
        ("/items:update", {"UpdateExpression": "ADD n"}, "/UpdateExpression"),
        ("/items:update", {"UpdateExpression": "SET Id = Id"}, "/UpdateExpression"),
        ("/items:update", {**ADD_ONE, "ConditionExpression": "n"}, "/ConditionExpression"),
        ("/items:put", {}, "/item"),
        ("/items:put", {"item": []}, "/item"),
        ("/items:put", {"item": {"": 1}}, "/item/"),
        ("/items:put", {"item": {"Id": 8}}, "/item/Id"),
        ("/items:put", {"item": {"_version": "x"}}, "/item/_version"),
        ("/items:put", {"item": {}, "UpdateExpression": "ADD n n"}, "/UpdateExpression"),
        ("/items:put", {"item": {}, **N_IS}, "/ConditionExpression"),
        ("/items:delete", {"item": {}}, "/item"),
        ("/items:delete", {"ConditionExpression": "n ="}, "/ConditionExpression"),
        (
            "/items:delete",
            {"ExpressionAttributeValues": {":n": {"N": "1"}}},
            "/ExpressionAttributeValues/:n",
        ),
        (
            "/items:delete",
            {"ExpressionAttributeNames": {"#n": "n"}},
            "/ExpressionAttributeNames/#n",
        ),
        ("/items:delete", {"id": 7}, "/id"),
        ("/items:delete", {"name": None}, "/name"),
        ("/items:delete", {"id": "x"}, ""),
        ("/items:delete", {"name": ""}, ""),
    ],
)
def test_an_invalid_body_is_422_and_points_at_the_problem(post, path_of_call, members, pointer):
    response = post(path_of_call, **members)
    assert response.status_code == 422, response.json
    assert [error["pointer"] for error in response.json["errors"]] == [pointer]


@pytest.mark.parametrize("path_of_call", PATHS)
def test_a_body_of_another_media_type_is_415(service, path_of_call):
    headers = {"Content-Type": "application/vnd.dynamodb.update+json"}
    response = service.post(path_of_call, headers=headers, data="{}")
    assert response.status_code == 415
    assert service.post(path_of_call, headers=JSON, data="{").status_code == 400
    assert service.post(path_of_call, headers=JSON, data="[]").status_code == 422
    assert service.get(path_of_call).status_code == 405


@pytest.mark.parametrize("path_of_call", PATHS)
def test_an_idempotency_key_carries_the_write_out_once(service, post, path, stored, path_of_call):
    service.put(path, headers=JSON, data='{"n": 1}')
    once = {"Idempotency-Key": uuid.uuid4().hex}
    first = post(path_of_call, once, **CONTENT[path_of_call])
    after = stored()
    again = post(path_of_call, once, **CONTENT[path_of_call])
    assert (first.status_code, again.status_code) == (
        (204, 204) if path_of_call == "/items:delete" else (200, 200)
    )
    assert stored() == after
    other = {**CONTENT[path_of_call], "ConditionExpression": "attribute_not_exists(nothing)"}
    if path_of_call != "/items:delete":  # the engines do not remember a deletion
        reused = post(path_of_call, once, **other)
        assert (reused.status_code, reused.json["type"]) == (
            422,
            "/docs/errors#idempotency-key-reused",
        )


def test_a_false_condition_under_an_idempotency_key_is_412(service, post, path):
    service.put(path, headers=JSON, data='{"n": 1}')
    for path_of_call in PATHS:
        once = {"Idempotency-Key": uuid.uuid4().hex}
        false = {"ConditionExpression": "attribute_not_exists(Id)"}
        response = post(path_of_call, once, **CONTENT[path_of_call], **false)
        assert response.status_code == 412, path_of_call


@pytest.mark.parametrize(
    ("path_of_call", "condition", "status"),
    [
        ("/items:put", "attribute_not_exists(Id)", 200),
        ("/items:delete", "attribute_exists(Id)", 204),
        ("/items:update", "attribute_not_exists(Id)", 200),
    ],
)
def test_a_write_whose_response_is_lost_recognises_itself(
    service, wire, post, path, stored, path_of_call, condition, status
):
    if path_of_call == "/items:delete":
        service.put(path, headers=JSON, data='{"n": 1}')
    with wire.fault(lose_response, calls=1) as script:
        response = post(path_of_call, **CONTENT[path_of_call], ConditionExpression=condition)
    assert script.struck == 1
    assert response.status_code == status
    assert (stored() is None) == (path_of_call == "/items:delete")


@pytest.mark.parametrize("path_of_call", PATHS)
def test_the_request_log_has_the_route(post, capsys, path_of_call):
    post(path_of_call, **CONTENT[path_of_call])
    assert f"route={path_of_call} " in capsys.readouterr().out


def test_the_calls_follow_the_operations(engine):
    service = service_with(
        engine, operations=frozenset({Operation.GET_ITEM, Operation.DELETE_ITEM})
    )
    assert service.post("/items:update", headers=JSON, data="{}").status_code == 404
    assert service.post("/items:put", headers=JSON, data="{}").status_code == 404
    documented = service.get("/openapi.json").json["paths"]
    assert set(PATHS) & set(documented) == {"/items:delete"}


def test_an_update_sent_as_plain_json_to_patch_is_422_with_advice(service, path, stored):
    service.put(path, headers=JSON, data='{"n": 1}')
    before = stored()
    response = service.patch(path, headers=JSON, data=json.dumps(ADD_ONE))
    assert response.status_code == 422
    assert re.search(
        r"application/vnd\.dynamodb\.update\+json.*/items:update", response.json["detail"]
    )
    assert [error["pointer"] for error in response.json["errors"]] == ["/UpdateExpression"]
    assert stored() == before
    merge = {"Content-Type": "application/merge-patch+json"}
    as_attribute = service.patch(path, headers=merge, data='{"UpdateExpression": "ADD n :one"}')
    assert exact(as_attribute)["UpdateExpression"] == "ADD n :one"


def test_an_attribute_may_be_called_as_the_member_in_a_put_and_in_a_batch(service, path, name):
    item = '{"UpdateExpression": "x"}'
    assert service.put(path, headers=JSON, data=item).status_code == 201
    operation = {"method": "PATCH", "id": "7", "name": name, "patch": {"UpdateExpression": "y"}}
    batch = service.post("/items:batch", json={"operations": [operation]})
    assert batch.status_code == 200
    assert service.get(path).json["UpdateExpression"] == "y"


def test_a_key_used_on_another_route_with_the_same_body_is_rejected(post, stored):
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    assert post("/items:update", headers).status_code == 200
    response = post("/items:delete", headers)
    assert response.status_code == 422
    assert response.json["type"] == "/docs/errors#idempotency-key-reused"
    assert stored() is not None
