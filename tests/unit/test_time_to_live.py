"""When an item expires, and the conditions and calls of writes where items can expire."""

import pytest
from dynamodb_items.config.settings import Settings, SettingsError
from dynamodb_items.domain.changes import Changes
from dynamodb_items.domain.errors import (
    ItemNotFound,
    OperationsRejected,
    OutcomeUnknown,
    PreconditionFailed,
    UnacceptableItem,
)
from dynamodb_items.domain.items import Item
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation
from dynamodb_items.domain.preconditions import Precondition
from dynamodb_items.domain.time_to_live import NO_EXPIRY, Expiry, TimeToLive
from dynamodb_items.domain.write_tokens import WriteToken
from dynamodb_items.dynamodb.wire_json import request_body
from dynamodb_items.expressions.native_update import native_condition, native_expressions
from dynamodb_items.formats.merge_patch import merge_changes
from dynamodb_items.storage.write_commands import Check, Delete, Edit, NativeUpdate, Put, Update
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fakes import (
    ALL_OPERATIONS,
    KEY,
    LOST,
    ScriptedClient,
    canceled,
    condition_failed,
    item,
    readable,
    repository_of,
)

pytestmark = pytest.mark.usefixtures("clock", "tokens")

NOW = 1_800_000_000
TTL = TimeToLive("expires", lambda: NOW + 0.75)
WITHOUT_DELETE = DEFAULT_OPERATIONS - {Operation.DELETE_ITEM}
B = {"N": "2"}
EXPIRED = item(a=1, expires=NOW, _version="old")
LIVE = item(a=1, expires=NOW + 1, _version="old")
ONCE = WriteToken.of_request(("PUT", "/items/7/x", "key"), (b"body",))

HAS_EXPIRED = f"(attribute_type(expires,'N') AND expires<={NOW})"
NOT_EXPIRED = f"NOT {HAS_EXPIRED}"
ABSENT = f"(attribute_not_exists(Id) OR {HAS_EXPIRED})"
NOT_LOGGED = "NOT contains(_version_log,'t1')"


# The rule


@pytest.mark.parametrize(
    ("value", "has_passed"),
    [
        ({"N": str(NOW - 1)}, True),
        ({"N": str(NOW)}, True),
        ({"N": str(NOW + 1)}, False),
        ({"N": f"{NOW}.5"}, False),
        ({"N": f"{NOW - 1}.5"}, True),
        ({"N": "0"}, True),
        ({"N": "-1"}, True),
        ({"N": "1E-100"}, True),
        ({"N": "9.99E+125"}, False),
        ({"N": f"{NOW}000"}, False),
        ({"S": "0"}, False),
        ({"NULL": True}, False),
        ({"BOOL": False}, False),
        ({"NS": ["0"]}, False),
        ({"L": [{"N": "0"}]}, False),
        ({"M": {"N": {"N": "0"}}}, False),
        ({"B": b"0"}, False),
    ],
)
def test_an_item_has_expired_from_the_second_of_its_time_on(value, has_passed):
    attributes = {"expires": value}
    assert TTL.now().has_passed(attributes) is has_passed
    assert TTL.now().visible(attributes) == (None if has_passed else attributes)


def test_items_without_the_attribute_do_not_expire():
    assert not TTL.now().has_passed({"m": {"M": {"expires": {"N": "0"}}}})
    assert TTL.now().visible(None) is None


def test_without_an_attribute_nothing_expires_and_no_clock_is_read():
    def clock():
        raise AssertionError("the clock was read")

    expiry = TimeToLive("", clock).now()
    assert not expiry
    assert not expiry.has_passed({"": {"N": "0"}})


def test_the_rule_of_an_item_that_was_read_does_not_depend_on_the_moment():
    attributes = {"expires": {"N": "5"}}
    first, later = (Expiry("expires", {"N": now}).as_read(attributes) for now in ("5", "9"))
    assert first == later
    assert first.has_passed(attributes)
    assert TTL.now().as_read(LIVE) == TTL.now().as_read(None) == NO_EXPIRY


# Settings


