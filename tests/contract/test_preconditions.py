"""If-Match and If-None-Match: no write replaces a version that the client has not read."""

import pytest

from tests.contract.conftest import ACCEPT_TYPED, JSON, NATIVE, exact, service_with


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
        response = service.get(path, headers={"If-None-Match": value})
        assert response.status_code == 304, value
        assert response.data == b""
        assert response.headers["ETag"] == etag
    assert service.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_the_two_representations_have_tags_of_their_own_and_either_is_accepted(service, path):
    plain = etag_of(service, path)
    typed = service.get(path, headers=ACCEPT_TYPED).headers["ETag"]
    assert plain != typed
    assert service.get(path, headers={"If-None-Match": typed}).status_code == 304
    response = service.patch(path, headers={**JSON, "If-Match": typed}, data='{"a": 2}')
    assert response.status_code == 200


def test_create_only_fails_if_the_item_exists(service, path, name):
    headers = {**JSON, "If-None-Match": "*"}
    assert service.put(path, headers=headers, data='{"a": 2}').status_code == 412
    assert exact(service.get(path))["a"] == 1
    assert service.put(f"/items/8/{name}", headers=headers, data="{}").status_code == 201


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_write_with_a_stale_etag_is_rejected(service, path, method):
    stale = etag_of(service, path)
    assert service.patch(path, headers=JSON, data='{"a": 2}').status_code == 200
    write = getattr(service, method)
    response = write(path, headers={**JSON, "If-Match": stale}, data='{"a": 3}')
    assert response.status_code == 412
    assert response.json["type"].endswith("#precondition-failed")
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
        response = write(f"/items/8/{name}", headers={**JSON, "If-Match": value}, data='{"a": 1}')
        assert response.status_code == 412, value
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
    response = service.put(path, headers={**JSON, "If-Match": value}, data='{"a": 5}')
    assert response.status_code == 400
    assert exact(service.get(path))["a"] == 1


REWRITTEN_BY_PROXIES = [
    pytest.param(lambda tag: f"W/{tag}", id="nginx, HAProxy and Envoy"),
    pytest.param(lambda tag: f'{tag[:-1]}-gzip"', id="Apache"),
    pytest.param(lambda tag: f'W/{tag[:-1]}-br"', id="Apache, then nginx"),
    pytest.param(lambda tag: f'{tag[:-1]}-zstd"', id="Caddy"),
    pytest.param(lambda tag: f'{tag[:-1]}--gzip"', id="Jetty"),
    pytest.param(lambda tag: f'{tag[:-1]};gzip"', id="a suffix after a semicolon"),
]


@pytest.mark.parametrize("rewrite", REWRITTEN_BY_PROXIES)
def test_a_tag_that_a_proxy_rewrote_names_the_item(service, path, rewrite):
    headers = {"If-None-Match": rewrite(etag_of(service, path))}
    assert service.get(path, headers=headers).status_code == 304
    headers = {**JSON, "If-Match": rewrite(etag_of(service, path))}
    assert service.put(path, headers=headers, data='{"a": 2}').status_code == 200
    assert service.put(path, headers=headers, data='{"a": 3}').status_code == 412


@pytest.mark.parametrize("tag", ['W/"other"', '"0123456789abcdef0123456789abcdef"', 'W/"-gzip"'])
def test_a_tag_of_another_origin_names_no_item(service, path, tag):
    assert service.get(path, headers={"If-None-Match": tag}).status_code == 200
    response = service.put(path, headers={**JSON, "If-Match": tag}, data="{}")
    assert response.status_code == 412


def test_writes_need_a_precondition_where_the_deployment_requires_one(engine, name):
    strict = service_with(engine, require_if_match=True)
    path = f"/items/7/{name}"
    for method in ("put", "patch", "delete"):
        response = getattr(strict, method)(path, headers=JSON, data="{}")
        assert response.status_code == 428, method
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


INCREMENT = '{"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}'


