"""The one list of DynamoDB operations: routes, OpenAPI document and policy follow it."""

import enum


class Operation(enum.StrEnum):
    """A DynamoDB operation this service performs; the policy grants exactly these.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
    """

    GET_ITEM = "GetItem"
    PUT_ITEM = "PutItem"
    UPDATE_ITEM = "UpdateItem"
    DELETE_ITEM = "DeleteItem"

    @property
    def iam_action(self) -> str:
        """The action as an IAM policy names it, such as ``dynamodb:GetItem``."""
        return f"dynamodb:{self}"

    @property
    def is_write(self) -> bool:
        """Whether a lost answer leaves the outcome unknown."""
        return self is not Operation.GET_ITEM


class Transaction(enum.StrEnum):
    """A call that carries several operations, all or nothing.

    None has an IAM action of its own: each operation inside is authorised as if it stood alone.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    """

    GET_ITEMS = "TransactGetItems"
    WRITE_ITEMS = "TransactWriteItems"

    @property
    def is_write(self) -> bool:
        """Whether a lost answer leaves the outcome unknown."""
        return self is Transaction.WRITE_ITEMS
