"""Writes of one item with DynamoDB's expressions, with the item key in a JSON body.

Each route takes one shape of body, so a generated client has a typed call for it.
"""

from collections.abc import Mapping
from typing import Any

from flask import Request, Response
from flask_smorest import Blueprint

from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.operations import Operation
from dynamodb_items.expressions.native_update import (
    CONDITION_MEMBERS,
    NativeCondition,
    native_condition,
)
from dynamodb_items.expressions.parts import UPDATE
from dynamodb_items.web.media_types import PatchForm, item_representation, require_plain_json
from dynamodb_items.web.openapi.operations import native as documentation
from dynamodb_items.web.request.body_schemas import (
    ConditionalDeleteSchema,
    ConditionalPutSchema,
    ItemUpdateSchema,
    body_schema,
)
from dynamodb_items.web.request.item_requests import WriteRequest
from dynamodb_items.web.request.json_bodies import key_in_body, loaded_body
from dynamodb_items.web.request.prefer import Return
from dynamodb_items.web.resources import Resource
from dynamodb_items.web.resources.item_writes import current_request, delete_item, store_item


class UpdateResource(Resource):
    """An update expression for one item."""

    @Blueprint.doc(**documentation.UPDATE_ITEM)
    def post(self) -> Response:
        """Update an item with DynamoDB's expressions."""
        request, settings, repository = current_request()
        require_plain_json(request)
        members = loaded_body(request, body_schema(ItemUpdateSchema, settings.key_schema))
        write = _write_request(request, settings, members, Return.REPRESENTATION)
        native = _members(members, (UPDATE, *CONDITION_MEMBERS))
        update = write.body(native, settings).patch(PatchForm.NATIVE)
        return store_item(update, write, settings, repository)


class PutResource(Resource):
    """A whole item, stored if a condition on the stored item holds."""

    @Blueprint.doc(**documentation.PUT_ITEM_CONDITIONALLY)
    def post(self) -> Response:
        """Create or replace an item on a condition."""
        request, settings, repository = current_request()
        representation = item_representation(request)
        members = loaded_body(request, body_schema(ConditionalPutSchema, settings.key_schema))
        write = _write_request(request, settings, members, Return.REPRESENTATION)
        body = write.body(members["item"], settings, "/item")
        put = body.put(representation, _condition(members, write, settings))
        return store_item(put, write, settings, repository)


class DeleteResource(Resource):
    """The deletion of an item if a condition on the stored item holds."""

    @Blueprint.doc(**documentation.DELETE_ITEM_CONDITIONALLY)
    def post(self) -> Response:
        """Delete an item on a condition."""
        request, settings, repository = current_request()
        require_plain_json(request)
        members = loaded_body(request, body_schema(ConditionalDeleteSchema, settings.key_schema))
        write = _write_request(request, settings, members, Return.MINIMAL)
        return delete_item(write, settings, repository, _condition(members, write, settings))


_RESOURCES: Mapping[Operation, tuple[str, str, type[Resource]]] = {
    Operation.UPDATE_ITEM: ("/items:update", "native_update", UpdateResource),
    Operation.PUT_ITEM: ("/items:put", "native_put", PutResource),
    Operation.DELETE_ITEM: ("/items:delete", "native_delete", DeleteResource),
}


def add_native_routes(items: Blueprint, settings: Settings) -> None:
    """Add the native routes of the operations that the settings allow."""
    for operation, (path, name, resource) in _RESOURCES.items():
        if operation in settings.operations:
            items.add_url_rule(path, name, resource)


def _write_request(
    request: Request, settings: Settings, members: Mapping[str, Any], default: Return
) -> WriteRequest:
    key = key_in_body(members, "", settings)
    return WriteRequest.of_key(request, settings, key, default)


def _condition(
    members: Mapping[str, Any], write: WriteRequest, settings: Settings
) -> NativeCondition | None:
    return native_condition(
        _members(members, CONDITION_MEMBERS),
        write.key.attributes,
        hidden=settings.hidden_attributes.typed,
    )


def _members(members: Mapping[str, Any], names: tuple[str, ...]) -> Mapping[str, Any]:
    return {name: members[name] for name in names if name in members}
