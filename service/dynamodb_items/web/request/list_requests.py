"""The requests for lists: what is listed, and which page of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn, Self

from flask import Request

from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.errors import InvalidKey
from dynamodb_items.domain.indexes import Index
from dynamodb_items.domain.items import Attributes, AttributeValue
from dynamodb_items.domain.keys import KeyAttribute
from dynamodb_items.domain.preconditions import Precondition
from dynamodb_items.domain.sort_ranges import Bound, SortRange
from dynamodb_items.expressions.native_update import FILTER_MEMBERS, native_filter
from dynamodb_items.formats.limits import pointer_to, reject
from dynamodb_items.storage.item_lists import ItemList, Segment
from dynamodb_items.web.codecs import Projection
from dynamodb_items.web.media_types import (
    Representation,
    accepted_representation,
    require_plain_json,
)
from dynamodb_items.web.middleware.authentication import (
    check_whole_table,
    index_partition,
    permitted_partition,
)
from dynamodb_items.web.request.body_schemas import QuerySchema
from dynamodb_items.web.request.cursors import decode_cursor
from dynamodb_items.web.request.item_requests import (
    invalid_query,
    projection_of,
    query_of,
    reject_query,
)
from dynamodb_items.web.request.json_bodies import loaded_body
from dynamodb_items.web.request.preconditions import precondition_of, reject_preconditions
from dynamodb_items.web.request.query_schemas import PartitionQuerySchema, ScanQuerySchema

DEFAULT_PAGE_SIZE = 100

_PARTITION_QUERY = PartitionQuerySchema()
_SCAN_QUERY = ScanQuerySchema()
_QUERY = QuerySchema()
_BOUNDS = {"gt": False, "ge": True, "lt": False, "le": True}

_Fail = Callable[[str, str], NoReturn]
"""Raises the error of the parameter or member with this name."""


@dataclass(frozen=True, slots=True)
class ListRequest:
    """A request for one page of a list."""

    listed: ItemList
    limit: int
    start: Attributes | None
    consistent: bool
    representation: Representation
    projection: Projection | None
    precondition: Precondition

    @classmethod
    def of_partition(cls, request: Request, settings: Settings, partition: str) -> Self:
        """Read a request for the items of one partition.

        Raises:
            InvalidKey, InvalidRequest: the key, a header or a query parameter is invalid.
            NotPermitted: the caller may not access the partition.
            NotAcceptable: the Accept header accepts no representation.
        """
        members = query_of(request, _PARTITION_QUERY)
        listed = _of_partition(settings, partition, members, _fail_query)
        return cls._of(request, settings, members, listed)

    @classmethod
    def of_index(cls, request: Request, settings: Settings, index: Index, value: str) -> Self:
        """Read a request for the items of an index with one partition key.

        Raises:
            InvalidKey, InvalidRequest, NotPermitted, NotAcceptable: as ``of_partition``.
        """
        members = query_of(request, _PARTITION_QUERY)
        listed = _of_index(settings, index, value, members, _fail_query)
        return cls._of(request, settings, members, listed)

    @classmethod
    def of_table(cls, request: Request, settings: Settings) -> Self:
        """Read a request for all items of the table.

        Raises:
            InvalidRequest, NotAcceptable: as ``of_partition``.
            NotPermitted: the caller may access one partition only.
        """
        check_whole_table()
        members = query_of(request, _SCAN_QUERY)
        segment = _segment(members)
        listed = ItemList(settings.key_schema, segment=segment)
        return cls._of(request, settings, members, listed)

    @classmethod
    def of_body(cls, request: Request, settings: Settings) -> Self:
        """Read a request whose body names the list, and may have a filter.

        Raises:
            InvalidBody: the body is not JSON.
            UnacceptableItem: a member of the body is invalid.
            InvalidRequest, NotPermitted, NotAcceptable: as ``of_partition``.
        """
        require_plain_json(request)
        # RFC 9110, section 13.1.2: a 304 is a response to GET or HEAD only.
        reject_preconditions(request, "applies to GET and HEAD. Send this query without it.")
        reject_query(request)
        members = loaded_body(request, _QUERY)
        listed = _of_body(settings, members)
        return cls._of(request, settings, members, listed)

    @classmethod
    def _of(
        cls,
        request: Request,
        settings: Settings,
        members: Mapping[str, Any],
        listed: ItemList,
    ) -> Self:
        cursor = members.get("cursor")
        return cls(
            listed=listed,
            limit=min(members.get("limit", DEFAULT_PAGE_SIZE), settings.max_page_size),
            start=None if cursor is None else decode_cursor(cursor, listed),
            consistent=_consistency(settings, members, listed),
            representation=accepted_representation(request),
            projection=projection_of(members, settings),
            precondition=precondition_of(request),
        )


def _fail_query(name: str, detail: str) -> NoReturn:
    raise invalid_query({name: [detail]})


def _fail_body(name: str, detail: str) -> NoReturn:
    reject(pointer_to("", name), detail)


def _of_partition(
    settings: Settings, partition: str, members: Mapping[str, Any], fail: _Fail
) -> ItemList:
    value = permitted_partition(settings, partition)
    keys = settings.key_schema
    return ItemList(
        keys,
        partition=value,
        sort_range=_sort_range(keys.sort, members, fail),
        is_descending=members.get("order") == "desc",
    )


def _of_index(
    settings: Settings, index: Index, text: str, members: Mapping[str, Any], fail: _Fail
) -> ItemList:
    value = index.key_schema.partition.value(text)
    return ItemList(
        settings.key_schema,
        partition=value,
        index=index,
        sort_range=_sort_range(index.key_schema.sort, members, fail),
        is_descending=members.get("order") == "desc",
        only_partition=index_partition(settings, index, value),
    )


def _of_body(settings: Settings, members: Mapping[str, Any]) -> ItemList:
    index = next((each for each in settings.indexes if each.name == members.get("index")), None)
    if ("id" in members) == ("index" in members):
        _fail_body("id", "the query must have exactly one of id and index")
    if "index" in members and index is None:
        _fail_body("index", "is not the name of an index in this deployment")
    if ("value" in members) != ("index" in members):
        _fail_body("value", "index and value must be given together")
    if "id" in members and settings.key_schema.sort is None:
        _fail_body("id", "the table has no sort key; read the item, or query an index")
    try:
        if index is None:
            listed = _of_partition(settings, members["id"], members, _fail_body)
        else:
            listed = _of_index(settings, index, members["value"], members, _fail_body)
    except InvalidKey as error:
        _fail_body("id" if index is None else "value", error.detail)
    native = {name: members[name] for name in FILTER_MEMBERS if name in members}
    if not native:
        return listed
    hidden = settings.hidden_attributes.typed
    return replace(listed, filter=native_filter(native, listed.keys.names, hidden=hidden))


def _segment(members: Mapping[str, Any]) -> Segment | None:
    if ("segment" in members) != ("segments" in members):
        _fail_query("segment", "segment and segments must be given together.")
    if "segment" not in members:
        return None
    if members["segment"] >= members["segments"]:
        _fail_query("segment", "must be less than segments.")
    return Segment(members["segment"], members["segments"])


def _consistency(settings: Settings, members: Mapping[str, Any], listed: ItemList) -> bool:
    if listed.index is None:
        return bool(members.get("consistent_read", settings.consistent_read))
    # Only a local index has the table's partition key, and a global one may have it as well.
    is_global = listed.index.key_schema.partition != listed.table_keys.partition
    wanted = bool(members.get("consistent_read", False))
    if wanted and (is_global or listed.only_partition is not None):
        raise invalid_query({"consistent_read": ["is not possible on a global secondary index."]})
    return wanted


def _sort_range(sort: KeyAttribute | None, members: Mapping[str, Any], fail: _Fail) -> SortRange:
    given = [name for name in ("prefix", *_BOUNDS) if name in members]
    if given and sort is None:
        fail(given[0], "is not possible: the index has no sort key")
    if sort is None:
        return SortRange()
    if "prefix" in given and len(given) > 1:
        fail("prefix", f"cannot be combined with {given[1]}")
    if "prefix" in given:
        return SortRange(prefix=_prefix(sort, members["prefix"], fail))
    for exclusive, inclusive in (("gt", "ge"), ("lt", "le")):
        if exclusive in given and inclusive in given:
            fail(inclusive, f"cannot be combined with {exclusive}")
    bounds = {name: _bound(sort, name, members[name], fail) for name in given}
    return SortRange(
        low=bounds.get("gt") or bounds.get("ge"), high=bounds.get("lt") or bounds.get("le")
    )


def _bound(sort: KeyAttribute, name: str, text: str, fail: _Fail) -> Bound:
    return Bound(_value(sort, name, text, fail), _BOUNDS[name])


def _prefix(sort: KeyAttribute, text: str, fail: _Fail) -> AttributeValue | None:
    if sort.type == "N":
        fail("prefix", f"is not possible: the sort key {sort.name} is a number")
    # DynamoDB rejects an empty prefix, which every sort key has.
    return _value(sort, "prefix", text, fail) if text else None


def _value(sort: KeyAttribute, name: str, text: str, fail: _Fail) -> AttributeValue:
    try:
        return sort.value(text)
    except InvalidKey as error:
        fail(name, error.detail)
