"""The item resource: from a request to the repository and back."""

from collections.abc import Mapping

from flask import Response, current_app, request
from flask.views import MethodView
from flask_smorest import Blueprint

from service.operations import Operation
from service.settings import Settings
from service.storage import patches
from service.storage.repository import ItemRepository
from service.web import documentation
from service.web.codecs import decode_item, decode_merge_patch
from service.web.media_types import check_patch_media_type, item_representation
from service.web.prefer import Return
from service.web.requests import ReadRequest, WriteRequest
from service.web.responses import deleted_response, read_response, written_response

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
        return read_response(item, read, self._settings.version_attribute)

    @Blueprint.doc(**documentation.HEAD_ITEM)
    def head(self, id: str, name: str) -> Response:  # noqa: A002
        """Read an item's headers"""
        response: Response = self.get(id, name)
        return response

    @Blueprint.doc(**documentation.PUT_ITEM)
    def put(self, id: str, name: str) -> Response:  # noqa: A002
        """Create an item, or replace it whole"""
        settings = self._settings
        write = WriteRequest.of(request, settings, id, name, Return.REPRESENTATION)
        representation = item_representation(request)
        body = request.get_data(cache=False)
        attributes = decode_item(body, representation, write.key, settings.version_attribute)
        stored = self._repository.put(write.key, attributes, write.precondition)
        return written_response(
            stored.item, write, settings.version_attribute, created=stored.created
        )

    @Blueprint.doc(**documentation.PATCH_ITEM)
    def patch(self, id: str, name: str) -> Response:  # noqa: A002
        """Change some attributes of an item"""
        settings = self._settings
        write = WriteRequest.of(request, settings, id, name, Return.REPRESENTATION)
        check_patch_media_type(request)
        body = request.get_data(cache=False)
        patch = decode_merge_patch(body, write.key, settings.version_attribute)
        if patches.is_flat(patch):
            changes = patches.flat_changes(patch)
            item = self._repository.update(write.key, changes, write.precondition)
        else:
            item = self._repository.edit(
                write.key, lambda seen: patches.merge_changes(seen, patch), write.precondition
            )
        return written_response(item, write, settings.version_attribute)

    @Blueprint.doc(**documentation.DELETE_ITEM)
    def delete(self, id: str, name: str) -> Response:  # noqa: A002
        """Delete an item"""
        settings = self._settings
        write = WriteRequest.of(request, settings, id, name, Return.MINIMAL)
        last = self._repository.delete(write.key, write.precondition)
        return deleted_response(last, write, settings.version_attribute)
