"""Writes whose result cannot be stored: their own condition is decided first, changing nothing."""

import pytest
from dynamodb_items.domain.errors import (
    ItemTooLarge,
    OperationsRejected,
    OutcomeUnknown,
    PreconditionFailed,
    StorageTimeout,
    UnacceptableItem,
)
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation
from dynamodb_items.domain.time_to_live import TimeToLive
from dynamodb_items.expressions.native_update import native_condition
from dynamodb_items.storage.write_commands import Check, Delete, Edit, Put

from tests.unit.fakes import (
    ALL_OPERATIONS,
    KEY,
    LOST,
    SCHEMA,
    ScriptedClient,
    canceled,
    condition_failed,
    item,
    readable,
    repository_of,
    written_by,
)

pytestmark = pytest.mark.usefixtures("clock", "tokens")

OTHER = SCHEMA.key("8", "x")
A_EXISTS = native_condition({"ConditionExpression": "attribute_exists(a)"}, KEY.attributes)
STORED = item(a=1, _version="v1")
EXPIRED = item(a=1, _version="v1", expires=10)
BY_TIME = TimeToLive("expires", lambda: 10)
INVALID = UnacceptableItem("The result is invalid.")
TOO_LARGE = ItemTooLarge("The result is too large.")


def invalid(*_arguments):
    raise INVALID


def too_large(*_arguments):
    raise TOO_LARGE


EDIT = Edit(KEY, invalid, condition=A_EXISTS, may_create=True, can_fail=True)
PUT = Put(KEY, {}, condition=A_EXISTS, completed=invalid)


def found(attributes):
    return {"Item": attributes} if attributes else {}


def in_transaction(writes, *outcomes, **settings):
    client = ScriptedClient(*outcomes)
    try:
        result = repository_of(client, **settings).transactions.write(writes)
    except OperationsRejected as error:
        result = error.rejected
    assert client.outcomes == [], "the whole script was followed"
    return result, client


@pytest.mark.parametrize(
    ("stored", "version", "operation", "conditions"),
    [
        (STORED, "_version", "UpdateItem", "_version='v1'"),
        (item(a=1), "", "UpdateItem", "Id=7 AND Name='x' AND a=1"),
        (None, "_version", "DeleteItem", "attribute_not_exists(Id)"),
    ],
)
@pytest.mark.parametrize("write", [EDIT, PUT], ids=["edit", "put"])
def test_a_call_that_changes_nothing_decides_the_condition(
    write, stored, version, operation, conditions
):
    result, client = written_by(write, found(stored), {}, version=version)
    assert result is INVALID
    assert client.operations == ["GetItem", operation]
    request = client.requests[1]
    assert request["ConditionExpression"] == f"(attribute_exists(a)) AND {conditions}"
    assert request.get("UpdateExpression") == ("REMOVE t1" if stored else None)
    failed = condition_failed(stored)
    result, _ = written_by(write, found(stored), failed, version=version)
    assert isinstance(result, PreconditionFailed)
    assert result.current == stored


def test_a_result_that_is_too_large_is_invalid_as_well():
    write = Edit(KEY, too_large, condition=A_EXISTS, can_fail=True)
    assert written_by(write, found(STORED), {})[0] is TOO_LARGE
    result, _ = written_by(write, found(STORED), condition_failed(STORED))
    assert isinstance(result, PreconditionFailed)


@pytest.mark.parametrize(
    "write", [Edit(KEY, invalid, can_fail=True), Put(KEY, {}, completed=invalid)]
)
def test_without_a_condition_nothing_has_to_be_decided(write):
    result, client = written_by(write, found(STORED))
    assert result is INVALID
    assert client.operations == ["GetItem"]


@pytest.mark.parametrize("stored", [STORED, None])
def test_an_operation_that_is_not_allowed_decides_nothing(stored):
    operations = DEFAULT_OPERATIONS - {Operation.UPDATE_ITEM, Operation.DELETE_ITEM}
    result, client = written_by(PUT, found(stored), operations=operations)
    assert result is INVALID
    assert client.operations == ["GetItem"]


@pytest.mark.parametrize("write", [EDIT, PUT], ids=["edit", "put"])
def test_a_condition_that_is_too_long_to_be_decided_leaves_the_invalid_result(write):
    stored = item(**{f"a{number}": 1 for number in range(400)})
    result, client = written_by(write, found(stored), version="")
    assert result is INVALID
    assert client.operations == ["GetItem"]


