"""Transactions: what is sent, what a canceled one means, repeats, and reading back."""

import pytest
from dynamodb_items.domain.changes import Changes
from dynamodb_items.domain.errors import (
    IdempotencyKeyReused,
    ItemNotFound,
    ItemTooLarge,
    KeySchemaMismatch,
    OperationsRejected,
    OutcomeUnknown,
    PreconditionFailed,
    StorageMisconfigured,
    StorageThrottled,
    StorageUnavailable,
    UnacceptableItem,
)
from dynamodb_items.domain.items import Item
from dynamodb_items.domain.preconditions import Precondition
from dynamodb_items.domain.write_tokens import WriteToken
from dynamodb_items.expressions.native_update import native_expressions
from dynamodb_items.formats.merge_patch import merge_changes
from dynamodb_items.storage.write_commands import (
    Check,
    Delete,
    Edit,
    NativeUpdate,
    Put,
    Update,
    Written,
)

from tests.unit.fakes import (
    KEY,
    LOST,
    SCHEMA,
    ScriptedClient,
    canceled,
    failure,
    item,
    readable,
    repository_of,
)

pytestmark = pytest.mark.usefixtures("clock", "tokens")

FIRST, SECOND = SCHEMA.key("1", "x"), SCHEMA.key("2", "x")
B = {"N": "2"}
PUT, UPDATE, DELETE = Put(FIRST, {"b": B}), Update(SECOND, Changes({"b": B})), Delete(SECOND)
MUST_BE_ABSENT = Precondition.must_be_absent()
PAIR = [PUT, UPDATE]
OTHER_1, OTHER_2 = item(FIRST, _version="other"), item(SECOND, _version="other")
ONCE = WriteToken.of_request(("PUT", "/items/1/x", "key"), (b"body",))
ANOTHER_BODY = WriteToken.of_request(("PUT", "/items/1/x", "key"), (b"another",))


def transaction(writes, *outcomes, token=None, version="_version", **settings):
    client = ScriptedClient(*outcomes)
    transactions = repository_of(client, version, **settings).transactions
    try:
        result = transactions.write(writes, token)
    except Exception as error:  # noqa: BLE001 - the test looks at it
        result = error
    assert client.outcomes == [], "the whole script was followed"
    return result, client


def responses(*items):
    return {"Responses": [{"Item": each} if each else {} for each in items]}


def members_of(parameters):
    return [
        (operation, readable(member))
        for each in parameters["TransactItems"]
        for operation, member in each.items()
    ]


def edit(key):
    return Edit(key, lambda stored: merge_changes(stored, {"b": "2"}))


# What is sent


def test_all_writes_are_one_call_with_one_token():
    writes = [PUT, UPDATE, Delete(SCHEMA.key("3", "x")), Check(KEY, Precondition.must_exist())]
    result, client = transaction(writes, {})
    ((operation, parameters),) = client.calls
    assert operation == "TransactWriteItems"
    assert parameters["ClientRequestToken"] == "t1"
    members = members_of(parameters)
    assert [member for member, _ in members] == ["Put", "Update", "Delete", "ConditionCheck"]
    assert all(each["TableName"] == "items" for _, each in members)
    assert "_version='t1'" in members[1][1]["UpdateExpression"]
    put = Item({**FIRST.attributes, "b": B, "_version": {"S": "t1"}})
    assert result == [Written(put), Written(None), Written(None), Written(None)]


def test_a_put_that_must_create_is_reported_as_new():
    result, _ = transaction([Put(FIRST, {"b": B}, MUST_BE_ABSENT)], {})
    assert result[0].created


def test_only_what_a_write_depends_on_is_read():
    stored = item(SECOND, b="1", _version="v")
    _, client = transaction([PUT, edit(SECOND)], responses(stored), {})
    assert client.operations == ["TransactGetItems", "TransactWriteItems"]
    (get,) = client.calls[0][1]["TransactItems"]
    assert get == {"Get": {"TableName": "items", "Key": SECOND.attributes}}


def test_a_delete_after_a_read_returns_what_it_deleted():
    when = Precondition(if_match=frozenset({Item(OTHER_2).fingerprint}))
    result, _ = transaction([Delete(SECOND, when)], responses(OTHER_2), {})
    assert result == [Written(Item(OTHER_2))]


