"""The audit log: one line for each write that was accepted, without any value."""

import json
import uuid
from functools import partial

import pytest

from tests.access.issuer import bearer, jwt_variables
from tests.faults.conftest import eventually
from tests.serving import gunicorn
from tests.wire import lose_response

JSON = {"Content_Type": "application/json"}
FIELDS = {
    *("event", "level", "timestamp", "request_id", "caller", "client", "operation", "key"),
    *("outcome", "etag_before", "etag_after"),
}
SECRET = "s3cret"


@pytest.fixture(scope="module")
def server(wire, authority):
    """A service whose log level hides everything else."""
    variables = jwt_variables(authority, ITEMS_LOG_LEVEL="error", ITEMS_AUDIT="true")
    operations = "GetItem,PutItem,UpdateItem,DeleteItem,ConditionCheckItem"
    options = {"ITEMS_OPERATIONS": operations, "ITEMS_DEADLINE_SECONDS": "1.5", **variables}
    with gunicorn(wire.url, "-w", "1", **options) as server:
        yield server


@pytest.fixture
def name():
    return f"audit-{uuid.uuid4().hex}"


def lines_of(server, request_id, count):
    def found():
        lines = [line for line in server.log if line.get("request_id") == request_id]
        return lines if len(lines) >= count else None

    return eventually(found) if count else found()


@pytest.fixture
def send(server, authority, name):
    """Send a request for the item; return the response and its audit lines."""

    def request(method, body=None, *, count=1, target=None, **headers):
        request_id = uuid.uuid4().hex
        content = None if body is None else json.dumps(body)
        response = server.request(
            method,
            target or f"/items/104/{name}",
            content,
            X_Request_Id=request_id,
            **bearer(authority.token()),
            **{**JSON, **headers},
        )
        lines = lines_of(server, request_id, count)
        assert len(lines) == count, lines
        for line in lines:
            assert line.keys() == FIELDS
            assert line["event"] == "audit"
            assert line["caller"] == "alice"
            assert line["client"] == "127.0.0.1"
            assert SECRET not in json.dumps(line)
        return response, lines

    return request


def state(response):
    """Return the part of an ETag that both representations share."""
    return response.headers["ETag"].strip('"').removesuffix("-json")


def test_each_write_of_one_item_has_a_line(send, name):
    created, (line,) = send("PUT", {"Text": SECRET})
    key = ["104", name]
    assert (line["operation"], line["key"], line["outcome"]) == ("PutItem", key, "created")
    assert (line["etag_before"], line["etag_after"]) == (None, state(created))

    replaced, (line,) = send("PUT", {"Text": SECRET, "A": 1})
    assert (line["outcome"], line["etag_before"]) == ("stored", state(created))
    assert line["etag_after"] == state(replaced)

    # Without a read only the state after an update is known.
    updated, (line,) = send("PATCH", {"A": 2})
    assert (line["operation"], line["outcome"]) == ("UpdateItem", "updated")
    assert (line["etag_before"], line["etag_after"]) == (None, state(updated))

    edited, (line,) = send("PATCH", {"A": 3}, If_Match=updated.headers["ETag"])
    assert (line["etag_before"], line["etag_after"]) == (state(updated), state(edited))

    same, (line,) = send("PATCH", {"Nested": {}, "A": {"b": None}}, If_Match=edited.headers["ETag"])
    assert line["outcome"] == "updated"
    unchanged, (line,) = send("PATCH", [], Content_Type="application/json-patch+json")
    assert line["outcome"] == "unchanged"
    assert line["etag_before"] == line["etag_after"] == state(unchanged) == state(same)

    minimal, (line,) = send("PUT", {"Text": SECRET}, Prefer="return=minimal")
    assert line["etag_after"] == state(minimal)

    _, (line,) = send("DELETE")
    assert (line["operation"], line["outcome"]) == ("DeleteItem", "deleted")
    assert (line["etag_before"], line["etag_after"]) == (state(minimal), None)


