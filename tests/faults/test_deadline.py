"""A request has one deadline, however many calls, attempts and pauses it takes."""

import time

import pytest

from tests import wire as faults
from tests.serving import gunicorn

JSON = {"Content_Type": "application/json"}
SLACK_SECONDS = 3
"""What a busy machine may add; far less than one more attempt at each call would."""


def is_not_the_probe(call):
    return b'"_ready"' not in call.body


def timed(server, method, path, body=None, **headers):
    began = time.monotonic()
    response = server.request(method, path, body, **JSON, **headers)
    return response, time.monotonic() - began


def test_retries_follow_pauses_and_then_return_the_response(server, wire, name):
    with wire.fault(faults.delay(20), when=is_not_the_probe) as script:
        response, seconds = timed(server, "GET", f"/items/7/{name}")
    assert response.status == 504
    assert script.struck == 3
    assert 3 <= seconds < 5 + SLACK_SECONDS


def test_a_response_that_arrives_byte_by_byte_is_not_waited_for(server, wire, name):
    with wire.fault(faults.trickle(0.5), when=is_not_the_probe):
        response, seconds = timed(server, "GET", f"/items/7/{name}")
    assert response.status == 504
    assert seconds < 5 + SLACK_SECONDS


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [
        (faults.trickle(0.5), (504, 504)),
        # The write of the PATCH is applied all the same, and the ETag of the PUT is then stale.
        (faults.respond_late(2.5), (504, 412)),
    ],
    ids=["trickle", "late"],
)
def test_all_calls_of_one_request_share_the_deadline(own_wire, name, fault, statuses):
    """With a deadline for each call, an edit that reads and writes would take twice as long."""
    limits = {"ITEMS_DEADLINE_SECONDS": "4", "ITEMS_READ_TIMEOUT_SECONDS": "10"}
    with gunicorn(own_wire.url, "-w", "1", **limits) as server:
        key = f"/items/7/{name}"
        etag = server.request("PUT", key, '{"n": {}}', **JSON).headers["ETag"]
        own_wire.fault(fault, when=is_not_the_probe)
        requests = ("PATCH", {}), ("PUT", {"If_Match": etag})
        for (method, headers), status in zip(requests, statuses, strict=True):
            response, seconds = timed(server, method, key, '{"n": {"a": 1}}', **headers)
            assert response.status == status
            assert seconds < 4 + SLACK_SECONDS


def test_a_write_that_was_never_sent_is_not_of_unknown_outcome(own_wire, name):
    with gunicorn(own_wire.url, "-w", "1", ITEMS_DEADLINE_SECONDS="1") as server:
        key = f"/items/7/{name}"
        server.request("PUT", key, '{"n": {}}', **JSON)
        with own_wire.fault(faults.delay(5), operation="GetItem", when=is_not_the_probe):
            response, _ = timed(server, "PATCH", key, '{"n": {"a": 1}}')
        assert response.status == 504
        assert "outcome" not in response.json
        assert "UpdateItem" not in own_wire.counts


def test_a_lost_response_is_recognized_by_the_retry(server, wire, name):
    with wire.fault(faults.lose_response, operation="PutItem", calls=1):
        created = server.request("PUT", f"/items/7/{name}", '{"a": 1}', **JSON, If_None_Match="*")
    assert created.status == 201


def test_when_all_is_throttled_the_table_bears_hardly_more_calls_than_requests(own_wire, name):
    with gunicorn(own_wire.url, "-w", "1") as server:
        throttle = faults.reject("ThrottlingException")
        with own_wire.fault(throttle, when=lambda call: name.encode() in call.body) as script:
            responses = [server.request("GET", f"/items/7/{name}") for _ in range(200)]
        assert {response.status for response in responses} == {503}
        assert all(response.headers["Retry-After"] in "123" for response in responses)
        assert 200 < script.struck <= 220


def test_when_every_second_call_is_throttled_the_budget_decides_what_is_tried_again(own_wire, name):
    with gunicorn(own_wire.url, "-w", "1") as server:
        throttle = faults.reject("ThrottlingException")
        own_wire.fault(throttle, when=lambda call: name.encode() in call.body, every=2)
        before = len(own_wire.calls)
        statuses = [server.request("GET", f"/items/7/{name}").status for _ in range(200)]
        calls = len(own_wire.calls) - before
        assert set(statuses) == {404, 503}
        assert calls <= 200 * 1.1 + 10 + 20  # the budget, its reserve, and the probe
        assert statuses.count(404) >= 105
