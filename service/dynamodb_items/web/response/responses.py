"""What the item routes answer when all went well."""

from http import HTTPStatus

from flask import Response, request

from dynamodb_items.domain.errors import PreconditionFailed
from dynamodb_items.domain.items import Item, Precondition
from dynamodb_items.web.codecs import encode_item
from dynamodb_items.web.lean_response import LeanResponse
from dynamodb_items.web.middleware.raw_path import path_prefix
from dynamodb_items.web.request.preconditions import entity_tag
from dynamodb_items.web.request.prefer import Return
from dynamodb_items.web.request.requests import ReadRequest, WriteRequest, item_path
from dynamodb_items.web.response.conflicts import conflict_of


def read_response(item: Item, read: ReadRequest, own_attributes: tuple[str, ...]) -> Response:
    """200 with the item, or 304 where the client has it.

    Raises:
        PreconditionFailed: it is not the one that If-Match names.
    """
    fields = [("ETag", entity_tag(item, read.representation)), ("Vary", "Accept")]
    if read.precondition and not read.precondition.holds_for(item):
        if not Precondition(if_match=read.precondition.if_match).holds_for(item):
            error = PreconditionFailed(
                "The stored item is not the one that If-Match names.", current=item.attributes
            )
            raise conflict_of(error, read.representation, own_attributes)
        return Response(status=HTTPStatus.NOT_MODIFIED, headers=fields)
    body = encode_item(item, read.representation, own_attributes, read.projection)
    return LeanResponse.of(body, read.representation.media_type, fields)


def written_response(
    item: Item | None,
    write: WriteRequest,
    own_attributes: tuple[str, ...],
    *,
    created: bool = False,
) -> Response:
    """The item as stored: 201 where it is new, else 200; with ``return=minimal`` no body, and
    204 in place of 200 (RFC 9110 section 15.3.1). Where it is gone again by now, 204 too.
    """
    if item is None:
        return _bodiless(HTTPStatus.NO_CONTENT)
    status = HTTPStatus.CREATED if created else HTTPStatus.OK
    if write.returns is Return.REPRESENTATION:
        body = encode_item(item, write.representation, own_attributes, write.projection)
        media_type = write.representation.media_type
        response: Response = LeanResponse.of(body, media_type, [("Vary", "Accept")], status)
    else:
        response = _bodiless(HTTPStatus.CREATED if created else HTTPStatus.NO_CONTENT)
    response.headers["ETag"] = entity_tag(item, write.representation)
    if created:
        response.headers["Location"] = path_prefix(request.environ) + item_path(write.key)
    return _with_preference(response, write)


def deleted_response(
    last: Item | None, write: WriteRequest, own_attributes: tuple[str, ...]
) -> Response:
    """204, or on request 200 with the last state where there was one."""
    if last is None or write.returns is Return.MINIMAL:
        response = _bodiless(HTTPStatus.NO_CONTENT)
        return _with_preference(response, write) if write.prefers is Return.MINIMAL else response
    response = Response(
        encode_item(last, write.representation, own_attributes, write.projection),
        content_type=write.representation.media_type,
    )
    response.headers["Vary"] = "Accept"
    return _with_preference(response, write)


def _bodiless(status: HTTPStatus) -> Response:
    response = Response(status=status)
    del response.headers["Content-Type"]
    return response


def _with_preference(response: Response, write: WriteRequest) -> Response:
    if write.prefers is not None:
        response.headers["Preference-Applied"] = write.prefers.applied
    return response