@pytest.mark.parametrize(
    ("method", "headers", "body", "calls"),
    [
        ("get", {}, None, ["GetItem"]),
        ("put", JSON, "{}", ["PutItem"]),
        ("put", {**JSON, "If-None-Match": "*"}, "{}", ["PutItem"]),
        ("put", {**JSON, "If-Match": "*"}, "{}", ["PutItem"]),
        ("put", {**JSON, "If-Match": "the ETag"}, "{}", ["GetItem", "PutItem"]),
        ("patch", JSON, '{"b": 1, "c": null}', ["UpdateItem"]),
        ("patch", {**JSON, "If-Match": "*"}, '{"b": 1}', ["UpdateItem"]),
        ("patch", {**JSON, "If-Match": "the ETag"}, '{"b": 1}', ["GetItem", "UpdateItem"]),
        ("patch", JSON, '{"b": {}}', ["GetItem", "UpdateItem"]),
        ("patch", NATIVE, INCREMENT, ["UpdateItem"]),
        ("delete", {**JSON, "If-Match": "the ETag"}, None, ["GetItem", "DeleteItem"]),
        ("delete", {}, None, ["DeleteItem"]),
    ],
)
def test_what_each_request_costs(service, path, method, headers, body, calls):
    etag = etag_of(service, path)
    headers = {name: value.replace("the ETag", etag) for name, value in headers.items()}
    request = getattr(service, method)
    assert service.calls_during(lambda: request(path, headers=headers, data=body)) == calls


@pytest.mark.parametrize(("method", "status"), [("put", 200), ("patch", 200), ("delete", 204)])
def test_if_none_match_with_tags_lets_a_write_through_unless_the_item_is_as_known(
    service, path, method, status
):
    write = getattr(service, method)
    etag = etag_of(service, path)
    for value in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        response = write(path, headers={**JSON, "If-None-Match": value}, data='{"a": 2}')
        assert response.status_code == 412, value
    assert exact(service.get(path))["a"] == 1
    response = write(path, headers={**JSON, "If-None-Match": '"other"'}, data='{"a": 2}')
    assert response.status_code == status


def test_if_none_match_on_an_absent_item(service, name):
    path = f"/items/8/{name}"
    for value in ("*", '"other"'):
        headers = {**JSON, "If-None-Match": value}
        assert service.delete(path, headers=headers).status_code == 204
        assert service.patch(path, headers=headers, data='{"a": 1}').status_code == 404
        assert service.put(path, headers=headers, data="{}").status_code == 201
        service.delete(path)


@pytest.mark.parametrize(
    ("match", "none_match", "status"),
    [
        ("current", '"other"', 200),
        ("current", "current", 412),
        ("current", "*", 412),
        ('"other"', '"other"', 412),
        ("*", '"other"', 200),
        ("*", "*", 412),
    ],
)
def test_both_preconditions_have_to_hold(service, path, match, none_match, status):
    etag = etag_of(service, path)
    headers = {
        **JSON,
        "If-Match": match.replace("current", etag),
        "If-None-Match": none_match.replace("current", etag),
    }
    assert service.put(path, headers=headers, data='{"a": 2}').status_code == status
    assert exact(service.get(path))["a"] == (2 if status == 200 else 1)


def test_a_read_obeys_if_match_before_if_none_match(service, path):
    etag = etag_of(service, path)
    both = {"If-Match": '"other"', "If-None-Match": etag}
    assert service.get(path, headers=both).status_code == 412
    assert service.get(path, headers={**both, "If-Match": etag}).status_code == 304


FOREIGN_WRITES = {
    "rewrites the item": lambda dynamodb, key: dynamodb.put_item(
        TableName="my-dynamodb-table", Item={**key, "a": {"N": "1"}}
    ),
    "adds an attribute": lambda dynamodb, key: dynamodb.update_item(
        TableName="my-dynamodb-table",
        Key=key,
        UpdateExpression="SET added = :v",
        ExpressionAttributeValues={":v": {"N": "1"}},
    ),
    "changes an attribute": lambda dynamodb, key: dynamodb.update_item(
        TableName="my-dynamodb-table",
        Key=key,
        UpdateExpression="SET a = :v",
        ExpressionAttributeValues={":v": {"N": "2"}},
    ),
    "deletes the item": lambda dynamodb, key: dynamodb.delete_item(
        TableName="my-dynamodb-table", Key=key
    ),
}


@pytest.mark.parametrize("write", FOREIGN_WRITES)
def test_what_something_else_does_between_get_and_put_is_noticed(service, path, name, write):
    etag = etag_of(service, path)
    key = {"Id": {"N": "7"}, "Name": {"S": name}}
    FOREIGN_WRITES[write](service.engine.dynamodb, key)
    headers = {**JSON, "If-Match": etag}
    assert service.put(path, headers=headers, data='{"a": 9}').status_code == 412
    assert service.patch(path, headers=headers, data='{"a": 9}').status_code == 412
    assert service.delete(path, headers=headers).status_code == 412


