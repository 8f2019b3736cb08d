"""Each kind of write under each precondition: the calls it becomes, and their conditions."""

import pytest
from dynamodb_items.domain.changes import Changes
from dynamodb_items.domain.errors import (
    ItemNotFound,
    ItemTooLarge,
    OperationsRejected,
    PreconditionFailed,
    UnacceptableItem,
)
from dynamodb_items.domain.items import Item
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation
from dynamodb_items.domain.preconditions import Precondition
from dynamodb_items.expressions.native_update import native_condition, native_expressions
from dynamodb_items.formats.merge_patch import PatchResult, merge_changes
from dynamodb_items.storage.write_commands import Check, Delete, Edit, NativeUpdate, Put, Update

from tests.unit.fakes import ALL_OPERATIONS, KEY, ScriptedClient, item, readable, repository_of

pytestmark = pytest.mark.usefixtures("tokens")

OWN = ("_version", "_version_log")
# The item as stored, with and without a version attribute.
STORED = {"_version": item(a=1, _version="old"), "": item(a=1)}
B = {"N": "2"}
MANY = {f"m{number}": B for number in range(251)}

EXISTS, ABSENT = "attribute_exists(Id)", "attribute_not_exists(Id)"
AS_READ = {"_version": {"_version='old'"}, "": {"Id=7", "Name='x'", "a=1"}}
NOT_THIS_REQUEST = "(attribute_not_exists(_version) OR NOT begins_with(_version,'t1'))"
NOT_LOGGED = "NOT contains(_version_log,'t1')"


def native(update=None, condition=None):
    body = {"UpdateExpression": update, "ConditionExpression": condition}
    body = {name: text for name, text in body.items() if text is not None}
    return native_expressions(body, KEY.attributes, OWN)


A_IS_1 = native_condition(
    {"ConditionExpression": "a = :a", "ExpressionAttributeValues": {":a": {"N": "1"}}},
    KEY.attributes,
)


def edit(patch, precondition):
    return Edit(KEY, lambda stored: merge_changes(stored, patch), precondition)


WRITES = {
    "put": lambda when: Put(KEY, {"b": B}, when),
    "put if": lambda when: Put(KEY, {"b": B}, when, A_IS_1),
    "update": lambda when: Update(KEY, Changes({"b": B}, ("a",)), when),
    "many changes": lambda when: Update(KEY, Changes(MANY), when),
    "edit": lambda when: edit({"b": "2", "a": None}, when),
    "edit from all": lambda when: Edit(KEY, lambda _: PatchResult(Changes({"b": B}), None), when),
    "edit from c": lambda when: Edit(
        KEY, lambda _: PatchResult(Changes({"b": B}), frozenset({"c"})), when
    ),
    "edit nothing": lambda when: edit({"missing": None}, when),
    "native": lambda when: NativeUpdate(KEY, native("SET b = a"), when),
    "native if": lambda when: NativeUpdate(KEY, native("SET b = a", "attribute_exists(a)"), when),
    "native removes": lambda when: NativeUpdate(KEY, native("REMOVE a"), when),
    "native empty": lambda when: NativeUpdate(KEY, native(), when),
    "delete": lambda when: Delete(KEY, when),
    "delete if": lambda when: Delete(KEY, when, A_IS_1),
    "check": lambda when: Check(KEY, when, A_IS_1),
}
PRECONDITIONS = {
    "none": lambda _etag: Precondition(),
    "exists": lambda _etag: Precondition.must_exist(),
    "absent": lambda _etag: Precondition.must_be_absent(),
    "match": lambda etag: Precondition(if_match=frozenset({etag})),
    "none match": lambda _etag: Precondition(if_none_match=frozenset({"other"})),
    "stale": lambda _etag: Precondition(if_match=frozenset({"other"})),
    "none match, but it does": lambda etag: Precondition(if_none_match=frozenset({etag})),
}
READS_FIRST = ("match", "none match", "stale", "none match, but it does")
REJECTED = ("stale", "none match, but it does")


