"""Several items in one request: all-or-nothing writes, and consistent reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from flask import Response
from flask_smorest import Blueprint

from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.errors import (
    FieldError,
    ItemsError,
    OperationsRejected,
    OutcomeUnknown,
    PreconditionFailed,
)
from dynamodb_items.domain.items import HiddenAttributes, Item
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.domain.write_tokens import WriteToken
from dynamodb_items.runtime.deadline import in_turns
from dynamodb_items.storage.transactions import ItemTransactions
from dynamodb_items.storage.write_commands import Delete, Write, Written
from dynamodb_items.web.codecs import Projection, encode_item, key_members
from dynamodb_items.web.media_types import Representation, accepted_representation
from dynamodb_items.web.middleware.authentication import caller_may_read
from dynamodb_items.web.openapi.operations import batch as documentation
from dynamodb_items.web.paths import BATCH_GET_PATH, BATCH_PATH
from dynamodb_items.web.request.batch_requests import keys_of, operations_of
from dynamodb_items.web.request.idempotency import idempotency_key, write_token
from dynamodb_items.web.request.preconditions import entity_tag
from dynamodb_items.web.request.prefer import Return, permitted_return
from dynamodb_items.web.resources import Resource
from dynamodb_items.web.resources.item_writes import current_request
from dynamodb_items.web.resources.write_audit import audit_unknown, audit_written
from dynamodb_items.web.response.conflicts import current_state


def batch_blueprint(settings: Settings) -> Blueprint:
    """Return the batch routes of the operations that the settings allow."""
    batch = Blueprint("Batches", __name__, description="Several items of the table at once.")
    if any(operation.is_write for operation in settings.operations):
        batch.add_url_rule(BATCH_PATH, "write", BatchResource)
    batch.add_url_rule(BATCH_GET_PATH, "read", BatchGetResource)
    return batch


class BatchResource(Resource):
    """Writes of up to 100 items."""

    @Blueprint.doc(**documentation.WRITE_ITEMS)
    def post(self) -> Response:
        """Write several items, all or none."""
        request, settings, repository = current_request()
        transactions = repository.transactions
        form = _ResultForm(accepted_representation(request), settings.hidden_attributes)
        prefers = permitted_return(request)
        shows_items = caller_may_read()
        with_items = prefers is Return.REPRESENTATION
        once = idempotency_key(request)
        try:
            writes = operations_of(request, settings)
            token = None if once is None else write_token(request, once, settings.table, BATCH_PATH)
            written = _written(writes, token, settings, transactions)
        except OperationsRejected as rejection:
            raise _batch_error(rejection, form, with_items=with_items) from None
        # A repeated request changes nothing, so its results have to be read.
        if with_items or (token is not None and shows_items):
            written = transactions.read_back(writes, written)
        audit_written(settings, writes, written)
        results = [
            form.result(
                write.key,
                after.item if shows_items and not isinstance(write, Delete) else None,
                with_item=with_items,
            )
            for write, after in in_turns(zip(writes, written, strict=True))
        ]
        response = form.response(results)
        if prefers is not None:
            response.headers["Preference-Applied"] = prefers.applied
        return response


class BatchGetResource(Resource):
    """Reads of up to 100 items."""

    @Blueprint.doc(**documentation.READ_ITEMS)
    def post(self) -> Response:
        """Read several items as of one moment."""
        request, settings, repository = current_request()
        representation = accepted_representation(request)
        keys, projection = keys_of(request, settings)
        form = _ResultForm(representation, settings.hidden_attributes, projection)
        items = repository.transactions.get(keys)
        return form.response(
            [
                form.result(key, item, with_item=True)
                for key, item in in_turns(zip(keys, items, strict=True))
            ]
        )


def _written(
    writes: Sequence[Write],
    token: WriteToken | None,
    settings: Settings,
    transactions: ItemTransactions,
) -> Sequence[Written]:
    try:
        return transactions.write(writes, token)
    except OutcomeUnknown:
        audit_unknown(settings, writes)
        raise


@dataclass(frozen=True, slots=True)
class _ResultForm:
    """The form in which a batch returns items."""

    representation: Representation
    hidden: HiddenAttributes
    projection: Projection | None = None

    def result(self, key: ItemKey, item: Item | None, *, with_item: bool) -> dict[str, Any]:
        etag = None if item is None else entity_tag(item, self.representation)
        result: dict[str, Any] = {**key_members(key), "etag": etag}
        if with_item:
            result["item"] = None if item is None else orjson.Fragment(self._encoded(item))
        return result

    def _encoded(self, item: Item) -> bytes:
        return encode_item(item, self.representation, self.hidden, self.projection)

    def response(self, results: list[dict[str, Any]]) -> Response:
        body = orjson.dumps({"results": results})
        response = Response(body, content_type=self.representation.media_type)
        response.headers["Vary"] = "Accept"
        return response


def _batch_error(
    rejection: OperationsRejected, form: _ResultForm, *, with_items: bool
) -> ItemsError:
    """Return the first rejected operation's error, with the errors of all operations."""
    first, error = rejection.rejected[0]
    errors: list[FieldError] = []
    for index, each in rejection.rejected:
        state = (
            current_state(each, form.representation, form.hidden, with_item=with_items)
            if isinstance(each, PreconditionFailed)
            else {}
        )
        errors += (
            FieldError(_pointer(found, index), found.detail, type(each), state)
            for found in each.errors or (FieldError("", each.detail),)
        )
    return type(error)(f"Operation {first}: {error.detail} Nothing was written.", tuple(errors))


def _pointer(found: FieldError, index: int) -> str:
    """Return the JSON Pointer of an operation's error; storage errors point at the operation."""
    operation = f"/operations/{index}"
    return found.pointer if found.pointer.startswith(f"{operation}/") else operation
