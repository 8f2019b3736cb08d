"""No update is lost and none counts twice, with many clients and several workers."""

import json
import uuid

import pytest

from tests.races.conftest import CLIENTS, statuses

JSON = {"Content_Type": "application/json"}
NATIVE = {"Content_Type": "application/vnd.dynamodb.update+json"}
JSON_PATCH = {"Content_Type": "application/json-patch+json"}
ONE = {":one": {"N": "1"}}
INCREMENT = json.dumps({"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": ONE})


@pytest.fixture
def path(name):
    return f"/items/7/{name}"


def stored(arena, path):
    response = arena.server.request("GET", f"{path}?consistent_read=true")
    assert response.status == 200
    return response.json


def test_one_of_a_hundred_creates(arena, path):
    responses = arena.together(
        lambda client: arena.server.request(
            "PUT", path, json.dumps({"by": client}), **JSON, If_None_Match="*"
        )
    )
    assert statuses(responses) == {201: 1, 412: CLIENTS - 1}
    (winner,) = (response for response in responses if response.status == 201)
    assert stored(arena, path) == winner.json


def test_one_of_a_hundred_writers_with_one_etag_wins(arena, path):
    etag = arena.server.request("PUT", path, "{}", **JSON).headers["ETag"]
    writes = (
        ("PUT", '{{"by": {}}}', JSON),
        ("PATCH", '{{"by": {}}}', JSON),
        ("PATCH", '[{{"op": "add", "path": "/by", "value": {}}}]', JSON_PATCH),
    )

    def write(client):
        method, body, headers = writes[client % len(writes)]
        return arena.server.request(method, path, body.format(client), **headers, If_Match=etag)

    responses = arena.together(write)
    assert statuses(responses) == {200: 1, 412: CLIENTS - 1}
    (winner,) = (client for client, response in enumerate(responses) if response.status == 200)
    assert stored(arena, path)["by"] == winner


def test_one_of_a_hundred_deletes_the_item_as_seen(arena, path):
    etag = arena.server.request("PUT", path, "{}", **JSON).headers["ETag"]
    responses = arena.together(
        lambda _: arena.server.request("DELETE", path, If_Match=etag),
    )
    assert statuses(responses) == {204: 1, 412: CLIENTS - 1}


def test_a_hundred_increments_are_a_hundred(arena, path):
    responses = arena.together(lambda _: arena.server.request("PATCH", path, INCREMENT, **NATIVE))
    assert statuses(responses) == {200: CLIENTS}
    assert stored(arena, path)["n"] == CLIENTS
    assert {response.json["n"] for response in responses} == set(range(1, CLIENTS + 1))


def test_increments_whose_responses_are_lost_count_once(arena, path, losing):
    lost = losing("UpdateItem")
    responses = arena.together(lambda _: arena.server.request("PATCH", path, INCREMENT, **NATIVE))
    assert lost.struck == CLIENTS // 10
    assert statuses(responses) == {200: CLIENTS}
    assert stored(arena, path)["n"] == CLIENTS


def test_creates_whose_responses_are_lost_are_201(arena, path, losing):
    lost = losing("PutItem")
    responses = arena.together(
        lambda client: arena.server.request(
            "PUT", f"{path}-{client}", "{}", **JSON, If_None_Match="*"
        )
    )
    assert lost.struck == CLIENTS // 10
    assert statuses(responses) == {201: CLIENTS}


def test_edits_lose_nothing(arena, path):
    arena.server.request("PUT", path, '{"list": []}', **JSON)

    def append(client):
        patch = json.dumps([{"op": "add", "path": "/list/-", "value": client}])
        return arena.server.request("PATCH", path, patch, **JSON_PATCH)

    responses = arena.together(append, clients=20)
    done = [client for client, response in enumerate(responses) if response.status == 200]
    assert set(statuses(responses)) <= {200, 503}
    assert done
    assert sorted(stored(arena, path)["list"]) == done


def test_transfers_between_two_items_keep_the_sum(arena, path):
    to = f"{path}-to"
    arena.server.request("PUT", path, '{"n": 30}', **JSON)
    arena.server.request("PUT", to, '{"n": 0}', **JSON)
    name = path.rpartition("/")[2]
    body = json.dumps(
        {
            "operations": [
                {
                    "method": "PATCH",
                    "id": "7",
                    "name": name,
                    "update": {
                        "UpdateExpression": "SET n = n - :one",
                        "ConditionExpression": "n >= :one",
                        "ExpressionAttributeValues": ONE,
                    },
                },
                {
                    "method": "PATCH",
                    "id": "7",
                    "name": f"{name}-to",
                    "update": json.loads(INCREMENT),
                },
            ]
        }
    )
    responses = arena.together(
        lambda _: arena.server.request("POST", "/items:batch", body, **JSON), clients=50
    )
    done = statuses(responses).get(200, 0)
    assert set(statuses(responses)) <= {200, 412, 503}
    assert stored(arena, to)["n"] == done
    assert stored(arena, path)["n"] == 30 - done


def test_a_request_sent_many_times_at_once_is_applied_once(arena, path):
    key = str(uuid.uuid4())
    responses = arena.together(
        lambda _: arena.server.request("PATCH", path, INCREMENT, **NATIVE, Idempotency_Key=key),
        clients=20,
    )
    assert statuses(responses) == {200: 20}
    assert stored(arena, path)["n"] == 1
