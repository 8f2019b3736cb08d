"""The version attribute: each write leaves a token in the item, by which it is recognised.

A second attribute, its log, keeps the tokens of recent native updates: one that is repeated after
a lost answer finds its own there even where other updates came on top.
"""

import hashlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from dynamodb_items.domain.items import Attributes, AttributeValue

LOG_LENGTH = 128
"""How many of the newest native updates can still recognise themselves."""
LOG_SECONDS = 60
"""How long that can matter: far longer than any request takes."""
LOG_SLACK = 16
"""How many useless tokens may pile up before one more write removes them."""
MAX_CUT = 128
"""How many tokens one write removes: more actions make an update expression too long."""

_TIME_DIGITS = 11


@dataclass(frozen=True, slots=True)
class WriteToken:
    """What marks the items that one write leaves behind."""

    text: str
    family: str
    """What the tokens of one Idempotency-Key begin with, whatever the request."""

    @classmethod
    def fresh(cls) -> Self:
        """A token no other write has; tokens sort by the time they were made."""
        now_milliseconds = time.time_ns() // 1_000_000
        text = f"{now_milliseconds:0{_TIME_DIGITS}x}{secrets.token_hex(5)}"
        return cls(text, text)

    @classmethod
    def of_request(cls, scope: Sequence[str], content: Sequence[bytes]) -> Self:
        """The one token of a request: the scope is what its Idempotency-Key is valid for, the
        content what else distinguishes it.
        """
        family = f"k{_digest([part.encode() for part in scope], 10)}"
        return cls(family + _digest(content, 6), family)

    @property
    def is_repeatable(self) -> bool:
        """Whether the request that it marks may come again."""
        return self.text != self.family

    @property
    def client_request_token(self) -> str:
        """The same for every request of the family; at most 36 characters."""
        return self.family

    @property
    def value(self) -> AttributeValue:
        """The token as an attribute value."""
        return {"S": self.text}


@dataclass(frozen=True, slots=True)
class LogCut:
    """The tokens that one write removes from a log."""

    indexes: range
    proof_index: int
    """Where a token must still stand when the cut arrives; else it removes nothing."""
    proof: AttributeValue | None
    """The token that must stand there; None: any, since newer ones may have come in front."""


@dataclass(frozen=True, slots=True)
class VersionAttribute:
    """The attribute of a table where tokens are kept; without a name there is none."""

    name: str

    def __bool__(self) -> bool:
        """Whether the deployment has one."""
        return bool(self.name)

    @property
    def log_name(self) -> str:
        """The attribute with the tokens of recent native updates, newest first."""
        return f"{self.name}_log"

    @property
    def names(self) -> tuple[str, ...]:
        """The attributes that are the service's own."""
        return (self.name, self.log_name) if self.name else ()

    def stamp(self, token: WriteToken) -> Attributes:
        """What a write sets besides what it was asked to."""
        return {self.name: token.value} if self.name else {}

    def carries(self, found: Attributes | None, token: WriteToken) -> bool:
        """Whether the write with this token has been applied to the stored item."""
        if not self.name or found is None:
            return False
        return self.is_newest(found, token) or token.value in self._log(found)

    def is_newest(self, stored: Attributes, token: WriteToken) -> bool:
        """Whether the write with this token is the last one of the stored item."""
        return stored.get(self.name) == token.value

    def carries_kin(self, found: Attributes | None, token: WriteToken) -> bool:
        """Whether the stored item was written with the same Idempotency-Key."""
        text = (found or {}).get(self.name, {}).get("S", "")
        return bool(self.name) and text.startswith(token.family)

    def kept_log(self, attributes: Attributes) -> Attributes:
        """The log of an item that is read and replaced whole, to be written with it."""
        log = self._log(attributes)[:LOG_LENGTH] if self.name else []
        return {self.log_name: {"L": log}} if log else {}

    def log_cut(self, attributes: Attributes) -> LogCut | None:
        """The tokens to remove from the log; None where that is not worth a write.

        A token beyond the newest ``LOG_LENGTH`` is useless at once, one that is older than
        ``LOG_SECONDS`` too.
        """
        log = self._log(attributes)
        if len(log) >= LOG_LENGTH + LOG_SLACK:
            # Tokens are only ever added in front: what stands here when the cut arrives is at
            # least as old as what stands here now.
            indexes = range(LOG_LENGTH, min(len(log), LOG_LENGTH + MAX_CUT))
            return LogCut(indexes, LOG_LENGTH + LOG_SLACK - 1, None)
        oldest_useful = time.time_ns() // 1_000_000 - LOG_SECONDS * 1000
        limit = f"{oldest_useful:0{_TIME_DIGITS}x}"
        useful = [index for index, token in enumerate(log) if token.get("S", "") > limit]
        start = useful[-1] + 1 if useful else 0
        if len(log) - start < LOG_SLACK:
            return None
        indexes = range(start, min(len(log), start + MAX_CUT))
        return LogCut(indexes, start, log[start])

    def _log(self, attributes: Attributes) -> list[AttributeValue]:
        log: list[AttributeValue] = attributes.get(self.log_name, {}).get("L", [])
        return log


def _digest(parts: Sequence[bytes], size_bytes: int) -> str:
    digest = hashlib.blake2b(digest_size=size_bytes)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()
