"""Write tokens: each write leaves one in the item, and a retry recognizes its own write by it.

The version attribute has the token of the last write. A second attribute, its log, keeps the tokens
of recent native updates: a retry after a lost response finds its own token there, also where other
updates have followed.
"""

import hashlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from dynamodb_items.domain.items import Attributes, AttributeValue

LOG_LENGTH = 128
"""How many of the newest native updates a log keeps."""
LOG_SECONDS = 60
"""How long a token in the log is useful: far longer than any request takes."""
LOG_SLACK = 16
"""How many useless tokens may collect before another write removes them."""
MAX_TRIM = 128
"""How many tokens one write removes: more actions make an update expression too long."""

_TIME_DIGITS = 11


@dataclass(frozen=True, slots=True)
class WriteToken:
    """The token of one write, which marks the items that it leaves."""

    text: str
    prefix: str
    """The common prefix of all tokens of one Idempotency-Key; otherwise the whole token."""

    @classmethod
    def fresh(cls) -> Self:
        """Return a token that no other write has; such tokens sort by the time of their making."""
        now_milliseconds = time.time_ns() // 1_000_000
        text = f"{now_milliseconds:0{_TIME_DIGITS}x}{secrets.token_hex(5)}"
        return cls(text, text)

    @classmethod
    def of_request(cls, scope: Sequence[str], content: Sequence[bytes]) -> Self:
        """Return the token of a request with an Idempotency-Key, the same one each time.

        ``scope`` is the key and what it is valid for, ``content`` the rest of the request.
        """
        prefix = f"k{_digest([part.encode() for part in scope], 10)}"
        return cls(prefix + _digest(content, 6), prefix)

    @property
    def has_idempotency_key(self) -> bool:
        """Whether it is the token of a request that a client may repeat."""
        return self.text != self.prefix

    @property
    def client_request_token(self) -> str:
        """DynamoDB's token, at most 36 characters; one for all requests of an Idempotency-Key."""
        return self.prefix

    @property
    def value(self) -> AttributeValue:
        """The token as an attribute value."""
        return {"S": self.text}


@dataclass(frozen=True, slots=True)
class LogTrim:
    """The tokens that one write removes from a log, and the proof that they are still there."""

    indexes: range
    proof_index: int
    """The index that must still hold a token; otherwise the write removes nothing."""
    proof: AttributeValue | None
    """The token at that index; None for any token, since newer ones may have been added."""


@dataclass(frozen=True, slots=True)
class VersionAttribute:
    """The attribute that keeps write tokens; a deployment without one has an empty name."""

    name: str

    def __bool__(self) -> bool:
        """Return whether the deployment has a version attribute."""
        return bool(self.name)

    @property
    def log_name(self) -> str:
        """The name of the attribute with the tokens of recent native updates, newest first."""
        return f"{self.name}_log"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the service's own attributes."""
        return (self.name, self.log_name) if self.name else ()

    def stamp(self, token: WriteToken) -> Attributes:
        """Return the attributes that mark an item as written with this token."""
        return {self.name: token.value} if self.name else {}

    def carries(self, stored: Attributes | None, token: WriteToken) -> bool:
        """Return whether the write with this token has been applied to the stored item."""
        if not self.name or stored is None:
            return False
        return self.is_newest(stored, token) or token.value in self._log(stored)

    def is_newest(self, stored: Attributes, token: WriteToken) -> bool:
        """Return whether the write with this token is the last one of the stored item."""
        return stored.get(self.name) == token.value

    def carries_prefix(self, stored: Attributes | None, token: WriteToken) -> bool:
        """Return whether the stored item was written with the same Idempotency-Key."""
        text = (stored or {}).get(self.name, {}).get("S", "")
        return bool(self.name) and text.startswith(token.prefix)

    def kept_log(self, stored: Attributes) -> Attributes:
        """Return the log of a stored item that a put replaces, as an attribute of the new one."""
        log = self._log(stored)[:LOG_LENGTH] if self.name else []
        return {self.log_name: {"L": log}} if log else {}

    def log_trim(self, stored: Attributes) -> LogTrim | None:
        """Return the tokens to remove from the log; None where that is not worth a write.

        Useless are tokens beyond the newest ``LOG_LENGTH``, and those older than ``LOG_SECONDS``.
        """
        log = self._log(stored)
        if len(log) >= LOG_LENGTH + LOG_SLACK:
            # Tokens are only added at the front: the tokens at these indexes can only get older
            # before the write arrives.
            indexes = range(LOG_LENGTH, min(len(log), LOG_LENGTH + MAX_TRIM))
            return LogTrim(indexes, LOG_LENGTH + LOG_SLACK - 1, None)
        oldest_useful = time.time_ns() // 1_000_000 - LOG_SECONDS * 1000
        limit = f"{oldest_useful:0{_TIME_DIGITS}x}"
        useful = [index for index, token in enumerate(log) if token.get("S", "") > limit]
        start = useful[-1] + 1 if useful else 0
        if len(log) - start < LOG_SLACK:
            return None
        indexes = range(start, min(len(log), start + MAX_TRIM))
        return LogTrim(indexes, start, log[start])

    def _log(self, stored: Attributes) -> list[AttributeValue]:
        log: list[AttributeValue] = stored.get(self.log_name, {}).get("L", [])
        return log


def _digest(parts: Sequence[bytes], size_bytes: int) -> str:
    digest = hashlib.blake2b(digest_size=size_bytes)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()
