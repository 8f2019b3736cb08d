"""The list resources: the items of a partition, of an index, and of the whole table."""

from typing import Any

from flask import Response
from flask_smorest import Blueprint

from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.operations import Operation
from dynamodb_items.web.openapi.operations import lists as documentation
from dynamodb_items.web.paths import QUERY_PATH
from dynamodb_items.web.request.list_requests import ListRequest
from dynamodb_items.web.resources import Resource
from dynamodb_items.web.resources.item_writes import current_request
from dynamodb_items.web.response.page_responses import page_response


def lists_blueprint(settings: Settings) -> Blueprint:
    """Return the list routes of the operations that the settings allow."""
    lists = Blueprint("Lists", __name__, description="The items of the table, page by page.")
    if Operation.QUERY in settings.operations:
        _add_queries(lists, settings)
    if Operation.SCAN in settings.operations:
        lists.add_url_rule("/items", "table", TableResource)
    return lists


def _add_queries(lists: Blueprint, settings: Settings) -> None:
    if settings.key_schema.sort is not None:
        lists.add_url_rule(
            "/items/<key_segment:id>",
            "partition",
            PartitionResource,
            parameters=documentation.partition_parameters(settings.key_schema),
        )
    if settings.indexes:
        names = ",".join(f'"{index.name}"' for index in settings.indexes)
        lists.add_url_rule(
            f"/indexes/<any({names}):index>/<key_segment:value>",
            "index",
            IndexResource,
            parameters=documentation.index_parameters(settings.indexes),
        )
    lists.add_url_rule(QUERY_PATH, "query", QueryResource)


def _head(resource: Any, **path: str) -> Any:
    """Read the headers of a page."""
    return resource.get(**path)


class PartitionResource(Resource):
    """The items with one partition key, in the order of their sort keys."""

    @Blueprint.doc(**documentation.LIST_PARTITION)
    def get(self, id: str) -> Response:  # noqa: A002 - the name in the URL
        """List the items of a partition."""
        request, settings, _ = current_request()
        return _page(ListRequest.of_partition(request, settings, id))

    head = Blueprint.doc(**documentation.HEAD_PARTITION)(_head)


class IndexResource(Resource):
    """The items of an index with one partition key of the index."""

    @Blueprint.doc(**documentation.LIST_INDEX)
    def get(self, index: str, value: str) -> Response:
        """List items by an index."""
        request, settings, _ = current_request()
        (known,) = (each for each in settings.indexes if each.name == index)
        return _page(ListRequest.of_index(request, settings, known, value))

    head = Blueprint.doc(**documentation.HEAD_INDEX)(_head)


class TableResource(Resource):
    """All items of the table, in no order."""

    @Blueprint.doc(**documentation.LIST_TABLE)
    def get(self) -> Response:
        """List all items."""
        request, settings, _ = current_request()
        return _page(ListRequest.of_table(request, settings))

    head = Blueprint.doc(**documentation.HEAD_TABLE)(_head)


class QueryResource(Resource):
    """A query with everything in its body."""

    @Blueprint.doc(**documentation.QUERY_ITEMS)
    def post(self) -> Response:
        """Query a partition or an index, with a filter."""
        request, settings, _ = current_request()
        return _page(ListRequest.of_body(request, settings))


def _page(wanted: ListRequest) -> Response:
    request, settings, repository = current_request()
    page = repository.queries.page(
        wanted.listed, wanted.limit, wanted.start, consistent=wanted.consistent
    )
    return page_response(page, wanted, request, settings)
