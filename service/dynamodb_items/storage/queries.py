"""Pages of items, by Query and Scan: a page is one call.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import takewhile
from typing import Any

import structlog

from dynamodb_items.domain.errors import InvalidRequest, StorageTimeout
from dynamodb_items.domain.items import Attributes, Item, ItemOf
from dynamodb_items.domain.operations import Operation
from dynamodb_items.domain.time_to_live import NO_TIME_TO_LIVE, Expiry, TimeToLive
from dynamodb_items.dynamodb.error_codes import DifferentKeys
from dynamodb_items.dynamodb.failures import Failure, InvalidCall, error_of, log_failure
from dynamodb_items.dynamodb.retries import Attempts
from dynamodb_items.expressions.key_conditions import key_condition
from dynamodb_items.expressions.native_update import check_fits
from dynamodb_items.expressions.parts import FILTER, Placeholders
from dynamodb_items.storage.item_lists import ItemList, Page

log = structlog.get_logger(__name__)

EMPTY_PAGE = Page([], None, 0)
READ_ON_ITEMS = 1000
"""How many items are read at once for a caller to whom the first ones may not belong."""


class ItemQueries:
    """Lists of the items of one table.

    Every method raises ``StorageError`` where DynamoDB fails; its subclass is the kind of failure.
    """

    def __init__(
        self,
        attempts: Attempts,
        table: str,
        time_to_live: TimeToLive = NO_TIME_TO_LIVE,
        item_of: ItemOf = Item,
    ) -> None:
        self._attempts = attempts
        self._table = table
        self._time_to_live = time_to_live
        self._item_of = item_of

    def page(
        self, wanted: ItemList, limit: int, start: Attributes | None, *, consistent: bool
    ) -> Page:
        """Return up to ``limit`` items of a list, from its begin or after the position ``start``.

        Items whose time to live has passed are left out, so the page may be shorter, even empty.

        It reads one item more than requested, since DynamoDB does not report whether anything
        follows a full page.

        Raises:
            InvalidRequest: DynamoDB accepts no such start position or read consistency.
            UnacceptableItem: the filter is over DynamoDB's limits.
            StorageTimeout: no item of the caller's partition was found within the deadline.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
        """
        if wanted.sort_range.is_empty:  # DynamoDB rejects such a range
            return EMPTY_PAGE
        parameters = self._parameters(wanted, consistent=consistent)
        # A filter removes items after they are counted, so a further item would show nothing.
        parameters["Limit"] = limit if wanted.filter is not None else limit + 1
        if wanted.only_partition is not None:
            return self._own_page(wanted, parameters, limit, start)
        response = self._call(wanted, parameters, start, consistent=consistent)
        page = _page(wanted, response, limit)
        expiry = self._time_to_live.now()
        return replace(page, items=_visible(page.items, expiry)) if expiry else page

    def _parameters(self, wanted: ItemList, *, consistent: bool) -> dict[str, Any]:
        parameters: dict[str, Any] = {"TableName": self._table}
        placeholders = Placeholders()
        if consistent:
            parameters["ConsistentRead"] = True
        if wanted.index is not None:
            parameters["IndexName"] = wanted.index.name
            # DynamoDB rejects this where the index does not contain whole items.
            parameters["Select"] = (
                "ALL_PROJECTED_ATTRIBUTES" if wanted.index.is_partial else "ALL_ATTRIBUTES"
            )
        if wanted.partition is not None:
            partition, sort = wanted.keys.partition, wanted.keys.sort
            condition = key_condition(
                (partition.name, wanted.partition),
                None if sort is None else sort.name,
                wanted.sort_range,
                is_descending=wanted.is_descending,
            )
            parameters["KeyConditionExpression"] = placeholders.text(condition)
            parameters["ScanIndexForward"] = not wanted.is_descending
        if wanted.filter is not None:
            parameters[FILTER] = placeholders.text(wanted.filter)
            check_fits(FILTER, parameters[FILTER])
        if wanted.segment is not None:
            parameters["Segment"] = wanted.segment.number
            parameters["TotalSegments"] = wanted.segment.total
        return parameters | placeholders.parameters

    def _call(
        self,
        wanted: ItemList,
        parameters: Mapping[str, Any],
        start: Attributes | None,
        *,
        consistent: bool,
    ) -> Mapping[str, Any]:
        operation = Operation.SCAN if wanted.partition is None else Operation.QUERY
        if start is not None:
            parameters = {**parameters, "ExclusiveStartKey": start}
        try:
            response = self._attempts.call(operation, parameters)
        except InvalidCall:
            if start is not None:
                raise InvalidRequest(
                    "Invalid cursor: it is not a position in this list. Start again without "
                    "`cursor`."
                ) from None
            if consistent and wanted.index is not None:
                raise InvalidRequest(
                    "`consistent_read` is not possible on a global secondary index."
                ) from None
            raise
        _check_position(wanted, response.get("LastEvaluatedKey"))
        _check_items(wanted, operation, response["Items"])
        return {**response, "Items": [self._item_of(each) for each in response["Items"]]}

    def _own_page(
        self, wanted: ItemList, parameters: Mapping[str, Any], limit: int, start: Attributes | None
    ) -> Page:
        """Return a page of an index, with the items of one partition of the table alone.

        It reads on within the deadline until the page is full. Every position that the caller gets
        is that of an item of its own, so nothing of other partitions can be learned.
        """
        name = wanted.table_keys.partition.name
        own: list[Item] = []
        while True:
            try:
                response = self._call(wanted, parameters, start, consistent=False)
            except StorageTimeout:
                if not own:
                    raise
                return Page(own, wanted.position_of(own[-1]), len(own))
            in_range, start = _within_range(wanted, response)
            own += [
                item
                for item in _visible(in_range, self._time_to_live.now())
                if item.attributes[name] == wanted.only_partition
            ]
            if start is None or len(own) > limit:
                return _cut(wanted, own, limit, start)
            parameters = {**parameters, "Limit": READ_ON_ITEMS}


def _check_position(wanted: ItemList, last: Attributes | None) -> None:
    """Check that DynamoDB's position has the key attributes of the settings.

    Raises:
        StorageMisconfigured: the index has other keys; the log contains both.
    """
    if last is None:
        return
    expected = wanted.position_types
    found = {name: type_ for name, value in last.items() for type_ in value}
    if found != expected:
        log.error(
            "other keys than in ITEMS_INDEXES",
            index=None if wanted.index is None else wanted.index.name,
            expected=expected,
            found=found,
        )
        raise error_of(Failure.MISCONFIGURED)


def _check_items(wanted: ItemList, operation: Operation, items: list[Attributes]) -> None:
    """Check that items have the key attributes of the settings, which a Scan does not name.

    Raises:
        KeySchemaMismatch: the table or the index has other key attributes.
    """
    types = wanted.position_types.items()
    if not all(type_ in item.get(name, ()) for item in items for name, type_ in types):
        names = ", ".join(wanted.position_names)
        log_failure(operation, Failure.KEY_MISMATCH, DifferentKeys(names=names), 1)
        raise error_of(Failure.KEY_MISMATCH)


def _visible(items: list[Item], expiry: Expiry) -> list[Item]:
    return [item for item in items if not expiry.has_passed(item.attributes)]


def _page(wanted: ItemList, response: Mapping[str, Any], limit: int) -> Page:
    in_range, last = _within_range(wanted, response)
    if wanted.filter is None:
        return _cut(wanted, in_range, limit, last)
    return Page(in_range, last, response.get("ScannedCount", len(in_range)))


def _cut(wanted: ItemList, items: list[Item], limit: int, last: Attributes | None) -> Page:
    """Return the page of the items that were read, at least one more than it contains if any is.

    ``last`` is DynamoDB's position after them, None at the end. It is set after 1 MB, too, whether
    or not anything follows, so the last item is left to the next page.
    """
    if last is None and len(items) <= limit:
        return Page(items, None, len(items))
    kept = items[: min(limit, len(items) - 1)]
    if not kept:  # DynamoDB reads more than one item before it stops, but an engine may not
        return Page(items, last, len(items))
    return Page(kept, wanted.position_of(kept[-1]), len(kept))


def _within_range(
    wanted: ItemList, response: Mapping[str, Any]
) -> tuple[list[Item], Attributes | None]:
    """Return the items up to the end of the range, and the position to read on from.

    A key condition may read beyond the end of the range. The position is None at the end.
    """
    items, last = response["Items"], response.get("LastEvaluatedKey")
    in_range = list(takewhile(lambda item: _is_in_range(wanted, item.attributes), items))
    is_end = len(in_range) < len(items) or last is None or not _is_in_range(wanted, last)
    return in_range, None if is_end else last


def _is_in_range(wanted: ItemList, attributes: Attributes) -> bool:
    sort, wanted_range = wanted.keys.sort, wanted.sort_range
    if sort is None or wanted_range.low is None or wanted_range.high is None:
        return True  # the key condition is exact
    return wanted_range.contains(attributes[sort.name])
