"""Parsers of the settings' texts; each raises ValueError with what the text must be."""

import math
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dynamodb_items.config.addresses import ORIGIN_PATTERN, check_url
from dynamodb_items.config.rates import Rate, parse_rates
from dynamodb_items.domain.indexes import PARTIAL, Index
from dynamodb_items.domain.keys import KEY_TYPES, KeyAttribute, KeySchema
from dynamodb_items.domain.tables import TABLE_ARN_PATTERN, TABLE_NAME_PATTERN
from dynamodb_items.domain.time_to_live import MAX_ATTRIBUTE_BYTES

if TYPE_CHECKING:
    from dynamodb_items.item_schema.schema import ItemSchema

AUTH_SCHEMES = ("jwt", "api-key", "none")
# RFC 7518 and RFC 8037. HMAC is left out: its key is a secret shared with the issuer.
SIGNATURE_ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "Ed25519", "EdDSA"),
)
MAX_PORT = 65_535
MAX_PAGE_SIZE = 1000
"""The largest number of items in a page of a list."""

# A day; a timer of much more overflows.
_MAX_SETTING_SECONDS = 86_400.0


def table(value: str) -> str:
    """Parse a table's name or ARN."""
    if not re.fullmatch(f"{TABLE_NAME_PATTERN}|{TABLE_ARN_PATTERN}", value):
        raise ValueError(
            "must be a table's name, 3 to 255 letters, digits, dots, hyphens and underscores, or "
            "its ARN, such as arn:aws:dynamodb:us-east-2:123456789012:table/orders"
        )
    return value


def flag(value: str) -> bool:
    """Parse true or false."""
    flags = {"true": True, "1": True, "false": False, "0": False}
    try:
        return flags[value.lower()]
    except KeyError:
        raise ValueError("must be true or false") from None


def seconds(value: str) -> float:
    """Parse a time above zero."""
    number = _finite(value)
    if not 0 < number <= _MAX_SETTING_SECONDS:
        raise ValueError(f"must be a number of seconds above 0, at most {_MAX_SETTING_SECONDS:.0f}")
    return number


def pause_seconds(value: str) -> float:
    """Parse a time that may be zero."""
    number = _finite(value)
    if not 0 <= number <= _MAX_SETTING_SECONDS:
        raise ValueError(f"must be a number of seconds, from 0 to {_MAX_SETTING_SECONDS:.0f}")
    return number


