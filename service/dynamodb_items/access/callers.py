"""Callers and their scopes: plain values."""

import enum
from dataclasses import dataclass
from typing import Protocol

from dynamodb_items.domain.errors import InvalidKey, NotPermitted
from dynamodb_items.domain.items import AttributeValue
from dynamodb_items.domain.keys import ItemKey, KeySchema


class Scope(enum.StrEnum):
    """What a caller may be allowed to do.

    The answer to a write shows the item as written, so ``items:write`` lets a caller see the
    items that it writes.
    """

    READ = "items:read"
    WRITE = "items:write"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent a request, as far as the service knows."""

    id: str
    """A JSON Web Token's ``sub``, or an API key's name; empty where nobody is asked."""

    scopes: frozenset[str]

    partition: AttributeValue | None = None
    """The one partition that the caller reaches, as a typed key value; None for all of them."""

    def check_scope(self, scope: Scope) -> None:
        """Refuse what the caller's scopes do not allow.

        Raises:
            NotPermitted: the scope is not among them.
        """
        if scope not in self.scopes:
            raise NotPermitted(f"This needs the scope {scope}.")

    def check_partition(self, key: ItemKey) -> None:
        """Refuse an item outside of the caller's partition.

        Raises:
            NotPermitted: the item is in another.
        """
        if self.partition is not None and self.partition != key.partition:
            raise NotPermitted("The item is in a partition that this caller does not reach.")


ANYONE = Caller("", frozenset(Scope))
"""Every caller of a service that asks nobody who they are."""


class Authenticator(Protocol):
    """Knows callers by what they show."""

    def authenticate(self, credential: str) -> Caller:
        """The caller that a credential stands for.

        Raises:
            Unauthenticated: it stands for nobody; its detail says why and may be shown.
            NotPermitted: the caller is known, but no partition of the table is theirs.
            IssuerUnavailable: nobody can be known yet; the caller is not to blame.
        """


def tenant_partition(tenant: object, key_schema: KeySchema) -> AttributeValue:
    """The partition of a tenant, in canonical form: the tenants ``"0104"`` and 104 are one where
    the partition key is a number.

    Raises:
        NotPermitted: no item can have this partition key.
    """
    # Whole numbers alone are exact in every issuer's JSON; a boolean is an int to Python.
    if isinstance(tenant, str) or (isinstance(tenant, int) and not isinstance(tenant, bool)):
        try:
            return key_schema.partition.value(str(tenant))
        except (InvalidKey, ValueError):  # also an int of more digits than Python prints
            pass
    raise NotPermitted("The caller's tenant names no partition of this table.")