def test_writes_that_cannot_be_planned_are_all_named_and_nothing_is_sent():
    writes = [edit(FIRST), PUT, Update(SECOND, Changes({"b": B}), MUST_BE_ABSENT)]
    result, client = transaction(writes, responses(None, OTHER_2))
    assert isinstance(result, OperationsRejected)
    assert [(at, type(error)) for at, error in result.rejected] == [
        (0, ItemNotFound),
        (2, PreconditionFailed),
    ]
    assert client.operations == ["TransactGetItems"]


def test_items_over_4_mb_together_are_rejected_before_they_are_sent():
    large = {"b": {"S": "x" * 399 * 1024}}
    writes = [Put(SCHEMA.key(str(number), "x"), large) for number in range(11)]
    result, client = transaction(writes)
    assert isinstance(result, ItemTooLarge)
    assert client.calls == []


# What a canceled transaction means


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        ((OTHER_1, "None"), [(0, PreconditionFailed, OTHER_1)]),
        (("None", OTHER_2), [(1, PreconditionFailed, OTHER_2)]),
        (("None", "ConditionalCheckFailed"), [(1, ItemNotFound, None)]),
        ((OTHER_1, OTHER_2), [(0, PreconditionFailed, OTHER_1), (1, PreconditionFailed, OTHER_2)]),
        (("ItemCollectionSizeLimitExceeded", "None"), [(0, ItemTooLarge, None)]),
    ],
)
def test_each_rejected_write_is_named_with_its_error(reasons, expected):
    result, client = transaction(PAIR, canceled(*reasons))
    assert isinstance(result, OperationsRejected)
    assert [
        (at, type(error), getattr(error, "current", None)) for at, error in result.rejected
    ] == expected
    assert client.operations == ["TransactWriteItems"]


def reason(code, message):
    return failure(
        "TransactionCanceledException",
        CancellationReasons=[{"Code": code, "Message": message}, {"Code": "None"}],
    )


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("Item size has exceeded the maximum allowed size", ItemTooLarge),
        ("Type mismatch for Index Key a", UnacceptableItem),
        ("An operand in the update expression has an incorrect data type", UnacceptableItem),
    ],
)
def test_the_message_of_a_reason_decides_what_it_means(message, error):
    result, _ = transaction(PAIR, reason("ValidationError", message))
    assert [(at, type(each)) for at, each in result.rejected] == [(0, error)]


@pytest.mark.parametrize(
    ("code", "error"),
    [("AccessDenied", StorageMisconfigured), ("SomethingNew", StorageUnavailable)],
)
def test_a_reason_that_concerns_the_operator_fails_the_transaction(code, error):
    assert isinstance(transaction(PAIR, canceled(code, "None"))[0], error)


def test_a_key_that_the_table_does_not_have_fails_the_transaction():
    message = "The provided key element does not match the schema"
    result, _ = transaction(PAIR, reason("ValidationError", message))
    assert isinstance(result, KeySchemaMismatch)


def test_a_throttled_transaction_is_retried_and_then_given_up():
    busy = canceled("ThrottlingError", "TransactionConflict")
    result, client = transaction(PAIR, busy, busy, busy, max_attempts=3)
    assert isinstance(result, StorageThrottled)
    assert len(client.calls) == 3
    assert client.calls[0] == client.calls[2], "with the same token"


def test_writers_that_come_first_make_it_plan_again():
    old, new = item(SECOND, b="1"), item(SECOND, b="5")
    result, client = transaction(
        [PUT, edit(SECOND)], responses(old), canceled("None", new), responses(new), {}
    )
    assert isinstance(result, list)
    assert client.operations == ["TransactGetItems", "TransactWriteItems"] * 2
    tokens = [client.calls[at][1]["ClientRequestToken"] for at in (1, 3)]
    assert tokens == ["t1", "t2"]


def test_it_gives_up_after_five_rounds():
    stored = item(SECOND, b="1")
    rounds = [responses(stored), canceled("None", stored)] * 5
    result, client = transaction([PUT, edit(SECOND)], *rounds)
    assert isinstance(result, StorageThrottled)
    assert client.operations == ["TransactGetItems", "TransactWriteItems"] * 5


def test_a_conflict_next_to_a_false_precondition_does_not_plan_again():
    reasons = canceled("TransactionConflict", OTHER_2)
    result, client = transaction(PAIR, reasons)
    assert [type(error) for _, error in result.rejected] == [StorageThrottled, PreconditionFailed]
    assert client.operations == ["TransactWriteItems"]