def write_of(kind, precondition, version):
    etag = Item(STORED[version]).fingerprint
    return WRITES[kind](PRECONDITIONS[precondition](etag))


def carried_out(write, stored, *, version="_version", alone=True, operations=ALL_OPERATIONS):
    """The result of a write, and the client that it was carried out with."""

    def respond(parameters):
        if "Key" in parameters and "ConsistentRead" in parameters:
            return {"Item": stored} if stored else {}
        if "Get" in parameters.get("TransactItems", [{}])[0]:
            return {"Responses": [{"Item": stored} if stored else {}]}
        return {}

    client = ScriptedClient(*[respond] * 2)
    repository = repository_of(client, version, operations)
    try:
        result = repository.write(write) if alone else repository.transactions.write([write])[0]
    except OperationsRejected as error:
        ((_, result),) = error.rejected
    except (ItemNotFound, PreconditionFailed, UnacceptableItem, ItemTooLarge) as error:
        result = error
    return result, client


def member_of(client):
    """The parameters of the write, alone or the only one of its transaction."""
    _, parameters = client.calls[-1]
    if "TransactItems" in parameters:
        ((operation, parameters),) = parameters["TransactItems"][0].items()
        assert len(client.calls[-1][1]["TransactItems"]) == 1
        return operation, readable(parameters)
    return client.operations[-1], readable(parameters)


def conditions_of(request):
    """The conditions that all have to hold."""
    condition = request.get("ConditionExpression", "")
    has_condition = "ReturnValuesOnConditionCheckFailure" in request
    assert has_condition == bool(condition), "the item that was found is returned"
    parts, depth, start = [], 0, 0
    for at, character in enumerate(condition):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0 and condition.startswith(" AND ", at):
            parts.append(condition[start:at])
            start = at + len(" AND ")
    return {*parts, condition[start:]} - {""}


# The condition of the write itself, the one that stands in for a missing precondition.
OWN_CONDITIONS = {
    "put": set(),
    "put if": {"(a=1)"},
    "native": set(),
    "native if": {"(attribute_exists(a))"},
    "native removes": {EXISTS},
    "native empty": set(),
    "delete": set(),
    "delete if": {"(a=1)"},
    "check": {"(a=1)"},
}
OF_PRECONDITION = {"none": set(), "exists": {EXISTS}, "absent": {ABSENT}}
CASES = [
    (kind, precondition, version, alone)
    for kind in OWN_CONDITIONS
    for precondition in PRECONDITIONS
    for version in ("_version", "")
    for alone in (True, False)
    if not (kind == "check" and alone)
]


@pytest.mark.parametrize(("kind", "precondition", "version", "alone"), CASES)
def test_the_precondition_is_part_of_the_condition_of_the_write(kind, precondition, version, alone):
    write = write_of(kind, precondition, version)
    result, client = carried_out(write, STORED[version], version=version, alone=alone)
    read = ["GetItem" if alone else "TransactGetItems"] * (precondition in READS_FIRST)
    if precondition in REJECTED:
        assert isinstance(result, PreconditionFailed)
        assert result.current == STORED[version]
        assert client.operations == read
        return
    if kind == "native empty" and not version and not alone:
        assert isinstance(result, UnacceptableItem)
        assert client.operations == read
        return
    expected = OWN_CONDITIONS[kind] | OF_PRECONDITION.get(precondition, AS_READ[version])
    if kind == "native removes" and precondition in READS_FIRST:
        expected -= {EXISTS}  # the item has been read: it exists
    if version and kind.startswith("native") and alone:
        expected |= {NOT_LOGGED}
    if version and not alone and not kind.startswith(("delete", "check")):
        expected |= {NOT_THIS_REQUEST}
    _, request = member_of(client)
    assert conditions_of(request) == expected
    assert len(client.calls) == len(read) + 1


