"""What the routes that write one item share."""

from flask import Request
from flask.globals import request_ctx

from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.errors import PreconditionFailed
from dynamodb_items.storage.repository import ItemRepository
from dynamodb_items.storage.write_commands import Delete, Write, Written
from dynamodb_items.web.request.item_requests import WriteRequest
from dynamodb_items.web.request.prefer import Return
from dynamodb_items.web.response.conflicts import conflict_of


def current_request() -> tuple[Request, Settings, ItemRepository]:
    """Return the current request, the settings and the repository.

    Each use of one of Flask's proxies takes a microsecond, so there is only one.
    """
    extensions = request_ctx.app.extensions
    return request_ctx.request, extensions["settings"], extensions["item_repository"]


def carry_out(
    repository: ItemRepository, write: Write, request: WriteRequest, settings: Settings
) -> Written:
    """Carry out the write of a request: once only, where it has an Idempotency-Key.

    Raises:
        ItemsError: as ``ItemRepository.write`` and ``ItemTransactions.write_once``; a failed
            precondition with what the caller may know of the stored item.
    """
    try:
        return _written(repository, write, request)
    except PreconditionFailed as error:
        raise conflict_of(
            error,
            request.representation,
            settings.own_attributes,
            with_item=request.prefers is Return.REPRESENTATION,
            projection=request.projection,
        ) from None


def _written(repository: ItemRepository, write: Write, request: WriteRequest) -> Written:
    if request.token is None:
        return repository.write(write)
    transactions = repository.transactions
    written = transactions.write_once(write, request.token)
    if not isinstance(write, Delete):
        (written,) = transactions.read_back([write], [written])
    elif request.returns is Return.REPRESENTATION and written.item is not None:
        written = transactions.last_state(write.key, written)
    return written
