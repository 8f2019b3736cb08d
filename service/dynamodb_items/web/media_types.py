"""The media types of bodies, and content negotiation."""

import enum
import re
from typing import Any

from flask import Request
from werkzeug.exceptions import NotAcceptable, UnsupportedMediaType
from werkzeug.http import parse_options_header

from dynamodb_items.web.gzip_bodies import content_codings_of, is_gzip

PLAIN_JSON = "application/json"
TYPED_JSON = "application/vnd.dynamodb+json"
MERGE_PATCH_JSON = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
NATIVE_UPDATE = "application/vnd.dynamodb.update+json"
PROBLEM_JSON = "application/problem+json"


class Representation(enum.Enum):
    """A representation of items; its value marks the entity tags."""

    PLAIN = "json"
    TYPED = "typed"

    @property
    def media_type(self) -> str:
        """The media type of the representation."""
        return PLAIN_JSON if self is Representation.PLAIN else TYPED_JSON


class PatchForm(enum.Enum):
    """The format of a patch."""

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


class UnsupportedBody(UnsupportedMediaType):
    """A body that its method does not support, with the header that names what it supports.

    https://www.rfc-editor.org/rfc/rfc9110#section-15.5.16
    """

    def __init__(self, description: str, header: str, value: str) -> None:
        super().__init__(description)
        self._header = (header, value)

    def get_headers(self, *arguments: Any, **options: Any) -> list[tuple[str, str]]:
        """Return the headers of the response."""
        return [*super().get_headers(*arguments, **options), self._header]


_BY_MEDIA_TYPE = {representation.media_type: representation for representation in Representation}
# The values that most clients send need no parsing.
_BY_ACCEPT_HEADER = {
    "": Representation.PLAIN,
    "*/*": Representation.PLAIN,
    **_BY_MEDIA_TYPE,
}


# Splits at commas or semicolons outside of quoted strings; an unclosed one ends with the header.
_ELEMENTS = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*+(?:"|\\?\Z))++')
_PARTS = re.compile(r'(?:[^;"]|"(?:[^"\\]|\\.)*+(?:"|\\?\Z))++')
_QUALITY = re.compile(
    r"[ \t]*q[ \t]*=[ \t]*\"?([0-9]*\.?[0-9]*)\"?[ \t]*", re.ASCII | re.IGNORECASE
)
_MEDIA_RANGE = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+/[!#$%&'*+.^_`|~0-9a-z-]+", re.ASCII)
_QUALITY_CHARACTERS = 8


def accepted_representation(request: Request) -> Representation:
    """Return the representation that the Accept header prefers, plain JSON by default.

    Raises:
        NotAcceptable: the header accepts neither representation.
    """
    header = request.environ.get("HTTP_ACCEPT", "")
    if header in _BY_ACCEPT_HEADER:
        return _BY_ACCEPT_HEADER[header]
    representation = preferred_representation(header)
    if representation is None:
        raise NotAcceptable(f"This resource is available as {PLAIN_JSON} and {TYPED_JSON}.")
    return representation


def preferred_representation(accept: str) -> Representation | None:
    """Return the representation that an Accept header prefers; None if it accepts neither.

    Parsing is lenient: a quality may have any number of digits, ``*`` is ``*/*``, and parameters
    other than ``q`` and invalid media ranges are ignored. Without a valid range: plain JSON.

    https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
    """
    ranges = [_media_range(element) for element in _ELEMENTS.findall(accept)]
    known = [(media_range, quality) for media_range, quality in ranges if media_range]
    if not known:
        return Representation.PLAIN
    # Among equal qualities the more specific range wins, then plain JSON.
    best = max(Representation, key=lambda each: _preference(each, known))
    return best if _preference(best, known)[0] > 0 else None


def _media_range(element: str) -> tuple[str, float]:
    """Return the media range of an Accept header's element, empty if invalid, and its quality."""
    name, *parameters = _PARTS.findall(element) or [""]
    name = name.strip(" \t").lower()
    if name == "*":  # as Java's HttpURLConnection sends
        name = "*/*"
    for parameter in parameters:
        quality = _QUALITY.fullmatch(parameter)
        if quality is not None:
            digits = quality[1][:_QUALITY_CHARACTERS]
            # An unreadable quality counts as absent.
            value = min(float(digits), 1.0) if digits.strip(".") else 1.0
            break
    else:
        value = 1.0
    return (name if _MEDIA_RANGE.fullmatch(name) else ""), value


def _preference(
    representation: Representation, ranges: list[tuple[str, float]]
) -> tuple[float, int]:
    """Return the quality and the specificity of the most specific range that matches."""
    for specificity, matching in (
        (2, representation.media_type),
        (1, "application/*"),
        (0, "*/*"),
    ):
        qualities = [quality for media_range, quality in ranges if media_range == matching]
        if qualities:
            return max(qualities), specificity
    return 0.0, 0


def item_representation(request: Request) -> Representation:
    """Return the representation of the item in a request's body.

    Raises:
        UnsupportedMediaType: the body is not an item.
    """
    return _BY_MEDIA_TYPE[_body_media_type(request, (PLAIN_JSON, TYPED_JSON))]


def require_plain_json(request: Request) -> None:
    """Check that a request's body is plain JSON.

    Raises:
        UnsupportedMediaType: it is not plain JSON.
    """
    _body_media_type(request, (PLAIN_JSON,))


def patch_form(request: Request) -> PatchForm:
    """Return the format of the patch in a request's body.

    Raises:
        UnsupportedMediaType: the body is not a patch.
    """
    # https://www.rfc-editor.org/rfc/rfc5789#section-2.2
    return PATCH_FORMS[_body_media_type(request, tuple(PATCH_FORMS), accept="Accept-Patch")]


def _body_media_type(
    request: Request, supported: tuple[str, ...], *, accept: str = "Accept"
) -> str:
    header = request.environ.get("CONTENT_TYPE", "")
    if header in supported and "HTTP_CONTENT_ENCODING" not in request.environ:
        return str(header)
    media_type, options = parse_options_header(header)
    if media_type.lower() not in supported:
        raise UnsupportedBody(
            f"The body's Content-Type must be {' or '.join(supported)}"
            + (f", not {media_type[:100]}." if media_type else "; it has none."),
            accept,
            ", ".join(supported),
        )
    if options.get("charset", "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedBody(
            "JSON must be sent in UTF-8 (RFC 8259 section 8.1).", accept, ", ".join(supported)
        )
    # A gzip body has been decoded, unless it is empty or too large.
    codings = content_codings_of(request.environ.get("HTTP_CONTENT_ENCODING", ""))
    if codings and not is_gzip(codings):
        raise UnsupportedBody(
            "The body's Content-Encoding must be gzip, once, or absent.", "Accept-Encoding", "gzip"
        )
    return media_type.lower()
