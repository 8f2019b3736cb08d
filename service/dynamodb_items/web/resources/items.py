"""The item resource: GET, HEAD, PUT, PATCH and DELETE of one item."""

from collections.abc import Mapping

from flask import Response
from flask_smorest import Blueprint

from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.keys import KeySchema
from dynamodb_items.domain.operations import Operation
from dynamodb_items.formats.strict_json import parse_json
from dynamodb_items.web.media_types import item_representation, patch_form
from dynamodb_items.web.openapi.operations import items as documentation
from dynamodb_items.web.request.item_requests import ReadRequest, WriteRequest
from dynamodb_items.web.request.prefer import Return
from dynamodb_items.web.resources import Resource
from dynamodb_items.web.resources.item_writes import current_request, delete_item, store_item
from dynamodb_items.web.resources.native_items import add_native_routes
from dynamodb_items.web.response.responses import read_response

METHODS: Mapping[Operation, tuple[str, ...]] = {
    Operation.GET_ITEM: ("GET", "HEAD"),
    Operation.PUT_ITEM: ("PUT",),
    Operation.UPDATE_ITEM: ("PATCH",),
    Operation.DELETE_ITEM: ("DELETE",),
}


def items_blueprint(settings: Settings) -> Blueprint:
    """Return the item routes, with the methods of the operations that the settings allow."""
    items = Blueprint("Items", __name__, description="The items of the table, one at a time.")
    items.add_url_rule(
        item_route(settings.key_schema),
        "item",
        ItemResource,
        methods=[
            method
            for operation, methods in METHODS.items()
            if operation in settings.operations
            for method in methods
        ],
        parameters=documentation.key_parameters(settings.key_schema),
    )
    add_native_routes(items, settings)
    return items


def item_route(key_schema: KeySchema) -> str:
    """Return the route of an item: a segment for each key attribute of its table."""
    segments = ("/<key_segment:id>", "/<key_segment:name>")
    return "/items" + "".join(segment for segment, _ in zip(segments, key_schema, strict=False))


class ItemResource(Resource):
    """One item, by its partition key ``id`` and its sort key ``name``, if it has one."""

    @Blueprint.doc(**documentation.GET_ITEM)
    def get(self, id: str, name: str | None = None) -> Response:  # noqa: A002 - the name in the URL
        """Read an item."""
        request, settings, repository = current_request()
        read = ReadRequest.of(request, settings, id, name)
        item = repository.get(read.key, consistent=read.consistent)
        return read_response(item, read, settings.hidden_attributes)

    @Blueprint.doc(**documentation.HEAD_ITEM)
    def head(self, id: str, name: str | None = None) -> Response:  # noqa: A002
        """Read an item's headers."""
        response: Response = self.get(id, name)
        return response

    @Blueprint.doc(**documentation.PUT_ITEM)
    def put(self, id: str, name: str | None = None) -> Response:  # noqa: A002
        """Create an item, or replace it whole."""
        request, settings, repository = current_request()
        write = WriteRequest.of(request, settings, id, name, Return.REPRESENTATION)
        representation = item_representation(request)
        body = write.body(parse_json(request.get_data()), settings)
        return store_item(body.put(representation), write, settings, repository)

    @Blueprint.doc(**documentation.PATCH_ITEM)
    def patch(self, id: str, name: str | None = None) -> Response:  # noqa: A002
        """Change some attributes of an item."""
        request, settings, repository = current_request()
        write = WriteRequest.of(request, settings, id, name, Return.REPRESENTATION)
        form = patch_form(request)
        body = write.body(parse_json(request.get_data()), settings)
        return store_item(body.patch(form), write, settings, repository)

    @Blueprint.doc(**documentation.DELETE_ITEM)
    def delete(self, id: str, name: str | None = None) -> Response:  # noqa: A002
        """Delete an item."""
        request, settings, repository = current_request()
        write = WriteRequest.of(request, settings, id, name, Return.MINIMAL)
        return delete_item(write, settings, repository)
