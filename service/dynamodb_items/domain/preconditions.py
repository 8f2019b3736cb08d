"""Preconditions of a request: If-Match and If-None-Match, on fingerprints of the stored item."""

from dataclasses import dataclass
from typing import Self, TypeAlias

from dynamodb_items.domain.items import Item


class AnyItem:
    """The ``*`` of If-Match and If-None-Match: every stored item matches it."""

    def __contains__(self, fingerprint: str) -> bool:
        """Return True."""
        return True


ANY_ITEM = AnyItem()

Fingerprints: TypeAlias = frozenset[str] | AnyItem


@dataclass(frozen=True, slots=True)
class Precondition:
    """What must be true of the stored item for a request to be carried out.

    https://www.rfc-editor.org/rfc/rfc9110#section-13
    """

    if_match: Fingerprints | None = None
    if_none_match: Fingerprints | None = None

    def __bool__(self) -> bool:
        """Return whether there is anything to check."""
        return self.if_match is not None or self.if_none_match is not None

    @property
    def has_match_tags(self) -> bool:
        """Whether If-Match has entity tags, which the client got by reading the item.

        With ``*`` the client may never have read it.
        """
        return isinstance(self.if_match, frozenset)

    def holds_for(self, item: Item | None) -> bool:
        """Return whether the precondition is true of a stored item, None for an absent one."""
        if item is None:
            return self.if_match is None
        return not self or self.holds_for_fingerprint(item.fingerprint)

    def holds_for_fingerprint(self, fingerprint: str) -> bool:
        """Return whether the precondition is true of what has this fingerprint."""
        if self.if_match is not None and fingerprint not in self.if_match:
            return False
        return self.if_none_match is None or fingerprint not in self.if_none_match

    @classmethod
    def must_exist(cls) -> Self:
        """Return the precondition ``If-Match: *``."""
        return cls(if_match=ANY_ITEM)

    @classmethod
    def must_be_absent(cls) -> Self:
        """Return the precondition ``If-None-Match: *``."""
        return cls(if_none_match=ANY_ITEM)


NO_PRECONDITION = Precondition()
