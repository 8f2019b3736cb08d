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

from service.items import Attributes, AttributeValue

LOG_LENGTH = 128
"""How many of the newest native updates can still recognise themselves."""
LOG_SECONDS = 60
"""How long that can matter: far longer than any request takes."""
LOG_SLACK = 16
"""How many useless tokens may pile up before one more write removes them."""

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
        return found.get(self.name) == token.value or token.value in self._log(found)

    def carries_kin(self, found: Attributes | None, token: WriteToken) -> bool:
        """Whether the stored item was written with the same Idempotency-Key."""
        text = (found or {}).get(self.name, {}).get("S", "")
        return bool(self.name) and text.startswith(token.family)

    def kept_log(self, attributes: Attributes) -> Attributes:
        """The log of an item that is read and replaced whole, to be written with it."""
        log = self._log(attributes)[:LOG_LENGTH] if self.name else []
        return {self.log_name: {"L": log}} if log else {}

    def shortened_log(self, attributes: Attributes) -> list[AttributeValue] | None:
        """The log without what nothing needs any more; None where that is not worth a write."""
        log = self._log(attributes)
        oldest_useful = time.time_ns() // 1_000_000 - LOG_SECONDS * 1000
        limit = f"{oldest_useful:0{_TIME_DIGITS}x}"
        useful = [token for token in log[:LOG_LENGTH] if token.get("S", "") > limit]
        return useful if len(log) - len(useful) >= LOG_SLACK else None

    def _log(self, attributes: Attributes) -> list[AttributeValue]:
        log: list[AttributeValue] = attributes.get(self.log_name, {}).get("L", [])
        return log


def _digest(parts: Sequence[bytes], size_bytes: int) -> str:
    digest = hashlib.blake2b(digest_size=size_bytes)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()
