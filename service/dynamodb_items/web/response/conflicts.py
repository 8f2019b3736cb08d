"""What a 412 contains of the stored item: its ETag, and on request the item itself.

It costs no call: the failed write, or the read before it, has already returned the item.
Only a caller with permission to read gets the ETag and the item.

https://www.rfc-editor.org/rfc/rfc9110#section-15.5.13
"""

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Flask, Response

from dynamodb_items.domain.errors import PreconditionFailed
from dynamodb_items.domain.items import HiddenAttributes, Item
from dynamodb_items.web.codecs import Projection, encode_item
from dynamodb_items.web.media_types import Representation
from dynamodb_items.web.middleware.authentication import caller_may_read
from dynamodb_items.web.request.preconditions import entity_tag
from dynamodb_items.web.response.problem_responses import problem_response
from dynamodb_items.web.response.problems import problem_of


class Conflict(PreconditionFailed):
    """A failed precondition, with what the caller may know of the stored item."""

    def __init__(self, error: PreconditionFailed, state: Mapping[str, Any]) -> None:
        super().__init__(error.detail, error.errors)
        self.state = state


def conflict_of(
    error: PreconditionFailed,
    representation: Representation,
    hidden: HiddenAttributes,
    *,
    with_item: bool = False,
    projection: Projection | None = None,
) -> Conflict:
    """Return the error to raise for a failed precondition of a request for one item."""
    state = current_state(error, representation, hidden, with_item=with_item, projection=projection)
    return Conflict(error, state)


def current_state(
    error: PreconditionFailed,
    representation: Representation,
    hidden: HiddenAttributes,
    *,
    with_item: bool,
    projection: Projection | None = None,
) -> Mapping[str, Any]:
    """Return the stored item's ``etag`` and, with ``with_item``, the item as ``current``.

    Empty if the item does not exist, is not known, or if the caller may not read it.
    """
    if error.current is None or not caller_may_read():
        return {}
    item = Item(error.current, hidden.secret)
    state: dict[str, Any] = {"etag": entity_tag(item, representation)}
    if with_item:
        body = encode_item(item, representation, hidden, projection)
        state["current"] = orjson.Fragment(body)
    return state


def handle_conflict(conflict: Conflict) -> Response:
    """Return a 412 with the stored item's ETag and, if requested, the item."""
    state = dict(conflict.state)
    etag = state.pop("etag", None)
    response = problem_response(
        problem_of(PreconditionFailed), conflict.detail, conflict.errors, **state
    )
    if etag is not None:
        response.headers["ETag"] = etag
    return response


def install(app: Flask) -> None:
    """Register the response to a conflict."""
    app.register_error_handler(Conflict, handle_conflict)
