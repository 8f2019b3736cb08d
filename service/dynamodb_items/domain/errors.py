"""What can go wrong, in the words of the domain; ``web.response.problems`` adds the HTTP status.

Every message here may be shown to a client: none contains AWS's text, an ARN or a stack trace.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MAX_ERRORS = 100
"""How many errors of one request are reported; the others appear once those are fixed."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One error in a request, and its position.

    ``pointer`` is a JSON Pointer into the body (RFC 6901), or ``?name`` for a query parameter.
    """

    pointer: str
    detail: str
    kind: "type[ItemsError] | None" = None
    """The class of an operation's error, where the request has several operations."""
    state: Mapping[str, Any] = field(default_factory=dict)
    """What is known of the stored item, as JSON members."""


class ItemsError(Exception):
    """A request that is rejected or fails.

    ``detail`` is a sentence for the client; ``errors`` are the errors of single fields.
    """

    def __init__(self, detail: str, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors


# Authentication and authorization


class Unauthenticated(ItemsError):
    """The request has no credential, or one that identifies no caller."""


class NotPermitted(ItemsError):
    """The caller is known and lacks the permission."""


class IssuerUnavailable(ItemsError):
    """The issuer's keys have never been fetched: no token can be verified."""


# Errors of the client


class InvalidKey(ItemsError):
    """No item can have the key in the URL."""


class InvalidRequest(ItemsError):
    """A header or a query parameter is invalid."""


class InvalidBody(ItemsError):
    """The body does not have the format of its media type."""


class UnacceptableItem(ItemsError):
    """The body is well-formed, but no item of this table can hold it."""


class ItemTooLarge(ItemsError):
    """The item is over DynamoDB's 400 KB, or the body over this service's limit."""


class ItemNotFound(ItemsError):
    """No item has that key."""


class PreconditionFailed(ItemsError):
    """The precondition or the condition is false for the stored item.

    ``current`` has the stored item's attributes. It is None for an absent item, and where neither
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
    """This deployment requires a precondition in every write."""


class PatchTestFailed(ItemsError):
    """A ``test`` operation of a JSON Patch fails for the stored item."""


class IdempotencyKeyReused(ItemsError):
    """The Idempotency-Key belongs to another request."""


class OperationsRejected(ItemsError):
    """Some of several operations were rejected, so none was carried out.

    ``rejected`` has the index of each and its error.
    """

    def __init__(self, rejected: Sequence[tuple[int, ItemsError]]) -> None:
        super().__init__(rejected[0][1].detail)
        self.rejected = rejected


# Failures of DynamoDB and of the way to it


class StorageError(ItemsError):
    """DynamoDB did not carry out a valid call; the client did nothing wrong."""


class StorageThrottled(StorageError):
    """DynamoDB throttled the call or met a conflict; nothing was written. Worth retrying."""


class StorageUnavailable(StorageError):
    """DynamoDB could not be reached or failed; nothing was written. Worth retrying."""


class CredentialsUnavailable(StorageError):
    """No valid AWS credentials at the moment; nothing was written."""


class StorageMisconfigured(StorageError):
    """The operator has to fix something: permissions, table, key schema or clock."""


class KeySchemaMismatch(StorageMisconfigured):
    """The key attributes in the settings are not those of the table."""


class SignatureRejected(StorageMisconfigured):
    """AWS rejects the signature: the secret key or the clock of this instance is wrong."""


class ServiceOverloaded(StorageError):
    """This process has no resources left for a call; nothing was written. Worth retrying."""


class StorageTimeout(StorageError):
    """No response arrived within the deadline, to a call that changes nothing."""


class OutcomeUnknown(StorageError):
    """A write was sent and no response arrived: it may or may not have been applied."""
