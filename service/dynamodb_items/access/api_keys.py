"""API keys: a file of their SHA-256 hashes, and new keys for it."""

import hashlib
import hmac
import re
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from dynamodb_items.access.callers import Caller, Scope, tenant_partition
from dynamodb_items.access.watched_file import WatchedFile
from dynamodb_items.domain.errors import NotPermitted, Unauthenticated
from dynamodb_items.domain.keys import KeySchema

SECRET_BYTES = 32
_PREFIX = "items"
_KEY_NAME = re.compile(r"[A-Za-z0-9.-]{1,64}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
# The comparison for a name that is not in the file, so that both take the same time.
_NO_HASH = "0" * 64


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One table of the file: everything about a key except the key itself."""

    name: str
    sha256: str
    scopes: frozenset[str]
    tenant: str | int | None = None

    @classmethod
    def of(cls, name: str, members: Any) -> Self:
        """Parse one table of the file.

        Raises:
            ValueError: the table does not describe a key; the message contains the reason.
        """
        check_name(name)
        if not isinstance(members, dict):
            raise ValueError(f"{name} must be a table with sha256 and scopes")  # noqa: TRY004
        unknown = members.keys() - {"sha256", "scopes", "tenant"}
        if unknown:
            raise ValueError(f"{name} has unknown members: {', '.join(sorted(unknown))}")
        sha256, scopes, tenant = (members.get(each) for each in ("sha256", "scopes", "tenant"))
        if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
            raise ValueError(f"{name}.sha256 must be 64 lower-case hexadecimal digits")
        if not isinstance(scopes, list) or not scopes or not set(scopes) <= set(Scope):
            raise ValueError(f"{name}.scopes must be a list of {' and '.join(Scope)}")
        if isinstance(tenant, bool) or not isinstance(tenant, str | int | None):
            raise ValueError(f"{name}.tenant must be a string or a whole number")  # noqa: TRY004
        return cls(name, sha256, frozenset(scopes), tenant)


def check_name(name: str) -> None:
    """Check the name of a key.

    Raises:
        ValueError: the name is not valid.
    """
    if not _KEY_NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is not a valid name: use 1 to 64 letters, digits, dots, hyphens"
        )


def parse_api_keys(content: bytes) -> Mapping[str, ApiKey]:
    """Return the keys of a file, by name.

    Raises:
        ValueError: the content is not valid; the message contains the position.
    """
    tables = tomllib.loads(content.decode())
    return {name: ApiKey.of(name, members) for name, members in tables.items()}


def new_api_key(name: str) -> tuple[str, str]:
    """Return a random key for that name, and its SHA-256 for the file."""
    key = f"{_PREFIX}_{name}_{secrets.token_urlsafe(SECRET_BYTES)}"
    return key, hashlib.sha256(key.encode()).hexdigest()


class ApiKeys:
    """Authentication by API keys such as ``items_NAME_SECRET``."""

    def __init__(self, path: Path, key_schema: KeySchema, *, tenant_required: bool) -> None:
        """Read the file.

        Raises:
            OSError, ValueError: the file cannot be read or is not valid.
        """
        self._file = WatchedFile(path, parse_api_keys)
        self._key_schema = key_schema
        self._tenant_required = tenant_required

    def authenticate(self, credential: str) -> Caller:
        """Return the caller that a key identifies.

        Raises:
            Unauthenticated: the key is not in the file.
            NotPermitted: the key's tenant is not a valid partition key, or is missing but required.
        """
        name = credential.removeprefix(f"{_PREFIX}_").partition("_")[0]
        key = self._file.current().get(name)
        sha256 = hashlib.sha256(credential.encode("utf-8", "surrogateescape")).hexdigest()
        if not hmac.compare_digest(sha256, _NO_HASH if key is None else key.sha256) or key is None:
            raise Unauthenticated("The API key is unknown.")
        if key.tenant is not None:
            partition = tenant_partition(key.tenant, self._key_schema)
        elif self._tenant_required:
            raise NotPermitted("The API key has no tenant, and this service requires one.")
        else:
            partition = None
        return Caller(key.name, key.scopes, partition)
