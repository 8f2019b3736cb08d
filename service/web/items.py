"""The item resource: from a request to the repository and back."""

from collections.abc import Mapping

from flask import Response, current_app, request
from flask.views import MethodView
from flask_smorest import Blueprint

from service.operations import Operation
from service.settings import Settings
from service.storage.repository import ItemRepository
from service.storage.writes import Delete, Write, Written
from service.web import documentation
from service.web.media_types import item_representation, patch_form
from service.web.prefer import Return
from service.web.requests import ReadRequest, WriteRequest
from service.web.responses import deleted_response, read_response, written_response
from service.web.strict_json import parse_json

METHODS: Mapping[Operation, tuple[str, ...]] = {
    Operation.GET_ITEM: ("GET", "HEAD"),
    Operation.PUT_ITEM: ("PUT",),
    Operation.UPDATE_ITEM: ("PATCH",),
    Operation.DELETE_ITEM: ("DELETE",),
}


def items_blueprint(settings: Settings) -> Blueprint:
    """The item resource, with the methods of the operations that the settings allow."""
    items = Blueprint("Items", __name__, description="The items of the table, one at a time.")
    items.add_url_rule(
        "/items/<key_segment:id>/<key_segment:name>",
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
    return items


class ItemResource(MethodView):
    """One item, by its partition key ``id`` and its sort key ``name``."""

    init_every_request = False

    @property
    def _repository(self) -> ItemRepository:
        repository: ItemRepository = current_app.extensions["item_repository"]
        return repository

    @property
    def _settings(self) -> Settings:
        settings: Settings = current_app.extensions["settings"]
        return settings

    @Blueprint.doc(**documentation.GET_ITEM)
    def get(self, id: str, name: str) -> Response:  # noqa: A002 - the URL's own name
        """Read an item"""
        read = ReadRequest.of(request, self._settings, id, name)
        item = self._repository.get(read.key, consistent=read.consistent)
        return read_response(item, read, self._settings.own_attributes)

    @Blueprint.doc(**documentation.HEAD_ITEM)
    def head(self, id: str, name: str) -> Response:  # noqa: A002
        """Read an item's headers"""
        response: Response = self.get(id, name)
        return response

    @Blueprint.doc(**documentation.PUT_ITEM)
    def put(self, id: str, name: str) -> Response:  # noqa: A002
        """Create an item, or replace it whole"""
        write = WriteRequest.of(request, self._settings, id, name, Return.REPRESENTATION)
        representation = item_representation(request)
        body = write.body(parse_json(request.get_data()), self._settings)
        written = self._write(body.put(representation), write)
        return written_response(
            written.item, write, self._settings.own_attributes, created=written.created
        )

    @Blueprint.doc(**documentation.PATCH_ITEM)
    def patch(self, id: str, name: str) -> Response:  # noqa: A002
        """Change some attributes of an item"""
        write = WriteRequest.of(request, self._settings, id, name, Return.REPRESENTATION)
        form = patch_form(request)
        body = write.body(parse_json(request.get_data()), self._settings)
        written = self._write(body.patch(form), write)
        return written_response(written.item, write, self._settings.own_attributes)

    @Blueprint.doc(**documentation.DELETE_ITEM)
    def delete(self, id: str, name: str) -> Response:  # noqa: A002
        """Delete an item"""
        write = WriteRequest.of(request, self._settings, id, name, Return.MINIMAL)
        written = self._write(Delete(write.key, write.precondition), write)
        return deleted_response(written.item, write, self._settings.own_attributes)

    def _write(self, write: Write, asked: WriteRequest) -> Written:
        if asked.token is None:
            return self._repository.write(write)
        transactions = self._repository.transactions
        written = transactions.write_once(write, asked.token)
        (written,) = transactions.read_back([write], [written])
        return written
