"""Entity tags of items, and the preconditions If-Match and If-None-Match.

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

# Section 8.8.3: an opaque tag in quotes; a prefix W/ makes it weak.
_ENTITY_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
# Proxies that compress append the encoding to a tag: Apache and Caddy as -gzip, Jetty as --gzip,
# others as ;gzip.
_OWN_TAG = re.compile(
    rf"([0-9a-f]{{{2 * FINGERPRINT_BYTES}}})"
    rf"(?:-(?:{'|'.join(representation.value for representation in Representation)}))?"
    r"(?:(?:--?|;)(?:gzip|br|zstd|deflate))?"
)
# A tag may contain a comma, so that splitting at commas is wrong.
_ENTITY_TAGS = re.compile(
    rf"[ \t,]*{_ENTITY_TAG.pattern}(?:[ \t]*,[ \t,]*{_ENTITY_TAG.pattern})*[ \t,]*"
)


def entity_tag(item: Item, representation: Representation) -> str:
    """Return the strong entity tag of an item in one representation, with its quotes."""
    return tag_of(item.fingerprint, representation)


def tag_of(fingerprint: str, representation: Representation) -> str:
    """Return the entity tag with a fingerprint, with its quotes."""
    return f'"{fingerprint}-{representation.value}"'


def precondition_of(request: Request) -> Precondition:
    """Return the precondition in a request's headers.

    Raises:
        InvalidRequest: a header is malformed; ignoring it could lose an update.
    """
    environ = request.environ  # request.headers is ten times as slow for an absent header
    return parse_precondition(environ.get("HTTP_IF_MATCH"), environ.get("HTTP_IF_NONE_MATCH"))


def parse_precondition(if_match: str | None, if_none_match: str | None) -> Precondition:
    """Return the precondition in the values of If-Match and If-None-Match.

    A tag identifies an item, whatever its representation and bytes. So a tag that a proxy with
    compression has weakened (``W/"…"``) or marked with the encoding (``"…-gzip"``) still matches in
    If-Match, although by RFC 9110 a weak tag never matches there.

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


def reject_preconditions(request: Request, advice: str) -> None:
    """Reject If-Match and If-None-Match where ignoring them could have unexpected results.

    Raises:
        InvalidRequest: the request has one of them; the detail ends with ``advice``.
    """
    for name in ("If-Match", "If-None-Match"):
        if name in request.headers:
            raise InvalidRequest(f"The header {name} {advice}")


def require_precondition(precondition: Precondition) -> None:
    """Reject a write without a precondition.

    Raises:
        PreconditionRequired: the precondition is empty.

    https://www.rfc-editor.org/rfc/rfc6585#section-3
    """
    if not precondition:
        raise PreconditionRequired(
            "This deployment requires a precondition. Send If-Match with the item's ETag, or "
            "If-None-Match: * to create the item."
        )


def _fingerprints(header: str, value: str) -> Fingerprints:
    value = value.strip(" \t")
    if value == "*":
        return ANY_ITEM
    if not _ENTITY_TAGS.fullmatch(value):
        raise InvalidRequest(
            f'Invalid {header}. Send * or a list of entity tags in double quotes, such as "abc".'
        )
    tags = (_OWN_TAG.fullmatch(opaque_tag) for _, opaque_tag in _ENTITY_TAG.findall(value))
    # A tag of another origin matches no item of this service.
    return frozenset(own[1] for own in tags if own)
