"""From a setting's text to its value; each raises ValueError with what the text must be."""

import math
import re
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

from dynamodb_items.config.addresses import check_url
from dynamodb_items.domain.keys import KeyAttribute, KeyType
from dynamodb_items.domain.operations import Operation

AUTH_SCHEMES = ("jwt", "api-key", "none")
# RFC 7518 and RFC 8037; a secret shared with the issuer is no public key.
SIGNATURE_ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "Ed25519", "EdDSA"),
)
MAX_PORT = 65_535

_TABLE = re.compile(r"(?:arn:[^:]+:dynamodb:[^:]+:[0-9]+:table/)?[A-Za-z0-9_.-]{3,255}", re.ASCII)
# Longer than anyone waits; a timer for much more overflows.
_LONGEST_SECONDS = 86_400.0


def table(value: str) -> str:
    """A table's name or ARN."""
    if not _TABLE.fullmatch(value):
        raise ValueError(
            "must be a table's name, 3 to 255 letters, digits, dots, hyphens and underscores, or "
            "its ARN"
        )
    return value


def flag(value: str) -> bool:
    """True or false."""
    flags = {"true": True, "1": True, "false": False, "0": False}
    try:
        return flags[value.lower()]
    except KeyError:
        raise ValueError("must be true or false") from None


def seconds(value: str) -> float:
    """A time above zero."""
    number = _finite(value)
    if not 0 < number <= _LONGEST_SECONDS:
        raise ValueError(f"must be a number of seconds above 0, at most {_LONGEST_SECONDS:.0f}")
    return number


def pause_seconds(value: str) -> float:
    """A time that may be zero."""
    number = _finite(value)
    if not 0 <= number <= _LONGEST_SECONDS:
        raise ValueError(f"must be a number of seconds, from 0 to {_LONGEST_SECONDS:.0f}")
    return number


def _finite(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def count(value: str) -> int:
    """A whole number from 1."""
    if not re.fullmatch("[0-9]{1,6}", value) or int(value) < 1:
        raise ValueError("must be a whole number from 1 to 999999")
    return int(value)


def key(max_bytes: int) -> Callable[[str], KeyAttribute]:
    """A key attribute, of at most so many bytes."""

    def parse(value: str) -> KeyAttribute:
        name, _, type_ = value.rpartition(":")
        if not name or type_ not in ("N", "S"):
            raise ValueError("must be an attribute name and its type, such as Id:N or Name:S")
        return KeyAttribute(name, cast("KeyType", type_), max_bytes)

    return parse


def operations(value: str) -> frozenset[Operation]:
    """A list of operations, GetItem among them."""
    chosen = [name.strip() for name in value.split(",")]
    unknown = [name for name in chosen if name not in list(Operation)]
    if unknown:
        raise ValueError(
            f"knows no {', '.join(unknown)}; choose from {', '.join(Operation)}, comma-separated"
        )
    if Operation.GET_ITEM not in chosen:
        raise ValueError("must include GetItem: the readiness probe and preconditions read")
    return frozenset(Operation(name) for name in chosen)


def log_level(value: str) -> str:
    """A level, in lower case."""
    levels = ("debug", "info", "warning", "error")
    if value.lower() not in levels:
        raise ValueError(f"must be one of {', '.join(levels)}")
    return value.lower()


def auth_scheme(value: str) -> str | None:
    """A scheme of authentication, None where there is none."""
    # Fail closed: who asks for authentication must never get an open service.
    if value not in ("", *AUTH_SCHEMES):
        raise ValueError(f"must be one of {', '.join(AUTH_SCHEMES)}")
    return value or None


def names(value: str) -> tuple[str, ...]:
    """A list, which may be empty."""
    return tuple(name.strip() for name in value.split(",") if name.strip())


def algorithms(value: str) -> tuple[str, ...]:
    """A list of signature algorithms, those of public keys only."""
    chosen = names(value)
    if not chosen or not set(chosen) <= set(SIGNATURE_ALGORITHMS):
        raise ValueError(
            f"must be some of {', '.join(SIGNATURE_ALGORITHMS)}, comma-separated; public keys "
            "verify no others"
        )
    return chosen


def issuer(value: str) -> str:
    """A URL by which no key can be forged, or nothing."""
    if value:
        check_url(value)
    return value


def key_set(value: str) -> str:
    """A file, or a URL by which no key can be forged, or nothing."""
    if "://" in value:
        check_url(value)
    return value


def rate_limit(value: str) -> str:
    """A rate such as 100/minute, or nothing."""
    if value:
        from limits import parse_many  # noqa: PLC0415 - it costs time only where it is used

        try:
            parse_many(value)
        except ValueError:
            raise ValueError("must be a number for each time, such as 100/minute") from None
    return value


def storage(value: str) -> str:
    """Where requests are counted."""
    try:
        well_formed = urlsplit(value).port != 0
    except ValueError:  # its words may have a part of the password
        well_formed = False
    if not well_formed or not value.startswith(("memory://", "redis://", "rediss://")):
        raise ValueError(
            "must be memory:// or a redis:// or rediss:// URL, a password in it percent-encoded"
        )
    return value


def header_value(value: str) -> str:
    """What a header can hold."""
    if not re.fullmatch(r"[\x20-\x7e]*", value):
        raise ValueError("must be a header's value: printable ASCII")
    return value


def origins(value: str) -> tuple[str, ...]:
    """A list of origins, ``*`` for all."""
    listed = names(value)
    for origin in listed:
        if origin != "*" and not re.fullmatch(r"https?://[A-Za-z0-9.\[\]:-]+", origin):
            raise ValueError(
                f"{origin} is no origin: a scheme, a host and perhaps a port, such as "
                "https://shop.example"
            )
    return listed


def address(value: str) -> tuple[str, int] | None:
    """Host and port, None where there are none."""
    if not value:
        return None
    host, _, port = value.rpartition(":")
    if not host or not re.fullmatch("[0-9]{1,5}", port) or not 0 < int(port) <= MAX_PORT:
        raise ValueError("must be an address and a port, such as 127.0.0.1:9100")
    return host.removeprefix("[").removesuffix("]"), int(port)


def hops(value: str) -> int:
    """A number of proxies."""
    if not re.fullmatch("[0-9]", value):
        raise ValueError("must be a number of proxies from 0 to 9")
    return int(value)