# Without a precondition an edit rests on what it reads; where that is not known, on everything.
OF_EDIT = {
    "update": {EXISTS},
    "edit": {EXISTS, "a=1", "attribute_not_exists(b)"},
    "edit from c": {EXISTS, "attribute_not_exists(b)", "attribute_not_exists(c)"},
}


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("version", ["_version", ""])
@pytest.mark.parametrize("precondition", PRECONDITIONS)
@pytest.mark.parametrize("kind", ["update", "edit", "edit from c", "edit from all", "many changes"])
def test_an_edit_rests_on_what_it_has_looked_at(kind, precondition, version, alone):
    write = write_of(kind, precondition, version)
    result, client = carried_out(write, STORED[version], version=version, alone=alone)
    if precondition in (*REJECTED, "absent"):
        assert isinstance(result, PreconditionFailed)
        assert client.operations == ["GetItem" if alone else "TransactGetItems"]
        return
    rests_on_tags = precondition in READS_FIRST
    expected = AS_READ[version] if rests_on_tags else OF_EDIT.get(kind, AS_READ[version])
    if kind == "many changes":
        expected = expected | {"a=1"}  # which the replacement writes again
    if version and not alone:
        expected = expected | {NOT_THIS_REQUEST}
    member, request = member_of(client)
    assert conditions_of(request) == expected
    is_put = kind == "many changes"
    assert member == ("Put" if is_put else "Update") + ("Item" if alone else "")
    assert len(client.calls) == (1 if kind == "update" and not rests_on_tags else 2)


@pytest.mark.parametrize(
    ("kind", "update"),
    [
        ("update", "SET b=2,_version='t1' REMOVE a"),
        ("edit", "SET b='2',_version='t1' REMOVE a"),
        ("native removes", "SET _version='t1' REMOVE a"),
    ],
)
def test_an_update_stamps_its_token(kind, update):
    _, client = carried_out(
        write_of(kind, "none", "_version"), STORED["_version"], alone=kind != "native removes"
    )
    assert member_of(client)[1]["UpdateExpression"] == update


def test_a_native_update_alone_logs_its_token_too():
    _, client = carried_out(write_of("native", "none", "_version"), None)
    assert member_of(client)[1]["UpdateExpression"] == (
        "SET b=a,_version='t1',_version_log=list_append(['t1'],if_not_exists(_version_log,[]))"
    )


@pytest.mark.parametrize(
    ("version", "stored", "attributes"),
    [
        ("_version", None, {"b": B, "_version": {"S": "t1"}}),
        ("_version", item(_version_log=["t0"]), {"b": B, "_version": {"S": "t1"}}),
        ("", None, {"b": B}),
    ],
)
def test_a_put_writes_the_key_the_attributes_and_the_token(version, stored, attributes):
    result, client = carried_out(Put(KEY, {"b": B}), stored, version=version)
    assert member_of(client)[1]["Item"] == {**KEY.attributes, **attributes}
    assert result.item == Item({**KEY.attributes, **attributes})


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("version", ["_version", ""])
def test_a_put_rests_on_the_values_that_it_keeps(version, alone):
    def completed(attributes, read):
        return {**attributes, "a": read.attributes["a"]}

    write = Put(KEY, {"b": B}, completed=completed, kept=frozenset({"a", "c"}))
    _, client = carried_out(write, STORED[version], version=version, alone=alone)
    expected = {*AS_READ[version], "a=1", "attribute_not_exists(c)"}
    if version and not alone:
        expected.add(NOT_THIS_REQUEST)
    assert conditions_of(member_of(client)[1]) == expected


def test_a_put_that_keeps_too_many_attributes_for_a_condition_rests_on_the_version():
    kept = frozenset(MANY) | {f"n{number}" for number in range(100)}
    write = Put(KEY, {"b": B}, completed=lambda attributes, _read: attributes, kept=kept)
    _, client = carried_out(write, STORED["_version"])
    assert conditions_of(member_of(client)[1]) == AS_READ["_version"]