@pytest.mark.parametrize("name", ["Id", "Name", "_version", "_version_log"])
def test_the_attribute_must_differ_from_those_of_other_settings(name):
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment({"ITEMS_TTL_ATTRIBUTE": name})
    assert raised.value.errors == [
        "ITEMS_PARTITION_KEY, ITEMS_SORT_KEY, ITEMS_VERSION_ATTRIBUTE with its log and "
        "ITEMS_TTL_ATTRIBUTE must name different attributes, not "
        f"Id, Name, _version, _version_log, {name}."
    ]


def test_the_name_of_the_attribute_is_as_long_as_dynamodb_allows():
    longest = "é" * 127 + "e"
    settings = Settings.from_environment({"ITEMS_TTL_ATTRIBUTE": longest})
    assert settings.ttl_attribute == longest
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment({"ITEMS_TTL_ATTRIBUTE": "é" * 128})
    (error,) = raised.value.errors
    assert error.endswith("must be an attribute name of at most 255 bytes.")


# Conditions


def native(update, condition=None):
    body = {"UpdateExpression": update}
    if condition:
        body["ConditionExpression"] = condition
    return native_expressions(body, KEY.attributes, ("_version", "_version_log"))


def only_if(condition):
    return native_condition({"ConditionExpression": condition}, KEY.attributes)


def service(*outcomes, operations=ALL_OPERATIONS, version="_version", time_to_live=TTL):
    client = ScriptedClient(*outcomes)
    return repository_of(client, version, operations, time_to_live), client


EXISTS = Precondition.must_exist()
MUST_BE_ABSENT = Precondition.must_be_absent()
A_EXISTS = only_if("attribute_exists(a.b[0])")
DUAL = (
    f"(({NOT_EXPIRED} AND (attribute_exists(a.b[0]))) OR "
    f"({HAS_EXPIRED} AND (attribute_exists(expires.a.b[0]))))"
)


@pytest.mark.parametrize(
    ("write", "condition"),
    [
        (Put(KEY, {"b": B}), None),
        (Delete(KEY), None),
        (Put(KEY, {"b": B}, MUST_BE_ABSENT), ABSENT),
        (Delete(KEY, MUST_BE_ABSENT), ABSENT),
        (Put(KEY, {"b": B}, EXISTS), f"attribute_exists(Id) AND {NOT_EXPIRED}"),
        (Delete(KEY, EXISTS), f"attribute_exists(Id) AND {NOT_EXPIRED}"),
        (Update(KEY, Changes({"b": B})), f"attribute_exists(Id) AND {NOT_EXPIRED}"),
        (Put(KEY, {"b": B}, condition=A_EXISTS), DUAL),
        (Delete(KEY, condition=A_EXISTS), DUAL),
        (Put(KEY, {"b": B}, MUST_BE_ABSENT, A_EXISTS), f"{DUAL} AND {ABSENT}"),
        (
            Put(KEY, {"b": B}, EXISTS, A_EXISTS),
            f"(attribute_exists(a.b[0])) AND attribute_exists(Id) AND {NOT_EXPIRED}",
        ),
        (NativeUpdate(KEY, native("SET b = a")), f"{NOT_LOGGED} AND {NOT_EXPIRED}"),
        (
            NativeUpdate(KEY, native("SET b = a", "attribute_exists(a)")),
            f"(attribute_exists(a)) AND {NOT_LOGGED} AND {NOT_EXPIRED}",
        ),
        (
            NativeUpdate(KEY, native("REMOVE a")),
            f"attribute_exists(Id) AND {NOT_LOGGED} AND {NOT_EXPIRED}",
        ),
        (
            NativeUpdate(KEY, native("SET b = a"), MUST_BE_ABSENT),
            f"attribute_not_exists(Id) AND {NOT_LOGGED} AND {NOT_EXPIRED}",
        ),
    ],
)
def test_a_condition_gains_a_term(write, condition):
    repository, client = service({})
    repository.write(write)
    (request,) = client.requests
    assert request.get("ConditionExpression") == condition


