"""URLs of items and lists."""

from collections.abc import Iterable
from urllib.parse import quote, urlsplit

from dynamodb_items.config.addresses import is_loopback


def service_url(text: str) -> str:
    """Return the URL of a service, checked.

    Raises:
        ValueError: the text is not such a URL, with what it must be.
    """
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an http or https URL, such as https://items.example.com")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError(
            "must have no credential, query or fragment; a credential belongs in "
            "DYNAMODB_ITEMS_TOKEN, DYNAMODB_ITEMS_API_KEY or --header"
        )
    return text.rstrip("/")


def is_protected(url: str) -> bool:
    """Return whether nobody on the network can read requests to a URL."""
    parts = urlsplit(url)
    return parts.scheme == "https" or is_loopback(parts.hostname or "")


def path_of(segments: Iterable[str]) -> str:
    """Return the path of segments, each of them percent-encoded.

    A segment of dots only would be removed by normalization: its dots are encoded too.
    https://www.rfc-editor.org/rfc/rfc3986#section-5.2.4
    """
    return "".join(
        "/" + (text.replace(".", "%2E") if text in {".", ".."} else quote(text, safe=""))
        for text in segments
    )
