"""The doctor's checks of indexes, on an engine that enforces IAM, with a role's credentials.

moto does not compare the type of an index's key with the query's: tests/unit/test_doctor_checks.py
has what DynamoDB responds.
"""

import pytest
from dynamodb_items.config.values import indexes
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation
from dynamodb_items_deploy.planning.documents import policy_document

from tests.engines import client_for, enforce
from tests.listed_table import LISTED, create_listed_table

QUERY = DEFAULT_OPERATIONS | {Operation.QUERY}


@pytest.fixture(scope="module")
def listed(enforcing_engine):
    """Create the table."""
    enforce(enforcing_engine, False)
    create_listed_table(client_for(enforcing_engine))


@pytest.fixture
def doctor_of(listed, on_instance, run):
    """Run the doctor with a policy and with settings that name these indexes."""
    del listed

    def doctor_of(allowed, declared, operations=QUERY, document=None):
        on_instance(document or policy_document(LISTED, operations, indexes(allowed)))
        with pytest.MonkeyPatch.context() as variables:
            variables.setenv("ITEMS_TABLE", "listed")
            variables.setenv("ITEMS_OPERATIONS", ",".join(operations))
            variables.setenv("ITEMS_INDEXES", declared)
            return run("doctor")

    return doctor_of


ALL_INDEXES = "by-email=Email:S,by-status=Status:S+At:N/partial,by-at=Id:N+At:N"


def test_indexes_that_are_declared_as_they_are_pass(doctor_of):
    ran = doctor_of(ALL_INDEXES, ALL_INDEXES)
    assert ran.status == 0, ran.out
    for name in ("by-email", "by-status", "by-at"):
        assert f"ok   Query on listed, index {name}: allowed\n" in ran.out
    assert "ok   another index: denied, as expected\n" in ran.out
    assert "partial" not in ran.out


def test_without_indexes_only_another_index_is_checked(doctor_of):
    ran = doctor_of("", "", DEFAULT_OPERATIONS)
    assert ran.status == 0, ran.out
    assert [line for line in ran.out.splitlines() if "index" in line] == [
        "ok   another index: denied, as expected"
    ]


INVALID_INDEXES = {
    "by-status=Status:S+At:N": (
        "allowed, but the index does not contain all attributes",
        "Add /partial after its keys",
    ),
    "by-email=Mail:S": ("the index has a different key schema", "Set the keys in --indexes"),
    "by-status=Status:S+Name:S/partial": (
        "the index has a different key schema",
        "Set the keys in --indexes",
    ),
    "by-name=Name:S": ("the table has no index of this name", "Check the names in --indexes"),
}


@pytest.mark.parametrize("declared", INVALID_INDEXES)
def test_an_index_that_is_not_as_declared_is_found(doctor_of, declared):
    found, advice = INVALID_INDEXES[declared]
    ran = doctor_of(declared, declared)
    assert ran.status == 1
    name = declared.partition("=")[0]
    lines = ran.out.splitlines()
    line = lines.index(f"FAIL Query on listed, index {name}: {found}")
    assert advice in lines[line + 1]


@pytest.mark.parametrize("declared", ["by-email=Email:S/partial", "by-at=Id:N+At:N/partial"])
def test_partial_that_is_not_needed_gets_advice(doctor_of, declared):
    ran = doctor_of(declared, declared)
    assert ran.status == 0, ran.out
    assert "so /partial is not needed in ITEMS_INDEXES" in ran.out


def test_an_index_that_the_policy_does_not_name_is_found(doctor_of):
    ran = doctor_of("by-email=Email:S", ALL_INDEXES)
    failed = [line for line in ran.out.splitlines() if line.startswith("FAIL")]
    assert failed == [
        "FAIL Query on listed, index by-status: denied",
        "FAIL Query on listed, index by-at: denied",
    ]
    assert ran.out.count("Run items-deploy apply") == 2


def test_a_policy_that_allows_more_of_indexes_is_found(doctor_of):
    wide = policy_document(LISTED, QUERY, indexes("by-email=Email:S"))
    wide["Statement"][1]["Action"] = ["dynamodb:Query", "dynamodb:Scan"]
    assert (
        "FAIL Query on listed, index by-email: allowed, and Scan as well"
        in doctor_of("", "by-email=Email:S", document=wide).out
    )
    wide["Statement"][1]["Resource"] = f"{LISTED}/index/*"
    wide["Statement"][1]["Action"] = "dynamodb:Query"
    for operations, declared in ((QUERY, "by-email=Email:S"), (DEFAULT_OPERATIONS, "")):
        ran = doctor_of("", declared, operations, document=wide)
        assert "FAIL another index: can be queried as well" in ran.out
        assert "FAIL Query on listed, index" not in ran.out