def test_a_put_of_an_item_that_was_read_keeps_its_log():
    stored = item(_version="old", _version_log=["t0"])
    when = Precondition(if_match=frozenset({Item(stored).fingerprint}))
    _, client = carried_out(Put(KEY, {"b": B}, when), stored)
    assert member_of(client)[1]["Item"]["_version_log"] == {"L": [{"S": "t0"}]}


@pytest.mark.parametrize(
    ("is_edited", "tags"), [(True, {"SS": ["x"]}), (False, {"L": [{"S": "x"}]})]
)
def test_only_an_edited_item_keeps_the_stored_types(is_edited, tags):
    stored = item(tags={"SS": ["x"]}, _version="old")
    when = Precondition(if_match=frozenset({Item(stored).fingerprint}))
    write = Put(KEY, {"tags": {"L": [{"S": "x"}]}}, when, is_edited=is_edited)
    _, client = carried_out(write, stored)
    assert member_of(client)[1]["Item"]["tags"] == tags


def test_an_update_with_tags_keeps_the_stored_types():
    stored = item(photo={"B": b"hi"}, _version="old")
    when = Precondition(if_match=frozenset({Item(stored).fingerprint}))
    _, client = carried_out(Update(KEY, Changes({"photo": {"S": "aGk="}, "b": B}), when), stored)
    assert member_of(client)[1]["UpdateExpression"] == "SET photo=b'hi',b=2,_version='t1'"


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("kind", ["edit", "edit from all", "edit nothing", "many changes"])
def test_an_edit_of_an_absent_item_finds_nothing(kind, alone):
    result, client = carried_out(write_of(kind, "none", "_version"), None, alone=alone)
    assert isinstance(result, ItemNotFound)
    assert len(client.calls) == 1


@pytest.mark.parametrize("kind", ["put", "native", "native removes", "delete", "edit"])
def test_if_match_of_an_absent_item_fails(kind):
    result, client = carried_out(write_of(kind, "match", "_version"), None)
    assert isinstance(result, PreconditionFailed)
    assert result.current is None
    assert client.operations == ["GetItem"]


@pytest.mark.parametrize("kind", ["put", "native", "delete"])
def test_if_none_match_of_an_absent_item_requires_that_it_stays_absent(kind):
    _, client = carried_out(write_of(kind, "none match", "_version"), None)
    assert ABSENT in conditions_of(member_of(client)[1])


def test_a_removal_if_none_match_of_an_absent_item_finds_nothing():
    result, client = carried_out(write_of("native removes", "none match", "_version"), None)
    assert isinstance(result, ItemNotFound)
    assert client.operations == ["GetItem"]


@pytest.mark.parametrize(
    ("version", "alone", "calls"),
    [("_version", True, 1), ("_version", False, 2), ("", True, 1), ("", False, 1)],
)
def test_an_edit_of_nothing_writes_only_where_others_rest_on_it(version, alone, calls):
    write = write_of("edit nothing", "none", version)
    result, client = carried_out(write, STORED[version], version=version, alone=alone)
    assert len(client.calls) == calls
    if calls == 2:
        assert member_of(client)[1]["UpdateExpression"] == "SET _version='t1'"
    else:
        assert result.item == Item(STORED[version])


def test_many_changes_replace_the_item_and_keep_what_they_do_not_change():
    stored = item(a=1, _version="old", _version_log=["t0"])
    _, client = carried_out(write_of("many changes", "none", "_version"), stored)
    assert member_of(client)[1]["Item"] == {**stored, **MANY, "_version": {"S": "t1"}}


@pytest.mark.parametrize("alone", [True, False])
def test_many_changes_rest_on_each_attribute_that_they_keep(alone):
    stored = item(a=1, m1=1, _version="old", _version_log=["t0"])
    _, client = carried_out(write_of("many changes", "none", "_version"), stored, alone=alone)
    expected = {"_version='old'", "_version_log=['t0']", "a=1"}
    expected |= set() if alone else {NOT_THIS_REQUEST}
    assert conditions_of(member_of(client)[1]) == expected


