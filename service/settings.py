"""The settings, read once from the environment; ``docs/settings.md`` describes each."""

import difflib
import math
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NoReturn, Self, cast
from urllib.parse import urlsplit

from service.addresses import check_url
from service.items import KeyAttribute, KeySchema, KeyType
from service.operations import Operation
from service.versions import VersionAttribute

# DynamoDB's limits, https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Limits.html
PARTITION_KEY_MAX_BYTES = 2048
SORT_KEY_MAX_BYTES = 1024

_TABLE = re.compile(r"(?:arn:[^:]+:dynamodb:[^:]+:[0-9]+:table/)?[A-Za-z0-9_.-]{3,255}", re.ASCII)
# Longer than anyone waits; a timer for much more overflows.
_LONGEST_SECONDS = 86_400.0

MAX_PORT = 65_535
AUTH_SCHEMES = ("jwt", "api-key", "none")
# RFC 7518 and RFC 8037; a secret shared with the issuer is no public key.
SIGNATURE_ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "Ed25519", "EdDSA"),
)

# Read by the test suite, never by the service.
_FOREIGN_VARIABLES = frozenset({"ITEMS_TEST_ENDPOINT", "ITEMS_TEST_FAST_PATH"})


class SettingsError(Exception):
    """The environment holds mistakes; ``mistakes`` lists all of them, a sentence each."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes

    def end_the_start(self) -> NoReturn:
        """Say all of it and end the process with the status that gunicorn takes as "the app cannot
        load", after which it doesn't try again for ever.
        """
        sys.stderr.write("The service cannot start; mend its environment:\n")
        sys.stderr.writelines(f"  {mistake}\n" for mistake in self.mistakes)
        sys.exit(4)


def _setting(
    variable: str, default: str, parse: Callable[[str], Any], *, is_secret: bool = False
) -> Any:
    return field(
        default_factory=lambda: parse(default),
        metadata={
            "variable": variable,
            "default": default,
            "parse": parse,
            "is_secret": is_secret,
        },
    )


def _table(value: str) -> str:
    if not _TABLE.fullmatch(value):
        raise ValueError(
            "must be a table's name, 3 to 255 letters, digits, dots, hyphens and underscores, or "
            "its ARN"
        )
    return value


def _flag(value: str) -> bool:
    flags = {"true": True, "1": True, "false": False, "0": False}
    try:
        return flags[value.lower()]
    except KeyError:
        raise ValueError("must be true or false") from None


def _seconds(value: str) -> float:
    seconds = _finite(value)
    if not 0 < seconds <= _LONGEST_SECONDS:
        raise ValueError(f"must be a number of seconds above 0, at most {_LONGEST_SECONDS:.0f}")
    return seconds


def _pause_seconds(value: str) -> float:
    seconds = _finite(value)
    if not 0 <= seconds <= _LONGEST_SECONDS:
        raise ValueError(f"must be a number of seconds, from 0 to {_LONGEST_SECONDS:.0f}")
    return seconds


def _finite(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def _count(value: str) -> int:
    if not re.fullmatch("[0-9]{1,6}", value) or int(value) < 1:
        raise ValueError("must be a whole number from 1 to 999999")
    return int(value)


def _key(max_bytes: int) -> Callable[[str], KeyAttribute]:
    def parse(value: str) -> KeyAttribute:
        name, _, type_ = value.rpartition(":")
        if not name or type_ not in ("N", "S"):
            raise ValueError("must be an attribute name and its type, such as Id:N or Name:S")
        return KeyAttribute(name, cast("KeyType", type_), max_bytes)

    return parse


def _operations(value: str) -> frozenset[Operation]:
    names = [name.strip() for name in value.split(",")]
    unknown = [name for name in names if name not in list(Operation)]
    if unknown:
        raise ValueError(
            f"knows no {', '.join(unknown)}; choose from {', '.join(Operation)}, comma-separated"
        )
    if Operation.GET_ITEM not in names:
        raise ValueError("must include GetItem: the readiness probe and preconditions read")
    return frozenset(Operation(name) for name in names)


def _log_level(value: str) -> str:
    levels = ("debug", "info", "warning", "error")
    if value.lower() not in levels:
        raise ValueError(f"must be one of {', '.join(levels)}")
    return value.lower()


def _auth(value: str) -> str | None:
    # Fail closed: who asks for authentication must never get an open service.
    if value not in ("", *AUTH_SCHEMES):
        raise ValueError(f"must be one of {', '.join(AUTH_SCHEMES)}")
    return value or None


def _names(value: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(",") if name.strip())


def _algorithms(value: str) -> tuple[str, ...]:
    names = _names(value)
    if not names or not set(names) <= set(SIGNATURE_ALGORITHMS):
        raise ValueError(
            f"must be some of {', '.join(SIGNATURE_ALGORITHMS)}, comma-separated; public keys "
            "verify no others"
        )
    return names


def _issuer(value: str) -> str:
    if value:
        check_url(value)
    return value


def _key_set(value: str) -> str:
    if "://" in value:
        check_url(value)
    return value


def _rate_limit(value: str) -> str:
    if value:
        from limits import parse_many  # noqa: PLC0415 - it costs time only where it is used

        try:
            parse_many(value)
        except ValueError:
            raise ValueError("must be a number for each time, such as 100/minute") from None
    return value


def _storage(value: str) -> str:
    try:
        well_formed = urlsplit(value).port != 0
    except ValueError:  # its words may have a part of the password
        well_formed = False
    if not well_formed or not value.startswith(("memory://", "redis://", "rediss://")):
        raise ValueError(
            "must be memory:// or a redis:// or rediss:// URL, a password in it percent-encoded"
        )
    return value


def _header_value(value: str) -> str:
    if not re.fullmatch(r"[\x20-\x7e]*", value):
        raise ValueError("must be a header's value: printable ASCII")
    return value


def _origins(value: str) -> tuple[str, ...]:
    origins = _names(value)
    for origin in origins:
        if origin != "*" and not re.fullmatch(r"https?://[A-Za-z0-9.\[\]:-]+", origin):
            raise ValueError(
                f"{origin} is no origin: a scheme, a host and perhaps a port, such as "
                "https://shop.example"
            )
    return origins


def _address(value: str) -> tuple[str, int] | None:
    if not value:
        return None
    host, _, port = value.rpartition(":")
    if not host or not re.fullmatch("[0-9]{1,5}", port) or not 0 < int(port) <= MAX_PORT:
        raise ValueError("must be an address and a port, such as 127.0.0.1:9100")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _hops(value: str) -> int:
    if not re.fullmatch("[0-9]", value):
        raise ValueError("must be a number of proxies from 0 to 9")
    return int(value)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a deployment may choose. Built by ``from_environment``, or for a test by
    its keyword arguments; the defaults are the tutorial's.
    """

    table: str = _setting("ITEMS_TABLE", "my-dynamodb-table", _table)
    partition_key: KeyAttribute = _setting(
        "ITEMS_PARTITION_KEY", "Id:N", _key(PARTITION_KEY_MAX_BYTES)
    )
    sort_key: KeyAttribute = _setting("ITEMS_SORT_KEY", "Name:S", _key(SORT_KEY_MAX_BYTES))
    operations: frozenset[Operation] = _setting(
        "ITEMS_OPERATIONS", "GetItem,PutItem,UpdateItem,DeleteItem", _operations
    )
    version_attribute: str = _setting("ITEMS_VERSION_ATTRIBUTE", "_version", str)
    require_if_match: bool = _setting("ITEMS_REQUIRE_IF_MATCH", "false", _flag)
    consistent_read: bool = _setting("ITEMS_CONSISTENT_READ", "false", _flag)
    deadline_seconds: float = _setting("ITEMS_DEADLINE_SECONDS", "5", _seconds)
    connect_timeout_seconds: float = _setting("ITEMS_CONNECT_TIMEOUT_SECONDS", "0.5", _seconds)
    read_timeout_seconds: float = _setting("ITEMS_READ_TIMEOUT_SECONDS", "1", _seconds)
    max_attempts: int = _setting("ITEMS_MAX_ATTEMPTS", "3", _count)
    retry_percent: int = _setting("ITEMS_RETRY_PERCENT", "10", _count)
    max_in_flight: int = _setting("ITEMS_MAX_IN_FLIGHT", "100", _count)
    body_timeout_seconds: float = _setting("ITEMS_BODY_TIMEOUT_SECONDS", "30", _seconds)
    drain_seconds: float = _setting("ITEMS_DRAIN_SECONDS", "0", _pause_seconds)
    auth: str | None = _setting("ITEMS_AUTH", "", _auth)
    jwt_issuer: str = _setting("ITEMS_JWT_ISSUER", "", _issuer)
    jwt_audiences: tuple[str, ...] = _setting("ITEMS_JWT_AUDIENCE", "", _names)
    jwt_key_set: str = _setting("ITEMS_JWT_KEY_SET", "", _key_set)
    jwt_key_set_seconds: float = _setting("ITEMS_JWT_KEY_SET_SECONDS", "300", _seconds)
    jwt_algorithms: tuple[str, ...] = _setting("ITEMS_JWT_ALGORITHMS", "RS256,ES256", _algorithms)
    jwt_leeway_seconds: float = _setting("ITEMS_JWT_LEEWAY_SECONDS", "30", _seconds)
    jwt_require_nbf: bool = _setting("ITEMS_JWT_REQUIRE_NBF", "true", _flag)
    api_keys_file: str = _setting("ITEMS_API_KEYS_FILE", "", str)
    tenant_claim: str = _setting("ITEMS_TENANT_CLAIM", "", str)
    rate_limit: str = _setting("ITEMS_RATE_LIMIT", "", _rate_limit)
    rate_limit_storage: str = _setting(
        "ITEMS_RATE_LIMIT_STORAGE", "memory://", _storage, is_secret=True
    )
    cors_origins: tuple[str, ...] = _setting("ITEMS_CORS_ORIGINS", "", _origins)
    cache_control: str = _setting("ITEMS_CACHE_CONTROL", "no-store", _header_value)
    trusted_proxies: int = _setting("ITEMS_TRUSTED_PROXIES", "0", _hops)
    admin_bind: tuple[str, int] | None = _setting("ITEMS_ADMIN_BIND", "", _address)
    otel: bool = _setting("ITEMS_OTEL", "false", _flag)
    probe_interval_seconds: float = _setting("ITEMS_PROBE_INTERVAL_SECONDS", "5", _seconds)
    docs_ui: bool = _setting("ITEMS_DOCS_UI", "false", _flag)
    item_page: bool = _setting("ITEMS_ITEM_PAGE", "false", _flag)
    fast_path: bool = _setting("ITEMS_FAST_PATH", "true", _flag)
    log_level: str = _setting("ITEMS_LOG_LEVEL", "info", _log_level)

    @property
    def key_schema(self) -> KeySchema:
        """The two key attributes together."""
        return KeySchema(self.partition_key, self.sort_key)

    @property
    def own_attributes(self) -> tuple[str, ...]:
        """The attributes that are the service's own: no client writes them."""
        return VersionAttribute(self.version_attribute).names

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Settings from ``ITEMS_*`` variables, the defaults for those that are absent.

        Raises:
            SettingsError: with every mistake found, not only the first.
        """
        values: dict[str, Any] = {}
        mistakes: list[str] = []
        for setting in fields(cls):
            variable = setting.metadata["variable"]
            text = environment.get(variable, setting.metadata["default"])
            try:
                values[setting.name] = setting.metadata["parse"](text)
            except ValueError as error:
                shown = "" if setting.metadata["is_secret"] else f"={text!r}"
                mistakes.append(f"{variable}{shown}: {error}.")
        if not mistakes:
            settings = cls(**values)
            mistakes = settings._contradictions()
            if not mistakes:
                return settings
        raise SettingsError(mistakes)

    def _contradictions(self) -> list[str]:
        mistakes = []
        names = [*self.key_schema.names, *self.own_attributes]
        if len(set(names)) < len(names):
            mistakes.append(
                "ITEMS_PARTITION_KEY, ITEMS_SORT_KEY and ITEMS_VERSION_ATTRIBUTE with its log must "
                f"name different attributes, not {', '.join(names)}."
            )
        return mistakes + self._access_contradictions()

    def _access_contradictions(self) -> list[str]:
        needs = {
            "ITEMS_JWT_ISSUER": (self.jwt_issuer, "jwt"),
            "ITEMS_JWT_AUDIENCE": (self.jwt_audiences, "jwt"),
            "ITEMS_API_KEYS_FILE": (self.api_keys_file, "api-key"),
        }
        mistakes = [
            f"{variable} must be set where ITEMS_AUTH={scheme}."
            if self.auth == scheme
            # Whoever sets it believes that callers are checked.
            else f"{variable} is set, but does nothing without ITEMS_AUTH={scheme}."
            for variable, (value, scheme) in needs.items()
            if bool(value) != (self.auth == scheme)
        ]
        if self.tenant_claim and self.auth not in ("jwt", "api-key"):
            mistakes.append("ITEMS_TENANT_CLAIM needs ITEMS_AUTH=jwt or ITEMS_AUTH=api-key.")
        return mistakes


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """A sentence for each ``ITEMS_*`` variable that is no setting, with the nearest one."""
    known = [setting.metadata["variable"] for setting in fields(Settings)]
    sentences = []
    for variable in sorted(environment):
        if variable.startswith("ITEMS_") and variable not in {*known, *_FOREIGN_VARIABLES}:
            near = difflib.get_close_matches(variable, known, n=1)
            hint = f" Is {near[0]} meant?" if near else ""
            sentences.append(f"{variable} is no setting and changes nothing.{hint}")
    return sentences
