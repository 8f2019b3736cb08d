"""Which writes depend on stored values, and so require the read scope as well."""

import json

import pytest
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.preconditions import NO_PRECONDITION, Precondition
from dynamodb_items.formats.strict_json import parse_json
from dynamodb_items.storage.write_commands import Check, Delete, Put, depends_on_values
from dynamodb_items.web.media_types import PatchForm
from dynamodb_items.web.request.write_bodies import WriteBody

from tests.unit.fakes import KEY

ETAG = frozenset({"0" * 32})
EXISTENCE = [NO_PRECONDITION, Precondition.must_exist(), Precondition.must_be_absent()]
CONTENT = [Precondition(if_match=ETAG), Precondition(if_none_match=ETAG)]
VALUE = {":v": {"N": "1"}}


def patch(body, form, precondition=NO_PRECONDITION):
    value = parse_json(json.dumps(body).encode())
    return WriteBody(value, KEY, precondition, Settings()).patch(form)


@pytest.mark.parametrize("precondition", EXISTENCE)
def test_the_existence_of_an_item_is_not_a_value(precondition):
    assert not depends_on_values(Put(KEY, {}, precondition))
    assert not depends_on_values(Delete(KEY, precondition))
    assert not depends_on_values(patch({"A": 1}, PatchForm.MERGE, precondition))
    assert not depends_on_values(patch({"A": {"b": 1}}, PatchForm.MERGE, precondition))


@pytest.mark.parametrize("precondition", CONTENT)
def test_an_entity_tag_depends_on_values(precondition):
    assert depends_on_values(Put(KEY, {}, precondition))
    assert depends_on_values(Delete(KEY, precondition))
    assert depends_on_values(patch({"A": 1}, PatchForm.MERGE, precondition))
    update = {"UpdateExpression": "REMOVE A"}
    assert depends_on_values(patch(update, PatchForm.NATIVE, precondition))


@pytest.mark.parametrize(
    ("precondition", "depends"), list(zip(EXISTENCE, [True, True, False], strict=True))
)
def test_a_put_that_keeps_stored_values_depends_on_them(precondition, depends):
    write = Put(KEY, {}, precondition, completed=lambda attributes, _read: attributes)
    assert depends_on_values(write) is depends


def test_a_condition_and_a_check_depend_on_values():
    assert depends_on_values(Put(KEY, {}, condition=("a",)))
    assert depends_on_values(Delete(KEY, condition=("a",)))
    assert depends_on_values(Check(KEY, Precondition.must_exist()))


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/A", "value": 1},
        {"op": "remove", "path": "/A"},
        {"op": "copy", "from": "/A", "path": "/B"},
        {"op": "add", "path": "/A/b", "value": 1},
    ],
    ids=lambda operation: operation["op"],
)
def test_a_json_patch_depends_on_values(operation):
    assert depends_on_values(patch([operation], PatchForm.JSON_PATCH))


@pytest.mark.parametrize(
    ("update", "depends"),
    [
        ("SET A = :v", False),
        ("SET A = (:v)", False),
        ("SET A = :v, B = :v REMOVE C", False),
        ("REMOVE A, B", False),
        ("SET A.b = :v", True),
        ("SET A[0] = :v", True),
        ("REMOVE A.b", True),
        ("REMOVE A[1]", True),
        ("SET A = B", True),
        ("SET A = A + :v", True),
        ("SET A = :v - :v", True),
        ("SET A = if_not_exists(A, :v)", True),
        ("SET A = :v, B = C", True),
        ("ADD A :v", True),
        ("SET B = :v ADD A :v", True),
    ],
)
def test_an_update_depends_on_values_unless_it_only_sets_given_ones(update, depends):
    values = {"ExpressionAttributeValues": VALUE} if ":v" in update else {}
    write = patch({"UpdateExpression": update, **values}, PatchForm.NATIVE)
    assert depends_on_values(write) is depends


def test_an_update_with_a_condition_depends_on_values():
    body = {"UpdateExpression": "REMOVE A", "ConditionExpression": "attribute_exists(B)"}
    assert depends_on_values(patch(body, PatchForm.NATIVE))