@pytest.mark.parametrize(
    ("write", "condition"),
    [
        (Check(KEY, EXISTS), f"attribute_exists(Id) AND {NOT_EXPIRED}"),
        (Check(KEY, MUST_BE_ABSENT), ABSENT),
        (Check(KEY, condition=A_EXISTS), DUAL),
    ],
)
def test_the_condition_of_a_check_gains_a_term(write, condition):
    repository, client = service({})
    repository.transactions.write([write])
    (member,) = client.calls[0][1]["TransactItems"]
    assert readable(member["ConditionCheck"])["ConditionExpression"] == condition


@pytest.mark.parametrize("has_version", [True, False])
@pytest.mark.parametrize("kind", ["put", "update", "edit", "native", "delete"])
def test_a_write_of_an_item_that_was_read_requires_that_it_has_not_expired_since(kind, has_version):
    stored = LIVE if has_version else item(a=1)
    when = Precondition(if_match=frozenset({Item(stored).fingerprint}))
    write = {
        "put": Put(KEY, {"b": B}, when),
        "update": Update(KEY, Changes({"b": B}), when),
        "edit": Edit(KEY, lambda seen: merge_changes(seen, {"b": "2"}), when),
        "native": NativeUpdate(KEY, native("SET b = a"), when),
        "delete": Delete(KEY, when),
    }[kind]
    repository, client = service({"Item": stored}, {})
    repository.write(write)
    assert client.requests[-1]["ConditionExpression"].endswith(f" AND {NOT_EXPIRED}")


def test_the_moment_is_one_value_of_the_call():
    repository, client = service({})
    repository.write(Put(KEY, {"b": B}, condition=A_EXISTS))
    assert client.calls[0][1]["ExpressionAttributeValues"] == {
        ":0": {"S": "N"},
        ":1": {"N": str(NOW)},
    }


def test_a_path_must_have_room_for_one_more_level():
    names = ".".join(["a"] * 31)
    repository, client = service({})
    repository.write(Put(KEY, {"b": B}, condition=only_if(f"attribute_exists({names})")))
    with pytest.raises(UnacceptableItem, match="at most 31 levels"):
        repository.write(Put(KEY, {"b": B}, condition=only_if(f"attribute_exists({names}[0])")))
    assert len(client.calls) == 1


@given(
    st.lists(
        st.sampled_from(["a", "b.c", "c[1].d", "expires", "expires.a"]), min_size=2, max_size=4
    )
)
def test_paths_stay_different_inside_the_attribute(paths):
    text = " AND ".join(f"attribute_exists({path})" for path in paths)
    repository, client = service({})
    repository.write(Put(KEY, {"b": B}, condition=only_if(text)))
    condition = client.requests[0]["ConditionExpression"]
    inside = " AND ".join(f"attribute_exists(expires.{path})" for path in paths)
    assert condition.endswith(f"({inside})))".replace("(((", "(("))


@pytest.mark.parametrize(
    ("write", "body"),
    [
        (
            Put(KEY, {"b": B}, MUST_BE_ABSENT),
            '{"TableName":"items","ReturnValues":"ALL_OLD","Item":{"Id":{"N":"7"},'
            '"Name":{"S":"x"},"b":{"N":"2"},"_version":{"S":"t1"}},'
            '"ConditionExpression":"attribute_not_exists(#0)",'
            '"ReturnValuesOnConditionCheckFailure":"ALL_OLD",'
            '"ExpressionAttributeNames":{"#0":"Id"},"ReturnConsumedCapacity":"TOTAL"}',
        ),
        (
            Delete(KEY, condition=A_EXISTS),
            '{"TableName":"items","ReturnValues":"ALL_OLD","Key":{"Id":{"N":"7"},'
            '"Name":{"S":"x"}},"ConditionExpression":"(attribute_exists(#0.#1[0]))",'
            '"ReturnValuesOnConditionCheckFailure":"ALL_OLD",'
            '"ExpressionAttributeNames":{"#0":"a","#1":"b"},"ReturnConsumedCapacity":"TOTAL"}',
        ),
        (
            Update(KEY, Changes({"b": B})),
            '{"TableName":"items","ReturnValues":"ALL_NEW","Key":{"Id":{"N":"7"},'
            '"Name":{"S":"x"}},"UpdateExpression":"SET #1=:0,#2=:1",'
            '"ConditionExpression":"attribute_exists(#0)",'
            '"ReturnValuesOnConditionCheckFailure":"ALL_OLD",'
            '"ExpressionAttributeNames":{"#0":"Id","#1":"b","#2":"_version"},'
            '"ExpressionAttributeValues":{":0":{"N":"2"},":1":{"S":"t1"}},'
            '"ReturnConsumedCapacity":"TOTAL"}',
        ),
    ],
)
def test_without_the_setting_the_request_is_the_same_byte_for_byte(write, body):
    repository, client = service({}, time_to_live=TimeToLive(""))
    repository.write(write)
    assert request_body(client.calls[0][1]) == body.encode()


