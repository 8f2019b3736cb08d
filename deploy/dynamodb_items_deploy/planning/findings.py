"""What planning finds: changes to make, reasons to refuse, notices. Plain values, no AWS."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias


@dataclass(frozen=True)
class ErrorPattern:
    """Errors of AWS: this code, with this text somewhere in the message."""

    code: str
    text: str = ""

    def matches(self, code: str, message: str) -> bool:
        """Whether a code and a message are such an error."""
        return code == self.code and self.text.lower() in message.lower()


Sign: TypeAlias = Literal["+", "~", "-"]


@dataclass(frozen=True)
class Wait:
    """Repeat a read until its response meets a condition."""

    what: str
    call: "Call"
    until: Callable[[Mapping[str, Any]], bool] = field(compare=False)


@dataclass(frozen=True)
class Landed:
    """How to see that a write was made, though its last response is an error.

    botocore repeats a write whose response was lost; the repetition then meets its own result.
    """

    after: tuple[ErrorPattern, ...]
    read: Wait


@dataclass(frozen=True)
class Call:
    """One API call: boto3's names of client and method, and the parameters."""

    service: Literal["iam", "ec2"]
    operation: str
    parameters: Mapping[str, Any]
    not_yet: tuple[ErrorPattern, ...] = ()
    """Errors that pass once something just made is visible everywhere."""
    already: tuple[ErrorPattern, ...] = ()
    """Errors that mean that there is nothing left to do."""
    landed: Landed | None = None


@dataclass(frozen=True)
class Change:
    """One write: ``+`` makes, ``~`` changes, ``-`` removes."""

    sign: Sign
    what: str
    call: Call
    wait: Wait | None = None
    restore: Call | None = None
    """Brings back the state before the change that came before, should this one fail."""


@dataclass(frozen=True)
class Refusal:
    """Why nothing at all is written, and what to do about it."""

    reason: str
    advice: str


@dataclass(frozen=True)
class Notice:
    """Something left untouched that the operator should know of."""

    text: str
    foreign: bool = False
    """Somebody else's addition to what is ours: the exit status then says "not as planned"."""


Finding: TypeAlias = Change | Refusal | Notice