# Lost responses


def test_a_transaction_recognises_itself_by_any_of_its_items():
    ours = item(FIRST, b=2, _version="t1")
    result, client = transaction(PAIR, LOST, canceled(ours, OTHER_2))
    assert [type(each) for each in result] == [Written, Written]
    assert client.calls[0] == client.calls[1]


@pytest.mark.parametrize("version", ["_version", ""])
def test_the_outcome_is_unknown_where_no_item_shows_it(version):
    result, _ = transaction(PAIR, LOST, canceled(OTHER_1, OTHER_2), version=version)
    assert isinstance(result, OutcomeUnknown)


def test_deleted_items_that_are_gone_after_a_lost_response_were_deleted():
    must_exist = Precondition.must_exist()
    writes = [Delete(FIRST, must_exist), Delete(SECOND, must_exist)]
    gone = "ConditionalCheckFailed"
    assert transaction(writes, LOST, canceled(gone, gone))[0] == [Written(None)] * 2
    assert isinstance(transaction(writes, LOST, canceled(gone, OTHER_2))[0], OutcomeUnknown)
    assert isinstance(transaction(writes, canceled(gone, gone))[0], OperationsRejected)


# A request with an Idempotency-Key


def once(write, *outcomes, token=ONCE, version="_version"):
    client = ScriptedClient(*outcomes)
    transactions = repository_of(client, version).transactions
    try:
        result = transactions.write_once(write, token)
    except Exception as error:  # noqa: BLE001 - the test looks at it
        result = error
    assert client.outcomes == [], "the whole script was followed"
    return result, client


@pytest.mark.parametrize(("stored", "created"), [(None, True), (OTHER_1, False)])
def test_a_request_is_read_and_carried_out_with_its_own_token(stored, created):
    result, client = once(PUT, responses(stored), {})
    assert result == Written(None, created=created), "perhaps a repeat: it has to be read back"
    assert client.operations == ["TransactGetItems", "TransactWriteItems"]
    parameters = client.calls[1][1]
    assert parameters["ClientRequestToken"] == ONCE.client_request_token
    ((_, put),) = members_of(parameters)
    assert put["Item"]["_version"] == ONCE.value


def test_a_repeat_is_recognised_by_the_item_and_not_sent():
    ours = item(FIRST, b=2, _version=ONCE.text)
    result, client = once(PUT, responses(ours))
    assert result == Written(Item(ours))
    assert client.operations == ["TransactGetItems"]


def test_a_repeat_with_one_item_left_is_recognized_as_a_whole():
    ours = item(FIRST, b=2, _version=ONCE.text)
    result, client = transaction([PUT, UPDATE, DELETE], responses(ours, OTHER_2, None), token=ONCE)
    assert result == [Written(Item(ours)), Written(Item(OTHER_2)), Written(None)]
    assert client.operations == ["TransactGetItems"]


def test_another_request_with_the_same_key_is_an_error():
    theirs = item(FIRST, b=2, _version=ANOTHER_BODY.text)
    assert isinstance(once(PUT, responses(theirs))[0], IdempotencyKeyReused)


def test_another_request_in_between_is_an_error():
    theirs = item(FIRST, b=2, _version=ANOTHER_BODY.text)
    assert isinstance(once(PUT, responses(None), canceled(theirs))[0], IdempotencyKeyReused)


def test_dynamodb_knows_of_another_request_with_the_same_token():
    reused = failure("IdempotentParameterMismatchException")
    assert isinstance(once(PUT, responses(None), reused)[0], IdempotencyKeyReused)


def test_the_same_request_that_is_executed_elsewhere_is_waited_for():
    running = failure("TransactionInProgressException")
    result, client = once(PUT, responses(None), running, {})
    assert isinstance(result, Written)
    assert client.calls[1] == client.calls[2]


def test_an_item_read_to_recognise_a_repeat_does_not_change_the_request():
    _, first = once(UPDATE, responses(None), {})
    _, second = once(UPDATE, responses(OTHER_2), {})
    assert first.calls[1] == second.calls[1]


