"""If-Match and If-None-Match: nothing is written over what the client has not seen."""

import pytest

from tests.contract.conftest import ACCEPT_TYPED, JSON, exact, service_with


@pytest.fixture
def path(service, name):
    path = f"/items/7/{name}"
    assert service.put(path, headers=JSON, data='{"a": 1}').status_code == 201
    return path


def etag_of(service, path):
    return service.get(path, query_string={"consistent_read": "true"}).headers["ETag"]


def test_a_client_that_has_the_item_gets_304(service, path):
    etag = etag_of(service, path)
    for value in (etag, f"W/{etag}", f'"other", {etag}', f'"a,b",{etag}', "*"):
        answer = service.get(path, headers={"If-None-Match": value})
        assert answer.status_code == 304, value
        assert answer.data == b""
        assert answer.headers["ETag"] == etag
    assert service.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_the_two_representations_have_tags_of_their_own_and_either_is_accepted(service, path):
    plain = etag_of(service, path)
    typed = service.get(path, headers=ACCEPT_TYPED).headers["ETag"]
    assert plain != typed
    assert service.get(path, headers={"If-None-Match": typed}).status_code == 304
    answer = service.patch(path, headers={**JSON, "If-Match": typed}, data='{"a": 2}')
    assert answer.status_code == 200


def test_create_only_is_refused_where_an_item_is(service, path, name):
    headers = {**JSON, "If-None-Match": "*"}
    assert service.put(path, headers=headers, data='{"a": 2}').status_code == 412
    assert exact(service.get(path))["a"] == 1
    assert service.put(f"/items/8/{name}", headers=headers, data="{}").status_code == 201


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_write_with_a_stale_etag_is_refused(service, path, method):
    stale = etag_of(service, path)
    assert service.patch(path, headers=JSON, data='{"a": 2}').status_code == 200
    write = getattr(service, method)
    answer = write(path, headers={**JSON, "If-Match": stale}, data='{"a": 3}')
    assert answer.status_code == 412
    assert answer.json["type"].endswith("#precondition-failed")
    assert exact(service.get(path))["a"] == 2


@pytest.mark.parametrize(("method", "status"), [("put", 200), ("patch", 200), ("delete", 204)])
def test_a_write_with_the_current_etag_is_carried_out(service, path, method, status):
    write = getattr(service, method)
    headers = {**JSON, "If-Match": etag_of(service, path)}
    assert write(path, headers=headers, data='{"a": 3}').status_code == status


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_if_match_on_an_absent_item_is_412(service, name, method):
    write = getattr(service, method)
    for value in ("*", '"any"'):
        answer = write(f"/items/8/{name}", headers={**JSON, "If-Match": value}, data='{"a": 1}')
        assert answer.status_code == 412, value
    assert service.get(f"/items/8/{name}").status_code == 404


def test_a_change_by_another_writer_changes_the_etag(service, path, name):
    etag = etag_of(service, path)
    service.engine.dynamodb.update_item(
        TableName="my-dynamodb-table",
        Key={"Id": {"N": "7"}, "Name": {"S": name}},
        UpdateExpression="SET added = :v",
        ExpressionAttributeValues={":v": {"N": "1"}},
    )
    headers = {**JSON, "If-Match": etag}
    assert service.put(path, headers=headers, data='{"a": 9}').status_code == 412


def test_an_item_that_something_else_wrote_can_be_replaced_conditionally(service, name):
    path = f"/items/9/{name}"
    item = {
        "Id": {"N": "9"},
        "Name": {"S": name},
        "set": {"SS": ["a", "b"]},
        "map": {"M": {"list": {"L": [{"N": "1"}, {"NULL": True}]}}},
        "bin": {"B": b"\x00\xff"},
    }
    service.engine.dynamodb.put_item(TableName="my-dynamodb-table", Item=item)
    etag = etag_of(service, path)
    assert service.put(path, headers={**JSON, "If-Match": etag}, data="{}").status_code == 200
    assert service.put(path, headers={**JSON, "If-Match": etag}, data="{}").status_code == 412


@pytest.mark.parametrize("value", ["abc", '"abc', 'W/"a" "b"', ""])
def test_a_malformed_precondition_is_400_and_nothing_is_written(service, path, value):
    answer = service.put(path, headers={**JSON, "If-Match": value}, data='{"a": 5}')
    assert answer.status_code == 400
    assert exact(service.get(path))["a"] == 1


def test_a_weak_tag_never_satisfies_if_match(service, path):
    etag = etag_of(service, path)
    answer = service.put(path, headers={**JSON, "If-Match": f"W/{etag}"}, data="{}")
    assert answer.status_code == 412


def test_writes_need_a_precondition_where_the_deployment_says_so(engine, name):
    strict = service_with(engine, require_if_match=True)
    path = f"/items/7/{name}"
    for method in ("put", "patch", "delete"):
        answer = getattr(strict, method)(path, headers=JSON, data="{}")
        assert answer.status_code == 428, method
    headers = {**JSON, "If-None-Match": "*"}
    assert strict.put(path, headers=headers, data="{}").status_code == 201


def test_the_version_attribute_can_be_switched_off(engine, name):
    bare = service_with(engine, version_attribute="")
    path = f"/items/7/{name}"
    created = bare.put(path, headers=JSON, data='{"a": 1, "b": [1]}')
    assert bare.get(path, headers=ACCEPT_TYPED).json.keys() == {"Id", "Name", "a", "b"}
    headers = {**JSON, "If-Match": created.headers["ETag"]}
    assert bare.put(path, headers=headers, data='{"a": 2}').status_code == 200
    assert bare.put(path, headers=headers, data='{"a": 3}').status_code == 412


def test_what_each_request_costs(service, path):
    etag = etag_of(service, path)
    match = {**JSON, "If-Match": etag}
    for request, calls in {
        lambda: service.get(path): ["GetItem"],
        lambda: service.patch(path, headers=match, data='{"b": 1}'): ["GetItem", "UpdateItem"],
        lambda: service.put(path, headers=JSON, data="{}"): ["PutItem"],
        lambda: service.patch(path, headers=JSON, data='{"b": 1}'): ["UpdateItem"],
        lambda: service.patch(path, headers=JSON, data='{"b": {}}'): ["GetItem", "UpdateItem"],
        lambda: service.delete(path): ["DeleteItem"],
    }.items():
        assert service.calls_during(request) == calls
