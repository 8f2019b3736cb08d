"""The responses of lists: a page of items, and where the next page is."""

import hashlib
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Request, Response

from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.errors import PreconditionFailed
from dynamodb_items.domain.items import FINGERPRINT_BYTES, fingerprint_of
from dynamodb_items.domain.keys import key_text
from dynamodb_items.domain.preconditions import Precondition
from dynamodb_items.runtime.deadline import LONG_WORK_BYTES, give_way, give_way_after, in_turns
from dynamodb_items.storage.item_lists import Page
from dynamodb_items.web.codecs import KEY_MEMBERS, encode_item
from dynamodb_items.web.lean_response import LeanResponse
from dynamodb_items.web.request.cursors import encode_cursor
from dynamodb_items.web.request.list_requests import ListRequest
from dynamodb_items.web.request.preconditions import tag_of

ITEMS_IN_A_ROW = 32
"""After so many small items, other requests have a turn; a projection can take long for each."""


def page_response(
    page: Page, wanted: ListRequest, request: Request, settings: Settings
) -> Response:
    """Return 200 with a page, or 304 if the client already has it.

    Raises:
        PreconditionFailed: the page does not match ``If-Match``.
    """
    cursor = None if page.next_start is None else encode_cursor(page.next_start, wanted.listed)
    body = orjson.dumps(
        {
            "items": list(_members(page, wanted, settings)),
            "next": cursor,
            "evaluated": page.evaluated,
        }
    )
    give_way_after(len(body))
    fingerprint = hashlib.blake2b(body, digest_size=FINGERPRINT_BYTES).hexdigest()
    headers = [("ETag", tag_of(fingerprint, wanted.representation)), ("Vary", "Accept")]
    if cursor is not None and request.method in ("GET", "HEAD"):
        headers.append(("Link", f'<{_next_reference(request, cursor)}>; rel="next"'))
    precondition = wanted.precondition
    if not precondition.holds_for_fingerprint(fingerprint):
        if not Precondition(if_match=precondition.if_match).holds_for_fingerprint(fingerprint):
            raise PreconditionFailed("The page does not match If-Match.")
        return Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    return LeanResponse.of(body, wanted.representation.media_type, headers)


def _members(page: Page, wanted: ListRequest, settings: Settings) -> Iterator[dict[str, Any]]:
    """Yield the members of a page; other requests are served between long ones."""
    index = wanted.listed.index
    has_whole_items = index is None or not index.is_partial
    key_names = tuple(zip(KEY_MEMBERS, settings.key_schema.names, strict=False))
    in_a_row = ITEMS_IN_A_ROW if wanted.projection is None else 1
    representation, projection = wanted.representation, wanted.projection
    hidden = settings.hidden_attributes
    since_turn = 0
    for item in in_turns(page.items, in_a_row):
        encoded = encode_item(item, representation, hidden, projection)
        since_turn += len(encoded)
        if since_turn > LONG_WORK_BYTES:
            give_way()
            since_turn = 0
        yield {
            **{member: key_text(item.attributes[name]) for member, name in key_names},
            # Not ``entity_tag``: to keep the fingerprint in each item takes five more calls.
            "etag": tag_of(fingerprint_of(item.attributes, item.secret), representation)
            if has_whole_items
            else None,
            "item": orjson.Fragment(encoded),
        }


def _next_reference(request: Request, cursor: str) -> str:
    """Return the URL of the next page, relative to the request's: the same path, another query.

    The path may be long, and many proxies limit the size of a response's headers.

    https://www.rfc-editor.org/rfc/rfc8288#section-3.1
    """
    others = [each for each in request.args.items(multi=True) if each[0] != "cursor"]
    return "?" + urlencode([*others, ("cursor", cursor)])
