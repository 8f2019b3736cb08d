"""The results of planning as plain values: changes, blockers and notices."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias


@dataclass(frozen=True)
class ErrorPattern:
    """An error code of AWS, and a text that the message must contain."""

    code: str
    text: str = ""

    def matches(self, code: str, message: str) -> bool:
        """Return whether the code and the message match the pattern."""
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
    """How to detect that a write was made although its last response is an error.

    botocore retries a write whose response was lost, and the retry then finds the first result.
    """

    after: tuple[ErrorPattern, ...]
    read: Wait


@dataclass(frozen=True)
class Call:
    """An API call: boto3's names of client and method, and the parameters."""

    service: Literal["iam", "ec2"]
    operation: str
    parameters: Mapping[str, Any]
    not_yet: tuple[ErrorPattern, ...] = ()
    """Errors that end once a new resource is visible everywhere; the call is retried."""
    already: tuple[ErrorPattern, ...] = ()
    """Errors that mean that nothing is left to do."""
    landed: Landed | None = None


@dataclass(frozen=True)
class Change:
    """A write: ``+`` creates, ``~`` changes, ``-`` removes."""

    sign: Sign
    what: str
    call: Call
    wait: Wait | None = None
    restore: Call | None = None
    """The call that restores the state before the previous change if this one fails."""


@dataclass(frozen=True)
class Blocker:
    """A reason why nothing is written, and what to do about it."""

    reason: str
    advice: str


@dataclass(frozen=True)
class Notice:
    """A fact that the operator should know; nothing is changed."""

    text: str
    foreign: bool = False
    """Others added it to a resource of this tool; the exit status reports a difference."""


Finding: TypeAlias = Change | Blocker | Notice
