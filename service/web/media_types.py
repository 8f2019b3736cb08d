"""The media types that bodies have, and which of them an answer takes."""

import enum
from typing import Any

from flask import Request
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import NotAcceptable, UnsupportedMediaType
from werkzeug.http import parse_options_header

PLAIN_JSON = "application/json"
TYPED_JSON = "application/vnd.dynamodb+json"
MERGE_PATCH_JSON = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
NATIVE_UPDATE = "application/vnd.dynamodb.update+json"
PROBLEM_JSON = "application/problem+json"


class Representation(enum.Enum):
    """A form in which an item is sent and received; the value marks its entity tags."""

    PLAIN = "json"
    TYPED = "typed"

    @property
    def media_type(self) -> str:
        """Its media type."""
        return PLAIN_JSON if self is Representation.PLAIN else TYPED_JSON


class PatchForm(enum.Enum):
    """What a patch is written in."""

    MERGE = enum.auto()
    PLAIN_JSON = enum.auto()
    """A merge patch, unless it looks like an update expression."""
    JSON_PATCH = enum.auto()
    NATIVE = enum.auto()


PATCH_FORMS = {
    MERGE_PATCH_JSON: PatchForm.MERGE,
    PLAIN_JSON: PatchForm.PLAIN_JSON,
    JSON_PATCH: PatchForm.JSON_PATCH,
    NATIVE_UPDATE: PatchForm.NATIVE,
}


class UnsupportedPatch(UnsupportedMediaType):
    """A PATCH whose body is no patch."""

    def get_headers(self, *arguments: Any, **options: Any) -> list[tuple[str, str]]:
        """With the media types that are, https://www.rfc-editor.org/rfc/rfc5789#section-2.2"""
        headers = super().get_headers(*arguments, **options)
        return [*headers, ("Accept-Patch", ", ".join(PATCH_FORMS))]


_BY_MEDIA_TYPE = {representation.media_type: representation for representation in Representation}
# What nearly every client sends needs no parsing.
_BY_ACCEPT_HEADER = {
    "": Representation.PLAIN,
    "*/*": Representation.PLAIN,
    **_BY_MEDIA_TYPE,
}


def accepted_representation(request: Request) -> Representation:
    """The representation that the Accept header prefers, plain JSON where it has no say.

    Raises:
        NotAcceptable: it accepts neither.

    https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
    """
    header = request.environ.get("HTTP_ACCEPT", "")
    if header in _BY_ACCEPT_HEADER:
        return _BY_ACCEPT_HEADER[header]
    # A charset or an indent changes nothing: parameters are no reason to refuse.
    ranges = MIMEAccept(
        (media_range.partition(";")[0], quality)
        for media_range, quality in request.accept_mimetypes
    )
    best = ranges.best_match(list(_BY_MEDIA_TYPE))
    if best is None:
        raise NotAcceptable(f"This resource is sent as {PLAIN_JSON} or {TYPED_JSON}.")
    return _BY_MEDIA_TYPE[best]


def item_representation(request: Request) -> Representation:
    """The representation of the item in a request's body.

    Raises:
        UnsupportedMediaType: it is no item's.
    """
    return _BY_MEDIA_TYPE[_body_media_type(request, (PLAIN_JSON, TYPED_JSON))]


def require_plain_json(request: Request) -> None:
    """Check that a request's body is plain JSON.

    Raises:
        UnsupportedMediaType: it is not.
    """
    _body_media_type(request, (PLAIN_JSON,))


def patch_form(request: Request) -> PatchForm:
    """What the patch in a request's body is written in.

    Raises:
        UnsupportedMediaType: it is no patch.
    """
    try:
        return PATCH_FORMS[_body_media_type(request, tuple(PATCH_FORMS))]
    except UnsupportedMediaType as error:
        raise UnsupportedPatch(error.description) from None


def _body_media_type(request: Request, supported: tuple[str, ...]) -> str:
    header = request.environ.get("CONTENT_TYPE", "")
    if header in supported and "HTTP_CONTENT_ENCODING" not in request.environ:
        return str(header)
    media_type, options = parse_options_header(header)
    if media_type.lower() not in supported:
        raise UnsupportedMediaType(
            f"The body's Content-Type must be {' or '.join(supported)}"
            + (f", not {media_type[:100]}." if media_type else "; it has none.")
        )
    if options.get("charset", "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaType("JSON is sent in UTF-8 (RFC 8259 section 8.1).")
    if request.environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise UnsupportedMediaType("The body must not be compressed.")
    return media_type.lower()
