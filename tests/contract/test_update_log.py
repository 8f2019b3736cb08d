"""The log of native updates stays short, and trimming it changes nothing for the caller."""

import json
import time

from dynamodb_items.domain.write_tokens import LOG_LENGTH, LOG_SLACK, MAX_TRIM

from tests.contract.conftest import ACCEPT_TYPED, JSON, NATIVE, exact

TABLE = "my-dynamodb-table"
INCREMENT = json.dumps(
    {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
)


def store_log(dynamodb, name, length, *, age_seconds=1.0):
    """An item whose log has tokens of that age."""
    milliseconds = int((time.time() - age_seconds) * 1000)
    log = [{"S": f"{milliseconds:011x}{number:010x}"} for number in range(length)]
    key = {"Id": {"N": "7"}, "Name": {"S": name}}
    dynamodb.put_item(TableName=TABLE, Item={**key, "_version": log[0], "_version_log": {"L": log}})


def is_trim(call) -> bool:
    return b"REMOVE" in call.body


def increment(service, path):
    response = service.patch(path, headers=NATIVE, data=INCREMENT)
    assert response.status_code == 200
    return response


def stored_log(service, path):
    item = service.get(path, headers=ACCEPT_TYPED, query_string={"consistent_read": "true"}).json
    return [token["S"] for token in item["_version_log"]["L"]]


def test_a_log_that_has_grown_is_trim_however_long_it_is(service, dynamodb, path, name):
    store_log(dynamodb, name, 1000)
    for _ in range((1000 - LOG_LENGTH) // MAX_TRIM + 1):
        response = increment(service, path)
    assert len(stored_log(service, path)) < LOG_LENGTH + LOG_SLACK
    assert response.headers["ETag"] == service.get(path).headers["ETag"]


def test_a_full_log_is_trim_though_other_updates_come_first(service, wire, dynamodb, path, name):
    store_log(dynamodb, name, LOG_LENGTH + LOG_SLACK - 1)

    def let_others_in(exchange):
        for _ in range(3):
            dynamodb.update_item(
                TableName=TABLE,
                Key={"Id": {"N": "7"}, "Name": {"S": name}},
                UpdateExpression="SET #v = :t, #l = list_append(:l, #l)",
                ExpressionAttributeNames={"#v": "_version", "#l": "_version_log"},
                ExpressionAttributeValues={":t": {"S": "f"}, ":l": {"L": [{"S": "f"}]}},
            )
        exchange.send(exchange.forward())

    with wire.fault(let_others_in, operation="UpdateItem", when=is_trim, calls=1) as script:
        response = increment(service, path)
    assert script.struck == 1
    log = stored_log(service, path)
    assert len(log) == LOG_LENGTH + 3
    assert log[:3] == ["f"] * 3
    assert exact(response)["n"] == 1
    # Other updates have followed, so this is no longer the stored item.
    assert response.headers["ETag"] != service.get(path).headers["ETag"]


def test_old_tokens_are_cut_only_as_they_were_seen(service, wire, dynamodb, path, name):
    store_log(dynamodb, name, LOG_SLACK, age_seconds=100)

    def let_another_in(exchange):
        assert increment(service, path).status_code == 200
        exchange.send(exchange.forward())

    with wire.fault(let_another_in, operation="UpdateItem", when=is_trim, calls=1) as script:
        response = increment(service, path)
    assert script.struck == 1
    assert exact(response)["n"] == 1
    assert exact(service.get(path))["n"] == 2
    assert len(stored_log(service, path)) == 2  # no useful token is lost


def test_the_etag_is_right_where_another_writer_has_made_the_cut(
    service, wire, dynamodb, path, name
):
    store_log(dynamodb, name, LOG_LENGTH + LOG_SLACK - 1)

    def trim_twice(exchange):
        exchange.forward()
        exchange.send(exchange.forward())

    with wire.fault(trim_twice, operation="UpdateItem", when=is_trim, calls=1) as script:
        response = increment(service, path)
    assert script.struck == 1
    assert len(stored_log(service, path)) == LOG_LENGTH
    headers = {**JSON, "If-Match": response.headers["ETag"]}
    assert service.put(path, headers=headers, data="{}").status_code == 200


def test_a_cut_creates_no_item(service, wire, dynamodb, path, name):
    store_log(dynamodb, name, LOG_LENGTH + LOG_SLACK - 1)

    def delete_first(exchange):
        assert service.delete(path).status_code == 204
        exchange.send(exchange.forward())

    with wire.fault(delete_first, operation="UpdateItem", when=is_trim, calls=1):
        response = increment(service, path)
    assert exact(response)["n"] == 1
    assert service.get(path).status_code == 404
