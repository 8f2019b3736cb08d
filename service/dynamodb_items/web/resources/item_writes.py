"""What the routes of items share: the current request, and writes of one item."""

from flask import Request, Response, current_app
from flask import request as flask_request

from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.errors import OutcomeUnknown, PreconditionFailed
from dynamodb_items.domain.operations import Operation
from dynamodb_items.expressions.native_update import NativeCondition
from dynamodb_items.storage.repository import ItemRepository
from dynamodb_items.storage.write_commands import Delete, Write, Written
from dynamodb_items.web.request.item_requests import WriteRequest
from dynamodb_items.web.request.prefer import Return
from dynamodb_items.web.resources.write_audit import audit_unknown, audit_written
from dynamodb_items.web.response.conflicts import conflict_of
from dynamodb_items.web.response.responses import deleted_response, written_response
from dynamodb_items.web.write_permissions import check_write_permitted


def current_request() -> tuple[Request, Settings, ItemRepository]:
    """Return the current request, the settings and the repository.

    Each access to one of Flask's proxies takes half a microsecond, so a route makes it once.
    """
    extensions = current_app.extensions
    request: Request = flask_request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    return request, extensions["settings"], extensions["item_repository"]


def store_item(
    write: Write, request: WriteRequest, settings: Settings, repository: ItemRepository
) -> Response:
    """Put or update an item and return it: 201 if a put has created it.

    Raises:
        ItemsError: as ``carry_out``.
    """
    written = carry_out(write, request, settings, repository)
    created = written.created and write.operation is Operation.PUT_ITEM
    return written_response(written.item, request, settings.hidden_attributes, created=created)


def delete_item(
    request: WriteRequest,
    settings: Settings,
    repository: ItemRepository,
    condition: NativeCondition | None = None,
) -> Response:
    """Delete an item and return its last state where the client prefers that.

    Raises:
        ItemsError: as ``carry_out``.
    """
    delete = Delete(request.key, request.precondition, condition)
    written = carry_out(delete, request, settings, repository)
    return deleted_response(written.item, request, settings.hidden_attributes)


def carry_out(
    write: Write, request: WriteRequest, settings: Settings, repository: ItemRepository
) -> Written:
    """Carry out the write of a request, once only if it has an Idempotency-Key.

    Raises:
        ItemsError: as ``ItemRepository.write`` and ``ItemTransactions.write_once``; a failed
            precondition with as much of the stored item as the caller may see.
        NotPermitted: the outcome would reveal stored values to a caller that may not read.
    """
    check_write_permitted(write, settings)
    try:
        written = _written(write, request, repository)
    except OutcomeUnknown:
        audit_unknown(settings, [write])
        raise
    except PreconditionFailed as error:
        raise conflict_of(
            error,
            request.representation,
            settings.hidden_attributes,
            with_item=request.prefers is Return.REPRESENTATION,
            projection=request.projection,
        ) from None
    audit_written(settings, [write], [written])
    return written


def _written(write: Write, request: WriteRequest, repository: ItemRepository) -> Written:
    if request.token is None:
        return repository.write(write)
    transactions = repository.transactions
    written = transactions.write_once(write, request.token)
    if not request.shows_item:
        return written
    if not isinstance(write, Delete):
        (written,) = transactions.read_back([write], [written])
    elif request.returns is Return.REPRESENTATION and written.item is not None:
        written = transactions.last_state(write.key, written)
    return written
