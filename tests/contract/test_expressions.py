"""Valid expressions on each engine: the service's form of them is valid too."""

import json
import re

import pytest

from tests.contract.conftest import NATIVE, TYPED, exact
from tests.expressions.bindings import ITEM, NAMES, VALUES
from tests.expressions.legal_conditions import FALSE_CONDITIONS, TRUE_CONDITIONS
from tests.expressions.legal_updates import LEGAL_UPDATES

# Valid expressions that an engine rejects or misreads; DynamoDB does not.
SIZE_OF_VALUES = {
    "size(:s) > :one",
    "size(:l) = :one",
    "size(:map) = :one",
    "size(:ss) = :one",
    "size(:b) <> :one",
}
ABSENT_PATHS = {"gone <> gone2", "NOT gone = gone2", "gone = gone2"}
GAPS = {
    "moto": {
        *SIZE_OF_VALUES,
        *ABSENT_PATHS,
        "SET fresh = if_not_exists(gone, if_not_exists(n, :one))",
        "SET fresh = if_not_exists(gone, if_not_exists(gone2, if_not_exists(gone3, :one)))",
        "SET fresh = if_not_exists(gone, (if_not_exists(gone2, (:n))))",
        "SET fresh = Id",
        "SET fresh = #Id + :one",
        "begins_with(b, :b)",
        "contains(b, :b)",
        "size(gone) <> :n",
        "n > :z",
        "s < :n",
        "n BETWEEN :s AND :z",
        "size(n) = :one",
        "size(gone) > :n",
    },
    "ministack": {
        *SIZE_OF_VALUES,
        *ABSENT_PATHS,
        "attribute_type(:n, :N)",
        "attribute_type(:s, :N)",
        "begins_with(:s, :empty)",
        "begins_with(n, :s)",
        "contains(b, :b)",
    },
}


def used(bindings, *texts):
    found = {token for text in texts for token in re.findall(r"[#:][A-Za-z0-9_]+", text)}
    return {name: value for name, value in bindings.items() if name in found}


def native(**expressions):
    return json.dumps(
        {
            **expressions,
            "ExpressionAttributeNames": used(NAMES, *expressions.values()),
            "ExpressionAttributeValues": used(VALUES, *expressions.values()),
        }
    )


def shortened(text: str) -> str:
    return text if len(text) < 60 else f"{text[:40]}…{len(text)}"


@pytest.fixture(scope="module")
def table(service):
    """Store the item that the expressions refer to, and return its path."""
    path = "/items/7/expressions"
    service.put(path, headers=TYPED, data=json.dumps(ITEM))

    def put(text):
        if text in GAPS.get(service.engine.name, ()):
            pytest.skip("the engine has a gap here")
        assert service.put(path, headers=TYPED, data=json.dumps(ITEM)).status_code == 200
        return path

    return put


@pytest.mark.parametrize("text", LEGAL_UPDATES, ids=shortened)
def test_a_legal_update_is_applied(service, table, text):
    response = service.patch(table(text), headers=NATIVE, data=native(UpdateExpression=text))
    assert response.status_code == 200, response.data


@pytest.mark.parametrize("text", TRUE_CONDITIONS, ids=shortened)
def test_a_condition_holds(service, table, text):
    body = native(UpdateExpression="SET done = :n", ConditionExpression=text)
    response = service.patch(table(text), headers=NATIVE, data=body)
    assert response.status_code == 200, response.data
    assert exact(response)["done"] == 5


@pytest.mark.parametrize("text", FALSE_CONDITIONS, ids=shortened)
def test_a_condition_fails(service, table, text):
    body = native(UpdateExpression="SET done = :n", ConditionExpression=text)
    response = service.patch(table(text), headers=NATIVE, data=body)
    assert response.status_code == 412, response.data
