"""What was asked for is what is answered, also on a connection that is an answer behind."""

import json

import pytest

from service.deadline import Deadline
from service.operations import Operation
from service.settings import Settings
from service.storage.client import DynamoDBClient
from service.storage.failures import BrokenAnswer
from tests.conftest import aws_variables, environment
from tests.fastpath.scripted import ScriptedServer, answer

KEY = {"Id": {"N": "104"}, "Name": {"S": "Andrew"}}


def read(*items, times=1):
    """What reads of the key find where the table answers with these items, and the server."""
    bodies = iter([json.dumps(item).encode() for item in items])
    with (
        ScriptedServer(lambda _: [answer(next(bodies))]) as server,
        environment(**aws_variables(server.url)),
    ):
        client = DynamoDBClient(Settings())
        parameters = {"TableName": "my-dynamodb-table", "Key": KEY}
        found = []
        for _ in range(times):
            try:
                found.append(client.call(Operation.GET_ITEM, parameters, Deadline(20)))
            except BrokenAnswer as error:
                found.append(error)
        assert client.calls == {"fast": times, "botocore": 0}
        return found, [request.connection for request in server.requests]


@pytest.mark.parametrize(
    "other",
    [
        {"Id": {"N": "105"}, "Name": {"S": "Andrew"}},
        {"Id": {"N": "104"}, "Name": {"S": "Joseph"}},
        {"Id": {"S": "104"}, "Name": {"S": "Andrew"}},
        {"Name": {"S": "Andrew"}},
        {},
    ],
)
def test_another_item_is_no_answer_and_its_connection_is_not_used_again(other):
    (first, second), (before, after) = read({"Item": other}, {"Item": KEY}, times=2)
    assert isinstance(first, BrokenAnswer)
    assert second["Item"] == KEY
    assert before != after


def test_a_number_may_be_spelled_in_another_way():
    same = {"Id": {"N": "1.04E+2"}, "Name": {"S": "Andrew"}, "Age": {"N": "41"}}
    (found,), _ = read({"Item": same})
    assert found["Item"] == same


def test_an_absent_item_is_an_answer():
    assert read({})[0] == [{}]
