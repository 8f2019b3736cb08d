"""Several items in one request: writes all or nothing, reads of one moment."""

from typing import Any

import orjson
from flask import Response, current_app, request
from flask.views import MethodView
from flask_smorest import Blueprint

from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.errors import (
    FieldError,
    ItemsError,
    OperationsRejected,
    PreconditionFailed,
)
from dynamodb_items.domain.items import Item
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.domain.operations import Operation
from dynamodb_items.runtime.deadline import in_turns
from dynamodb_items.storage.transactions import ItemTransactions
from dynamodb_items.web.codecs import Projection, encode_item
from dynamodb_items.web.media_types import Representation, accepted_representation
from dynamodb_items.web.openapi import batch_operations as documentation
from dynamodb_items.web.request.batch_requests import keys_of, operations_of
from dynamodb_items.web.request.idempotency import idempotency_key, write_token
from dynamodb_items.web.request.preconditions import entity_tag
from dynamodb_items.web.request.prefer import Return, preferred_return
from dynamodb_items.web.response.conflicts import current_state

BATCH_PATH = "/items:batch"
BATCH_GET_PATH = "/items:batchGet"


def batch_blueprint(settings: Settings) -> Blueprint:
    """The batch routes that the settings' operations allow."""
    batch = Blueprint("Batches", __name__, description="Several items of the table at once.")
    if settings.operations - {Operation.GET_ITEM}:
        batch.add_url_rule(BATCH_PATH, "write", BatchResource)
    batch.add_url_rule(BATCH_GET_PATH, "read", BatchGetResource)
    return batch


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def _transactions() -> ItemTransactions:
    transactions: ItemTransactions = current_app.extensions["item_repository"].transactions
    return transactions


class BatchResource(MethodView):
    """Writes of up to 100 items."""

    init_every_request = False

    @Blueprint.doc(**documentation.WRITE_ITEMS)
    def post(self) -> Response:
        """Write several items, all or none"""
        representation = accepted_representation(request)
        prefers = preferred_return(request)
        with_items = prefers is Return.REPRESENTATION
        once = idempotency_key(request)
        try:
            writes = operations_of(request, _settings())
            token = (
                None if once is None else write_token(request, once, _settings().table, BATCH_PATH)
            )
            written = _transactions().write(writes, token)
        except OperationsRejected as rejection:
            raise _batch_error(rejection, representation, with_items=with_items) from None
        if with_items or token is not None:  # which may have come again, and changed nothing
            written = _transactions().read_back(writes, written)
        results = [
            _result(
                write.key,
                None if write.operation is Operation.DELETE_ITEM else after.item,
                representation,
                with_item=with_items,
            )
            for write, after in in_turns(zip(writes, written, strict=True))
        ]
        response = _response(results, representation)
        if prefers is not None:
            response.headers["Preference-Applied"] = prefers.applied
        return response


class BatchGetResource(MethodView):
    """Reads of up to 100 items."""

    init_every_request = False

    @Blueprint.doc(**documentation.READ_ITEMS)
    def post(self) -> Response:
        """Read several items as of one moment"""
        representation = accepted_representation(request)
        keys, projection = keys_of(request, _settings())
        items = _transactions().get(keys)
        results = [
            _result(key, item, representation, with_item=True, projection=projection)
            for key, item in in_turns(zip(keys, items, strict=True))
        ]
        return _response(results, representation)


def _result(
    key: ItemKey,
    item: Item | None,
    representation: Representation,
    *,
    with_item: bool,
    projection: Projection | None = None,
) -> dict[str, Any]:
    partition, sort = key.values
    result: dict[str, Any] = {
        "id": partition,
        "name": sort,
        "etag": None if item is None else entity_tag(item, representation),
    }
    if with_item:
        own = _settings().own_attributes
        result["item"] = (
            None
            if item is None
            else orjson.Fragment(encode_item(item, representation, own, projection))
        )
    return result


def _response(results: list[dict[str, Any]], representation: Representation) -> Response:
    body = orjson.dumps({"results": results})
    response = Response(body, content_type=representation.media_type)
    response.headers["Vary"] = "Accept"
    return response


def _batch_error(
    rejection: OperationsRejected, representation: Representation, *, with_items: bool
) -> ItemsError:
    """The first rejected operation's error, with the errors of all of them."""
    first, error = rejection.rejected[0]
    own = _settings().own_attributes
    errors: list[FieldError] = []
    for index, each in rejection.rejected:
        state = (
            current_state(each, representation, own, with_item=with_items)
            if isinstance(each, PreconditionFailed)
            else {}
        )
        errors += (
            FieldError(_pointer(fault, index), fault.detail, type(each), state)
            for fault in each.errors or (FieldError("", each.detail),)
        )
    return type(error)(f"Operation {first}: {error.detail} Nothing was written.", tuple(errors))


def _pointer(fault: FieldError, index: int) -> str:
    """The position of an operation's error: what storage finds points at the whole operation."""
    operation = f"/operations/{index}"
    return fault.pointer if fault.pointer.startswith(f"{operation}/") else operation
