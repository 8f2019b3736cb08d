"""The success responses of the item routes."""

from http import HTTPStatus

from flask import Response, request

from dynamodb_items.domain.errors import PreconditionFailed
from dynamodb_items.domain.items import HiddenAttributes, Item
from dynamodb_items.domain.preconditions import Precondition
from dynamodb_items.web.codecs import encode_item
from dynamodb_items.web.lean_response import LeanResponse
from dynamodb_items.web.middleware.raw_path import path_prefix
from dynamodb_items.web.request.item_requests import ReadRequest, WriteRequest, item_path
from dynamodb_items.web.request.preconditions import entity_tag
from dynamodb_items.web.request.prefer import Return
from dynamodb_items.web.response.conflicts import conflict_of


def read_response(item: Item, read: ReadRequest, hidden: HiddenAttributes) -> Response:
    """Return 200 with the item, or 304 if the client already has it.

    Raises:
        PreconditionFailed: the item does not match ``If-Match``.
    """
    fields = [("ETag", entity_tag(item, read.representation)), ("Vary", "Accept")]
    if read.precondition and not read.precondition.holds_for(item):
        if not Precondition(if_match=read.precondition.if_match).holds_for(item):
            error = PreconditionFailed(
                "The stored item does not match If-Match.", current=item.attributes
            )
            raise conflict_of(error, read.representation, hidden)
        return Response(status=HTTPStatus.NOT_MODIFIED, headers=fields)
    body = encode_item(item, read.representation, hidden, read.projection)
    return LeanResponse.of(body, read.representation.media_type, fields)


def written_response(
    item: Item | None,
    write: WriteRequest,
    hidden: HiddenAttributes,
    *,
    created: bool = False,
) -> Response:
    """Return 201 for a created item and 200 for a changed one, with the item as stored.

    With ``return=minimal`` the response has no body, and 204 replaces 200 (RFC 9110 section
    15.3.1). It is 204, too, if the item has been deleted since the write. A caller that may not
    read gets no entity tag either.
    """
    if item is None and write.shows_item:
        return _bodiless(HTTPStatus.NO_CONTENT, [])
    fields = []
    if item is not None and write.shows_item:
        fields.append(("ETag", entity_tag(item, write.representation)))
    if created:
        fields.append(("Location", path_prefix(request.environ) + item_path(write.key)))
    if write.prefers is not None:
        fields.append(("Preference-Applied", write.prefers.applied))
    if item is None or write.returns is not Return.REPRESENTATION:
        return _bodiless(HTTPStatus.CREATED if created else HTTPStatus.NO_CONTENT, fields)
    body = encode_item(item, write.representation, hidden, write.projection)
    status = HTTPStatus.CREATED if created else HTTPStatus.OK
    fields.append(("Vary", "Accept"))
    return LeanResponse.of(body, write.representation.media_type, fields, status)


def deleted_response(last: Item | None, write: WriteRequest, hidden: HiddenAttributes) -> Response:
    """Return 204, or on request 200 with the last state of an item that existed."""
    is_bodiless = last is None or write.returns is Return.MINIMAL
    is_applied = write.prefers is Return.MINIMAL or not is_bodiless
    fields = []
    if write.prefers is not None and is_applied:
        fields.append(("Preference-Applied", write.prefers.applied))
    if last is None or is_bodiless:
        return _bodiless(HTTPStatus.NO_CONTENT, fields)
    body = encode_item(last, write.representation, hidden, write.projection)
    fields.append(("Vary", "Accept"))
    return LeanResponse.of(body, write.representation.media_type, fields)


def _bodiless(status: HTTPStatus, fields: list[tuple[str, str]]) -> Response:
    response = Response(status=status, headers=fields)
    del response.headers["Content-Type"]
    return response
