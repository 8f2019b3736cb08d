"""Consistent reads of several items, as of one moment.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactGetItems.html
"""

from collections.abc import Sequence

import structlog

from dynamodb_items.domain.errors import ItemsError
from dynamodb_items.domain.items import Item, ItemOf
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.domain.operations import Transaction
from dynamodb_items.domain.time_to_live import Expiry
from dynamodb_items.dynamodb.failures import Failure, InvalidCall, error_of
from dynamodb_items.dynamodb.retries import Attempts, TransactionCanceled
from dynamodb_items.storage.expired_items import ExpiredItems
from dynamodb_items.storage.transaction_failures import check_size, failed_read

log = structlog.get_logger(__name__)


class TransactionalReads:
    """Reads of up to 100 items of one DynamoDB table."""

    def __init__(
        self, attempts: Attempts, table: str, expired_items: ExpiredItems, item_of: ItemOf
    ) -> None:
        self._attempts = attempts
        self._table = table
        self._expired_items = expired_items
        self.item_of = item_of

    def get(self, keys: Sequence[ItemKey]) -> list[Item | None]:
        """Return the items in the order of their keys; None for an absent or expired one.

        Raises:
            ItemTooLarge, StorageError: as ``stored``.
        """
        expiry = self._expired_items.now()
        return visible_items(self.stored(keys), expiry)

    def get_if_possible(self, keys: Sequence[ItemKey]) -> list[Item | None]:
        """Return the items as ``get`` does; None for all of them if the read fails."""
        try:
            return self.get(keys)
        except (ItemsError, InvalidCall) as error:
            log.warning("read after write failed", error=type(error).__name__)
            return [None] * len(keys)

    def stored(self, keys: Sequence[ItemKey]) -> list[Item | None]:
        """Return the items in the order of their keys, expired ones too; None for an absent one.

        Raises:
            ItemTooLarge: they take more than 4 MB together.
            StorageError: DynamoDB fails; its subclass is the kind of failure.
        """
        if not keys:
            return []
        gets = [{"Get": {"TableName": self._table, "Key": key.attributes}} for key in keys]
        try:
            content = self._attempts.call(Transaction.GET_ITEMS, {"TransactItems": gets})
        except TransactionCanceled as canceled:
            raise failed_read(canceled) from None
        found = [response.get("Item") for response in content.get("Responses") or ()]
        if len(found) != len(keys):
            raise error_of(Failure.LOST_RESPONSE)
        check_size([attributes for attributes in found if attributes])
        return [None if attributes is None else self.item_of(attributes) for attributes in found]


def visible_items(items: Sequence[Item | None], expiry: Expiry) -> list[Item | None]:
    """Return the items with None for those that have expired."""
    return [None if item is None or expiry.has_passed(item.attributes) else item for item in items]
