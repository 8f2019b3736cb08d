"""What the doctor concludes from DynamoDB's responses, without an account."""

import pytest
from botocore.exceptions import ClientError
from dynamodb_items.domain.operations import Operation
from dynamodb_items_deploy import doctor

KEYS = doctor.Keys("Id:N", "Name:S")


class Account:
    """Fails every call with one error code, and keeps the calls."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.calls = []

    def read(self, service: str, method: str, **parameters):
        self.calls.append((service, method, parameters))
        raise ClientError({"Error": {"Code": self.code}}, method)


@pytest.mark.parametrize(
    ("code", "outcome"),
    [("TransactionCanceledException", "allowed"), ("AccessDeniedException", "denied")],
)
def test_a_condition_check_is_tried_in_a_transaction_that_cannot_succeed(code, outcome):
    account = Account(code)
    assert doctor._try(account, "t", KEYS, Operation.CONDITION_CHECK_ITEM) == outcome  # noqa: SLF001
    ((service, method, parameters),) = account.calls
    assert (service, method) == ("dynamodb", "transact_write_items")
    check = {
        "TableName": "t",
        "Key": KEYS.reserved,
        "ConditionExpression": "attribute_exists(#key) AND attribute_not_exists(#key)",
        "ExpressionAttributeNames": {"#key": "Id"},
    }
    assert parameters == {"TransactItems": [{"ConditionCheck": check}]}