def test_another_writer_in_between_leads_to_another_judgement():
    newer = item(_version="v2")
    result, client = written_by(
        EDIT, found(STORED), condition_failed(newer), found(newer), condition_failed(newer)
    )
    assert isinstance(result, PreconditionFailed)
    assert client.operations == ["GetItem", "UpdateItem"] * 2
    result, client = written_by(EDIT, {}, condition_failed(STORED), found(STORED), {})
    assert result is INVALID
    assert client.operations == ["GetItem", "DeleteItem", "GetItem", "UpdateItem"]


@pytest.mark.parametrize("stored", [STORED, None])
def test_a_lost_response_leaves_nothing_unknown(stored):
    result, _ = written_by(EDIT, found(stored), LOST, condition_failed(stored))
    assert isinstance(result, PreconditionFailed)
    assert written_by(EDIT, found(stored), LOST, {})[0] is INVALID


def test_every_response_lost_is_a_timeout_as_for_a_read():
    result, _ = written_by(EDIT, found(STORED), LOST, LOST, max_attempts=2)
    assert type(result) is StorageTimeout


def test_checks_whose_every_response_is_lost_are_a_timeout_as_for_a_read():
    writes = [Check(KEY, condition=A_EXISTS), Check(OTHER, condition=A_EXISTS)]
    with pytest.raises(StorageTimeout):
        in_transaction(writes, LOST, LOST, max_attempts=2, operations=ALL_OPERATIONS)
    writes[1] = Delete(OTHER)
    with pytest.raises(OutcomeUnknown):
        in_transaction(writes, LOST, LOST, max_attempts=2, operations=ALL_OPERATIONS)


def test_an_expired_item_is_deleted_and_then_absent():
    settings = {"operations": ALL_OPERATIONS, "time_to_live": BY_TIME}
    result, client = written_by(
        EDIT, found(EXPIRED), condition_failed(EXPIRED), {}, {}, condition_failed(), **settings
    )
    assert isinstance(result, PreconditionFailed)
    assert client.operations == ["GetItem", "DeleteItem", "DeleteItem", "GetItem", "DeleteItem"]
    clearing = client.requests[2]["ConditionExpression"]
    assert clearing == "(attribute_type(expires,'N') AND expires<=10)"
    assert client.requests[1]["ConditionExpression"].startswith(
        "(attribute_exists(a)) AND attribute_not_exists(Id) AND NOT "
    )


def test_in_a_transaction_only_the_undecided_writes_are_sent():
    second = Edit(OTHER, invalid, condition=A_EXISTS, may_create=True, can_fail=True)
    stored = {"Responses": [{"Item": STORED}, {}]}
    result, client = in_transaction(
        [EDIT, Put(SCHEMA.key("9", "x"), {}), second],
        stored,
        canceled("None", "ConditionalCheckFailed"),
    )
    assert [(index, type(error)) for index, error in result] == [
        (0, UnacceptableItem),
        (2, PreconditionFailed),
    ]
    assert client.operations == ["TransactGetItems", "TransactWriteItems"]
    parameters = client.calls[1][1]
    assert parameters["ClientRequestToken"] == "t2", "not the token of the writes"
    members = [
        (kind, readable(each))
        for member in parameters["TransactItems"]
        for kind, each in member.items()
    ]
    assert [kind for kind, _ in members] == ["Update", "Delete"]
    assert members[0][1]["UpdateExpression"] == "REMOVE t1"
    assert "UpdateExpression" not in members[1][1]


def test_in_a_transaction_a_true_condition_leaves_the_invalid_result():
    result, client = in_transaction([EDIT], {"Responses": [{"Item": STORED}]}, {})
    assert result == [(0, INVALID)]
    assert client.operations == ["TransactGetItems", "TransactWriteItems"]


def test_in_a_transaction_another_writer_leads_to_another_plan():
    newer = item(_version="v2")
    result, client = in_transaction(
        [EDIT],
        {"Responses": [{"Item": STORED}]},
        canceled(newer),
        {"Responses": [{"Item": newer}]},
        canceled(newer),
    )
    assert [(index, type(error)) for index, error in result] == [(0, PreconditionFailed)]
    assert client.operations == ["TransactGetItems", "TransactWriteItems"] * 2
