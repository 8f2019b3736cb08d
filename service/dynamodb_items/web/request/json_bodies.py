"""JSON bodies that a schema describes: their members, their item keys, their errors.

Each error has a JSON Pointer (RFC 6901) into the body.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, cast

from flask import Request
from marshmallow import Schema, ValidationError

from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.errors import MAX_ERRORS, FieldError, InvalidKey, UnacceptableItem
from dynamodb_items.domain.keys import ItemKey
from dynamodb_items.formats.limits import pointer_to, reject
from dynamodb_items.formats.strict_json import parse_json
from dynamodb_items.web.middleware.authentication import permitted_key


def loaded_body(request: Request, schema: Schema) -> Mapping[str, Any]:
    """Return the members of a JSON body that a schema describes.

    Raises:
        InvalidBody: the body is not valid JSON.
        UnacceptableItem: the body does not match the schema; up to 100 errors say where.
    """
    value = parse_json(request.get_data())
    try:
        loaded: Mapping[str, Any] = schema.load(value)
    except ValidationError as error:
        messages = cast("Mapping[str, Any]", error.messages)
        errors = tuple(islice(_field_errors(messages, ""), MAX_ERRORS))
        raise UnacceptableItem(
            "The body is not valid. Fix the problems listed in `errors`.", errors
        ) from None
    return loaded


def key_in_body(members: Mapping[str, Any], pointer: str, settings: Settings) -> ItemKey:
    """Return the item key in the members ``id`` and, if the table has a sort key, ``name``.

    Raises:
        UnacceptableItem: the key is not valid for an item.
        NotPermitted: the key is in a partition that the caller may not access.
    """
    try:
        return permitted_key(settings, members["id"], members.get("name"))
    except InvalidKey as error:
        reject(pointer, error.detail)


def _field_errors(messages: Any, pointer: str) -> Iterator[FieldError]:
    if not isinstance(messages, Mapping):
        yield from (FieldError(pointer, str(message)) for message in messages)
        return
    for name, inner in messages.items():
        yield from _field_errors(inner, pointer if name == "_schema" else pointer_to(pointer, name))
