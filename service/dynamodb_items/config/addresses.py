"""Which addresses only this machine reaches, and which URLs can be trusted."""

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own, and no other machine reaches it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_local(address: object) -> bool:
    """Whether a socket's address, as ``getsockname`` has it, is reached from this machine alone:
    a loopback address or a Unix socket.
    """
    if isinstance(address, str | bytes):
        return True
    return isinstance(address, tuple) and is_loopback(str(address[0]))


def check_url(url: str) -> None:
    """Refuse a URL by which keys could be forged on their way.

    Raises:
        ValueError: it is neither https, nor http on this machine.
    """
    parts = urlsplit(url)
    if not (
        parts.hostname
        and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname)))
    ):
        raise ValueError(f"{url} must be an https URL")
