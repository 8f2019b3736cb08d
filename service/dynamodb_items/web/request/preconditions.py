"""If-Match and If-None-Match -> Precondition; an item's entity tag.

https://www.rfc-editor.org/rfc/rfc9110#section-13
"""

import re

from flask import Request

from dynamodb_items.domain.errors import InvalidRequest, PreconditionRequired
from dynamodb_items.domain.items import FINGERPRINT_BYTES, Item
from dynamodb_items.domain.preconditions import (
    ANY_ITEM,
    NO_PRECONDITION,
    Fingerprints,
    Precondition,
)
from dynamodb_items.web.media_types import Representation

# Section 8.8.3: an opaque tag in quotes, weak with W/ before it.
_ENTITY_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
# The forms that compressing proxies give a tag: Apache and Caddy append -gzip, Jetty --gzip, others
# ;gzip, each with the name of the encoding.
_OWN_TAG = re.compile(
    rf"([0-9a-f]{{{2 * FINGERPRINT_BYTES}}})"
    rf"(?:-(?:{'|'.join(representation.value for representation in Representation)}))?"
    r"(?:(?:--?|;)(?:gzip|br|zstd|deflate))?"
)
# A comma may be in a tag, too.
_ENTITY_TAGS = re.compile(
    rf"[ \t,]*{_ENTITY_TAG.pattern}(?:[ \t]*,[ \t,]*{_ENTITY_TAG.pattern})*[ \t,]*"
)


def entity_tag(item: Item, representation: Representation) -> str:
    """The strong entity tag of an item in one representation, in its quotes."""
    return f'"{item.fingerprint}-{representation.value}"'


def precondition_of(request: Request) -> Precondition:
    """What a request's headers ask of the stored item.

    Raises:
        InvalidRequest: a header is malformed; ignoring it could lose an update.
    """
    environ = request.environ  # where a header is absent, request.headers is ten times as slow
    return parse_precondition(environ.get("HTTP_IF_MATCH"), environ.get("HTTP_IF_NONE_MATCH"))


def parse_precondition(if_match: str | None, if_none_match: str | None) -> Precondition:
    """What values of If-Match and If-None-Match ask of the stored item.

    A tag names an item, whatever its representation and its bytes. So a tag of this service counts
    in If-Match too after a proxy that compresses has weakened it (``W/"…"``) or marked it with the
    encoding (``"…-gzip"``), where RFC 9110 by itself would let a weak tag match nothing.

    Raises:
        InvalidRequest: a value is malformed.
    """
    if if_match is None and if_none_match is None:
        return NO_PRECONDITION
    return Precondition(
        if_match=None if if_match is None else _fingerprints("If-Match", if_match),
        if_none_match=(
            None if if_none_match is None else _fingerprints("If-None-Match", if_none_match)
        ),
    )


def require_precondition(precondition: Precondition) -> None:
    """Refuse a write that says nothing about the item it replaces.

    Raises:
        PreconditionRequired: there is no precondition.

    https://www.rfc-editor.org/rfc/rfc6585#section-3
    """
    if not precondition:
        raise PreconditionRequired(
            "Writes here need If-Match with the item's ETag, or If-None-Match: * to create."
        )


def _fingerprints(header: str, value: str) -> Fingerprints:
    value = value.strip(" \t")
    if value == "*":
        return ANY_ITEM
    if not _ENTITY_TAGS.fullmatch(value):
        raise InvalidRequest(
            f'{header} takes * or a list of entity tags in double quotes, as in "abc".'
        )
    tags = (_OWN_TAG.fullmatch(opaque_tag) for _, opaque_tag in _ENTITY_TAG.findall(value))
    # A tag of another origin names no item here, so it matches none.
    return frozenset(own[1] for own in tags if own)