def test_a_repeated_delete_of_a_gone_item_succeeds():
    when = Precondition(if_match=frozenset({Item(OTHER_2).fingerprint}))
    result, client = once(Delete(SECOND, when), responses(None))
    assert result == Written(None)
    assert client.operations == ["TransactGetItems"]


def test_without_a_key_if_match_of_a_gone_item_fails():
    when = Precondition(if_match=frozenset({Item(OTHER_2).fingerprint}))
    result, _ = transaction([Delete(SECOND, when)], responses(None))
    assert [type(error) for _, error in result.rejected] == [PreconditionFailed]


def test_the_error_of_the_one_write_is_the_error_of_the_request():
    result, _ = once(Put(FIRST, {}, MUST_BE_ABSENT), responses(OTHER_1), canceled(OTHER_1))
    assert isinstance(result, PreconditionFailed)
    assert result.current == OTHER_1


def test_a_native_update_in_a_transaction_writes_no_log():
    expressions = native_expressions({"UpdateExpression": "SET a = b"}, KEY.attributes, ())
    _, client = transaction([NativeUpdate(FIRST, expressions)], {})
    ((_, update),) = members_of(client.calls[0][1])
    assert update["UpdateExpression"] == "SET a=b,_version='t1'"


# Reads


def read(keys, *outcomes, **settings):
    client = ScriptedClient(*outcomes)
    try:
        return repository_of(client, **settings).transactions.get(keys), client
    except Exception as error:  # noqa: BLE001 - the test looks at it
        return error, client


def test_items_are_read_in_the_order_of_their_keys():
    result, client = read([FIRST, KEY, SECOND], responses(OTHER_1, None, OTHER_2))
    assert result == [Item(OTHER_1), None, Item(OTHER_2)]
    assert client.operations == ["TransactGetItems"]


def test_no_keys_need_no_call():
    result, client = read([])
    assert result == []
    assert client.calls == []


@pytest.mark.parametrize("response", [{}, {"Responses": []}, responses(OTHER_1)])
def test_a_response_with_too_few_items_is_an_error(response):
    assert isinstance(read([FIRST, SECOND], response)[0], StorageUnavailable)


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        (canceled("None", "None"), StorageThrottled),
        (canceled("TransactionConflict", "None"), StorageThrottled),
        (reason("ValidationError", "Words that nobody knows"), ItemTooLarge),
        (reason("ValidationError", "Item size has exceeded the maximum"), ItemTooLarge),
        (canceled("AccessDenied", "None"), StorageMisconfigured),
    ],
    ids=["no reason", "conflict", "unknown words", "too large", "access denied"],
)
def test_what_a_canceled_read_means(outcome, error):
    assert isinstance(read([FIRST, SECOND], outcome, max_attempts=1)[0], error)


def test_items_over_4_mb_together_are_not_returned():
    large = [item(SCHEMA.key(str(number), "x"), b="x" * 399 * 1024) for number in range(11)]
    keys = [SCHEMA.key(str(number), "x") for number in range(11)]
    assert isinstance(read(keys, responses(*large))[0], ItemTooLarge)


# Reading back


def test_only_unknown_items_are_read_back():
    writes, known = [PUT, UPDATE, Delete(KEY)], Item(OTHER_1)
    written = [Written(known, created=True), Written(None), Written(None)]
    client = ScriptedClient(responses(OTHER_2))
    result = repository_of(client).transactions.read_back(writes, written)
    assert result == [Written(known, created=True), Written(Item(OTHER_2)), Written(None)]
    assert [get["Get"]["Key"] for get in client.calls[0][1]["TransactItems"]] == [SECOND.attributes]


@pytest.mark.parametrize(
    "outcome",
    [failure("AccessDeniedException"), failure("ValidationException"), {"Responses": []}],
    ids=["access denied", "rejected", "incomplete"],
)
def test_writes_stay_applied_whatever_becomes_of_reading_back(outcome):
    client = ScriptedClient(outcome)
    result = repository_of(client).transactions.read_back([UPDATE], [Written(None)])
    assert result == [Written(None)]


@pytest.mark.parametrize(("stored", "state"), [(None, Item(OTHER_2)), (OTHER_2, None)])
def test_a_deleted_item_that_exists_has_no_last_state(stored, state):
    client = ScriptedClient(responses(stored))
    deleted = Written(Item(OTHER_2))
    assert repository_of(client).transactions.last_state(SECOND, deleted) == Written(state)