# Results


def test_an_expired_item_is_not_read():
    repository, _ = service({"Item": EXPIRED}, {"Item": LIVE})
    with pytest.raises(ItemNotFound, match="7 / x"):
        repository.get(KEY)
    assert repository.get(KEY) == Item(LIVE)


def test_an_expired_item_of_several_is_none():
    repository, _ = service({"Responses": [{"Item": EXPIRED}, {"Item": LIVE}]})
    assert repository.transactions.get([KEY, KEY]) == [None, Item(LIVE)]


@pytest.mark.parametrize(("replaced", "created"), [(EXPIRED, True), (LIVE, False)])
def test_a_put_over_an_expired_item_creates(replaced, created):
    repository, _ = service({"Attributes": replaced})
    assert repository.write(Put(KEY, {"b": B})).created is created


def test_a_deleted_item_that_had_expired_has_no_last_state():
    repository, _ = service({"Attributes": EXPIRED}, {"Attributes": LIVE})
    assert repository.write(Delete(KEY)).item is None
    assert repository.write(Delete(KEY)).item == Item(LIVE)


@pytest.mark.parametrize(
    ("write", "error"),
    [
        (Put(KEY, {"b": B}, EXISTS), PreconditionFailed),
        (Delete(KEY, EXISTS), PreconditionFailed),
        (Put(KEY, {"b": B}, condition=A_EXISTS), PreconditionFailed),
        (NativeUpdate(KEY, native("SET b = a"), EXISTS), PreconditionFailed),
        (NativeUpdate(KEY, native("REMOVE a", "attribute_exists(a)")), PreconditionFailed),
        (NativeUpdate(KEY, native("REMOVE a")), ItemNotFound),
        (Update(KEY, Changes({"b": B})), ItemNotFound),
    ],
)
@pytest.mark.parametrize("alone", [True, False])
def test_an_error_shows_nothing_of_an_expired_item(write, error, alone):
    found = condition_failed(EXPIRED) if alone else canceled(EXPIRED)
    repository, client = service(found)
    try:
        repository.write(write) if alone else repository.transactions.write([write])
    except OperationsRejected as rejection:
        ((_, raised),) = rejection.rejected
    except (PreconditionFailed, ItemNotFound) as single:
        raised = single
    assert type(raised) is error
    assert getattr(raised, "current", None) is None
    assert len(client.calls) == 1


def test_an_edit_of_an_expired_item_finds_nothing():
    repository, client = service({"Item": EXPIRED})
    with pytest.raises(ItemNotFound):
        repository.write(Edit(KEY, lambda seen: merge_changes(seen, {"b": "2"})))
    assert client.operations == ["GetItem"]


def test_an_item_that_its_own_write_made_expire_is_recognized():
    ours = item(b=2, expires=NOW, _version="t1")
    repository, _ = service(LOST, condition_failed(ours))
    assert repository.write(Update(KEY, Changes({"b": B}))).item == Item(ours)


def test_a_deletion_whose_response_was_lost_has_removed_what_has_expired():
    repository, _ = service(LOST, condition_failed(EXPIRED))
    assert repository.write(Delete(KEY, EXISTS)).item is None


# Native updates of an expired item

