"""Execution of a plan: make its changes in order, and wait until AWS has applied each."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from dynamodb_items_deploy.aws.client import Aws
from dynamodb_items_deploy.planning.findings import Call, Change, ErrorPattern, Landed, Wait

LIMIT_SECONDS = 120.0
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 10.0
# IAM's errors while another request changes the same resource.
BUSY = (ErrorPattern("ConcurrentModification"), ErrorPattern("EntityTemporarilyUnmodifiable"))
NOT_FOUND = (ErrorPattern("NoSuchEntity"),)


class NotInTime(Exception):
    """A change that AWS accepted did not take effect within the limit."""


@dataclass
class Executor:
    """Makes changes; ``say`` is called with a line per change and per wait."""

    aws: Aws
    say: Callable[[str], None]
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[float, float], float] = field(default=random.uniform)
    made: list[Change] = field(default_factory=list)
    """The changes that were made, in order; valid after a failure too."""

    def run(self, changes: Sequence[Change]) -> None:
        """Make all changes, in order.

        Raises:
            ClientError, BotoCoreError: a change failed; those before it are made, none after it.
            NotInTime: a change did not take effect; a later run continues.
        """
        for number, change in enumerate(changes, 1):
            self.say(f"[{number}/{len(changes)}] {change.sign} {change.what}")
            try:
                self._call(change.call)
                if change.wait is not None:
                    self._wait(change.wait)
            except (ClientError, BotoCoreError, NotInTime):
                if change.restore is not None:
                    self._restore(change.restore)
                raise
            self.made.append(change)

    def _restore(self, call: Call) -> None:
        """Restore the previous state; a failure here must not hide the first failure."""
        self.say("  … failed: restoring the previous state")
        try:
            self._call(call)
        except (ClientError, BotoCoreError) as error:
            self.say(f"  … cannot restore the previous state: {error}")

    def _call(self, call: Call) -> None:
        pauses: Iterator[bool] | None = None
        while True:
            try:
                self.aws.write(call)
            except ClientError as error:
                if _matches(error, call.already) or self._has_landed(call.landed, error):
                    return
                if not _matches(error, (*call.not_yet, *BUSY)):
                    raise
                code = error.response["Error"]["Code"]
                pauses = pauses or self._pauses(f"AWS is not ready yet ({code}): retrying")
                if not next(pauses):
                    raise
            else:
                return

    def _has_landed(self, landed: Landed | None, error: ClientError) -> bool:
        """Return whether an earlier attempt made the write.

        Waits while the resource exists but is not visible yet.
        """
        if landed is None or not _matches(error, landed.after):
            return False
        pauses = self._pauses(f"waiting for {landed.read.what}:")
        while True:
            try:
                return self._holds(landed.read)
            except ClientError as unseen:
                if not _matches(unseen, NOT_FOUND) or not next(pauses):
                    return False

    def _wait(self, wait: Wait) -> None:
        pauses = self._pauses(f"waiting for {wait.what}:")
        while not self._holds(wait):
            if not next(pauses):
                raise NotInTime(f"Waited {LIMIT_SECONDS:.0f} s for {wait.what}.")

    def _holds(self, wait: Wait) -> bool:
        read = wait.call
        return wait.until(self.aws.read(read.service, read.operation, **read.parameters))

    def _pauses(self, reason: str) -> Iterator[bool]:
        """Sleep at each step, with exponential backoff and jitter; yield False at the limit.

        The first step also reports the reason.
        """
        self.say(f"  … {reason} up to {LIMIT_SECONDS:.0f} s")
        until = self.clock() + LIMIT_SECONDS
        pause = FIRST_PAUSE_SECONDS
        while (left := until - self.clock()) > 0:
            self.sleep(min(self.jitter(pause / 2, pause), left))
            yield True
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        while True:
            yield False


def _matches(error: ClientError, patterns: tuple[ErrorPattern, ...]) -> bool:
    details = error.response["Error"]
    return any(pattern.matches(details["Code"], details.get("Message", "")) for pattern in patterns)
