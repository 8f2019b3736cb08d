"""Single writes: lost responses, writes that recognize themselves, rounds, and the log."""

from dataclasses import replace

import pytest
from dynamodb_items.domain.changes import Changes
from dynamodb_items.domain.errors import (
    ItemNotFound,
    OutcomeUnknown,
    PreconditionFailed,
    StorageThrottled,
    StorageUnavailable,
)
from dynamodb_items.domain.items import Item
from dynamodb_items.domain.preconditions import NO_PRECONDITION, Precondition
from dynamodb_items.domain.write_tokens import LOG_LENGTH, LOG_SLACK
from dynamodb_items.expressions.native_update import native_expressions
from dynamodb_items.formats.merge_patch import merge_changes
from dynamodb_items.storage.write_commands import Delete, Edit, NativeUpdate, Put, Update, Written

from tests.unit.fakes import (
    KEY,
    LOST,
    UNREACHABLE,
    ScriptedClient,
    condition_failed,
    failure,
    item,
    repository_of,
    written_by,
)

pytestmark = pytest.mark.usefixtures("clock", "tokens")

OWN = ("_version", "_version_log")
B = {"N": "2"}
MUST_BE_ABSENT = Precondition.must_be_absent()
MUST_EXIST = Precondition.must_exist()
PUT = Put(KEY, {"b": B})
CREATE = Put(KEY, {"b": B}, MUST_BE_ABSENT)
UPDATE = Update(KEY, Changes({"b": B}))
EDIT = Edit(KEY, lambda stored: merge_changes(stored, {"b": "2"}))
DELETE = Delete(KEY)
INCREMENT = NativeUpdate(
    KEY,
    native_expressions(
        {"UpdateExpression": "ADD n :n", "ExpressionAttributeValues": {":n": {"N": "1"}}},
        KEY.attributes,
        OWN,
    ),
)
OURS = item(b=2, _version="t1")
THEIRS = item(b=3, _version="other")


@pytest.mark.parametrize("consistent", [True, False])
def test_a_read_returns_the_item_as_stored(consistent):
    client = ScriptedClient({"Item": THEIRS})
    assert repository_of(client).get(KEY, consistent=consistent) == Item(THEIRS)
    ((operation, parameters),) = client.calls
    assert operation == "GetItem"
    assert parameters["TableName"] == "items"
    assert parameters["Key"] == KEY.attributes
    assert parameters["ConsistentRead"] is consistent


def test_a_read_of_an_absent_item_finds_nothing():
    with pytest.raises(ItemNotFound, match="7 / x"):
        repository_of(ScriptedClient({})).get(KEY)


@pytest.mark.parametrize(
    ("write", "response", "expected", "returned"),
    [
        (PUT, {}, Written(Item(OURS), created=True), "ALL_OLD"),
        (PUT, {"Attributes": THEIRS}, Written(Item(OURS)), "ALL_OLD"),
        (UPDATE, {"Attributes": OURS}, Written(Item(OURS)), "ALL_NEW"),
        (INCREMENT, {"Attributes": OURS}, Written(Item(OURS)), "ALL_NEW"),
        (DELETE, {"Attributes": THEIRS}, Written(Item(THEIRS)), "ALL_OLD"),
        (DELETE, {}, Written(None), "ALL_OLD"),
    ],
    ids=["create", "replace", "update", "native", "delete", "delete nothing"],
)
def test_the_response_of_the_write_is_its_result(write, response, expected, returned):
    result, client = written_by(write, response)
    assert result == expected
    assert client.calls[0][1]["ReturnValues"] == returned


@pytest.mark.parametrize("write", [PUT, UPDATE, DELETE], ids=["put", "update", "delete"])
def test_a_lost_response_is_followed_by_the_very_same_call(write):
    result, client = written_by(write, LOST, {"Attributes": OURS})
    assert isinstance(result, Written)
    assert client.calls[0] == client.calls[1]


