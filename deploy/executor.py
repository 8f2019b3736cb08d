"""Executing: one change after the other, waiting where AWS needs time. It decides nothing."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from deploy.aws import Aws
from deploy.findings import Call, Change, ErrorPattern, Wait

LIMIT_SECONDS = 120.0
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 10.0
# IAM's own words for "somebody is changing that at this moment".
BUSY = (ErrorPattern("ConcurrentModification"), ErrorPattern("EntityTemporarilyUnmodifiable"))


class NotInTime(Exception):
    """AWS accepted a change, and then it did not come about within the limit."""


@dataclass
class Executor:
    """Makes changes; ``say`` gets a line per change and per wait."""

    aws: Aws
    say: Callable[[str], None]
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[float, float], float] = field(default=random.uniform)

    def run(self, changes: Sequence[Change]) -> None:
        """Make all of them, in order.

        Raises:
            ClientError, BotoCoreError: AWS refused one; those before it are made, none after it.
            NotInTime: a change did not come about; a later run takes it up.
        """
        for number, change in enumerate(changes, 1):
            self.say(f"[{number}/{len(changes)}] {change.sign} {change.what}")
            try:
                self._call(change.call)
                if change.wait is not None:
                    self._wait(change.wait)
            except (ClientError, BotoCoreError, NotInTime):
                if change.restore is not None:
                    self.say("  … that failed: bringing back what was there before")
                    self._call(change.restore)
                raise

    def _call(self, call: Call) -> None:
        pauses = self._pauses()
        said = False
        while True:
            try:
                self.aws.write(call)
            except ClientError as error:
                if _matches(error, call.already):
                    return
                if not _matches(error, (*call.not_yet, *BUSY)) or not next(pauses):
                    raise
                if not said:
                    code = error.response["Error"]["Code"]
                    self.say(
                        f"  … AWS is not ready for it yet ({code}): up to {LIMIT_SECONDS:.0f} s"
                    )
                    said = True
            else:
                return

    def _wait(self, wait: Wait) -> None:
        pauses = self._pauses()
        said = False
        while not wait.until(
            self.aws.read(wait.call.service, wait.call.operation, **wait.call.parameters)
        ):
            if not said:
                self.say(f"  … waiting for {wait.what}: up to {LIMIT_SECONDS:.0f} s")
                said = True
            if not next(pauses):
                raise NotInTime(f"Waited {LIMIT_SECONDS:.0f} s for {wait.what}.")

    def _pauses(self) -> Iterator[bool]:
        """Sleep at each step, longer and longer and never twice the same; False at the limit."""
        until = self.clock() + LIMIT_SECONDS
        pause = FIRST_PAUSE_SECONDS
        while (left := until - self.clock()) > 0:
            self.sleep(min(self.jitter(pause / 2, pause), left))
            yield True
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        while True:
            yield False


def _matches(error: ClientError, patterns: tuple[ErrorPattern, ...]) -> bool:
    answer = error.response["Error"]
    return any(pattern.matches(answer["Code"], answer.get("Message", "")) for pattern in patterns)