def _finite(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def count(value: str, highest: int = 999_999) -> int:
    """Parse a whole number from 1."""
    if not re.fullmatch("[0-9]{1,6}", value) or not 1 <= int(value) <= highest:
        raise ValueError(f"must be a whole number from 1 to {highest}")
    return int(value)


# DynamoDB's limits, https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Limits.html
PARTITION_KEY_MAX_BYTES = 2048
SORT_KEY_MAX_BYTES = 1024


def partition_key(value: str) -> KeyAttribute:
    """Parse the partition key."""
    return _key_attribute(value, PARTITION_KEY_MAX_BYTES)


def sort_key(value: str) -> KeyAttribute | None:
    """Parse the sort key; None for an empty text."""
    return _key_attribute(value, SORT_KEY_MAX_BYTES) if value else None


def _key_attribute(value: str, max_bytes: int) -> KeyAttribute:
    name, _, type_ = value.rpartition(":")
    if not name or type_ not in KEY_TYPES:
        raise ValueError(
            f"must be an attribute name and its type, {', '.join(KEY_TYPES)}, such as Id:N"
        )
    return KeyAttribute(name, type_, max_bytes)


def item_schema(value: str) -> "ItemSchema | None":
    """Read the JSON Schema of items from a file; None for an empty text."""
    if not value:
        return None
    # Imported here: without a schema it costs neither memory nor time.
    from dynamodb_items.item_schema.reading import read_schema  # noqa: PLC0415

    return read_schema(value)


def indexes(value: str) -> tuple[Index, ...]:
    """Parse a list of indexes with their keys, which may be empty."""
    parsed = tuple(_index(text) for text in names(value))
    repeated = {one.name for one in parsed if sum(one.name == each.name for each in parsed) > 1}
    if repeated:
        raise ValueError(f"names {', '.join(sorted(repeated))} more than once")
    return parsed


def _index(text: str) -> Index:
    """Parse one index, such as by-status=Status:S+CreatedAt:N, with /partial after its keys."""
    name, _, keys = text.partition("=")
    whole = keys.removesuffix(PARTIAL)
    partition, _, sort = whole.partition("+")
    # An index is named like a table.
    if not re.fullmatch(TABLE_NAME_PATTERN, name) or not partition or whole.endswith("+"):
        raise ValueError(
            "must be a comma-separated list of indexes and their keys, such as by-email=Email:S or "
            f"by-status=Status:S+CreatedAt:N, with {PARTIAL} after the keys of an index that does "
            "not contain all attributes"
        )
    try:
        schema = KeySchema(partition_key(partition), sort_key(sort))
    except ValueError as error:
        raise ValueError(f"each key of the index {name} {error}") from None
    if len(set(schema.names)) < len(tuple(schema)):
        raise ValueError(f"must not have {schema.partition.name} as both keys of {name}")
    return Index(name, schema, keys != whole)


def page_size(value: str) -> int:
    """Parse the largest number of items in a page."""
    return count(value, MAX_PAGE_SIZE)


def ttl_attribute(value: str) -> str:
    """Check the name of the attribute with an item's time to live, which may be empty."""
    if len(value.encode()) > MAX_ATTRIBUTE_BYTES:
        raise ValueError(f"must be an attribute name of at most {MAX_ATTRIBUTE_BYTES} bytes")
    return value


def log_level(value: str) -> str:
    """Parse a log level; return it in lower case."""
    levels = ("debug", "info", "warning", "error")
    if value.lower() not in levels:
        raise ValueError(f"must be one of {', '.join(levels)}")
    return value.lower()


def auth_scheme(value: str) -> str | None:
    """Parse an authentication scheme; None for an empty text."""
    # Fail closed: a misspelt scheme must never start a service without authentication.
    if value not in ("", *AUTH_SCHEMES):
        raise ValueError(f"must be one of {', '.join(AUTH_SCHEMES)}")
    return value or None


def names(value: str) -> tuple[str, ...]:
    """Parse a comma-separated list, which may be empty."""
    return tuple(name.strip() for name in value.split(",") if name.strip())


def algorithms(value: str) -> tuple[str, ...]:
    """Parse a list of signature algorithms that verify with a public key."""
    chosen = names(value)
    if not chosen or not set(chosen) <= set(SIGNATURE_ALGORITHMS):
        raise ValueError(
            f"must be a comma-separated list of {', '.join(SIGNATURE_ALGORITHMS)}: only these "
            "verify with a public key"
        )
    return chosen


def issuer(value: str) -> str:
    """Check the issuer's URL, which may be empty."""
    if value:
        check_url(value)
    return value


def key_set(value: str) -> str:
    """Check a path or URL of a JSON Web Key Set, which may be empty."""
    if "://" in value:
        check_url(value)
    return value


def rate_limit(value: str) -> tuple[Rate, ...]:
    """Parse rates such as 100/minute or 500units/minute; an empty text has none."""
    try:
        return parse_rates(value) if value else ()
    except ValueError:
        raise ValueError(
            "must be a number per unit of time, such as 100/minute or 500units/minute"
        ) from None


def storage(value: str) -> str:
    """Check the URL of the storage that counts requests."""
    try:
        well_formed = urlsplit(value).port != 0
    except ValueError:  # its message may contain a part of the password
        well_formed = False
    if not well_formed or not value.startswith(("memory://", "redis://", "rediss://")):
        raise ValueError(
            "must be memory:// or a redis:// or rediss:// URL; percent-encode a password in it"
        )
    return value


def header_value(value: str) -> str:
    """Check that a header can have this value."""
    if not re.fullmatch(r"[\x20-\x7e]*", value):
        raise ValueError("must be a valid header value: printable ASCII")
    return value


def origins(value: str) -> tuple[str, ...]:
    """Parse a list of origins, ``*`` for all."""
    listed = names(value)
    for origin in listed:
        if origin != "*" and not re.fullmatch(ORIGIN_PATTERN, origin):
            raise ValueError(
                f"{origin} is not an origin: a scheme, a host and an optional port, such as "
                "https://shop.example"
            )
    return listed


def address(value: str) -> tuple[str, int] | None:
    """Parse a host and port; None for an empty text."""
    if not value:
        return None
    host, _, port = value.rpartition(":")
    if not host or not re.fullmatch("[0-9]{1,5}", port) or not 0 < int(port) <= MAX_PORT:
        raise ValueError("must be an address and a port, such as 127.0.0.1:9100")
    return host.removeprefix("[").removesuffix("]"), int(port)


def hops(value: str) -> int:
    """Parse a number of proxies."""
    if not re.fullmatch("[0-9]", value):
        raise ValueError("must be a number of proxies from 0 to 9")
    return int(value)
