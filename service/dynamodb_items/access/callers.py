"""Callers, their scopes and their partitions, as plain values."""

import enum
from dataclasses import dataclass
from typing import Protocol

from dynamodb_items.config.claims import READ_SCOPE, WRITE_SCOPE
from dynamodb_items.domain.errors import InvalidKey, NotPermitted
from dynamodb_items.domain.items import AttributeValue
from dynamodb_items.domain.keys import KeySchema


class Scope(enum.StrEnum):
    """What a caller may be permitted to do. Neither scope includes the other."""

    READ = READ_SCOPE
    WRITE = WRITE_SCOPE


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a request, as far as it is authenticated."""

    id: str
    """A JSON Web Token's ``sub``, or an API key's name; empty without authentication."""

    scopes: frozenset[str]

    partition: AttributeValue | None = None
    """The only partition that the caller can access, as a typed key value; None for all."""

    def check_scope(self, scope: Scope, name: str) -> None:
        """Check that the caller has a scope; its issuer may have another name for it.

        Raises:
            NotPermitted: the caller does not have it.
        """
        if scope not in self.scopes:
            raise NotPermitted(f"This request requires the scope {name}.")

    def check_partition(self, partition: AttributeValue) -> None:
        """Check that a partition is the caller's.

        Raises:
            NotPermitted: it is another one.
        """
        if self.partition is not None and self.partition != partition:
            raise NotPermitted("This caller cannot access this partition of the table.")


ANYONE = Caller("", frozenset(Scope))
"""Every caller of a service without authentication."""


class Authenticator(Protocol):
    """Authentication of callers by a credential."""

    def authenticate(self, credential: str) -> Caller:
        """Return the caller that a credential identifies.

        Raises:
            Unauthenticated: the credential is not valid; the detail has the reason and may be
                shown to the caller.
            NotPermitted: the caller's tenant is not a valid partition key.
            IssuerUnavailable: no credential can be verified yet.
        """


def tenant_partition(tenant: object, key_schema: KeySchema) -> AttributeValue:
    """Return the partition key value of a tenant, in canonical form.

    Where the partition key is a number, the tenants ``"0104"`` and 104 are the same.

    Raises:
        NotPermitted: no item can have this partition key.
    """
    # Of JSON's numbers only whole ones are exact; to Python, a boolean is an int.
    if isinstance(tenant, str) or (isinstance(tenant, int) and not isinstance(tenant, bool)):
        try:
            return key_schema.partition.value(str(tenant))
        except (InvalidKey, ValueError):  # str() raises ValueError for an int of too many digits
            pass
    raise NotPermitted("The caller's tenant is not a valid partition key of this table.")