@pytest.mark.parametrize("version", ["_version", ""])
@pytest.mark.parametrize(("kept", "is_stored"), [(140, True), (160, False)])
def test_many_changes_are_rejected_where_not_all_that_they_keep_can_be_compared(
    version, kept, is_stored
):
    own = {"_version": "old"} if version else {}
    stored = item(**own, **{f"a{number}": number for number in range(kept)})
    result, client = carried_out(write_of("many changes", "none", version), stored, version=version)
    assert client.operations == ["GetItem", *["PutItem"] * is_stored]
    if not is_stored:
        assert isinstance(result, UnacceptableItem)
        assert result.detail == (
            "A patch of more than 250 attributes replaces the item, which has too many attributes "
            "to compare in one condition. Send it in parts."
        )


def test_a_patch_in_parts_keeps_any_number_of_attributes():
    stored = item(_version="old", **{f"a{number}": number for number in range(400)})
    part = dict(list(MANY.items())[:250])
    _, client = carried_out(Update(KEY, Changes(part)), stored)
    assert client.operations == ["UpdateItem"]


def test_many_changes_need_the_operation_put_item():
    result, client = carried_out(
        write_of("many changes", "none", "_version"),
        STORED["_version"],
        operations=DEFAULT_OPERATIONS - {Operation.PUT_ITEM},
    )
    assert isinstance(result, UnacceptableItem)
    assert client.operations == ["GetItem"]


def test_an_edit_that_looks_at_too_much_rests_on_the_version():
    stored = item(_version="old", **{f"a{number}": number for number in range(400)})
    depends_on = frozenset(stored) - {"Id", "Name"}
    write = Edit(KEY, lambda _: PatchResult(Changes({"b": B}), depends_on))
    _, client = carried_out(write, stored)
    assert conditions_of(member_of(client)[1]) == {"_version='old'"}


def test_too_many_attributes_to_compare_without_a_version_are_rejected():
    stored = item(**{f"a{number}": number for number in range(400)})
    when = Precondition(if_match=frozenset({Item(stored).fingerprint}))
    result, _ = carried_out(Put(KEY, {"b": B}, when), stored)
    assert isinstance(result, UnacceptableItem)
    assert "too many attributes to compare" in result.detail


def test_an_item_without_a_version_must_still_have_none():
    stored = item(a=1)
    when = Precondition(if_match=frozenset({Item(stored).fingerprint}))
    _, client = carried_out(Delete(KEY, when), stored)
    assert conditions_of(member_of(client)[1]) == AS_READ[""] | {"attribute_not_exists(_version)"}


LARGE = {"S": "x" * 400 * 1024}


@pytest.mark.parametrize(
    ("write", "operations"),
    [
        (Put(KEY, {"b": LARGE}), []),
        (Edit(KEY, lambda _: PatchResult(Changes({"b": LARGE}))), ["GetItem"]),
        (Update(KEY, Changes({**MANY, "b": LARGE})), ["GetItem"]),
    ],
    ids=["put", "edit", "update"],
)
def test_an_item_over_400_kb_is_rejected_before_it_is_written(write, operations):
    result, client = carried_out(write, STORED["_version"])
    assert isinstance(result, ItemTooLarge)
    assert client.operations == operations


def test_planning_changes_nothing_that_it_is_given():
    attributes, stored = {"b": B}, item(tags={"SS": ["x"]}, _version="old")
    when = Precondition(if_match=frozenset({Item(stored).fingerprint}))
    carried_out(Put(KEY, attributes, when, is_edited=True), stored)
    carried_out(edit({"tags": None, "b": "2"}, when), stored)
    assert attributes == {"b": B}
    assert stored == item(tags={"SS": ["x"]}, _version="old")
