"""The settings, read once from the environment; ``docs/settings.md`` describes each of them."""

import difflib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, NoReturn, Self

from dynamodb_items.config import claims, values
from dynamodb_items.config.claims import READ_SCOPE, WRITE_SCOPE, ClaimPath
from dynamodb_items.config.rates import Rate
from dynamodb_items.domain.indexes import Index
from dynamodb_items.domain.items import HiddenAttributes
from dynamodb_items.domain.keys import KeyAttribute, KeySchema
from dynamodb_items.domain.operations import (
    DEFAULT_OPERATIONS,
    Operation,
    format_operations,
    parse_operations,
)
from dynamodb_items.domain.tables import DEFAULT_TABLE, TableArn
from dynamodb_items.domain.write_tokens import VersionAttribute
from dynamodb_items.runtime.output import protect_standard_streams

if TYPE_CHECKING:
    from dynamodb_items.item_schema.schema import ItemSchema

# gunicorn reads this exit status as "the app cannot be loaded" and does not start workers again.
_CANNOT_LOAD = 4


class SettingsError(Exception):
    """Invalid settings; ``errors`` lists all of them, a sentence each."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors

    def exit(self) -> NoReturn:
        """Write all errors to standard error and end the process with status 4."""
        protect_standard_streams()
        sys.stderr.write("Cannot start: invalid configuration:\n")
        sys.stderr.writelines(f"  {error}\n" for error in self.errors)
        sys.exit(_CANNOT_LOAD)


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


@dataclass(frozen=True)
class Settings:
    """Everything that a deployment may choose; the defaults are those of AWS's tutorial."""

    table: str = _setting("ITEMS_TABLE", DEFAULT_TABLE, values.table)
    partition_key: KeyAttribute = _setting("ITEMS_PARTITION_KEY", "Id:N", values.partition_key)
    sort_key: KeyAttribute | None = _setting("ITEMS_SORT_KEY", "Name:S", values.sort_key)
    operations: frozenset[Operation] = _setting(
        "ITEMS_OPERATIONS", format_operations(DEFAULT_OPERATIONS), parse_operations
    )
    indexes: tuple[Index, ...] = _setting("ITEMS_INDEXES", "", values.indexes)
    max_page_size: int = _setting("ITEMS_MAX_PAGE_SIZE", "1000", values.page_size)
    version_attribute: str = _setting("ITEMS_VERSION_ATTRIBUTE", "_version", str)
    ttl_attribute: str = _setting("ITEMS_TTL_ATTRIBUTE", "", values.ttl_attribute)
    item_schema: "ItemSchema | None" = _setting("ITEMS_SCHEMA", "", values.item_schema)
    schema_defaults: bool = _setting("ITEMS_SCHEMA_DEFAULTS", "false", values.flag)
    schema_full_access: bool = _setting("ITEMS_SCHEMA_FULL_ACCESS", "false", values.flag)
    require_if_match: bool = _setting("ITEMS_REQUIRE_IF_MATCH", "false", values.flag)
    consistent_read: bool = _setting("ITEMS_CONSISTENT_READ", "false", values.flag)
    deadline_seconds: float = _setting("ITEMS_DEADLINE_SECONDS", "5", values.seconds)
    connect_timeout_seconds: float = _setting(
        "ITEMS_CONNECT_TIMEOUT_SECONDS", "0.5", values.seconds
    )
    read_timeout_seconds: float = _setting("ITEMS_READ_TIMEOUT_SECONDS", "1", values.seconds)
    max_attempts: int = _setting("ITEMS_MAX_ATTEMPTS", "3", values.count)
    retry_percent: int = _setting("ITEMS_RETRY_PERCENT", "10", values.count)
    max_in_flight: int = _setting("ITEMS_MAX_IN_FLIGHT", "100", values.count)
    body_timeout_seconds: float = _setting("ITEMS_BODY_TIMEOUT_SECONDS", "30", values.seconds)
    drain_seconds: float = _setting("ITEMS_DRAIN_SECONDS", "0", values.pause_seconds)
    auth: str | None = _setting("ITEMS_AUTH", "", values.auth_scheme)
    jwt_issuer: str = _setting("ITEMS_JWT_ISSUER", "", values.issuer)
    jwt_audiences: tuple[str, ...] = _setting("ITEMS_JWT_AUDIENCE", "", values.names)
    jwt_audience_claims: tuple[ClaimPath, ...] = _setting(
        "ITEMS_JWT_AUDIENCE_CLAIM", "aud", claims.claims
    )
    jwt_scope_claims: tuple[ClaimPath, ...] = _setting(
        "ITEMS_JWT_SCOPE_CLAIM", "scope,scp", claims.claims
    )
    read_scopes: tuple[str, ...] = _setting("ITEMS_READ_SCOPES", READ_SCOPE, claims.scopes)
    write_scopes: tuple[str, ...] = _setting("ITEMS_WRITE_SCOPES", WRITE_SCOPE, claims.scopes)
    jwt_key_set: str = _setting("ITEMS_JWT_KEY_SET", "", values.key_set)
    jwt_key_set_seconds: float = _setting("ITEMS_JWT_KEY_SET_SECONDS", "300", values.seconds)
    jwt_algorithms: tuple[str, ...] = _setting(
        "ITEMS_JWT_ALGORITHMS", "RS256,ES256", values.algorithms
    )
    jwt_leeway_seconds: float = _setting("ITEMS_JWT_LEEWAY_SECONDS", "30", values.seconds)
    jwt_require_nbf: bool = _setting("ITEMS_JWT_REQUIRE_NBF", "true", values.flag)
    api_keys_file: str = _setting("ITEMS_API_KEYS_FILE", "", str)
    tenant_claim: ClaimPath | None = _setting("ITEMS_TENANT_CLAIM", "", claims.claim)
    rate_limit: tuple[Rate, ...] = _setting("ITEMS_RATE_LIMIT", "", values.rate_limit)
    rate_limit_storage: str = _setting(
        "ITEMS_RATE_LIMIT_STORAGE", "memory://", values.storage, is_secret=True
    )
    cors_origins: tuple[str, ...] = _setting("ITEMS_CORS_ORIGINS", "", values.origins)
    cache_control: str = _setting("ITEMS_CACHE_CONTROL", "no-store", values.header_value)
    compression: bool = _setting("ITEMS_COMPRESSION", "false", values.flag)
    trusted_proxies: int = _setting("ITEMS_TRUSTED_PROXIES", "0", values.hops)
    admin_bind: tuple[str, int] | None = _setting("ITEMS_ADMIN_BIND", "", values.address)
    otel: bool = _setting("ITEMS_OTEL", "false", values.flag)
    probe_interval_seconds: float = _setting("ITEMS_PROBE_INTERVAL_SECONDS", "5", values.seconds)
    ready_follows_table: bool = _setting("ITEMS_READY_FOLLOWS_TABLE", "false", values.flag)
    docs_ui: bool = _setting("ITEMS_DOCS_UI", "false", values.flag)
    item_page: bool = _setting("ITEMS_ITEM_PAGE", "false", values.flag)
    page_oidc_client: str = _setting("ITEMS_PAGE_OIDC_CLIENT", "", str)
    page_oidc_scope: str = _setting("ITEMS_PAGE_OIDC_SCOPE", "", claims.scope_text)
    page_oidc_parameters: str = _setting("ITEMS_PAGE_OIDC_PARAMETERS", "", claims.parameters)
    fast_path: bool = _setting("ITEMS_FAST_PATH", "true", values.flag)
    audit: bool = _setting("ITEMS_AUDIT", "false", values.flag)
    log_level: str = _setting("ITEMS_LOG_LEVEL", "info", values.log_level)

    @property
    def table_name(self) -> str:
        """The name of the table, without the account that its ARN contains."""
        arn = TableArn.of(self.table)
        return arn.name if arn else self.table

    @property
    def table_region(self) -> str | None:
        """The region in the table's ARN, or None for a table's name."""
        arn = TableArn.of(self.table)
        return arn.region if arn else None

    @property
    def key_schema(self) -> KeySchema:
        """The partition key and, if the table has one, the sort key."""
        return KeySchema(self.partition_key, self.sort_key)

    @property
    def own_attributes(self) -> tuple[str, ...]:
        """The attributes that the service keeps for itself; clients cannot write them."""
        return VersionAttribute(self.version_attribute).names

    @cached_property
    def hidden_attributes(self) -> HiddenAttributes:
        """The attributes that responses do not contain."""
        own = self.own_attributes
        if self.item_schema is None or not self.item_schema.write_only:
            return HiddenAttributes(own)
        # The token of a request with an Idempotency-Key is a hash of its content.
        hidden = (*own, *sorted(self.item_schema.write_only))
        return HiddenAttributes(hidden, hidden, self.item_schema.write_only)

    @property
    def indexes_without_ttl(self) -> list[str]:
        """The names of the indexes that may contain items without their time to live.

        The keys of a partial index are known, but not its other attributes.
        """
        return [
            index.name
            for index in self.indexes
            if self.ttl_attribute and index.is_partial
            if self.ttl_attribute not in index.key_schema.names
        ]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings from ``ITEMS_*`` variables; an absent variable means the default.

        Raises:
            SettingsError: with every error, not only the first.
        """
        chosen: dict[str, Any] = {}
        errors: list[str] = []
        for setting in fields(cls):
            variable = setting.metadata["variable"]
            text = environment.get(variable, setting.metadata["default"])
            try:
                chosen[setting.name] = setting.metadata["parse"](text)
            except ValueError as error:
                shown = "" if setting.metadata["is_secret"] else f"={text!r}"
                errors += (f"{variable}{shown}: {sentence}." for sentence in error.args)
        if not errors:
            if chosen["item_schema"] is not None and chosen["schema_full_access"]:
                chosen["item_schema"] = chosen["item_schema"].with_full_access()
            settings = cls(**chosen)
            errors = settings._contradictions() + settings._region_contradictions(environment)
            if not errors:
                return settings
        raise SettingsError(errors)

    def _contradictions(self) -> list[str]:
        errors = []
        ttl = (self.ttl_attribute,) if self.ttl_attribute else ()
        names = [*self.key_schema.names, *self.own_attributes, *ttl]
        if len(set(names)) < len(names):
            errors.append(
                "ITEMS_PARTITION_KEY, ITEMS_SORT_KEY, ITEMS_VERSION_ATTRIBUTE with its log and "
                "ITEMS_TTL_ATTRIBUTE must name different attributes, not "
                f"{', '.join(names)}."
            )
        elif self.item_schema is None:
            if self.schema_defaults or self.schema_full_access:
                errors.append(
                    "ITEMS_SCHEMA_DEFAULTS and ITEMS_SCHEMA_FULL_ACCESS require ITEMS_SCHEMA."
                )
        else:
            shown = {*ttl, *chain.from_iterable(index.key_schema.names for index in self.indexes)}
            reasons = self.item_schema.contradictions(self.key_schema, self.own_attributes, shown)
            errors += (f"ITEMS_SCHEMA contradicts the table: {reason}." for reason in reasons)
        return errors + self._list_contradictions() + self._access_contradictions()

    def _list_contradictions(self) -> list[str]:
        is_on = Operation.QUERY in self.operations
        if self.indexes and not is_on:
            return ["ITEMS_INDEXES is set, but has no effect without Query in ITEMS_OPERATIONS."]
        if is_on and not self.indexes and self.sort_key is None:
            return [
                "ITEMS_OPERATIONS includes Query, but there is nothing to query: set "
                "ITEMS_INDEXES, or ITEMS_SORT_KEY if the table has a sort key."
            ]
        return self._key_type_contradictions()

    def _key_type_contradictions(self) -> list[str]:
        schemas = (self.key_schema, *(index.key_schema for index in self.indexes))
        types: dict[str, set[str]] = {}
        for attribute in chain.from_iterable(schemas):
            types.setdefault(attribute.name, set()).add(attribute.type)
        return [
            f"The key attribute {name} has one type in the table and all its indexes, but is "
            f"{' and '.join(sorted(found))} in ITEMS_PARTITION_KEY, ITEMS_SORT_KEY and "
            "ITEMS_INDEXES."
            for name, found in types.items()
            if len(found) > 1
        ]

    def _region_contradictions(self, environment: Mapping[str, str]) -> list[str]:
        chosen = next(filter(environment.get, ("AWS_REGION", "AWS_DEFAULT_REGION")), None)
        if chosen is None or self.table_region in (None, environment[chosen]):
            return []
        return [
            f"ITEMS_TABLE is a table in {self.table_region}, but {chosen} is "
            f"{environment[chosen]}. Set {chosen} to the region in the ARN, or unset it. "
            "Lambda sets AWS_REGION itself: run the function in the table's region."
        ]

    def _access_contradictions(self) -> list[str]:
        needs = {
            "ITEMS_JWT_ISSUER": (self.jwt_issuer, "jwt"),
            "ITEMS_JWT_AUDIENCE": (self.jwt_audiences, "jwt"),
            "ITEMS_API_KEYS_FILE": (self.api_keys_file, "api-key"),
        }
        errors = [
            f"{variable} must be set with ITEMS_AUTH={scheme}."
            if self.auth == scheme
            # An operator who sets it believes that callers are authenticated.
            else f"{variable} is set, but has no effect without ITEMS_AUTH={scheme}."
            for variable, (value, scheme) in needs.items()
            if bool(value) != (self.auth == scheme)
        ]
        errors += [
            f"{variable} requires ITEMS_AUTH=jwt: API keys have the scopes {READ_SCOPE}, "
            f"{WRITE_SCOPE}."
            for variable, scopes, default in (
                ("ITEMS_READ_SCOPES", self.read_scopes, READ_SCOPE),
                ("ITEMS_WRITE_SCOPES", self.write_scopes, WRITE_SCOPE),
            )
            if self.auth != "jwt" and scopes != (default,)
        ]
        if self.page_oidc_client and not (self.auth == "jwt" and self.item_page):
            errors.append(
                "ITEMS_PAGE_OIDC_CLIENT requires ITEMS_AUTH=jwt and ITEMS_ITEM_PAGE=true."
            )
        if self.tenant_claim and self.auth not in ("jwt", "api-key"):
            errors.append("ITEMS_TENANT_CLAIM requires ITEMS_AUTH=jwt or ITEMS_AUTH=api-key.")
        return errors


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Return a sentence for each unknown ``ITEMS_*`` variable, with the most similar setting."""
    known = [setting.metadata["variable"] for setting in fields(Settings)]
    sentences = []
    for variable in sorted(environment):
        if variable.startswith("ITEMS_") and variable not in known:
            near = difflib.get_close_matches(variable, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            sentences.append(f"Unknown setting {variable} is ignored.{hint}")
    return sentences