@pytest.mark.parametrize(
    ("target", "body", "operation", "outcome"),
    [
        ("/items:put", {"item": {"Text": SECRET}}, "PutItem", "created"),
        ("/items:update", {"UpdateExpression": "REMOVE Other"}, "UpdateItem", "updated"),
        ("/items:delete", {}, "DeleteItem", "deleted"),
    ],
)
def test_native_writes_have_a_line(send, name, target, body, operation, outcome):
    if operation == "UpdateItem":
        send("PUT", {"Text": SECRET})
    _, (line,) = send("POST", {"id": "104", "name": name, **body}, target=target)
    assert (line["operation"], line["outcome"]) == (operation, outcome)


def test_each_operation_of_a_batch_has_a_line_and_a_check_has_none(send, name):
    for suffix in "abc":
        send("PUT", {"Text": SECRET}, target=f"/items/104/{name}-{suffix}")
    operations = [
        {"method": "PUT", "item": {"Text": SECRET}},
        {"method": "PATCH", "patch": {"Text": SECRET}},
        {"method": "DELETE"},
        {"method": "CHECK", "ifMatch": "*"},
    ]
    keyed = [
        {"id": "104", "name": f"{name}-{suffix}", **operation}
        for suffix, operation in zip("dabc", operations, strict=True)
    ]
    response, lines = send("POST", {"operations": keyed}, target="/items:batch", count=3)
    assert response.status == 200, response.body
    assert [(line["operation"], line["key"][1][-1], line["outcome"]) for line in lines] == [
        ("PutItem", "d", "stored"),
        ("UpdateItem", "a", "updated"),
        ("DeleteItem", "b", "deleted"),
    ]
    assert lines[0]["etag_after"] == response.json["results"][0]["etag"].strip('"')[:32]


def test_a_write_once_has_the_etag_that_the_response_has(send):
    response, (line,) = send("PUT", {"Text": SECRET}, Idempotency_Key=uuid.uuid4().hex)
    assert (line["outcome"], line["etag_after"]) == ("created", state(response))


def test_a_write_of_unknown_outcome_has_a_line(send, wire):
    send("PUT", {"N": 1})
    with wire.fault(lose_response, operation="UpdateItem"):
        response, (line,) = send("PATCH", {"Text": SECRET})
    assert response.status == 504
    assert line["outcome"] == "unknown"
    assert (line["etag_before"], line["etag_after"]) == (None, None)
    operations = [{"method": "PUT", "id": "104", "name": n, "item": {}} for n in ("x", "y")]
    with wire.fault(lose_response, operation="TransactWriteItems"):
        response, lines = send("POST", {"operations": operations}, target="/items:batch", count=2)
    assert response.status == 504
    assert [line["outcome"] for line in lines] == ["unknown", "unknown"]


def test_rejected_writes_and_reads_have_no_line(send, server, authority, name):
    send("PUT", {"Text": SECRET})
    assert send("GET", count=0)[0].status == 200
    assert send("PUT", {}, count=0, If_None_Match="*")[0].status == 412
    assert send("PATCH", [1], count=0)[0].status == 422
    assert send("PATCH", {"A": 1}, count=0, target="/items/104/absent")[0].status == 404
    operations = [{"method": "PUT", "id": "104", "name": name, "item": {}, "ifNoneMatch": "*"}]
    batch = partial(send, "POST", target="/items:batch", count=0)
    assert batch({"operations": operations})[0].status == 412
    denied = server.request(
        "PUT", f"/items/104/{name}", "{}", **JSON, **bearer(authority.token(scope="items:read"))
    )
    assert denied.status == 403
    send("DELETE")
    outcomes = [line["outcome"] for line in server.log if line.get("key") == ["104", name]]
    assert outcomes == ["created", "deleted"]
    assert "request" not in {line["event"] for line in server.log}


def test_without_the_setting_nothing_is_audited(wire, name):
    with gunicorn(wire.url, "-w", "1") as server:
        assert server.request("PUT", f"/items/104/{name}", "{}", **JSON).status == 201
        assert eventually(lambda: [line for line in server.log if line["event"] == "request"])
        assert not [line for line in server.log if line["event"] == "audit"]
