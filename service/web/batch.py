"""Several items in one request: writes all or nothing, reads of one moment."""

from typing import Any

import orjson
from flask import Response, current_app, request
from flask.views import MethodView
from flask_smorest import Blueprint

from service.deadline import in_turns
from service.errors import FieldError, ItemsError, OperationsRefused
from service.items import Item, ItemKey
from service.operations import Operation
from service.settings import Settings
from service.storage.transactions import ItemTransactions
from service.web import batch_documentation as documentation
from service.web.batch_requests import keys_of, operations_of
from service.web.codecs import encode_item
from service.web.idempotency import idempotency_key, write_token
from service.web.media_types import Representation, accepted_representation
from service.web.preconditions import entity_tag
from service.web.prefer import Return, preferred_return

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
        once = idempotency_key(request)
        try:
            writes = operations_of(request, _settings())
            token = (
                None if once is None else write_token(request, once, _settings().table, BATCH_PATH)
            )
            written = _transactions().write(writes, token)
        except OperationsRefused as refusal:
            raise _batch_error(refusal) from None
        with_items = prefers is Return.REPRESENTATION
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
        keys = keys_of(request, _settings())
        items = _transactions().get(keys)
        results = [
            _result(key, item, representation, with_item=True)
            for key, item in in_turns(zip(keys, items, strict=True))
        ]
        return _response(results, representation)


def _result(
    key: ItemKey, item: Item | None, representation: Representation, *, with_item: bool
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
            None if item is None else orjson.Fragment(encode_item(item, representation, own))
        )
    return result


def _response(results: list[dict[str, Any]], representation: Representation) -> Response:
    body = orjson.dumps({"results": results})
    response = Response(body, content_type=representation.media_type)
    response.headers["Vary"] = "Accept"
    return response


def _batch_error(refusal: OperationsRefused) -> ItemsError:
    """The first refused operation's error, with the faults of all of them."""
    first, error = refusal.refused[0]
    faults = tuple(
        FieldError(fault.pointer, fault.detail, type(each))
        for index, each in refusal.refused
        for fault in each.errors or (FieldError(f"/operations/{index}", each.detail),)
    )
    return type(error)(f"Operation {first}: {error.detail} Nothing was written.", faults)
