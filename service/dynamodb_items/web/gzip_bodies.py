"""Request bodies that are encoded with gzip.

https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1.3
"""

import zlib

_WINDOW_BITS = 31  # a gzip header and trailer around a window of 32 KiB


class InvalidCoding(ValueError):
    """A body that is not encoded as its header declares."""


class DecodedTooLarge(ValueError):
    """A body that is over the limit once decoded."""


def content_codings_of(content_encoding: str) -> list[str]:
    """Return the codings of a Content-Encoding header that change the body."""
    codings = [coding.strip(" \t").lower() for coding in content_encoding.split(",")]
    return [coding for coding in codings if coding not in ("", "identity")]


def is_gzip(codings: list[str]) -> bool:
    """Return whether a body is encoded once, with gzip."""
    return codings in (["gzip"], ["x-gzip"])


def decoded_gzip(content: bytes, max_bytes: int) -> bytes:
    """Return the decoded content of one gzip member; never more than ``max_bytes`` are decoded.

    Several members in a row are rejected: their number would not be bounded.

    Raises:
        InvalidCoding: the content is not one complete gzip member.
        DecodedTooLarge: it is over ``max_bytes`` once decoded.
    """
    stream = zlib.decompressobj(_WINDOW_BITS)
    try:
        decoded = stream.decompress(content, max_bytes + 1)
    except zlib.error:
        raise InvalidCoding("The body is not valid gzip.") from None
    if len(decoded) > max_bytes:
        raise DecodedTooLarge(f"The body is over {max_bytes:,} bytes once decoded.")
    if not stream.eof or stream.unused_data:
        raise InvalidCoding("The body must be one complete gzip member, with nothing after it.")
    return decoded