COUNT = NativeUpdate(KEY, native("SET b = a"))
OURS = item(b=2, _version="t2")


def test_a_native_update_deletes_the_expired_item_and_starts_afresh():
    repository, client = service(condition_failed(EXPIRED), {}, {"Attributes": OURS})
    assert repository.write(COUNT).item == Item(OURS)
    assert client.operations == ["UpdateItem", "DeleteItem", "UpdateItem"]
    assert client.requests[1] == {
        "TableName": "items",
        "Key": KEY.attributes,
        "ConditionExpression": HAS_EXPIRED,
        "ReturnConsumedCapacity": "TOTAL",
    }


def test_an_item_that_was_replaced_in_between_is_updated():
    repository, client = service(
        condition_failed(EXPIRED), condition_failed(LIVE), {"Attributes": OURS}
    )
    assert repository.write(COUNT).item == Item(OURS)
    assert client.operations == ["UpdateItem", "DeleteItem", "UpdateItem"]


def test_where_the_service_may_not_delete_an_expired_item_is_not_found():
    repository, client = service(condition_failed(EXPIRED), operations=WITHOUT_DELETE)
    with pytest.raises(ItemNotFound, match="expired"):
        repository.write(COUNT)
    assert client.operations == ["UpdateItem"]


def test_after_a_lost_response_the_outcome_of_a_native_update_is_unknown():
    repository, client = service(LOST, condition_failed(EXPIRED))
    with pytest.raises(OutcomeUnknown):
        repository.write(COUNT)
    assert client.operations == ["UpdateItem", "UpdateItem"]


def test_a_batch_deletes_the_expired_item_of_a_native_update():
    repository, client = service(canceled("None", EXPIRED), {}, {})
    other = Put(KEY, {"b": B})
    repository.transactions.write([other, COUNT])
    assert client.operations == ["TransactWriteItems", "DeleteItem", "TransactWriteItems"]


def test_a_batch_where_the_service_may_not_delete_names_the_operation():
    repository, client = service(canceled("None", EXPIRED), operations=WITHOUT_DELETE)
    with pytest.raises(OperationsRejected) as raised:
        repository.transactions.write([Put(KEY, {"b": B}), COUNT])
    ((index, error),) = raised.value.rejected
    assert index == 1
    assert type(error) is ItemNotFound
    assert client.operations == ["TransactWriteItems"]


# Requests with an Idempotency-Key


def responses(*items):
    return {"Responses": [{"Item": each} if each else {} for each in items]}


def test_a_request_with_a_key_deletes_the_expired_item_first():
    repository, client = service(responses(EXPIRED), {}, responses(None), {})
    written = repository.transactions.write_once(Put(KEY, {"b": B}, MUST_BE_ABSENT), ONCE)
    assert written.created
    assert client.operations == [
        *("TransactGetItems", "DeleteItem"),
        *("TransactGetItems", "TransactWriteItems"),
    ]
    same, plain = service(responses(None), {}, time_to_live=TimeToLive(""))
    same.transactions.write_once(Put(KEY, {"b": B}, MUST_BE_ABSENT), ONCE)
    assert client.calls[-1] == plain.calls[-1]


@pytest.mark.parametrize("moment", [0, 500])
def test_without_the_permission_to_delete_a_repeat_is_the_same_call(moment):
    later = TimeToLive("expires", lambda: NOW + moment)
    repository, client = service(
        responses(EXPIRED), {}, operations=WITHOUT_DELETE, time_to_live=later
    )
    repository.transactions.write_once(Put(KEY, {"b": B}, MUST_BE_ABSENT), ONCE)
    member = readable(client.calls[-1][1]["TransactItems"][0]["Put"])
    assert member["ConditionExpression"].startswith(ABSENT)


def test_an_expired_item_does_not_prove_that_its_request_was_carried_out():
    ours = item(b=2, expires=NOW, _version=ONCE.text)
    repository, client = service(responses(ours), {}, responses(None), {})
    repository.transactions.write_once(Put(KEY, {"b": B}), ONCE)
    assert client.operations[-1] == "TransactWriteItems"
