"""Addresses that only this machine reaches, and URLs that can be trusted."""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

ORIGIN_PATTERN: Final = r"https?://[A-Za-z0-9.\[\]:-]+"
"""An origin that fits into a header: it has no separator, such as a space or a semicolon."""


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches a host name or address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_local(address: object) -> bool:
    """Return whether only this machine reaches the result of a socket's ``getsockname``.

    That is true of a loopback address and of a Unix socket.
    """
    if isinstance(address, str | bytes):
        return True
    return isinstance(address, tuple) and is_loopback(str(address[0]))


def check_url(url: str) -> None:
    """Reject a URL whose content could be forged on the network.

    Raises:
        ValueError: the URL is neither https, nor http on this machine.
    """
    parts = urlsplit(url)
    if not (
        parts.hostname
        and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname)))
    ):
        raise ValueError(f"{url} must be an https URL")