# The condition of the repeated call is false, because the first one was applied after all.
@pytest.mark.parametrize(
    ("write", "found", "expected"),
    [
        (CREATE, OURS, Written(Item(OURS), created=True)),
        (UPDATE, OURS, Written(Item(OURS))),
        (INCREMENT, OURS, Written(Item(OURS))),
        (DELETE, None, Written(None)),
    ],
    ids=["create", "update", "native", "delete"],
)
def test_a_write_recognizes_itself_after_a_lost_response(write, found, expected):
    assert written_by(write, LOST, condition_failed(found))[0] == expected


def test_a_replaced_item_is_not_reported_as_new_after_a_lost_response():
    when = Precondition.must_exist()
    result, _ = written_by(Put(KEY, {"b": B}, when), LOST, condition_failed(OURS))
    assert result == Written(Item(OURS), created=False)


def test_a_put_that_has_read_no_item_is_reported_as_new_after_a_lost_response():
    completed = Put(KEY, {"b": B}, completed=lambda attributes, _read: attributes)
    result, _ = written_by(completed, {}, LOST, condition_failed(OURS))
    assert result == Written(Item(OURS), created=True)


def test_a_delete_after_a_read_returns_what_it_deleted():
    when = Precondition(if_match=frozenset({Item(THEIRS).fingerprint}))
    result, _ = written_by(Delete(KEY, when), {"Item": THEIRS}, LOST, condition_failed())
    assert result == Written(Item(THEIRS))


@pytest.mark.parametrize(
    ("write", "found"),
    [(CREATE, THEIRS), (UPDATE, THEIRS), (UPDATE, None), (DELETE, THEIRS), (INCREMENT, THEIRS)],
    ids=["create", "update", "update, then deleted", "delete", "native"],
)
def test_the_outcome_is_unknown_where_another_write_came_after_a_lost_response(write, found):
    result, _ = written_by(write, LOST, condition_failed(found))
    assert isinstance(result, OutcomeUnknown)
    assert "may or may not have been applied" in result.detail


def test_without_a_version_attribute_no_write_recognizes_itself():
    result, _ = written_by(CREATE, LOST, condition_failed(item(b=2)), version="")
    assert isinstance(result, OutcomeUnknown)


@pytest.mark.parametrize("write", [CREATE, UPDATE], ids=["create", "update"])
def test_a_false_condition_without_a_lost_response_is_known(write):
    result, _ = written_by(write, condition_failed(THEIRS))
    assert isinstance(result, PreconditionFailed)
    assert result.current == THEIRS


def test_a_call_that_was_never_sent_leaves_no_doubt():
    result, _ = written_by(CREATE, UNREACHABLE, condition_failed(THEIRS))
    assert isinstance(result, PreconditionFailed)


def test_an_update_of_an_absent_item_finds_nothing():
    assert isinstance(written_by(UPDATE, condition_failed())[0], ItemNotFound)


@pytest.mark.parametrize(
    ("update", "condition", "error"),
    [
        ("REMOVE a", None, ItemNotFound),
        ("REMOVE a", "attribute_exists(a)", PreconditionFailed),
        ("SET a = b", "attribute_exists(b)", PreconditionFailed),
    ],
)
def test_a_native_update_of_an_absent_item(update, condition, error):
    body = {"UpdateExpression": update, "ConditionExpression": condition}
    body = {name: text for name, text in body.items() if text}
    expressions = native_expressions(body, KEY.attributes, OWN)
    result, _ = written_by(NativeUpdate(KEY, expressions), condition_failed())
    assert type(result) is error


def test_a_repeated_native_update_requires_that_the_log_reaches_back():
    _, client = written_by(INCREMENT, LOST, {"Attributes": OURS})
    first, second = client.requests
    last = f"_version_log[{LOG_LENGTH - 1}]"
    reaches_back = f"(attribute_not_exists({last}) OR {last}<'t1')"
    assert second["ConditionExpression"] == f"{first['ConditionExpression']} AND {reaches_back}"
    assert second["UpdateExpression"] == first["UpdateExpression"]


def test_a_native_update_is_repeated_with_one_condition_however_often():
    _, client = written_by(INCREMENT, LOST, LOST, {"Attributes": OURS})
    assert client.requests[1] == client.requests[2]


def test_without_a_version_attribute_a_native_update_is_not_repeated():
    result, client = written_by(INCREMENT, LOST, version="")
    assert isinstance(result, OutcomeUnknown)
    assert client.operations == ["UpdateItem"]


