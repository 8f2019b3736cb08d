"""The list of DynamoDB operations that routes, OpenAPI document and policy follow."""

import enum
from typing import TypeAlias


class Operation(enum.StrEnum):
    """A DynamoDB operation that this service performs; the policy grants exactly these.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
    """

    GET_ITEM = "GetItem"
    PUT_ITEM = "PutItem"
    UPDATE_ITEM = "UpdateItem"
    DELETE_ITEM = "DeleteItem"
    QUERY = "Query"
    SCAN = "Scan"
    CONDITION_CHECK_ITEM = "ConditionCheckItem"
    """The ConditionCheck of a TransactWriteItems, which has an IAM action but no API call.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    """

    @property
    def iam_action(self) -> str:
        """The action as an IAM policy names it, such as ``dynamodb:GetItem``."""
        return f"dynamodb:{self}"

    @property
    def is_write(self) -> bool:
        """Whether it changes items, so that a lost response leaves the outcome unknown."""
        return self is not Operation.GET_ITEM and not self.is_list

    @property
    def is_list(self) -> bool:
        """Whether it returns items, page by page."""
        return self in (Operation.QUERY, Operation.SCAN)


DEFAULT_OPERATIONS = frozenset(
    {Operation.GET_ITEM, Operation.PUT_ITEM, Operation.UPDATE_ITEM, Operation.DELETE_ITEM}
)
"""The operations of a deployment without ``ITEMS_OPERATIONS``."""


def parse_operations(text: str) -> frozenset[Operation]:
    """Return the operations of a comma-separated list.

    Raises:
        ValueError: the list is not valid; the message completes "ITEMS_OPERATIONS …".
    """
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in list(Operation)]
    if unknown:
        raise ValueError(
            f"must be a comma-separated list of {', '.join(Operation)}; unknown: "
            f"{', '.join(unknown)}"
        )
    if Operation.GET_ITEM not in names:
        raise ValueError("must include GetItem: the readiness probe and preconditions read")
    return frozenset(Operation(name) for name in names)


def format_operations(operations: frozenset[Operation]) -> str:
    """Return operations as the text that ``parse_operations`` reads."""
    return ",".join(each for each in Operation if each in operations)


class Transaction(enum.StrEnum):
    """A call that carries out several operations, all or none.

    It has no IAM action of its own: each operation in it is authorized like a single call.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    """

    GET_ITEMS = "TransactGetItems"
    WRITE_ITEMS = "TransactWriteItems"

    @property
    def is_write(self) -> bool:
        """Whether a lost response leaves the outcome unknown."""
        return self is Transaction.WRITE_ITEMS

    @property
    def is_list(self) -> bool:
        """Whether it returns items, page by page."""
        return False


ApiCall: TypeAlias = Operation | Transaction
"""What one request to DynamoDB carries out."""

CALLS: tuple[ApiCall, ...] = (
    *(operation for operation in Operation if operation is not Operation.CONDITION_CHECK_ITEM),
    *Transaction,
)
"""Everything that is an API call."""
