"""What can go wrong, in the domain's words. ``web.response.problems`` gives each its status.

Every message here may be shown to a client: none carries AWS's text, an ARN or a stack.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_ERRORS = 100
"""So many errors of one request are reported; the rest come up when those are fixed."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault in a request: where it is and what it is.

    ``pointer`` is a JSON Pointer into the body (RFC 6901), or ``?name`` for a query parameter.
    """

    pointer: str
    detail: str
    kind: "type[ItemsError] | None" = None
    """The error that it would be alone, where it is one of several operations'."""
    state: Mapping[str, Any] = field(default_factory=dict)
    """What is known of the stored item, as JSON members."""


class ItemsError(Exception):
    """Anything this service refuses or fails at.

    ``detail`` is a sentence for the client; ``errors`` are the faults of single fields.
    """

    def __init__(self, detail: str, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors


# Who may in


class Unauthenticated(ItemsError):
    """The request shows no credential, or one that stands for nobody."""


class NotPermitted(ItemsError):
    """The caller is known, and this is not theirs to do."""


class IssuerUnavailable(ItemsError):
    """The keys that tokens are signed with have never been fetched: no token can be judged."""


# The client's mistakes


class InvalidKey(ItemsError):
    """The URL names no possible item key."""


class InvalidRequest(ItemsError):
    """A header or a query parameter cannot be understood."""


class InvalidBody(ItemsError):
    """The body is not what its media type says."""


class UnacceptableItem(ItemsError):
    """The body is well-formed, but no item of this table can hold it."""


class ItemTooLarge(ItemsError):
    """The item is over DynamoDB's 400 KB, or the body over this service's limit."""


class ItemNotFound(ItemsError):
    """No item has that key."""


class PreconditionFailed(ItemsError):
    """The stored item is not the one that the caller saw.

    ``current`` has the stored item's attributes; None where there is no item, or where neither
    the failed write nor a read before it has returned the item.
    """

    def __init__(
        self,
        detail: str,
        errors: tuple[FieldError, ...] = (),
        current: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail, errors)
        self.current = current


class PreconditionRequired(ItemsError):
    """This deployment accepts no write without a precondition."""


class PatchTestFailed(ItemsError):
    """A ``test`` operation of a JSON Patch does not hold for the stored item."""


class IdempotencyKeyReused(ItemsError):
    """The Idempotency-Key belongs to another request."""


class OperationsRefused(ItemsError):
    """Some of several operations were refused, and so none was carried out.

    ``refused`` has the place of each and its error.
    """

    def __init__(self, refused: "list[tuple[int, ItemsError]]") -> None:
        super().__init__(refused[0][1].detail)
        self.refused = refused


# Failures behind the service


class StorageError(ItemsError):
    """DynamoDB did not do what it was asked; the client is not to blame."""


class StorageThrottled(StorageError):
    """DynamoDB throttled the call or met a conflict; nothing was written. Worth retrying."""


class StorageUnavailable(StorageError):
    """DynamoDB could not be reached or failed; nothing was written. Worth retrying."""


class CredentialsUnavailable(StorageError):
    """No valid AWS credentials at the moment; nothing was written."""


class StorageMisconfigured(StorageError):
    """The operator has to mend something: permissions, table, key schema or clock."""


class SignatureRejected(StorageMisconfigured):
    """AWS rejects the signature: the secret key or the clock of this instance is wrong."""


class ServiceOverloaded(StorageError):
    """This process has no resources left for a call; nothing was written. Worth retrying."""


class StorageTimeout(StorageError):
    """A read was not answered within the deadline."""


class OutcomeUnknown(StorageError):
    """A write was sent and never answered: it may or may not have been applied."""