def test_a_native_update_under_another_write_is_found_in_the_log():
    newer = item(b=9, _version="other", _version_log=["other", "t1"])
    result, _ = written_by(INCREMENT, LOST, condition_failed(newer))
    assert result == Written(Item(newer))


def test_an_edit_is_planned_again_when_another_writer_came_first():
    old, new = item(b="1", _version="v1"), item(b="5", c=1, _version="v2")
    result, client = written_by(
        EDIT, {"Item": old}, condition_failed(new), {"Item": new}, {"Attributes": OURS}
    )
    assert result == Written(Item(OURS))
    assert client.operations == ["GetItem", "UpdateItem"] * 2
    assert "b='1'" in client.requests[1]["ConditionExpression"]
    assert "b='5'" in client.requests[3]["ConditionExpression"]
    assert "_version='t2'" in client.requests[3]["UpdateExpression"], "with a token of its own"
    assert all(parameters.get("ConsistentRead", True) for _, parameters in client.calls)


@pytest.mark.parametrize(
    "write",
    [
        replace(EDIT, precondition=MUST_EXIST),
        Put(KEY, {"b": B}, MUST_EXIST, completed=lambda attributes, _read: attributes),
    ],
    ids=["edit", "put"],
)
def test_another_writer_leaves_the_precondition_true_that_the_item_exists(write):
    new = item(b="5", _version="v2")
    result, _ = written_by(
        write, {"Item": THEIRS}, condition_failed(new), {"Item": new}, {"Attributes": OURS}
    )
    assert isinstance(result, Written)
    assert result.item.attributes["b"] == B
    result, _ = written_by(write, {"Item": THEIRS}, condition_failed(), {})
    assert isinstance(result, PreconditionFailed), "it was deleted in between"


def test_a_put_keeps_what_another_program_has_changed_since_the_read():
    def completed(attributes, read):
        return {**attributes, "kept": read.attributes["kept"]}

    write = Put(KEY, {"b": B}, completed=completed, kept=frozenset({"kept"}))
    old, new = item(kept="1", _version="v1"), item(kept="2", _version="v1")
    result, client = written_by(write, {"Item": old}, condition_failed(new), {"Item": new}, {})
    assert result.item.attributes["kept"] == {"S": "2"}
    assert "kept='1'" in client.requests[1]["ConditionExpression"]


def test_a_change_of_a_secret_that_a_put_keeps_leaves_its_entity_tag_true(monkeypatch):
    def completed(attributes, read):
        return {**attributes, "pin": read.attributes["pin"]}

    pin = frozenset({"pin"})
    old, new = item(pin="1", _version="v1"), item(pin="2", _version="v1")
    when = Precondition(if_match=frozenset({Item(old, pin).fingerprint}))
    client = ScriptedClient({"Item": old}, condition_failed(new), {"Item": new}, {})
    repository = repository_of(client)
    monkeypatch.setattr(repository, "_item_of", lambda attributes: Item(attributes, pin))
    written = repository.write(Put(KEY, {"b": B}, when, completed=completed, kept=pin))
    assert written.item.attributes["pin"] == {"S": "2"}


def test_an_edit_gives_up_after_five_rounds():
    stored = item(b="1", _version="v1")
    result, client = written_by(EDIT, *[{"Item": stored}, condition_failed(stored)] * 5)
    assert isinstance(result, StorageThrottled)
    assert client.operations == ["GetItem", "UpdateItem"] * 5


def test_an_edit_that_changes_nothing_by_then_writes_nothing():
    stored = item(b="2", _version="v1")
    result, client = written_by(EDIT, {"Item": stored})
    assert result == Written(Item(stored))
    assert client.operations == ["GetItem"]


def test_a_precondition_that_held_when_read_is_not_tried_again():
    when = Precondition(if_match=frozenset({Item(THEIRS).fingerprint}))
    newer = item(_version="newer")
    result, client = written_by(Put(KEY, {}, when), {"Item": THEIRS}, condition_failed(newer))
    assert isinstance(result, PreconditionFailed)
    assert result.current == newer
    assert client.operations == ["GetItem", "PutItem"]


