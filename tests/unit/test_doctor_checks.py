"""What the doctor concludes from DynamoDB's responses, without an account."""

import pytest
from botocore.exceptions import ClientError
from dynamodb_items.config.values import indexes
from dynamodb_items.domain.operations import Operation
from dynamodb_items_deploy import doctor
from dynamodb_items_deploy.checks import Check
from dynamodb_items_deploy.index_checks import examine_indexes

KEYS = doctor.Keys("Id:N", "Name:S")


class Account:
    """Fails every call with one error, and keeps the calls."""

    def __init__(self, code: str, message: str = "") -> None:
        self.error = {"Code": code, "Message": message}
        self.calls = []

    def read(self, service: str, method: str, **parameters):
        self.calls.append((service, method, parameters))
        raise ClientError({"Error": self.error}, method)


@pytest.mark.parametrize(
    ("code", "allowed"),
    [("TransactionCanceledException", True), ("AccessDeniedException", False)],
)
def test_a_condition_check_is_tried_in_a_transaction_that_cannot_succeed(code, allowed):
    account = Account(code)
    operation = Operation.CONDITION_CHECK_ITEM
    assert doctor._is_allowed(account, "t", KEYS, operation) is allowed  # noqa: SLF001
    ((service, method, parameters),) = account.calls
    assert (service, method) == ("dynamodb", "transact_write_items")
    check = {
        "TableName": "t",
        "Key": KEYS.reserved,
        "ConditionExpression": "attribute_exists(#key) AND attribute_not_exists(#key)",
        "ExpressionAttributeNames": {"#key": "Id"},
    }
    assert parameters == {"TransactItems": [{"ConditionCheck": check}]}


NOT_WHOLE = (
    "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for "
    "global secondary index by-status because its projection type is not ALL"
)
PARTIAL = "allowed, but the index does not contain all attributes"
ABSENT = "the table has no index of this name"
OTHER_KEYS = "the index has a different key schema"


@pytest.mark.parametrize(
    ("message", "found"),
    [
        (NOT_WHOLE, PARTIAL),
        ("The table does not have the specified index: by-status", ABSENT),
        (
            "Cannot read from backfilling global secondary index: by-status",
            "the index is being created",
        ),
        ("Query condition missed key schema element: Mail", OTHER_KEYS),
        (
            "One or more parameter values were invalid: Condition parameter type does not match "
            "schema type",
            OTHER_KEYS,
        ),
    ],
)
def test_dynamodbs_reasons_for_rejecting_the_query_of_an_index(message, found):
    account = Account("ValidationException", message)
    declared = indexes("by-status=Status:S+At:N")
    check, other = examine_indexes(account, "t", {"Id": "N"}, declared)
    assert (check.name, check.found) == ("Query on t, index by-status", found)
    assert not check.is_well
    assert check.advice
    assert (other.name, other.found) == ("another index", "can be queried as well")
    (service, method, parameters), *_ = account.calls
    assert (service, method) == ("dynamodb", "query")
    assert parameters == {
        "TableName": "t",
        "IndexName": "by-status",
        "KeyConditionExpression": "#k0 = :v0 AND #k1 = :v1",
        "ExpressionAttributeNames": {"#k0": "Status", "#k1": "At"},
        "ExpressionAttributeValues": {":v0": {"S": "_doctor"}, ":v1": {"N": "0"}},
        "Select": "ALL_ATTRIBUTES",
        "Limit": 1,
    }


def test_a_failure_for_another_reason_is_explained():
    account = Account("ThrottlingException", "Rate exceeded")
    for check in examine_indexes(account, "t", {"Id": "N"}, indexes("by-status=Status:S")):
        assert isinstance(check, Check)
        assert not check.is_well
        assert "throttled" in check.found
