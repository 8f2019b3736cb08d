"""The fault proxy works as described, in front of an engine that is a proxy itself."""

import http.client
import json
import socket
import threading
import time
from collections import Counter

import pytest

from tests import wire as faults
from tests.wire import Wire, black_hole

APPLIED = {"Item": {"Id": {"N": "1"}}}


@pytest.fixture
def engine():
    """Responds to every call at once."""
    engine = Wire("http://127.0.0.1:9")
    engine.fault(faults.respond(APPLIED))
    yield engine
    engine.close()


@pytest.fixture
def wire(engine):
    wire = Wire(engine.url)
    yield wire
    wire.close()


def connect(wire):
    return http.client.HTTPConnection("127.0.0.1", wire.port, timeout=10)


def call(connection, operation="GetItem", body=b"{}"):
    connection.request("POST", "/", body, {"X-Amz-Target": f"DynamoDB_20120810.{operation}"})
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def test_without_a_script_calls_pass_and_are_counted_by_operation(wire, engine):
    connection = connect(wire)
    for operation in ("GetItem", "PutItem", "GetItem"):
        assert call(connection, operation) == (200, APPLIED)
    assert wire.counts == engine.counts == {"GetItem": 2, "PutItem": 1}
    assert wire.open_connections == engine.open_connections == 1


@pytest.mark.parametrize(
    ("fault", "reached"),
    [
        (faults.cut, 0),
        (faults.reset, 0),
        (faults.lose_response, 1),
        (faults.truncate, 1),
    ],
)
def test_a_cut_call_has_no_whole_response_and_reaches_the_engine_or_not(
    wire, engine, fault, reached
):
    with wire.fault(fault), pytest.raises((OSError, http.client.HTTPException)):
        call(connect(wire))
    assert len(wire.calls) == 1
    assert len(engine.calls) == reached


def test_a_rejection_has_the_form_of_dynamodbs(wire, engine):
    with wire.fault(faults.reject("ThrottlingException", 400, "slow down")):
        status, body = call(connect(wire))
    assert status == 400
    assert body["__type"] == "com.amazonaws.dynamodb.v20120810#ThrottlingException"
    assert body["message"] == "slow down"
    assert not engine.calls


def test_every_nth_call_is_struck(wire):
    wire.fault(faults.reject("ThrottlingException"), every=3)
    connection = connect(wire)
    assert [call(connection)[0] for _ in range(6)] == [200, 200, 400, 200, 200, 400]


def test_the_next_calls_are_struck_and_the_others_are_not(wire):
    script = wire.fault(faults.reject("InternalServerError", 500), calls=2)
    connection = connect(wire)
    assert [call(connection)[0] for _ in range(4)] == [500, 500, 200, 200]
    assert script.struck == 2


def test_only_calls_that_match_are_struck(wire):
    wire.fault(faults.reject("X"), operation="PutItem", when=lambda call: call.parameters["a"] == 1)
    connection = connect(wire)
    assert call(connection, "GetItem", b'{"a": 1}')[0] == 200
    assert call(connection, "PutItem", b'{"a": 2}')[0] == 200
    assert call(connection, "PutItem", b'{"a": 1}')[0] == 400


def test_a_script_ends_with_its_block_or_when_all_is_healed(wire):
    connection = connect(wire)
    with wire.fault(faults.reject("X")):
        assert call(connection)[0] == 400
    assert call(connection)[0] == 200
    wire.fault(faults.reject("X"))
    wire.heal()
    assert call(connection)[0] == 200


def test_responses_can_be_delayed_late_or_trickle(wire, engine):
    connection = connect(wire)
    for fault in (faults.delay(0.1), faults.respond_late(0.1), faults.trickle(0.001)):
        began = time.monotonic()
        with wire.fault(fault):
            assert call(connection) == (200, APPLIED)
        assert time.monotonic() - began >= 0.1
    assert len(engine.calls) == 3


def test_while_it_is_down_connections_are_rejected_and_then_accepted_again(wire):
    connection = connect(wire)
    assert call(connection)[0] == 200
    with wire.down():
        with pytest.raises((OSError, http.client.HTTPException)):
            call(connection)
        with pytest.raises(ConnectionRefusedError):
            connect(wire).connect()
    assert call(connect(wire))[0] == 200


def test_a_black_hole_neither_accepts_nor_rejects_a_connection():
    with black_hole() as url, pytest.raises(TimeoutError):
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), 0.3)


def test_many_clients_at_once_are_counted_right(wire, engine):
    script = wire.fault(faults.reject("X"), every=4)
    statuses = []

    def many():
        connection = connect(wire)
        statuses.extend([call(connection)[0] for _ in range(50)])

    threads = [threading.Thread(target=many) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(statuses) == {200: 600, 400: 200}
    assert script.struck == 200
    assert len(wire.calls) == 800
    assert len(engine.calls) == 600