def test_an_edit_is_not_planned_again_after_a_lost_response():
    result, client = written_by(EDIT, {"Item": THEIRS}, LOST, condition_failed(item(b=5)))
    assert isinstance(result, OutcomeUnknown)
    assert client.operations == ["GetItem", "UpdateItem", "UpdateItem"]


LONG_LOG = item(_version="t1", _version_log=["t1"] + ["t0"] * (LOG_LENGTH + LOG_SLACK))
SHORT_LOG = item(_version="t1", _version_log=["t1"])


def test_a_long_log_is_cut_by_one_more_call():
    result, client = written_by(INCREMENT, {"Attributes": LONG_LOG}, {"Attributes": SHORT_LOG})
    assert result == Written(Item(SHORT_LOG))
    cut = client.requests[1]
    assert cut["UpdateExpression"].startswith("REMOVE _version_log[")
    assert cut["ConditionExpression"] == f"attribute_exists(_version_log[{LOG_LENGTH + 15}])"
    assert cut["Key"] == KEY.attributes


@pytest.mark.parametrize(
    ("outcome", "stored"),
    [
        (condition_failed(SHORT_LOG), SHORT_LOG),
        (condition_failed(), LONG_LOG),
        (condition_failed(item(_version="newer")), LONG_LOG),
        ({"Attributes": item(_version="newer")}, LONG_LOG),
        ({}, LONG_LOG),
        (failure("AccessDeniedException"), LONG_LOG),
        (failure("ValidationException", "Words that nobody knows"), LONG_LOG),
    ],
    ids=[
        *("cut by another", "deleted since", "written since", "written on top", "no response"),
        *("access denied", "rejected"),
    ],
)
def test_an_update_succeeds_whatever_becomes_of_the_cut(outcome, stored):
    result, _ = written_by(INCREMENT, {"Attributes": LONG_LOG}, outcome)
    assert result == Written(Item(stored))


@pytest.mark.parametrize("write", [PUT, UPDATE], ids=["put", "update"])
def test_only_native_updates_cut_the_log(write):
    _, client = written_by(write, {"Attributes": LONG_LOG})
    assert len(client.calls) == 1


def test_a_read_that_fails_before_the_write_leaves_nothing_in_doubt():
    result, client = written_by(EDIT, LOST, failure("ServiceUnavailable"), LOST, max_attempts=3)
    assert not isinstance(result, OutcomeUnknown)
    assert client.operations == ["GetItem"] * 3


def test_a_write_whose_every_response_is_lost_is_unknown():
    result, client = written_by(PUT, LOST, LOST, LOST, max_attempts=3)
    assert isinstance(result, OutcomeUnknown)
    assert client.operations == ["PutItem"] * 3


def test_a_write_that_never_leaves_is_unavailable():
    result, _ = written_by(PUT, UNREACHABLE, UNREACHABLE, max_attempts=2)
    assert isinstance(result, StorageUnavailable)


def test_a_lost_response_followed_by_an_unreachable_table_is_unknown():
    result, _ = written_by(PUT, LOST, UNREACHABLE, max_attempts=2)
    assert isinstance(result, OutcomeUnknown)


@pytest.mark.parametrize("precondition", [NO_PRECONDITION, Precondition.must_be_absent()])
def test_an_edit_of_an_absent_item_finds_nothing(precondition):
    edit = Edit(KEY, lambda seen: merge_changes(seen, {"a": {"b": "c"}}), precondition)
    client = ScriptedClient({})
    with pytest.raises(ItemNotFound):
        repository_of(client).write(edit)
    assert client.operations == ["GetItem"]


@pytest.mark.parametrize("write", [UPDATE, EDIT], ids=["update", "edit"])
def test_a_patch_whose_item_is_deleted_in_between_finds_nothing(write):
    of_another = Precondition(if_none_match=frozenset({Item(OURS).fingerprint}))
    conditional = replace(write, precondition=of_another)
    result, _ = written_by(conditional, {"Item": THEIRS}, condition_failed())
    assert isinstance(result, ItemNotFound), "the precondition is true of an absent item"