@pytest.mark.parametrize("write", ["rewrites the item", "deletes the item"])
def test_what_something_else_does_between_the_read_and_the_write_is_noticed(
    service, path, name, write
):
    key = {"Id": {"N": "7"}, "Name": {"S": name}}
    headers = {**JSON, "If-Match": etag_of(service, path)}
    dynamodb = service.engine.dynamodb

    def interfere(exchange):
        FOREIGN_WRITES[write](dynamodb, key)
        exchange.send(exchange.forward())

    with service.engine.wire.fault(interfere, operation="PutItem", calls=1) as script:
        response = service.put(path, headers=headers, data='{"a": 9}')
    assert script.struck == 1
    assert response.status_code == 412


@pytest.mark.parametrize(
    ("method", "operation"), [("put", "PutItem"), ("patch", "UpdateItem"), ("delete", "DeleteItem")]
)
def test_a_write_of_the_service_between_the_read_and_the_write_is_noticed(
    service, path, method, operation
):
    headers = {**JSON, "If-Match": etag_of(service, path)}

    def interfere(exchange):
        assert service.patch(path, headers=JSON, data='{"a": 1}').status_code == 200
        exchange.send(exchange.forward())

    with service.engine.wire.fault(interfere, operation=operation, calls=1):
        response = getattr(service, method)(path, headers=headers, data='{"a": 9}')
    assert response.status_code == 412
    assert exact(service.get(path))["a"] == 1


def test_an_item_without_a_version_is_compared_whole_inside_the_write(service, name):
    path = f"/items/7/{name}"
    key = {"Id": {"N": "7"}, "Name": {"S": name}}
    dynamodb = service.engine.dynamodb
    FOREIGN_WRITES["rewrites the item"](dynamodb, key)
    headers = {**JSON, "If-Match": etag_of(service, path)}

    def interfere(exchange):
        FOREIGN_WRITES["changes an attribute"](dynamodb, key)
        exchange.send(exchange.forward())

    with service.engine.wire.fault(interfere, operation="PutItem", calls=1):
        assert service.put(path, headers=headers, data='{"a": 9}').status_code == 412
    assert exact(service.get(path))["a"] == 2


def test_without_a_version_attribute_an_added_attribute_is_not_seen_inside_the_write(engine, name):
    """The change that the equality form does not see, as ``docs/writes.md`` states."""
    bare = service_with(engine, version_attribute="")
    path = f"/items/7/{name}"
    key = {"Id": {"N": "7"}, "Name": {"S": name}}
    dynamodb = engine.dynamodb
    etag = bare.put(path, headers=JSON, data='{"a": 1}').headers["ETag"]

    def interfere_by(write):
        def interfere(exchange):
            FOREIGN_WRITES[write](dynamodb, key)
            exchange.send(exchange.forward())

        return interfere

    headers = {**JSON, "If-Match": etag}
    with engine.wire.fault(interfere_by("changes an attribute"), operation="PutItem", calls=1):
        assert bare.put(path, headers=headers, data='{"a": 9}').status_code == 412
    bare.put(path, headers=JSON, data='{"a": 1}')
    with engine.wire.fault(interfere_by("adds an attribute"), operation="PutItem", calls=1):
        assert bare.put(path, headers=headers, data='{"a": 9}').status_code == 200


def test_an_item_with_too_many_attributes_to_compare_is_422_with_advice(service, name):
    path = f"/items/7/{name}"
    item = {f"attribute{n}": {"N": "1"} for n in range(500)}
    item |= {"Id": {"N": "7"}, "Name": {"S": name}}
    service.engine.dynamodb.put_item(TableName="my-dynamodb-table", Item=item)
    headers = {**JSON, "If-Match": etag_of(service, path)}
    response = service.put(path, headers=headers, data="{}")
    assert response.status_code == 422
    assert "PATCH" in response.json["detail"]
    assert service.patch(path, headers=JSON, data='{"attribute0": 2}').status_code == 200
    headers = {**JSON, "If-Match": etag_of(service, path)}
    assert service.put(path, headers=headers, data="{}").status_code == 200


def test_a_large_item_without_a_version_is_compared_like_any_other(service, name):
    path = f"/items/7/{name}"
    item = {"Id": {"N": "7"}, "Name": {"S": name}, "a": {"S": "x" * 390_000}}
    service.engine.dynamodb.put_item(TableName="my-dynamodb-table", Item=item)
    headers = {**JSON, "If-Match": etag_of(service, path)}
    assert service.patch(path, headers=headers, data='{"b": 1}').status_code == 200
    assert service.patch(path, headers=headers, data='{"b": 2}').status_code == 412
